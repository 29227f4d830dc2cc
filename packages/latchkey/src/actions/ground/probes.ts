/**
 * Parts of the server that are tried now and then, and may hang.
 *
 * Invariant: a look takes `LIMIT_MS` at most, whatever hangs, and the absence of a `QUICK` part is noticed in less than
 * a second, whenever it begins.
 * Invariant: however often somebody asks, parts are tried no more often than their timings say.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { outageOf } from '../../base/machine/outage.ts';
import type { Stopwatch } from '../../store/cluster.ts';

/** How long a check waits for the first answer of a part. */
const LIMIT_MS = 900;
/** How long a check waits for what is only read again, while the last answer still counts. */
export const AGAIN_MS = 100;
/**
 * Every check knows whether the database is there. `AGAIN_MS` of the check before, `keptMs` and `patienceMs` together
 * are how long its absence may go unnoticed: less than a second.
 */
export const QUICK = { keptMs: 100, patienceMs: 700, waitMs: 720 } as const;
/** A write may take its time when the database or the disk is merely slow. */
export const SLOW = { keptMs: 2_000, patienceMs: 5_000, waitMs: AGAIN_MS } as const;

/** Why a part doesn't work. An API: `/readyz` reports it. */
export type PartProblem =
  | 'no_answer'
  | 'disk_unavailable'
  | 'permission_denied'
  | 'missing'
  | 'low_space'
  | 'wrong_clock'
  | 'not_held'
  | 'failed';

/** A known kind of failure. */
export class Known extends Error {
  readonly why: PartProblem;
  constructor(why: PartProblem) {
    super(why);
    this.why = why;
  }
}

/** How long an answer counts, how long while the next is awaited, and how long whoever asks waits for that. */
interface Timing {
  readonly keptMs: number;
  readonly patienceMs: number;
  readonly waitMs: number;
}

/** A timer that doesn't keep the process. */
const MACHINE_TIME: Stopwatch = {
  now: () => performance.now(),
  pause: (ms) => pause(ms, undefined, { ref: false }),
};

/** What is tried, and when. */
type Trials<Name extends string> = Readonly<Record<Name, readonly [attempt: () => Promise<void>, timing: Timing]>>;

export class Probes<Name extends string> {
  readonly #probes: readonly (readonly [Name, Probe])[];

  constructor(trials: Trials<Name>, stopwatch = MACHINE_TIME) {
    this.#probes = (Object.keys(trials) as Name[]).map((name) => {
      const [attempt, timing] = trials[name];
      return [name, new Probe(attempt, timing, stopwatch)];
    });
  }

  /** What is wrong with each; null = nothing. Never rejects. */
  async look(): Promise<Record<Name, PartProblem | null>> {
    const found = await Promise.all(this.#probes.map(async ([name, probe]) => [name, await probe.look()] as const));
    return Object.fromEntries(found) as Record<Name, PartProblem | null>;
  }
}

/** Something that is tried now and then, and may hang. */
class Probe {
  readonly #attempt: () => Promise<void>;
  readonly #timing: Timing;
  readonly #stopwatch: Stopwatch;
  #found: { readonly problem: PartProblem | null; readonly at: number } | null = null;
  #running: { readonly end: Promise<void>; readonly startedAt: number } | null = null;

  constructor(attempt: () => Promise<void>, timing: Timing, stopwatch: Stopwatch) {
    this.#attempt = attempt;
    this.#timing = timing;
    this.#stopwatch = stopwatch;
  }

  async look(): Promise<PartProblem | null> {
    const now = this.#stopwatch.now();
    if (this.#running === null && (this.#found === null || now - this.#found.at > this.#timing.keptMs))
      this.#running = { end: this.#run(), startedAt: now };
    const waitMs = this.#found === null ? LIMIT_MS : this.#timing.waitMs;
    if (this.#running !== null) {
      const leftMs = Math.max(0, waitMs - (now - this.#running.startedAt));
      await Promise.race([this.#running.end, this.#stopwatch.pause(leftMs)]);
    }
    const { startedAt } = this.#running ?? { startedAt: Number.POSITIVE_INFINITY };
    if (this.#found === null || this.#stopwatch.now() - startedAt >= this.#timing.patienceMs) return 'no_answer';
    return this.#found.problem;
  }

  async #run(): Promise<void> {
    let problem: PartProblem | null = null;
    try {
      await this.#attempt();
    } catch (error) {
      problem = problemIn(error);
    }
    this.#found = { problem, at: this.#stopwatch.now() };
    this.#running = null;
  }
}

const CODES: Readonly<Record<string, PartProblem>> = {
  EACCES: 'permission_denied',
  EPERM: 'permission_denied',
  ENOENT: 'missing',
};

function problemIn(error: unknown): PartProblem {
  if (error instanceof Known) return error.why;
  const code = CODES[String((error as NodeJS.ErrnoException).code)];
  if (code !== undefined) return code;
  const outage = outageOf(error);
  if (outage === 'disk_unavailable') return 'disk_unavailable';
  return outage === 'database_unavailable' ? 'no_answer' : 'failed';
}
