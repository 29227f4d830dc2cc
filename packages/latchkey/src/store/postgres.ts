/**
 * PostgreSQL through `pg`: a pool, and transactions that are retried when the engine asks for it.
 *
 * Transactions are SERIALIZABLE, so "count, then insert" means the same as on SQLite, where they run one after the
 * other; on a conflict the engine answers 40001 and the transaction is retried. Reads outside a transaction are
 * single statements.
 *
 * Invariant: a transaction whose commit was sent is never retried; if the answer to it is lost, the caller is told
 * so.
 * Never: SQL that only one build of PostgreSQL has.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { type IsolationLevel, Kysely, PostgresDialect, sql } from 'kysely';
import pg from 'pg';
import { Fault } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import { present } from '../base/present.ts';
import { settle } from './cluster.ts';
import { engineCode, type OpenedEngine, type Query } from './db.ts';
import { boardIn } from './nodes.ts';
import { connectionFault, connectionOptions, type PostgresTuning } from './postgres-connection.ts';
import { announce, joinCluster, PATIENT_STOPWATCH } from './postgres-node.ts';
import { settledAuditId } from './postgres-settled.ts';
import { revisionRaisedBy } from './revision.ts';
import type { Database } from './schema.ts';

/** Attempts at a transaction before its conflict is thrown. */
export const MAX_TRANSACTION_ATTEMPTS = 20;
/** The longest pause before the next attempt; the real one is random, and shorter at first. */
const MAX_RETRY_PAUSE_MS = 200;
const FIRST_RETRY_PAUSE_MS = 4;
/**
 * How long to retry a transaction that lost its connection before its commit was sent: a fail-over takes a few seconds.
 */
export const FAIL_OVER_LIMIT_MS = 10_000;
const FAIL_OVER_PAUSE_MS = 200;
const REVISION_TIMEOUT_MS = 3_000;
/** The advisory lock that lets one process at a time migrate. */
const MIGRATION_LOCK = 7_213_640_281;

/** serialization_failure and deadlock_detected: the engine rolled back and wants another attempt. */
const CONFLICT_CODES: ReadonlySet<unknown> = new Set(['40001', '40P01']);
/** The connection is gone, or the server soon will be: class 08, shutdown, crash, start-up, and socket errors. */
const LOST_CODES: ReadonlySet<unknown> = new Set([
  '08000',
  '08001',
  '08003',
  '08004',
  '08006',
  '57P01',
  '57P02',
  '57P03',
  'ECONNRESET',
  'ECONNREFUSED',
  'EPIPE',
  'ETIMEDOUT',
]);

/**
 * Connects to the database that the URL names.
 * @throws Fault when it can't be reached; the sentence never contains the URL
 */
export async function openPostgres(url: string, log: Log, tuning: PostgresTuning = {}): Promise<OpenedEngine> {
  const connection = connectionOptions(url, tuning);
  const pool = makePool(connection, log);
  const db = new Kysely<Database>({ dialect: new PostgresDialect({ pool }) });
  await pool.query('select 1').catch(async (error: unknown) => {
    await pool.end();
    throw connectionFault(error);
  });
  return {
    engine: 'postgres',
    db,
    async transaction(work) {
      const { value, raisedTo } = await persistently(() => once(db, 'serializable', work));
      if (raisedTo !== null) {
        announce(pool);
        await settle(boardIn(db), PATIENT_STOPWATCH, raisedTo);
      }
      return value;
    },
    alone: async (work) =>
      (await persistently(() => once(db, 'read committed', (tx) => underMigrationLock(tx, work)))).value,
    async snapshot(work) {
      const tx = await db.startTransaction().setIsolationLevel('repeatable read').setAccessMode('read only').execute();
      try {
        // Whoever copies writes files in between.
        await sql`set local idle_in_transaction_session_timeout = 0`.execute(tx);
        return await work(tx);
      } finally {
        await tx
          .rollback()
          .execute()
          .catch(() => {});
      }
    },
    async revision() {
      // Every request asks this on a node without a lease: a quick error is better than a request that hangs.
      const query: pg.QueryConfig & { query_timeout: number } = {
        text: 'select revision from revision where id = 1',
        query_timeout: REVISION_TIMEOUT_MS,
      };
      const { rows } = await pool.query<{ revision: number }>(query);
      return present(rows[0], 'the row of the revision').revision;
    },
    async now() {
      const query: pg.QueryConfig & { query_timeout: number } = {
        text: 'select floor(extract(epoch from clock_timestamp()))::float8 as at',
        query_timeout: REVISION_TIMEOUT_MS,
      };
      const { rows } = await pool.query<{ at: number }>(query);
      return present(rows[0], 'the time of the database').at;
    },
    settledAuditId: () => settledAuditId(db),
    join: (learn) => joinCluster({ ...connection, max: 1 }, learn, log),
    async sizeBytes() {
      const { rows } = await pool.query<{ size: number }>('select pg_database_size(current_database()) as size');
      return present(rows[0], 'the size of the database').size;
    },
    async replicasBehind() {
      // Without the role pg_monitor, all but the process's number is null. So is the lag of one that has everything.
      const { rows } = await pool.query<{ behind: number }>(
        `select coalesce(extract(epoch from replay_lag), 0)::float8 as behind
         from pg_stat_replication where state is not null`,
      );
      return rows.map(({ behind }) => behind);
    },
    connections: () => ({ open: pool.totalCount, idle: pool.idleCount, waiting: pool.waitingCount }),
    close: () => db.destroy(),
  };
}

