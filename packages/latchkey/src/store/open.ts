/**
 * Opens the store on the engine that is asked for, and brings its tables up to date.
 */
import type { Log } from '../base/log.ts';
import { traced } from '../base/trace.ts';
import type { Engine, OpenedEngine, Store } from './db.ts';
import { migrate } from './migrations.ts';
import type { PostgresTuning } from './postgres-connection.ts';

export interface StoreOptions {
  /** Where SQLite keeps `latchkey.db`; created when missing. Not used with PostgreSQL. */
  readonly dataDir: string;
  /** `postgres://…`, or null for SQLite. May contain a password: never log it. */
  readonly databaseUrl: string | null;
  readonly postgres?: PostgresTuning;
  readonly log: Log;
}

/**
 * Opens the store and brings its tables up to date; safe when several processes do this at once.
 * @throws Fault when the database can't be reached or was made by a newer program
 */
export async function openStore(options: StoreOptions): Promise<Store> {
  const opened = await openEngine(options);
  try {
    const applied = await migrate(opened);
    if (applied.length > 0)
      options.log.info({ engine: opened.engine, migrations: applied }, 'brought the database up to date');
    return {
      ...opened,
      transaction: (work) =>
        traced('transaction', 'client', { 'db.system.name': SYSTEM_NAMES[opened.engine] }, () =>
          opened.transaction(work),
        ),
    };
  } catch (error) {
    await opened.close();
    throw error;
  }
}

/** The engines' names in OpenTelemetry's conventions. */
const SYSTEM_NAMES: Readonly<Record<Engine, string>> = { sqlite: 'sqlite', postgres: 'postgresql' };

/** Loads only the engine in use: the driver of the other one would slow down every start. */
export async function openEngine({ dataDir, databaseUrl, postgres, log }: StoreOptions): Promise<OpenedEngine> {
  if (databaseUrl === null) return (await import('./sqlite.ts')).openSqlite(dataDir);
  return (await import('./postgres.ts')).openPostgres(databaseUrl, log, postgres);
}
