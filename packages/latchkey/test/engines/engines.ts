/**
 * Suites that run on both engines, each test with a fresh database of its own.
 *
 * `forEachEngine` is for the store and the actions; `freshDatabase` for scripts that start the real server with
 * `--data` or `--database`, on nothing; `readyDatabase` has the tables already.
 */
import { randomBytes } from 'node:crypto';
import { copyFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { describe, onTestFinished } from 'vitest';
import { makeLog } from '../../src/base/log.ts';
import type { Engine, Store } from '../../src/store/db.ts';
import { SQLITE_FILE_NAME } from '../../src/store/db.ts';
import { openStore } from '../../src/store/open.ts';
import { whereIs } from './broker.ts';

export const ENGINES: readonly Engine[] = ['sqlite', 'postgres'];

/** Where a store can be opened: what `openStore` and `serve --data … --database …` take. */
export interface FreshDatabase {
  readonly engine: Engine;
  readonly dataDir: string;
  readonly databaseUrl: string | null;
  remove(): Promise<void>;
}

/**
 * The suite `name`, once for each engine. `open` gives a store on a database of its own, closed and removed when the
 * test is over.
 */
export function forEachEngine(name: string, suite: (open: () => Promise<Store>, engine: Engine) => void): void {
  describe.each(ENGINES)(`${name} [%s]`, (engine) => suite(() => openFresh(engine), engine));
}

async function openFresh(engine: Engine): Promise<Store> {
  const database = await readyDatabase(engine);
  onTestFinished(database.remove);
  return openAgain(database);
}

/** Opens a store on a database that another process, or this one, may have open too; closed when the test is over. */
export async function openAgain(database: FreshDatabase): Promise<Store> {
  const store = await openStore({ ...database, log: makeLog('silent') });
  // Vitest runs these in reverse order: the store closes before its database goes.
  onTestFinished(() => store.close());
  return store;
}

/** An empty folder for data and, for PostgreSQL, an empty database. Call `remove` when done. */
export async function freshDatabase(engine: Engine): Promise<FreshDatabase> {
  const dataDir = await mkdtemp(join(tmpdir(), 'latchkey-test-'));
  const removeFolder = (): Promise<void> => rm(dataDir, { recursive: true, force: true });
  if (engine === 'sqlite') return { engine, dataDir, databaseUrl: null, remove: removeFolder };
  const server = await whereIs('postgres');
  const name = `test_${randomBytes(8).toString('hex')}`;
  await runOn(server, `create database ${name}`);
  const remove = async (): Promise<void> => {
    await runOn(server, `drop database ${name} with (force)`);
    await removeFolder();
  };
  return { engine, dataDir, databaseUrl: server.replace(/[^/]+$/, name), remove };
}

/**
 * The same with the tables made, as the server leaves an empty database. On SQLite that is a copy of one file, which
 * takes a tenth of the time; on PostgreSQL a copy takes longer than the tables, so the first who opens it makes them.
 */
export async function readyDatabase(engine: Engine): Promise<FreshDatabase> {
  const database = await freshDatabase(engine);
  if (engine === 'sqlite') await copyFile(await whereIs('sqlite'), join(database.dataDir, SQLITE_FILE_NAME));
  return database;
}

async function runOn(url: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}
