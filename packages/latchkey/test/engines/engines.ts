/**
 * Suites that run on both engines, each test with its own fresh database.
 *
 * `forEachEngine` is for the store and the actions; `freshDatabase` for tests that start the real server with `--data`
 * or `--database`, on nothing; `readyDatabase` has the tables already.
 */
import { randomBytes } from 'node:crypto';
import { copyFile, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, onTestFinished } from 'vitest';
import { makeLog } from '../../src/base/log.ts';
import type { Engine, Store } from '../../src/store/db.ts';
import { SQLITE_FILE_NAME } from '../../src/store/db.ts';
import { openStore } from '../../src/store/open.ts';
import { whereIs } from './broker.ts';
import { borrowReady, giveBack, withClient } from './ready-postgres.ts';

export const ENGINES: readonly Engine[] = ['sqlite', 'postgres'];

/** Where a store can be opened: what `openStore` and `serve --data … --database …` take. */
export interface FreshDatabase {
  readonly engine: Engine;
  readonly dataDir: string;
  readonly databaseUrl: string | null;
  remove(): Promise<void>;
}

/**
 * The suite `name`, once for each engine. `open` returns a store on a separate database, closed and removed after the
 * test.
 */
export function forEachEngine(name: string, suite: (open: () => Promise<Store>, engine: Engine) => void): void {
  describe.each(ENGINES)(`${name} [%s]`, (engine) => suite(() => openFresh(engine), engine));
}

async function openFresh(engine: Engine): Promise<Store> {
  const database = await readyDatabase(engine);
  onTestFinished(database.remove);
  return openAgain(database);
}

/** Opens a store on a database that this or another process may already have open; closed after the test. */
export async function openAgain(database: FreshDatabase): Promise<Store> {
  const store = await openStore({ ...database, log: makeLog('silent') });
  // Vitest runs these in reverse order: the store closes before its database is removed.
  onTestFinished(() => store.close());
  return store;
}

/** An empty folder for data and, for PostgreSQL, an empty database. Call `remove` when done. */
export async function freshDatabase(engine: Engine): Promise<FreshDatabase> {
  const { dataDir, remove } = await dataFolder();
  if (engine === 'sqlite') return { engine, dataDir, databaseUrl: null, remove };
  const databaseUrl = await createDatabase();
  return { engine, dataDir, databaseUrl, remove: () => dropDatabase(databaseUrl).then(remove) };
}

/** Makes a data folder, if it isn't there, with a SQLite file that has the tables. Returns its path. */
export async function readyFolder(dataDir: string): Promise<string> {
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  await copyFile(await whereIs('sqlite'), join(dataDir, SQLITE_FILE_NAME));
  return dataDir;
}

/** The same with the tables made, as the server leaves an empty database: for tests that aren't about making them. */
export async function readyDatabase(engine: Engine): Promise<FreshDatabase> {
  const { dataDir, remove } = await dataFolder();
  if (engine === 'sqlite') {
    await readyFolder(dataDir);
    return { engine, dataDir, databaseUrl: null, remove };
  }
  const ready = await borrowReady(createDatabase);
  return {
    engine,
    dataDir,
    databaseUrl: ready.url,
    async remove() {
      if (!(await giveBack(ready))) await dropDatabase(ready.url);
      await remove();
    },
  };
}

/** Processes that were just stopped may still write into it while it goes. */
async function dataFolder(): Promise<{ dataDir: string; remove: () => Promise<void> }> {
  const dataDir = await mkdtemp(join(tmpdir(), 'latchkey-test-'));
  return { dataDir, remove: () => rm(dataDir, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 }) };
}

/** Returns the URL of a new one. */
async function createDatabase(): Promise<string> {
  const server = await whereIs('postgres');
  const name = `test_${randomBytes(8).toString('hex')}`;
  await withClient(server, (client) => client.query(`create database ${name}`));
  return server.replace(/[^/]+$/, name);
}

async function dropDatabase(url: string): Promise<void> {
  const name = new URL(url).pathname.slice(1);
  await withClient(await whereIs('postgres'), (client) => client.query(`drop database ${name} with (force)`));
}
