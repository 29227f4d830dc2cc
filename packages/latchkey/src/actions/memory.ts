/**
 * What the server remembers of the store, so that checking a token costs no look-up.
 *
 * Invariant: nothing remembered outlives the revision under which it was read. Every change that can take a right away raises the
 * revision in its own transaction; every request asks for the revision first and forgets everything when it has risen. So a token revoked by any process is
 * refused on the very next request.
 * Never: a token's text. Tokens are remembered by digest.
 */
import { LRUCache } from 'lru-cache';
import type { Store } from '../store/db.ts';
import { soon, type Soon } from '../base/soon.ts';

/** How many tokens, and how many (person, repository) pairs, are remembered at most. */
export const MAX_REMEMBERED = 100_000;

export class Memory {
  readonly #store: Store;
  #revision = -1;
  /** Rises whenever everything is forgotten: a value read before may not be remembered after. */
  #generation = 0;
  readonly #values = new LRUCache<string, object>({ max: MAX_REMEMBERED });

  constructor(store: Store) {
    this.#store = store;
  }

  /** Makes sure that what is remembered holds now. Call it once at the start of a request, before anything is recalled. */
  refresh(): Soon<void> {
    return soon(this.#store.revision(), (revision) => {
      if (revision === this.#revision) return;
      this.#revision = revision;
      this.#generation++;
      this.#values.clear();
    });
  }

  /**
   * The value under a key: remembered, or read now and then remembered if `worthKeeping`. What is not there is never remembered (nothing tells
   * when it comes into being, and a flood of guesses must not push out what is).
   */
  recall<T extends object>(key: string, read: () => Promise<T | null>, worthKeeping: (value: T) => boolean = () => true): Soon<T | null> {
    const known = this.#values.get(key) as T | undefined;
    if (known !== undefined) return known;
    const generation = this.#generation;
    return read().then((value) => {
      if (value !== null && generation === this.#generation && worthKeeping(value)) this.#values.set(key, value);
      return value;
    });
  }
}
