/**
 * Refusals of each token, for the token's page: counted in memory, written in batches, off the request's path.
 *
 * Every door feeds it, because `authorize` records refusals here. The bearer of a token, alive or dead, can cause any
 * number of refusals: each costs one map look-up, and both a batch and a token's rows are bounded.
 * Invariant: recording costs no I/O and never fails a request. A crash loses what was recorded in the last
 * `FLUSH_EVERY_MS`.
 * Never: a credential; a refusal is stored under the id of a known token.
 */
import type { Log } from '../../base/log.ts';
import { DAY_SEC, type UnixSeconds } from '../../base/time.ts';
import type { Explanation } from '../../rules/explain.ts';
import type { Store } from '../../store/db.ts';
import { addRefusals, type RefusalCount, type RefusalWords } from '../../store/refusals.ts';

const FLUSH_EVERY_MS = 2_000;
/** Different refusals in one batch. More within the same two seconds are not recorded. */
export const MAX_NOTED = 5_000;
/** Longer purposes are cut. */
const MAX_PURPOSE_LENGTH = 200;
/** How long they are kept. */
export const REFUSALS_KEPT_SEC = 90 * DAY_SEC;

export class Refusals {
  readonly #store: Store;
  readonly #log: Log;
  #noted = new Map<string, RefusalCount>();
  #timer: NodeJS.Timeout | null = null;
  #writing: Promise<void> = Promise.resolve();

  constructor(store: Store, log: Log) {
    this.#store = store;
    this.#log = log;
  }

  /** Records one refusal. For equal ones, the last wording is kept. */
  note(tokenId: number, at: UnixSeconds, address: string, purpose: string, explanation: Explanation): void {
    const dayAt = at - (at % DAY_SEC);
    const shortPurpose = purpose.slice(0, MAX_PURPOSE_LENGTH);
    const key = `${tokenId} ${dayAt} ${explanation.reason} ${shortPurpose}`;
    const before = this.#noted.get(key);
    if (before === undefined && this.#noted.size >= MAX_NOTED) return;
    this.#noted.set(key, {
      tokenId,
      dayAt,
      reason: explanation.reason,
      purpose: shortPurpose,
      times: (before?.times ?? 0) + 1,
      lastAt: at,
      lastAddress: address,
      words: wordsOf(explanation),
    });
    this.#timer ??= setTimeout(() => void this.flush(), FLUSH_EVERY_MS).unref();
  }

  /** Writes what was recorded so far, after the write in progress. */
  flush(): Promise<void> {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    const batch = [...this.#noted.values()];
    this.#noted = new Map();
    if (batch.length > 0) this.#writing = this.#writing.then(() => this.#write(batch));
    return this.#writing;
  }

  async #write(batch: readonly RefusalCount[]): Promise<void> {
    try {
      await this.#store.transaction((tx) => addRefusals(tx, batch));
    } catch (error) {
      this.#log.warn({ err: error, refusals: batch.length }, 'refusals of tokens could not be written');
    }
  }
}

function wordsOf({ sentence, remedy, missing, missingScopes }: Explanation): RefusalWords {
  return { sentence, wayOut: remedy.text, url: remedy.url, command: remedy.command, missing, missingScopes };
}
