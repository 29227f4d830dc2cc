/**
 * Fair measuring: the things compared take turns in one run, medians of several are told, and their spread beside them.
 */

import type { Bar } from './plot.ts';

export interface Figure {
  readonly median: number;
  readonly min: number;
  readonly max: number;
  readonly runs: readonly number[];
}

export interface Row {
  readonly suite: string;
  readonly what: string;
  readonly figure: string;
  /** The goal in words, and whether this run reached it; null = there is none. */
  readonly goal: string | null;
  readonly reached: boolean | null;
  readonly detail: string;
  /** The content of its plot. */
  readonly plot?: { readonly title: string; readonly unit: string; readonly bars: readonly Bar[] };
}

export function figureOf(runs: readonly number[]): Figure {
  const sorted = [...runs].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const median = sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
  return { median, min: sorted[0]!, max: sorted.at(-1)!, runs };
}

/** Runs several things in turn, `rounds` times after one warm-up round, and returns their results. */
export async function takeTurns<Name extends string>(
  rounds: number,
  things: Readonly<Record<Name, () => Promise<number>>>,
): Promise<Record<Name, Figure>> {
  const names = Object.keys(things) as Name[];
  const runs = Object.fromEntries(names.map((name) => [name, [] as number[]])) as Record<Name, number[]>;
  for (let round = -1; round < rounds; round++) {
    for (const name of round % 2 === 0 ? names : names.toReversed()) {
      const value = await things[name]();
      if (round >= 0) runs[name].push(value);
    }
  }
  return Object.fromEntries(names.map((name) => [name, figureOf(runs[name])])) as Record<Name, Figure>;
}

/**
 * Ratio of two figures, pair by pair: when the machine drifts, the median of the ratios is steadier than the ratio of
 * the medians.
 */
export function ratioOf(a: Figure, b: Figure): Figure {
  return figureOf(a.runs.map((value, i) => value / b.runs[i]!));
}

export function spread(figure: Figure, digits: number, unit = ''): string {
  return `${figure.median.toFixed(digits)}${unit} (${figure.min.toFixed(digits)}–${figure.max.toFixed(digits)})`;
}

/** How long something took, in milliseconds. */
export async function timed(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}
