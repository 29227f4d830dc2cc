/**
 * Looks up whose secrets these are, many at once.
 *
 * However many made-up tokens arrive, they cost the store one query at a time: those that arrive while one runs share
 * the next. None is remembered, so they evict nothing.
 */
import type { Store } from '../../store/db.ts';
import { knownDigests } from '../../store/token-secrets.ts';

/** Digests to look up in one query. */
const MAX_DIGESTS = 500;

interface Asked {
  readonly promise: Promise<boolean>;
  readonly resolve: (isKnown: boolean) => void;
  readonly reject: (error: unknown) => void;
}

export class SecretLookup {
  readonly #store: Store;
  #asked = new Map<string, Asked>();
  #isAsking = false;
  #queries = 0;

  constructor(store: Store) {
    this.#store = store;
  }

  /** How many queries were made. */
  get queries(): number {
    return this.#queries;
  }

  /** True when the digest's secret opens a token, or once did. Current as of the call or later. */
  isKnown(digest: string): Promise<boolean> {
    let asked = this.#asked.get(digest);
    if (asked === undefined) this.#asked.set(digest, (asked = Promise.withResolvers<boolean>()));
    if (!this.#isAsking) {
      this.#isAsking = true;
      // Other calls in the same turn go into the same query.
      setImmediate(() => void this.#ask());
    }
    return asked.promise;
  }

  async #ask(): Promise<void> {
    while (this.#asked.size > 0) {
      const batch = [...this.#asked].slice(0, MAX_DIGESTS);
      for (const [digest] of batch) this.#asked.delete(digest);
      this.#queries++;
      try {
        const known = await knownDigests(
          this.#store.db,
          batch.map(([digest]) => digest),
        );
        for (const [digest, { resolve }] of batch) resolve(known.has(digest));
      } catch (error) {
        for (const [, { reject }] of batch) reject(error);
      }
    }
    this.#isAsking = false;
  }
}
