/**
 * What the server remembers of the store, so that checking a token costs no look-up.
 *
 * Invariant: nothing is told that was made untrue by a change which had returned before the request came. Every change
 * that can take a right away raises the revision in its own transaction. A request first makes sure that memory is up
 * to the revision: by reading it (SQLite), or by a lease (PostgreSQL, `store/cluster`). What a revision was about is
 * forgotten; what it wasn't about stays while it is used: what nobody asked for in five to ten minutes is dropped, so
 * that tokens which have ended do not fill the memory of a server that runs for weeks.
 * Never: a token's text. Tokens are remembered by digest.
 */

import { andThen, type MaybePromise } from '../../base/maybe-promise.ts';
import { RecentMap } from '../../base/recent-map.ts';
import { type Clock, MINUTE_SEC } from '../../base/time.ts';
import type { ClusterNode, Store } from '../../store/db.ts';
import { type Subject, subjectsSince } from '../../store/revision.ts';
import { SharedParts } from './shared-parts.ts';

/** The most tokens, people, and (person, target) pairs to remember. The most recently used half always is. */
const MAX_REMEMBERED = 200_000;
/**
 * The most pairs of a person and a target they may not see, or that doesn't exist. They are kept apart, so that a flood
 * of guesses pushes out only guesses.
 */
const MAX_UNSEEN = 20_000;
/** The number of subjects with a remembered last change. Beyond that, everything older is forgotten. */
export const MAX_SUBJECTS = 50_000;

/** Whatever was not used for this long is dropped, after twice as long at the latest (decision 0240). */
export const UNUSED_SEC = 5 * MINUTE_SEC;

/** Something remembered: true as of a revision, until one of its subjects changes. */
interface Entry {
  readonly value: object;
  asOf: number;
}

/**
 * How to keep what was read. Not stored with the entry, to save memory: the same key always comes with the same
 * options.
 */
export interface RecallOptions<T> {
  /**
   * True for what the caller may not see, whether or not it exists. It is kept among failed look-ups, and only until
   * anything changes: longer memory for existing things would reveal them.
   */
  readonly unseen?: (value: T) => boolean;
  /** What the value depends on. If left out, any change makes it forgotten. */
  readonly subjects?: (value: T) => readonly Subject[];
}

export class Memory {
  /** The parts that remembered things share. */
  readonly parts = new SharedParts();
  readonly #store: Store;
  #node: ClusterNode | null = null;
  /** Everything up to this revision has been taken into account. */
  #revision = -1;
  /** Anything that was true before this revision may have changed. */
  #floor = 0;
  readonly #changed = new Map<Subject, number>();
  readonly #entries = new RecentMap<string, Entry>(MAX_REMEMBERED);
  readonly #unseen = new RecentMap<string, Entry>(MAX_UNSEEN);
  readonly #clock: Pick<Clock, 'passed'>;
  #hits = 0;
  #misses = 0;
  #turnedAt: number;
  /** The revision at the last turn. Whatever was used since was true as of it, or of a later one. */
  #turnedRevision = 0;

  constructor(store: Store, clock: Pick<Clock, 'passed'>) {
    this.#store = store;
    this.#clock = clock;
    this.#turnedAt = clock.passed();
  }

  /**
   * From now on, answers from memory between changes, as one of the store's nodes. Without this, every request reads
   * the revision.
   */
  join(): void {
    this.#node ??= this.#store.join((revision, anew) => this.#learn(revision, anew));
  }

  async leave(): Promise<void> {
    const node = this.#node;
    this.#node = null;
    await node?.leave();
  }

  /** True while checks are answered without asking the store for its revision. */
  get isTrusted(): boolean {
    return this.#node?.trusts() === true;
  }

  /**
   * Asks the database if it is there, over the connection kept for memory; null when there is none. Never rejects; may
   * hang.
   */
  hears(): Promise<boolean> | null {
    return this.#node?.hears() ?? null;
  }

  /** Hits, misses, and the number of entries. */
  get counts(): { readonly hits: number; readonly misses: number; readonly entries: number } {
    return { hits: this.#hits, misses: this.#misses, entries: this.#entries.size + this.#unseen.size };
  }

  /**
   * Makes sure that what is remembered is still true. Call it once at the start of a request, before recalling
   * anything.
   */
  refresh(): MaybePromise<void> {
    if (this.#node?.trusts() === true) return;
    return andThen(this.#store.revision(), (revision) =>
      revision === this.#revision ? undefined : this.#learn(revision, false),
    );
  }

  /**
   * The value under a key: remembered, or read now and then remembered. Null is never remembered: nothing signals when
   * the value comes into being, and a flood of guesses must not push out real values.
   */
  recall<T extends object>(
    key: string,
    read: () => Promise<T | null>,
    options: RecallOptions<T> = {},
  ): MaybePromise<T | null> {
    const known = this.known(key, options);
    if (known !== null) return known;
    this.#misses++;
    this.#turnWhenDue();
    // Set before the read: any change from here on makes it forgotten.
    const asOf = this.#revision;
    return read().then((value) => {
      if (value !== null) (options.unseen?.(value) === true ? this.#unseen : this.#entries).set(key, { value, asOf });
      return value;
    });
  }

  /** The value under a key, if it is remembered and still true. */
  known<T extends object>(key: string, options: RecallOptions<T> = {}): T | null {
    const known = this.#entries.get(key);
    if (known === undefined) return options.unseen === undefined ? null : this.#knownUnseen<T>(key);
    if (this.#holds(known, options.subjects)) {
      this.#hits++;
      return known.value as T;
    }
    this.#entries.delete(key);
    return null;
  }

  #knownUnseen<T extends object>(key: string): T | null {
    const known = this.#unseen.get(key);
    if (known === undefined) return null;
    if (known.asOf === this.#revision) {
      this.#hits++;
      return known.value as T;
    }
    this.#unseen.delete(key);
    return null;
  }

  #holds<T extends object>(entry: Entry, subjects: RecallOptions<T>['subjects']): boolean {
    if (entry.asOf === this.#revision) return true;
    if (entry.asOf < this.#floor || subjects === undefined) return false;
    for (const subject of subjects(entry.value as T)) if ((this.#changed.get(subject) ?? 0) > entry.asOf) return false;
    entry.asOf = this.#revision;
    return true;
  }

  async #learn(revision: number, anew: boolean): Promise<void> {
    if (!anew && revision <= this.#revision) return;
    const since = anew || this.#revision === -1 ? null : await subjectsSince(this.#store.db, this.#revision, revision);
    // Another call may have got further meanwhile.
    if (!anew && revision <= this.#revision) return;
    if (since === null || this.#changed.size + since.size > MAX_SUBJECTS) {
      this.#floor = revision;
      this.#changed.clear();
    } else {
      for (const [subject, at] of since) this.#changed.set(subject, at);
    }
    this.#revision = revision;
    if (anew) {
      this.#turnedRevision = revision;
      this.#entries.clear();
      this.#unseen.clear();
    }
    this.#turnWhenDue();
  }

  /** Drops what is no longer used, and the changes that only mattered to that. */
  #turnWhenDue(): void {
    if (this.#clock.passed() - this.#turnedAt < UNUSED_SEC) return;
    this.#turnedAt = this.#clock.passed();
    this.#entries.turn();
    this.#unseen.turn();
    this.#floor = Math.max(this.#floor, this.#turnedRevision);
    for (const [subject, at] of this.#changed) if (at <= this.#floor) this.#changed.delete(subject);
    this.#turnedRevision = this.#revision;
  }
}
