/**
 * A database as it is, for those who only look: no step of the schema is made, and nothing is created.
 */
import { sql } from 'kysely';
import type { Store } from './db.ts';
import { type StepsOf, stepsOf } from './migrations.ts';
import { openEngine, type StoreOptions } from './open.ts';

export interface UnchangedStore extends Store {
  readonly steps: StepsOf;
  /** True when no step was ever made. */
  readonly isEmpty: boolean;
  /** True when its tables are those of this program. */
  readonly isCurrent: boolean;
}

/**
 * Opens a database that exists.
 * @throws Fault when PostgreSQL can't be reached; what the system says when SQLite's file can't be used
 */
export async function openAsItIs(options: StoreOptions): Promise<UnchangedStore> {
  const opened = await openEngine(options);
  try {
    const steps = await stepsOf(opened.db);
    return {
      ...opened,
      steps,
      isEmpty: steps.applied === 0,
      isCurrent: steps.pending.length === 0 && steps.unknown.length === 0,
    };
  } catch (error) {
    await opened.close();
    throw error;
  }
}

/** The first damage that SQLite finds in its file; null when there is none. PostgreSQL looks after itself. */
export async function databaseDamage({ db, engine }: Pick<Store, 'db' | 'engine'>): Promise<string | null> {
  if (engine === 'postgres') return null;
  const { rows } = await sql<{ quick_check: string }>`pragma quick_check(1)`.execute(db);
  const said = rows[0]?.quick_check ?? 'ok';
  return said === 'ok' ? null : said.replaceAll(/\s+/g, ' ').slice(0, 200);
}
