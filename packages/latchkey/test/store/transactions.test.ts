import { statSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setImmediate as nextTurn, setTimeout as pause } from 'node:timers/promises';
import { sql } from 'kysely';
import { describe, expect, it, onTestFinished } from 'vitest';
import { makeLog } from '../../src/base/log.ts';
import { setSuspended } from '../../src/store/account-flags.ts';
import { insertUser, listAccounts } from '../../src/store/accounts.ts';
import { SQLITE_FILE_NAME, type Store } from '../../src/store/db.ts';
import { setMembership } from '../../src/store/memberships.ts';
import { openStore } from '../../src/store/open.ts';
import { MAX_TRANSACTION_ATTEMPTS } from '../../src/store/postgres.ts';
import { bumpRevision, readRevision } from '../../src/store/revision.ts';
import { openSqlite } from '../../src/store/sqlite.ts';
import { insertToken, revokeToken } from '../../src/store/tokens.ts';
import { ENGINES, forEachEngine, freshDatabase, openAgain } from '../engines/engines.ts';
import { THEN, tokenOf, worldIn } from './world.ts';

const users = async (store: Store): Promise<string[]> =>
  (await listAccounts(store.db, 'user', { beforeId: null, limit: 100 })).map((user) => user.login);
const addUser = (store: Store, login: string) =>
  store.transaction((tx) => insertUser(tx, { login, passwordDigest: null, at: THEN }));

forEachEngine('a transaction', (open) => {
  it('that fails leaves nothing behind, and the next one works', async () => {
    const store = await open();
    const before = await store.revision();
    const failed = store.transaction(async (tx) => {
      await insertUser(tx, { login: 'ada', passwordDigest: null, at: THEN });
      await insertUser(tx, { login: 'ADA', passwordDigest: null, at: THEN });
    });
    await expect(failed).rejects.toThrow(/unique/i);
    expect(await users(store)).toEqual([]);
    expect(await store.revision()).toBe(before);
    await addUser(store, 'bob');
    expect(await users(store)).toEqual(['bob']);
  });

  it('is not seen by others before it is done, and does not keep them from reading', async () => {
    const store = await open();
    await store.transaction(async (tx) => {
      await insertUser(tx, { login: 'ada', passwordDigest: null, at: THEN });
      expect(await users(store)).toEqual([]);
    });
    expect(await users(store)).toEqual(['ada']);
  });
});

describe.each(ENGINES)('two nodes on one database [%s]', (engine) => {
  it('count and insert as if one came after the other: a limit holds', async () => {
    const database = await freshDatabase(engine);
    onTestFinished(database.remove);
    const [here, there] = [await openAgain(database), await openAgain(database)];
    const limit = 3;
    const attempts = Array.from({ length: 8 }, (_, n) =>
      (n % 2 === 0 ? here : there).transaction(async (tx) => {
        const taken = await listAccounts(tx, 'user', { beforeId: null, limit: 100 });
        if (taken.length >= limit) return false;
        await insertUser(tx, { login: `user-${n}`, passwordDigest: null, at: THEN });
        return true;
      }),
    );
    expect((await Promise.all(attempts)).filter(Boolean)).toHaveLength(limit);
    expect(await users(here)).toHaveLength(limit);
  });

  it("see each other's revision as soon as a change has returned", async () => {
    const database = await freshDatabase(engine);
    onTestFinished(database.remove);
    const [here, there] = [await openAgain(database), await openAgain(database)];
    const user = await addUser(here, 'ada');
    for (let n = 1; n <= 20; n++) {
      const before = await there.revision();
      await here.transaction((tx) => setSuspended(tx, user.id, n % 2 === 0 ? null : THEN));
      expect(await there.revision()).toBe(before + 1);
    }
  });
});

forEachEngine('the revision', (open) => {
  it('rises with a change of rights, in its transaction, and not with a new token', async () => {
    const { store, bob, acme } = await worldIn(await open());
    const start = await store.revision();
    const id = await store.transaction((tx) => insertToken(tx, tokenOf(bob)));
    expect(await store.revision()).toBe(start);
    await store.transaction((tx) => revokeToken(tx, id, 'bob', THEN));
    expect(await store.revision()).toBe(start + 1);
    await store.transaction((tx) => setMembership(tx, { organizationId: acme, userId: bob, role: 'owner', at: THEN }));
    expect(await store.revision()).toBe(start + 2);
    await store.transaction(async (tx) => {
      await bumpRevision(tx);
      expect(await readRevision(tx)).toBe(start + 3);
      expect(await store.revision()).toBe(start + 2);
    });
  });

  it('cannot rise outside of a transaction, where the change could be seen first', async () => {
    const { store, bob } = await worldIn(await open());
    await expect(setSuspended(store.db, bob, THEN)).rejects.toThrow(
      'the store was asked to change a right outside of a transaction',
    );
  });
});

