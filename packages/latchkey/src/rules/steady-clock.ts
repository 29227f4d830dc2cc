/**
 * Whether a clock has run steadily for long enough to end something because of the time it shows.
 *
 * A machine whose clock is a year ahead for one second must not end every token that "nobody used for a year". So
 * nothing irreversible happens until the clock has shown a plausible time for a while, without a jump.
 */
import type { UnixSeconds } from '../base/time.ts';

/** Steps up to this size come from time servers that correct drift. */
export const MAX_STEP_SEC = 60;
/** After this long without a look, nobody knows how the clock got to where it is. */
const MAX_SILENCE_SEC = 3 * 3_600;

/** What is remembered of a clock between two looks. */
export interface ClockMark {
  /** What the clock showed at the last look. */
  readonly seenAt: UnixSeconds;
  /** Since when the clock has run without a step. */
  readonly steadySince: UnixSeconds;
}

/** The last look of this same process. `passedSec`: how long ago that was, by its own stopwatch. */
export interface OwnLook {
  readonly at: UnixSeconds;
  readonly passedSec: number;
}

/**
 * The mark after a look at a clock that shows `at`. After a step or a silence, the steady time starts again from zero.
 */
export function markAfter(before: ClockMark | null, own: OwnLook | null, at: UnixSeconds): ClockMark {
  const steady =
    before !== null &&
    at >= before.seenAt - MAX_STEP_SEC &&
    at <= before.seenAt + MAX_SILENCE_SEC &&
    (own === null || Math.abs(at - own.at - own.passedSec) <= MAX_STEP_SEC);
  return { seenAt: at, steadySince: steady ? before.steadySince : at };
}
