/**
 * A node on PostgreSQL: sends its heartbeat over a connection of its own, on which it also hears about changes
 * (LISTEN).
 *
 * Invariant: a notification is only a hint to look at once. An engine without LISTEN/NOTIFY works as well; changes
 * then wait for the next heartbeat.
 */
import { randomUUID } from 'node:crypto';
import { Kysely, PostgresDialect } from 'kysely';
import pg from 'pg';
import type { Log } from '../base/log.ts';
import { BEAT_MS, LEASE_MS, type Learn, Membership, type Stopwatch } from './cluster.ts';
import type { ClusterNode } from './db.ts';
import { boardIn } from './nodes.ts';
import type { Database } from './schema.ts';

const CHANNEL = 'latchkey_revision';

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms).unref());

/**
 * Counts too little rather than too much (it stops while the machine sleeps). For a node that waits until others have
 * lost their trust.
 */
export const PATIENT_STOPWATCH: Stopwatch = { now: () => performance.now(), pause };

/** When the date moves this much more than the stopwatch, that counts as time passed. */
const MAX_STEP_MS = 50;

/** Counts too much rather than too little: only the date shows how long the machine slept. For a node with a lease. */
function conservativeStopwatch(): Stopwatch {
  let skippedMs = 0;
  let lastGapMs = Date.now() - performance.now();
  return {
    now() {
      const ms = performance.now();
      const gapMs = Date.now() - ms;
      if (gapMs > lastGapMs + MAX_STEP_MS) skippedMs += gapMs - lastGapMs;
      lastGapMs = gapMs;
      return ms + skippedMs;
    },
    pause,
  };
}

/** Tells every node that something changed. Nobody waits for it, and nothing depends on it. */
export function announce(pool: pg.Pool): void {
  pool.query(`notify ${CHANNEL}`).catch(() => {});
}

/**
 * Puts this process on the board, and keeps it there until it leaves.
 * @param connection of one connection
 */
export function joinCluster(connection: pg.PoolConfig, learn: Learn, log: Log): ClusterNode {
  // A query that takes longer than the lease is useless: its connection is closed.
  const pool = new pg.Pool({
    ...connection,
    idleTimeoutMillis: 0,
    query_timeout: LEASE_MS,
    // Connecting takes several round trips; after that, each beat takes one.
    connectionTimeoutMillis: 2.5 * LEASE_MS,
  });
  const db = new Kysely<Database>({ dialect: new PostgresDialect({ pool }) });
  const membership = new Membership(boardIn(db), conservativeStopwatch(), randomUUID(), learn);
  pool.on('error', (error) => log.warn({ reason: error.message }, 'lost the connection on which changes are heard'));
  pool.on('connect', (client) => {
    client.on('error', () => {});
    client.on('notification', () => void membership.beat());
    client.query(`listen ${CHANNEL}`).catch(() => {});
  });
  let trusted = true;
  const timer = setInterval(() => {
    void membership.beat();
    if (membership.trusts() === trusted) return;
    trusted = !trusted;
    if (trusted) log.info('checks are answered from memory');
    else log.warn('no word from the database: every check asks it now');
  }, BEAT_MS).unref();
  void membership.beat();
  return {
    trusts: () => membership.trusts(),
    hears: () => membership.beat(),
    async leave() {
      clearInterval(timer);
      await membership.leave();
      await db.destroy();
    },
  };
}
