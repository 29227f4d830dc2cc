/** Transactions of SQLite that meet share one commit, and each is still whole or not there at all. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import fc from 'fast-check';
import { sql } from 'kysely';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type OpenedEngine, type Query, SQLITE_FILE_NAME } from '../../src/store/db.ts';
import { openSqlite } from '../../src/store/sqlite.ts';
import { MOST_IN_GROUP } from '../../src/store/sqlite-writer.ts';
import { freshDatabase } from '../engines/engines.ts';

/** A table of numbers; adding -1 makes SQLite undo everything, as a full disk does. */
async function opened(): Promise<{ store: OpenedEngine; dir: string }> {
  const database = await freshDatabase('sqlite');
  onTestFinished(database.remove);
  const store = await openSqlite(database.dataDir);
  onTestFinished(() => store.close());
  for (const text of [
    'create table numbers (n integer primary key, of integer references numbers (n))',
    "create trigger fatal before insert on numbers when new.n = -1 begin select raise(rollback, 'undone'); end",
    'pragma wal_checkpoint(truncate)',
  ])
    await sql.raw(text).execute(store.db);
  return { store, dir: database.dataDir };
}

const add = (q: Query, n: number, of: number | null = null) =>
  sql`insert into numbers (n, of) values (${n}, ${of})`.execute(q);
const numbersIn = async ({ db }: OpenedEngine): Promise<number[]> =>
  // A column in the list keeps Kysely on the reader, which sees what is committed and nothing else.
  (await db.selectFrom(sql<{ n: number }>`numbers`.as('numbers')).select('n').orderBy('n').execute()).map(({ n }) => n);
const outcomes = async (all: readonly Promise<unknown>[]): Promise<boolean[]> =>
  (await Promise.allSettled(all)).map(({ status }) => status === 'fulfilled');

/** Commits in the write-ahead log: frames that carry the size of the database (SQLite's file format, section 4.1). */
function commitsIn(dir: string): number {
  const wal = readFileSync(join(dir, `${SQLITE_FILE_NAME}-wal`));
  if (wal.length === 0) return 0;
  const frame = 24 + wal.readUInt32BE(8);
  const salt = wal.subarray(16, 24);
  let commits = 0;
  for (let at = 32; at + frame <= wal.length; at += frame)
    if (wal.readUInt32BE(at + 4) > 0 && wal.subarray(at + 8, at + 16).equals(salt)) commits++;
  return commits;
}

describe('transactions that meet', () => {
  it('share one commit, up to the limit', async () => {
    const { store, dir } = await opened();
    const before = commitsIn(dir);
    await Promise.all(Array.from({ length: MOST_IN_GROUP }, (_, n) => store.transaction((tx) => add(tx, n))));
    expect(commitsIn(dir) - before).toBe(1);
    await Promise.all(
      Array.from({ length: MOST_IN_GROUP + 1 }, (_, n) => store.transaction((tx) => add(tx, 1_000 + n))),
    );
    expect(commitsIn(dir) - before).toBe(3);
    expect(await numbersIn(store)).toHaveLength(2 * MOST_IN_GROUP + 1);
  });

  it('see each other in order, and nobody else sees them before the commit', async () => {
    const { store } = await opened();
    const first = store.transaction((tx) => add(tx, 1));
    const second = store.transaction(async (tx) => {
      await nextTurn();
      expect(await numbersIn(store)).toEqual([]);
      const { rows } = await sql<{ n: number }>`select n from numbers`.execute(tx);
      return rows;
    });
    expect(await second).toEqual([{ n: 1 }]);
    await first;
    expect(await numbersIn(store)).toEqual([1]);
  });

  it('fail together where their commit fails', async () => {
    const { store } = await opened();
    const all = [
      store.transaction((tx) => add(tx, 1)),
      store.transaction(async (tx) => {
        await sql`pragma defer_foreign_keys = on`.execute(tx);
        await add(tx, 2, 77);
      }),
      store.transaction((tx) => add(tx, 3)),
    ];
    expect(await outcomes(all)).toEqual([false, false, false]);
    await expect(all[0]).rejects.toThrow(/FOREIGN KEY/);
    expect(await numbersIn(store)).toEqual([]);
    await store.transaction((tx) => add(tx, 4));
    expect(await numbersIn(store)).toEqual([4]);
  });

  it('are undone together by the database, which lets none of them go on by halves', async () => {
    const { store } = await opened();
    const all = [
      store.transaction((tx) => add(tx, 1)),
      store.transaction(async (tx) => {
        await add(tx, 2);
        await add(tx, -1).catch(() => undefined);
        await add(tx, 3);
      }),
      store.transaction((tx) => add(tx, 4)),
    ];
    expect(await outcomes(all)).toEqual([false, false, true]);
    await expect(all[0]).rejects.toThrow('undone');
    await expect(all[1]).rejects.toThrow('the database has undone this transaction');
    expect(await numbersIn(store)).toEqual([4]);
  });

  it('are committed when the database is closed, but for the one that is still at work', async () => {
    const { store, dir } = await opened();
    const done = store.transaction((tx) => add(tx, 1));
    const { promise: entered, resolve: enter } = Promise.withResolvers<void>();
    const { promise: closed, resolve: close } = Promise.withResolvers<void>();
    await done;
    const halfway = store.transaction(async (tx) => {
      await add(tx, 2);
      enter();
      await closed;
      await add(tx, 3);
    });
    const failed = expect(halfway).rejects.toThrow('the database has undone this transaction');
    await entered;
    await store.close();
    close();
    await failed;
    const again = await openSqlite(dir);
    onTestFinished(() => again.close());
    expect(await numbersIn(again)).toEqual([1]);
  });

  it('are there exactly if they were acknowledged, whatever else happens', async () => {
    const { store } = await opened();
    const step = fc.record({
      kind: fc.constantFrom('adds', 'adds', 'adds', 'throws', 'fatal', 'alone', 'breaks the commit'),
      pausesBefore: fc.nat(2),
      pausesWithin: fc.nat(2),
    });
    let next = 0;
    const pauses = async (count: number) => {
      for (let i = 0; i < count; i++) await nextTurn();
    };
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
        const first = next;
        const all = steps.map(async ({ kind, pausesBefore, pausesWithin }) => {
          const n = next++;
          await pauses(pausesBefore);
          if (kind === 'alone') return add(store.db, n);
          return store.transaction(async (tx) => {
            await add(tx, n);
            await pauses(pausesWithin);
            if (kind === 'throws') throw new Error('changed its mind');
            if (kind === 'fatal') await add(tx, -1);
            if (kind === 'breaks the commit') {
              await sql`pragma defer_foreign_keys = on`.execute(tx);
              await sql`update numbers set of = -5 where n = ${n}`.execute(tx);
            }
          });
        });
        const acknowledged = (await outcomes(all)).flatMap((fulfilled, i) => (fulfilled ? [first + i] : []));
        expect((await numbersIn(store)).filter((n) => n >= first)).toEqual(acknowledged);
      }),
      { numRuns: 200 },
    );
  });
});
