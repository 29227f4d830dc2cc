/**
 * The only time that may end something for good: the database's, once it has run steadily for a while.
 *
 * A node's own clock may be a year off for one second. Checks use it anyway, because they are asked again; whatever
 * deletes or revokes uses this.
 *
 * Invariant: the wait starts over when the database's clock jumps, when a node's monotonic clock disagrees with it,
 * or when the audit log is ahead of it.
 */
import type { Log } from '../../base/log.ts';
import type { Clock, UnixSeconds } from '../../base/time.ts';
import { MAX_STEP_SEC, markAfter, type OwnLook } from '../../rules/steady-clock.ts';
import { newestAuditAt } from '../../store/audit.ts';
import { readClockMark, writeClockMark } from '../../store/clock-marks.ts';
import type { Store } from '../../store/db.ts';

/**
 * A node whose clock differs more than this from the database's is not ready, and runs no jobs. Codes last 30 seconds.
 */
export const MAX_CLOCK_DIFFERENCE_SEC = 30;

export interface Look {
  /** By the database's clock. */
  readonly at: UnixSeconds;
  /** How long the clock has run without a step; 0 right after one. */
  readonly steadySec: number;
}

export interface SteadyTimeOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
  /** The time by the database's clock; null when that is this machine's. */
  readonly databaseTime: () => Promise<UnixSeconds | null>;
}

export class SteadyTime {
  readonly #options: SteadyTimeOptions;
  #own: { readonly at: UnixSeconds; readonly passed: number } | null = null;

  constructor(options: SteadyTimeOptions) {
    this.#options = options;
  }

  /**
   * How many seconds this node's clock is ahead of the database's; negative when behind, 0 when it is the same clock.
   */
  async aheadSec(): Promise<number> {
    const { clock, databaseTime } = this.#options;
    const at = await databaseTime();
    return at === null ? 0 : clock.now() - at;
  }

  /** True when this node may trust its clock: it agrees with the database's. */
  async agrees(): Promise<boolean> {
    return Math.abs(await this.aheadSec()) <= MAX_CLOCK_DIFFERENCE_SEC;
  }

  /** Looks at the clock, and records its state. Call it at least every `MAX_SILENCE_SEC`. */
  async look(): Promise<Look> {
    const { store, clock, databaseTime, log } = this.#options;
    const at = (await databaseTime()) ?? clock.now();
    const passed = clock.passed();
    const own: OwnLook | null = this.#own === null ? null : { at: this.#own.at, passedSec: passed - this.#own.passed };
    this.#own = { at, passed };
    return store.transaction(async (tx) => {
      const before = await readClockMark(tx);
      const newestAt = await newestAuditAt(tx);
      const after = markAfter(before, own, at);
      const mark = newestAt !== null && newestAt > at + MAX_STEP_SEC ? { ...after, steadySince: at } : after;
      if (before !== null && mark.steadySince === at && before.steadySince !== at)
        log.warn(
          { at, seenAt: before.seenAt, newestEntryAt: newestAt },
          'the clock has moved, or was not watched: nothing is ended by it for a while',
        );
      await writeClockMark(tx, mark);
      return { at, steadySec: at - mark.steadySince };
    });
  }
}
