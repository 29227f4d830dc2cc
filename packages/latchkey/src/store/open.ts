/**
 * Opens the store on the engine that is asked for, and brings its tables up to date.
 */
import type { Log } from '../base/log.ts';
import { traced } from '../base/trace.ts';
import type { Engine, OpenedEngine, Store } from './db.ts';
import { migrate } from './migrations.ts';
import type { PostgresTuning } from './postgres-connection.ts';

export interface StoreOptions {
  /** Where SQLite keeps `latchkey.db`; made when it is missing. Not used with PostgreSQL. */
  readonly dataDir: string;
  /** `postgres://…`, or null for SQLite. May hold a password: never logged. */
  readonly databaseUrl: string | null;
  readonly postgres?: PostgresTuning;
  readonly log: Log;
}

/**
 * Opens the store and brings its tables up to date; safe when several processes do so at once.
 * @throws Fault when the database can't be reached or was made by a newer program.
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

/** What OpenTelemetry's conventions call the engines. */
const SYSTEM_NAMES: Readonly<Record<Engine, string>> = { sqlite: 'sqlite', postgres: 'postgresql' };

/** Only the engine that is used is loaded: the driver of the other would make every start longer. */
async function openEngine({ dataDir, databaseUrl, postgres, log }: StoreOptions): Promise<OpenedEngine> {
  if (databaseUrl === null) return (await import('./sqlite.ts')).openSqlite(dataDir);
  return (await import('./postgres.ts')).openPostgres(databaseUrl, log, postgres);
}
