/**
 * The store: one set of tables on SQLite or PostgreSQL, opened, migrated and passed to the functions of this room.
 *
 * Invariant: every function of this room takes a `Query` first. One that changes something is called with a
 * transaction, so that the change, its audit entry and the new revision become visible together or not at all.
 * Never: SQL outside this room, or SQL that only one of the two engines understands.
 */
import type { Kysely } from 'kysely';
import type { UnixSeconds } from '../base/time.ts';
import type { Learn } from './cluster.ts';
import type { Database } from './schema.ts';

export type Engine = 'sqlite' | 'postgres';

/** The file of the embedded database, in the data folder. */
export const SQLITE_FILE_NAME = 'latchkey.db';

/** A connection or a transaction: the first parameter of every store function. */
export type Query = Kysely<Database>;

export interface Store {
  readonly engine: Engine;
  /** For single reads. A change goes through `transaction`. */
  readonly db: Query;
  /**
   * Runs `work` as if it were alone, all or nothing: anything it throws rolls everything back and is rethrown.
   * PostgreSQL may run it again after a conflict, so `work` must only query. Catch violations outside of it.
   */
  transaction<T>(work: (tx: Query) => Promise<T>): Promise<T>;
  /** Runs `work`, which only reads, on everything as it is committed now, while others go on changing it. */
  snapshot<T>(work: (q: Query) => Promise<T>): Promise<T>;
  /** The revision as committed now: at once on SQLite (a few microseconds), with one query on PostgreSQL. */
  revision(): number | Promise<number>;
  /** The time by the database's clock; null when that is this machine's clock (SQLite). */
  now(): Promise<UnixSeconds | null>;
  /**
   * The id of the audit entry up to which the log is complete: all smaller ids are there, and none will be added
   * between them. 0 when there is none; null when that can't be known now.
   */
  settledAuditId(): Promise<number | null>;
  /**
   * Lets this process answer from memory between changes: `learn` is called after each change. Null where reading the
   * revision is so cheap that it wouldn't help (SQLite).
   */
  join(learn: Learn): ClusterNode | null;
  /** The number of connections; SQLite has its own two. */
  connections(): { readonly open: number; readonly idle: number; readonly waiting: number };
  /** What the database takes on disk, in bytes, with what is not yet in its place. */
  sizeBytes(): Promise<number>;
  /** How far behind each replica is that this database streams to, in seconds; none on SQLite. */
  replicasBehind(): Promise<readonly number[]>;
  close(): Promise<void>;
}

/** This process, as one of those that answer from memory. */
export interface ClusterNode {
  /** True while it may answer from memory without asking the database. */
  trusts(): boolean;
  /** Asks the database now, over a connection kept for this. True when it answers. Never rejects; may hang. */
  hears(): Promise<boolean>;
  /** Call this before the store is closed. */
  leave(): Promise<void>;
}

/** What an engine offers before its tables exist. */
export interface OpenedEngine extends Store {
  /** Runs `work` in a transaction while no other process can be in its own `alone`. */
  alone<T>(work: (tx: Query) => Promise<T>): Promise<T>;
}

/** SQLITE_CONSTRAINT_UNIQUE, SQLITE_CONSTRAINT_PRIMARYKEY; PostgreSQL's unique_violation. */
const UNIQUE_CODES: ReadonlySet<unknown> = new Set([2067, 1555, '23505']);
/** SQLITE_CONSTRAINT_FOREIGNKEY; PostgreSQL's foreign_key_violation. */
const FOREIGN_KEY_CODES: ReadonlySet<unknown> = new Set([787, '23503']);

/** True when a statement failed because the value is taken. */
export function isUniqueViolation(error: unknown): boolean {
  return UNIQUE_CODES.has(engineCode(error));
}

/** True when a statement failed because it names a missing row, or removes one that others name. */
export function isForeignKeyViolation(error: unknown): boolean {
  return FOREIGN_KEY_CODES.has(engineCode(error));
}

/** The engine's own error code: a number from SQLite, five characters from PostgreSQL, undefined from anything else. */
export function engineCode(error: unknown): unknown {
  if (!(error instanceof Error)) return undefined;
  return 'errcode' in error ? error.errcode : 'code' in error ? error.code : undefined;
}