function makePool(connection: pg.PoolConfig, log: Log): pg.Pool {
  const pool = new pg.Pool(connection);
  // A connection that breaks, in use or not, emits `error`; unhandled, that would end the process.
  const lost = (error: Error): void => log.warn({ reason: error.message }, 'lost a database connection');
  pool.on('error', lost);
  pool.on('connect', (client) => client.on('error', () => {}));
  return pool;
}

/** Read committed, because a serializable transaction would see the tables as they were before it got the lock. */
async function underMigrationLock<T>(tx: Query, work: (tx: Query) => Promise<T>): Promise<T> {
  await sql`set local statement_timeout = 0`.execute(tx);
  await sql`select pg_advisory_xact_lock(${sql.lit(MIGRATION_LOCK)})`.execute(tx);
  return work(tx);
}

async function once<T>(
  db: Query,
  isolation: IsolationLevel,
  work: (tx: Query) => Promise<T>,
): Promise<{ value: T; raisedTo: number | null }> {
  const tx = await db.startTransaction().setIsolationLevel(isolation).execute();
  let commitSent = false;
  try {
    const value = await work(tx);
    commitSent = true;
    await tx.commit().execute();
    return { value, raisedTo: revisionRaisedBy(tx) };
  } catch (error) {
    // On a broken connection the rollback fails too. The server has rolled back by itself, and the pool drops the
    // connection.
    await tx
      .rollback()
      .execute()
      .catch(() => {});
    throw commitSent && isConnectionLoss(error) ? unknownOutcome(error) : error;
  }
}

async function persistently<T>(attempt: () => Promise<T>): Promise<T> {
  const giveUpAt = performance.now() + FAIL_OVER_LIMIT_MS;
  for (let conflicts = 0; ; ) {
    try {
      return await attempt();
    } catch (error) {
      const isConflict = CONFLICT_CODES.has(engineCode(error));
      if (isConflict && ++conflicts < MAX_TRANSACTION_ATTEMPTS)
        await pause(Math.random() * Math.min(MAX_RETRY_PAUSE_MS, FIRST_RETRY_PAUSE_MS * 2 ** conflicts));
      else if (!isConflict && isConnectionLoss(error) && performance.now() < giveUpAt) await pause(FAIL_OVER_PAUSE_MS);
      else throw error;
    }
  }
}

/** `pg` gives no code for a socket that closed during a query or before it, only words. */
const LOST_WORDS = /^(?:Connection terminated|Client has encountered a connection error)/;

function isConnectionLoss(error: unknown): boolean {
  return LOST_CODES.has(engineCode(error)) || (error instanceof Error && LOST_WORDS.test(error.message));
}

function unknownOutcome(cause: unknown): Fault {
  return new Fault('the connection to the database was lost while the change was being saved', {
    hint: 'look whether the change is there before you repeat it',
    cause,
  });
}
