/**
 * The one writer of a SQLite database: lent to one transaction or statement at a time, in order of arrival.
 *
 * Transactions that meet here share one commit (group commit), since a commit waits for the disk and most of them
 * change a few rows. The first of a group begins SQLite's transaction; each later one is a savepoint in it, sees what
 * came before, and can be rolled back by itself. Nobody hears that a change is done before the group's commit is on the
 * disk; if that fails, it fails for all of them.
 */
import type { DatabaseSync } from 'node:sqlite';
import { Fault } from '../base/errors.ts';

/** Transactions that share one commit at most. Another process waits for the write lock meanwhile. */
export const MOST_IN_GROUP = 64;

/** What is waiting for its turn. A statement that is a transaction of its own joins no group. */
interface Waiting {
  readonly joins: boolean;
  readonly start: () => void;
}

/** Transactions that are done but for their common commit. */
type Group = PromiseWithResolvers<void>[];

/** Where a transaction stands in its group: the first can only be undone with all of it. */
export type Place = 'first' | 'later';

export class SqliteWriter {
  readonly #database: DatabaseSync;
  readonly #beginGroup: () => Promise<void>;
  readonly #waiting: Waiting[] = [];
  #isLent = false;
  /** Null = SQLite is in no transaction. */
  #group: Group | null = null;

  /** `beginGroup` waits for the write lock and begins SQLite's transaction. */
  constructor(database: DatabaseSync, beginGroup: () => Promise<void>) {
    this.#database = database;
    this.#beginGroup = beginGroup;
  }

  /** Runs a statement that is a transaction of its own. */
  async alone<T>(work: () => Promise<T>): Promise<T> {
    await this.#turn(false);
    try {
      return await work();
    } finally {
      this.#passOn();
    }
  }

  /** Resolves when it is the caller's turn and its transaction has begun. `commit` or `rollback` ends the turn. */
  async begin(): Promise<Place> {
    await this.#turn(true);
    try {
      if (this.#group !== null) {
        this.#database.exec('savepoint member');
        return 'later';
      }
      await this.#beginGroup();
      this.#group = [];
      return 'first';
    } catch (error) {
      this.#passOn();
      throw error;
    }
  }

  /** Runs `work` within the transaction whose turn it is. After some errors (disk full) SQLite undoes its group. */
  within<T>(work: (group: Group) => T): T {
    if (this.#group === null) throw new Fault('the database has undone this transaction');
    try {
      return work(this.#group);
    } catch (error) {
      if (!this.#database.isTransaction) this.#lose(error);
      throw error;
    }
  }

  /** Resolves when the change is on the disk. If it throws at once, the turn goes on to a rollback. */
  commit(place: Place): Promise<void> {
    const done = Promise.withResolvers<void>();
    this.within((group) => {
      if (place === 'later') this.#database.exec('release member');
      group.push(done);
    });
    this.#passOn();
    return done.promise;
  }

  rollback(place: Place): void {
    try {
      if (this.#group === null) return;
      if (place === 'first') this.#lose(null);
      else this.#database.exec('rollback to member; release member');
    } catch (error) {
      this.#lose(error);
      throw error;
    } finally {
      this.#passOn();
    }
  }

  /** Commits what is done. A transaction whose turn it still is, and its group, are undone. */
  close(): void {
    if (this.#isLent) this.#lose(new Fault('the database was closed'));
    else this.#commitGroup();
  }

  async #turn(joins: boolean): Promise<void> {
    if (!this.#isLent && (joins || this.#group === null)) {
      this.#isLent = true;
      return;
    }
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiting.push({ joins, start: resolve });
    if (!this.#isLent) this.#passOn();
    await promise;
  }

  /** Gives the turn to who comes next. A group ends when nobody joins it before the event loop's next round. */
  #passOn(): void {
    const next = this.#waiting.shift();
    if (next?.joins === false || (this.#group?.length ?? 0) >= MOST_IN_GROUP) this.#commitGroup();
    this.#isLent = next !== undefined;
    next?.start();
    if (next === undefined && this.#group !== null) {
      setImmediate(() => {
        if (!this.#isLent) this.#commitGroup();
      });
    }
  }

  #commitGroup(): void {
    const group = this.#group;
    if (group === null) return;
    try {
      this.#database.exec('commit');
    } catch (error) {
      this.#lose(error);
      return;
    }
    this.#group = null;
    for (const { resolve } of group) resolve();
  }

  /** Undoes the group, and tells those who wait for its commit. */
  #lose(reason: unknown): void {
    const group = this.#group ?? [];
    this.#group = null;
    for (const { reject } of group) reject(reason);
    if (this.#database.isTransaction) this.#database.exec('rollback');
  }
}
