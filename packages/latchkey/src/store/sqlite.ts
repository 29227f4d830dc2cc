/**
 * SQLite through `node:sqlite`: a Kysely dialect with one writer and one reader in this process.
 *
 * Transactions get the writer one at a time (`sqlite-writer.ts`); reads outside a transaction go to the reader, which
 * in WAL mode sees the last commit and never waits. Waiting for another process (the CLI) doesn't block the event
 * loop for long.
 *
 * Invariant: what was acknowledged survives `kill -9` and a power cut (WAL with synchronous=FULL: one fsync per
 * commit, shared by changes that meet). NORMAL would survive the first but not the second, and a revocation undone by a
 * power cut brings a stolen token back to life.
 */
import { closeSync, mkdirSync, openSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';
import { setTimeout as pause } from 'node:timers/promises';
import {
  CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  type Driver,
  Kysely,
  type QueryResult,
  SelectQueryNode,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
} from 'kysely';
import { Fault } from '../base/errors.ts';
import { RecentMap } from '../base/recent-map.ts';
import { newestAuditId } from './audit.ts';
import { engineCode, type OpenedEngine, type Query, SQLITE_FILE_NAME } from './db.ts';
import type { Database } from './schema.ts';
import { type Place, SqliteWriter } from './sqlite-writer.ts';

/** How long SQLite itself waits for another process. Meanwhile the event loop is blocked. */
const BLOCKING_WAIT_MS = 20;
/** The pause between two attempts at the write lock. */
const RETRY_PAUSE_MS = 10;
/** How long a change waits for another process's change before it fails. */
export const WRITE_LOCK_LIMIT_MS = 10_000;
/** Prepared statements kept for each connection. Lists with filters make many different texts. */
const MAX_STATEMENTS = 500;
const SQLITE_BUSY = 5;

/** Opens `<dataDir>/latchkey.db`, and creates both when missing, for this user only. */
export async function openSqlite(dataDir: string, writeLockLimitMs = WRITE_LOCK_LIMIT_MS): Promise<OpenedEngine> {
  const path = join(dataDir, SQLITE_FILE_NAME);
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  closeSync(openSync(path, 'a', 0o600));
  const writer = await openConnection(path, writeLockLimitMs);
  const reader = await openConnection(path, writeLockLimitMs);
  const db = new Kysely<Database>({ dialect: sqliteDialect(writer, reader) });

  async function transaction<T>(work: (tx: Query) => Promise<T>): Promise<T> {
    return db.transaction().execute(work);
  }

  return {
    engine: 'sqlite',
    db,
    transaction,
    // BEGIN IMMEDIATE holds the one write lock of the file, so every transaction is alone.
    alone: transaction,
    async snapshot(work) {
      const own = await openConnection(path, writeLockLimitMs);
      const snapshot = new Kysely<Database>({ dialect: sqliteDialect(own, own) });
      try {
        own.database.exec('pragma query_only = on');
        own.database.exec('begin');
        // A transaction sees the database as it is at its first read.
        own.database.prepare('select count(*) from sqlite_master').get();
        return await work(snapshot);
      } finally {
        await snapshot.destroy();
      }
    },
    revision: revisionReader(reader.database),
    now: async () => null,
    // One transaction writes at a time, so ids are committed in their order.
    settledAuditId: () => newestAuditId(db),
    join: () => null,
    connections: () => ({ open: 2, idle: 0, waiting: 0 }),
    sizeBytes: async () =>
      [path, `${path}-wal`].reduce((sum, file) => sum + (statSync(file, { throwIfNoEntry: false })?.size ?? 0), 0),
    replicasBehind: async () => [],
    close: () => db.destroy(),
  };
}

/** A database in memory, for its tables; not migrated. */
export function openInMemory(database: DatabaseSync): Query {
  const handle: SqliteHandle = { database, statements: new RecentMap(MAX_STATEMENTS), lockLimitMs: 0 };
  return new Kysely<Database>({ dialect: sqliteDialect(handle, handle) });
}

/**
 * Reads the revision once for everything that runs in one go: nothing can arrive meanwhile that must see a later one. A
 * read takes two file locks, 2 to 3 microseconds.
 */
function revisionReader(database: DatabaseSync): () => number {
  let statement: StatementSync | null = null;
  let known: number | null = null;
  return () => {
    if (known !== null) return known;
    statement ??= database.prepare('select revision from revision where id = 1');
    known = (statement.get() as { revision: number }).revision;
    queueMicrotask(() => (known = null));
    return known;
  };
}

interface SqliteHandle {
  readonly database: DatabaseSync;
  readonly statements: RecentMap<string, CachedStatement>;
  readonly lockLimitMs: number;
}

interface CachedStatement {
  readonly statement: StatementSync;
  readonly givesRows: boolean;
}

async function openConnection(path: string, lockLimitMs: number): Promise<SqliteHandle> {
  const database = new DatabaseSync(path, { timeout: BLOCKING_WAIT_MS, enableForeignKeyConstraints: true });
  // When two processes turn on WAL at the same moment, one finds the file locked.
  await whenFree(lockLimitMs, () => database.exec('pragma journal_mode = wal'));
  database.exec('pragma synchronous = full');
  return { database, statements: new RecentMap(MAX_STATEMENTS), lockLimitMs };
}

/** Retries until no other process holds the lock, and lets the event loop run in between. */
async function whenFree<T>(limitMs: number, attempt: () => T): Promise<T> {
  const giveUpAt = performance.now() + limitMs;
  for (;;) {
    try {
      return attempt();
    } catch (error) {
      if (!isBusy(error)) throw error;
      if (performance.now() > giveUpAt) throw busyFault(limitMs, error);
    }
    await pause(RETRY_PAUSE_MS);
  }
}

/** The low byte is the primary code; extended ones (snapshot, recovery) share it. */
function isBusy(error: unknown): boolean {
  const code = engineCode(error);
  return typeof code === 'number' && (code & 0xff) === SQLITE_BUSY;
}

function busyFault(limitMs: number, cause: unknown): Fault {
  return new Fault('the database is busy', {
    hint: `another process has been changing it for more than ${limitMs / 1000} seconds; try again when that is done`,
    cause,
  });
}

function sqliteDialect(writer: SqliteHandle, reader: SqliteHandle): Dialect {
  return {
    createDriver: () => new NodeSqliteDriver(writer, reader),
    createQueryCompiler: () => new SqliteQueryCompiler(),
    createAdapter: () => new SqliteAdapter(),
    createIntrospector: (db) => new SqliteIntrospector(db),
  };
}

class NodeSqliteDriver implements Driver {
  readonly #writer: SqliteHandle;
  readonly #reader: SqliteHandle;
  readonly #turns: SqliteWriter;

  constructor(writer: SqliteHandle, reader: SqliteHandle) {
    this.#writer = writer;
    this.#reader = reader;
    const { database, lockLimitMs } = writer;
    this.#turns = new SqliteWriter(database, () => whenFree(lockLimitMs, () => database.exec('begin immediate')));
  }

  async init(): Promise<void> {}

  async acquireConnection(): Promise<NodeSqliteConnection> {
    return new NodeSqliteConnection(this.#writer, this.#reader, this.#turns);
  }

  beginTransaction(connection: NodeSqliteConnection): Promise<void> {
    return connection.begin();
  }

  commitTransaction(connection: NodeSqliteConnection): Promise<void> {
    return connection.commit();
  }

  async rollbackTransaction(connection: NodeSqliteConnection): Promise<void> {
    connection.rollback();
  }

  async releaseConnection(): Promise<void> {}

  async destroy(): Promise<void> {
    this.#turns.close();
    for (const { database } of new Set([this.#reader, this.#writer])) database.close();
  }
}

/** What Kysely holds while it works: the reader, or the writer within a transaction. */
class NodeSqliteConnection implements DatabaseConnection {
  readonly #writer: SqliteHandle;
  readonly #reader: SqliteHandle;
  readonly #turns: SqliteWriter;
  /** Not null while the transaction has its turn. */
  #place: Place | null = null;

  constructor(writer: SqliteHandle, reader: SqliteHandle, turns: SqliteWriter) {
    this.#writer = writer;
    this.#reader = reader;
    this.#turns = turns;
  }

  async begin(): Promise<void> {
    this.#place = await this.#turns.begin();
  }

  async commit(): Promise<void> {
    if (this.#place === null) return;
    const done = this.#turns.commit(this.#place);
    this.#place = null;
    await done;
  }

  /** Kysely sends it after a failed commit, too. */
  rollback(): void {
    const place = this.#place;
    this.#place = null;
    if (place !== null) this.#turns.rollback(place);
  }

  async executeQuery<R>(query: CompiledQuery): Promise<QueryResult<R>> {
    if (this.#place !== null) return this.#turns.within(() => run(this.#writer, query));
    if (SelectQueryNode.is(query.query)) return run(this.#reader, query);
    return this.#turns.alone(() => whenFree(this.#writer.lockLimitMs, () => run<R>(this.#writer, query)));
  }

  /** Kysely requires it. No list of this product is streamed, so all rows come at once. */
  async *streamQuery<R>(query: CompiledQuery): AsyncIterableIterator<QueryResult<R>> {
    yield await this.executeQuery<R>(query);
  }
}

function run<R>({ database, statements }: SqliteHandle, { sql, parameters }: CompiledQuery): QueryResult<R> {
  let cached = statements.get(sql);
  if (cached === undefined) {
    const statement = database.prepare(sql);
    cached = { statement, givesRows: statement.columns().length > 0 };
    statements.set(sql, cached);
  }
  const values = parameters as readonly SQLInputValue[];
  if (cached.givesRows) {
    const rows = cached.statement.all(...values) as R[];
    return { rows, numAffectedRows: BigInt(rows.length) };
  }
  const { changes, lastInsertRowid } = cached.statement.run(...values);
  return { rows: [], numAffectedRows: BigInt(changes), insertId: BigInt(lastInsertRowid) };
}
