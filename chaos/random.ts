/**
 * Chance that can be repeated: the same seed gives the same faults at the same delays. What the load does in between
 * still depends on how fast the machine is.
 */

export interface Chance {
  /** At least 0, below 1. */
  next(): number;
  /** A whole number from 0 to below `end`. */
  below(end: number): number;
  /** One of them. @throws Error when there is none */
  oneOf<T>(of: readonly T[]): T;
}

/** Mulberry32: 32 bits of state, good enough to choose faults. */
export function chanceOf(seed: number): Chance {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (end: number): number => Math.floor(next() * end);
  return {
    next,
    below,
    oneOf: (of) => {
      const one = of[below(of.length)];
      if (one === undefined) throw new Error('nothing to choose from');
      return one;
    },
  };
}
