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

/** Of the embedded database, in the data folder. */
export const SQLITE_FILE_NAME = 'latchkey.db';

/** A connection, or a transaction: what every store function takes first. */
export type Query = Kysely<Database>;

export interface Store {
  readonly engine: Engine;
  /** For single reads. A change goes through `transaction`. */
  readonly db: Query;
  /**
   * Runs `work` as if it were alone, wholly or not at all: whatever it throws rolls everything back and is thrown on.
   * PostgreSQL may run it again after a conflict, so `work` does nothing but query. Catch violations outside of it.
   */
  transaction<T>(work: (tx: Query) => Promise<T>): Promise<T>;
  /** The revision as committed now: at once on SQLite (some microseconds), by one query on PostgreSQL. */
  revision(): number | Promise<number>;
  /** What time it is by the clock of the database; null where that is this machine's own (SQLite). */
  now(): Promise<UnixSeconds | null>;
  /**
   * The id of an audit entry up to which the log is complete: whatever has a smaller id is there, and nothing more
   * comes in between. 0 when there is none; null when it can't be told now.
   */
  settledAuditId(): Promise<number | null>;
  /**
   * Lets this process answer from memory between changes: `learn` is called whenever there was one. Null where reading
   * the revision is so cheap that nothing is gained (SQLite).
   */
  join(learn: Learn): ClusterNode | null;
  /** How the connections are; SQLite has its own two. */
  connections(): { readonly open: number; readonly idle: number; readonly waiting: number };
  close(): Promise<void>;
}

/** This process, as one of those that answer from memory. */
export interface ClusterNode {
  /** True while memory may be told without asking the database. */
  trusts(): boolean;
  /** Asks the database now, over a connection that is kept for this. True when it answers. Never rejects, may hang. */
  hears(): Promise<boolean>;
  /** To be called before the store is closed. */
  leave(): Promise<void>;
}

/** What an engine offers before its tables are there. */
export interface OpenedEngine extends Store {
  /** Runs `work` in a transaction while no other process can be inside its own `alone`. */
  alone<T>(work: (tx: Query) => Promise<T>): Promise<T>;
}

/** SQLITE_CONSTRAINT_UNIQUE, SQLITE_CONSTRAINT_PRIMARYKEY; PostgreSQL's unique_violation. */
const UNIQUE_CODES: ReadonlySet<unknown> = new Set([2067, 1555, '23505']);
/** SQLITE_CONSTRAINT_FOREIGNKEY; PostgreSQL's foreign_key_violation. */
const FOREIGN_KEY_CODES: ReadonlySet<unknown> = new Set([787, '23503']);

/** True when a statement failed because the value is already taken. */
export function isUniqueViolation(error: unknown): boolean {
  return UNIQUE_CODES.has(engineCode(error));
}

/** True when a statement failed because it names a row that is not there, or takes away one that others name. */
export function isForeignKeyViolation(error: unknown): boolean {
  return FOREIGN_KEY_CODES.has(engineCode(error));
}

/**
 * The engine's own code of an error: a number from SQLite, five characters from PostgreSQL, undefined from elsewhere.
 */
export function engineCode(error: unknown): unknown {
  if (!(error instanceof Error)) return undefined;
  return 'errcode' in error ? error.errcode : 'code' in error ? error.code : undefined;
}
