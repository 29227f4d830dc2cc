/**
 * Lists of refs, which every clone and fetch asks for first: shared by concurrent requests, and reused while the
 * repository's fingerprint is the same.
 *
 * Invariant: a list comes from a run that began after the request arrived, or nothing has moved from before that run
 * until after the request arrived.
 * Invariant: the memory is bounded in bytes and in time.
 * Never: a decision about who may read. Anyone who asks for a list by its key has been admitted, and the key contains
 * the repository.
 */
import { LRUCache } from 'lru-cache';
import { SingleFlight } from './single-flight.ts';

/** Short, since a fingerprint doesn't notice a ref that somebody wrote by hand into an existing file. */
const KEEP_MS = 5_000;
/** For all remembered lists of a worker. */
const MAX_BYTES = 8 * 1024 * 1024;

export interface ListingsOptions {
  readonly keepMs?: number;
  readonly maxBytes?: number;
}

export class Listings {
  readonly #runs = new SingleFlight();
  /** Limited in bytes and in time, so not a `RecentMap`, which counts entries (decision 0112). */
  readonly #known: LRUCache<string, { readonly fingerprint: string; readonly refs: Buffer }>;

  constructor({ keepMs = KEEP_MS, maxBytes = MAX_BYTES }: ListingsOptions = {}) {
    this.#known = new LRUCache({
      ttl: keepMs,
      maxSize: maxBytes,
      sizeCalculation: ({ refs }) => Math.max(1, refs.length),
    });
  }

  /**
   * The list under a key. `currentFingerprint` returns null where nothing may be remembered. Rejects with the error of
   * its run.
   */
  answer(key: string, currentFingerprint: () => string | null, run: () => Promise<Buffer>): Promise<Buffer> {
    const fingerprint = currentFingerprint();
    const known = this.#known.get(key);
    if (fingerprint !== null && known?.fingerprint === fingerprint) return Promise.resolve(known.refs);
    return this.#runs.answer(key, async () => {
      const before = currentFingerprint();
      const refs = await run();
      if (before !== null) this.#known.set(key, { fingerprint: before, refs });
      return refs;
    });
  }
}
