/**
 * Last use of tokens: when, from where, with what, what for. Noted in memory, written in batches, off the path of the request.
 *
 * Invariant: noting costs no I/O and never fails a request. What was noted in the last `FLUSH_EVERY_MS` before a crash is lost: last use is
 * a help for people, not a record of account (audit is).
 */
import type { Log } from '../base/log.ts';
import type { UnixSeconds } from '../base/time.ts';
import type { Store } from '../store/db.ts';
import { recordUses, type TokenUse } from '../store/usage.ts';

export const FLUSH_EVERY_MS = 2_000;
/** Longest user agent and purpose that are kept. */
export const MAX_AGENT_LENGTH = 200;

export class Usage {
  readonly #store: Store;
  readonly #log: Log;
  #noted = new Map<number, TokenUse>();
  #timer: NodeJS.Timeout | null = null;
  #writing: Promise<void> = Promise.resolve();

  constructor(store: Store, log: Log) {
    this.#store = store;
    this.#log = log;
  }

  /** Notes one use. Only the newest of a batch is kept per token, with every address of the batch. */
  note(tokenId: number, at: UnixSeconds, address: string, agent: string, purpose: string): void {
    const before = this.#noted.get(tokenId);
    if (before !== undefined && before.usedAt === at && before.address === address && before.purpose === purpose) return;
    const addresses = before === undefined ? [address] : [address, ...before.addresses.filter((known) => known !== address)].slice(0, 5);
    this.#noted.set(tokenId, { tokenId, usedAt: at, address, agent: agent.slice(0, MAX_AGENT_LENGTH), purpose: purpose.slice(0, MAX_AGENT_LENGTH), addresses });
    this.#timer ??= setTimeout(() => void this.flush(), FLUSH_EVERY_MS).unref();
  }

  /** Writes what was noted so far, after what is being written. */
  flush(): Promise<void> {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    const batch = [...this.#noted.values()];
    this.#noted = new Map();
    if (batch.length > 0) this.#writing = this.#writing.then(() => this.#write(batch));
    return this.#writing;
  }

  async #write(batch: readonly TokenUse[]): Promise<void> {
    try {
      await this.#store.transaction((tx) => recordUses(tx, batch));
    } catch (error) {
      this.#log.warn({ err: error, tokens: batch.length }, 'last use could not be written');
    }
  }
}
