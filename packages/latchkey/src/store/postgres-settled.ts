/**
 * Up to where the audit log is complete on PostgreSQL, where transactions that run side by side get their ids before
 * they commit: 7 can be there while 6 still comes.
 *
 * Whoever writes an entry holds a lock on the table (ROW EXCLUSIVE, which keeps nobody from anything) from before its
 * id is given out until its transaction has ended. So: read the newest id, then who holds that lock; once those have
 * ended, every smaller id is there, or never will be. Writers that come later get larger ids.
 * Never: a lock of our own. Writers don't notice that somebody looks.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { sql } from 'kysely';
import { newestAuditId } from './audit.ts';
import type { Query } from './db.ts';

const LOOK_AGAIN_MS = 10;
/** A transaction that writes takes milliseconds. One that hangs longer than this is left for next time. */
const LIMIT_MS = 2_000;

/** See `Store.settledAuditId`. */
export async function settledAuditId(db: Query): Promise<number | null> {
  const newest = await newestAuditId(db);
  const giveUpAt = performance.now() + LIMIT_MS;
  for (let before = await writers(db); before.size > 0; before = before.intersection(await writers(db))) {
    if (performance.now() > giveUpAt) return null;
    await pause(LOOK_AGAIN_MS);
  }
  return newest;
}

/** The transactions that may have entries nobody else can see yet. */
async function writers(db: Query): Promise<Set<string>> {
  const { rows } = await sql<{ transaction: string }>`select distinct virtualtransaction as transaction from pg_locks
    where locktype = 'relation' and relation = 'audit'::regclass and mode = 'RowExclusiveLock' and granted
    and database = (select oid from pg_database where datname = current_database())`.execute(db);
  return new Set(rows.map(({ transaction }) => transaction));
}