describe('sqlite', () => {
  async function dataDir(): Promise<string> {
    const database = await freshDatabase('sqlite');
    onTestFinished(database.remove);
    return database.dataDir;
  }

  it('keeps its files readable by their owner alone', async () => {
    const dir = await dataDir();
    const store = await openStore({ dataDir: dir, databaseUrl: null, log: makeLog('silent') });
    onTestFinished(() => store.close());
    await addUser(store, 'ada');
    for (const ending of ['', '-wal', '-shm'])
      expect(statSync(join(dir, SQLITE_FILE_NAME + ending)).mode & 0o777).toBe(0o600);
  });

  it("waits for another process's change while the event loop turns, then goes on", async () => {
    const dir = await dataDir();
    const store = await openStore({ dataDir: dir, databaseUrl: null, log: makeLog('silent') });
    onTestFinished(() => store.close());
    const other = new DatabaseSync(join(dir, SQLITE_FILE_NAME));
    other.exec('begin immediate');
    let turns = 0;
    let done = false;
    const added = addUser(store, 'ada').then(() => (done = true));
    for (; turns < 5; turns++) await pause(10).then(() => nextTurn());
    expect(done).toBe(false);
    expect(await users(store)).toEqual([]);
    other.exec('commit');
    other.close();
    await added;
    expect(await users(store)).toEqual(['ada']);
  });

  it('gives up on a lock that outlasts the limit, with words', async () => {
    const dir = await dataDir();
    await (await openStore({ dataDir: dir, databaseUrl: null, log: makeLog('silent') })).close();
    const other = new DatabaseSync(join(dir, SQLITE_FILE_NAME));
    const store = await openSqlite(dir, 100);
    onTestFinished(() => store.close());
    other.exec('begin immediate');
    const error = await addUser(store, 'ada').catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({
      message: 'the database is busy',
      hint: 'another process has been changing it for more than 0.1 seconds; try again when that is done',
    });
    other.close();
    await addUser(store, 'ada');
  });
});

describe('postgres', () => {
  async function opened(): Promise<{ store: Store; other: Store }> {
    const database = await freshDatabase('postgres');
    onTestFinished(database.remove);
    return { store: await openAgain(database), other: await openAgain(database) };
  }
  const ownPid = sql<{ pid: number }>`select pg_backend_pid() as pid`;

  it('runs a transaction again when the connection is lost before its commit', async () => {
    const { store, other } = await opened();
    let attempts = 0;
    await store.transaction(async (tx) => {
      attempts++;
      const { rows } = await ownPid.execute(tx);
      if (attempts === 1) await sql`select pg_terminate_backend(${rows[0]!.pid})`.execute(other.db);
      await insertUser(tx, { login: 'ada', passwordDigest: null, at: THEN });
    });
    expect(attempts).toBe(2);
    expect(await users(store)).toEqual(['ada']);
  });

  it('never runs one again whose commit may have arrived, and says so', async () => {
    const { store, other } = await opened();
    let attempts = 0;
    const lost = store.transaction(async (tx) => {
      attempts++;
      const { rows } = await ownPid.execute(tx);
      await insertUser(tx, { login: 'ada', passwordDigest: null, at: THEN });
      await sql`select pg_terminate_backend(${rows[0]!.pid}, 5000)`.execute(other.db);
    });
    await expect(lost).rejects.toMatchObject({
      message: 'the connection to the database was lost while the change was being saved',
      hint: 'look whether the change is there before you repeat it',
    });
    expect(attempts).toBe(1);
    expect(await users(store)).toEqual([]);
  });

  it('gives a conflict up after the last attempt', async () => {
    const { store } = await opened();
    let attempts = 0;
    const conflict = Object.assign(new Error('could not serialize access'), { code: '40001' });
    const failed = store.transaction(async () => {
      attempts++;
      throw conflict;
    });
    await expect(failed).rejects.toBe(conflict);
    expect(attempts).toBe(MAX_TRANSACTION_ATTEMPTS);
    const last = await store.transaction(async () => {
      if (++attempts < 2 * MAX_TRANSACTION_ATTEMPTS) throw conflict;
      return 'done';
    });
    expect(last).toBe('done');
  });

  it('says what to check when it cannot be reached, and keeps the password to itself', async () => {
    const refused = openStore({
      dataDir: '',
      databaseUrl: 'postgres://ada:hunter2@127.0.0.1:1/latchkey',
      log: makeLog('silent'),
    });
    const error = (await refused.catch((thrown: unknown) => thrown)) as Error & { hint: string; detail: string };
    expect(error).toMatchObject({ message: 'the database cannot be reached' });
    expect(`${error.message} ${error.hint} ${error.detail}`).not.toContain('hunter2');
    expect(error.hint).toBe(
      'check that PostgreSQL runs and that host, port, database, user and password in --database are right',
    );
  });
});
