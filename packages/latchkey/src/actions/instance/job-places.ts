/**
 * The places of a job runner, and who gets one: receivers that hang delay nobody else.
 *
 * A job that waits for a receiver of somebody's choosing is of that receiver's *lane*. Lanes are told apart by how they
 * answered lately, and each kind has places of its own; a job that waits for long moves to those of the slow ones, so
 * that the place it began in is free again.
 * Invariant: the server's own jobs, and receivers that answered promptly when they were last asked, never wait for
 * those that did not, nor for those that nobody knows yet.
 */
import type { WantedJobs, WantedLanes } from '../../store/free-jobs.ts';

/** `own`: of no lane. `new`: not asked by this runner yet. */
type Manner = 'own' | 'prompt' | 'new' | 'slow';

/** How many jobs of each kind run at the same time. One that waits for an answer costs a connection and little more. */
export const PLACES: Readonly<Record<Manner, number>> = { own: 8, prompt: 8, new: 4, slow: 24 };
/** How many of them may be of one lane. */
const PLACES_OF_LANE = 2;
/** Who has said nothing for so long is slow, until it answers sooner. */
export const SLOW_SEC = 0.5;
/** So many lanes are remembered; those that were heard of longest ago are new again. */
const MAX_KNOWN_LANES = 500;

/** Where a job is. */
interface Place {
  readonly lane: string | null;
  readonly since: number;
  manner: Manner;
}

export class JobPlaces {
  readonly #taken = new Map<number, Place>();
  readonly #known = new Map<string, 'prompt' | 'slow'>();
  readonly #passed: () => number;

  /** @param passed seconds, by a stopwatch */
  constructor(passed: () => number) {
    this.#passed = passed;
  }

  /** A job has begun. */
  take(id: number, lane: string | null): void {
    this.#taken.set(id, { lane, since: this.#passed(), manner: this.#mannerOf(lane) });
  }

  /** A job is over. */
  leave(id: number): void {
    const place = this.#taken.get(id);
    if (place === undefined) return;
    this.#taken.delete(id);
    if (place.lane !== null) this.#learn(place.lane, this.#isLate(place) ? 'slow' : 'prompt');
  }

  /** What there are places for now. */
  wanted(): WantedJobs {
    this.#moveSlow();
    const taken: Record<Manner, number> = { own: 0, prompt: 0, new: 0, slow: 0 };
    const inLane = new Map<string, number>();
    const add = (lane: string | null, manner: Manner): void => {
      taken[manner]++;
      if (lane !== null) inLane.set(lane, (inLane.get(lane) ?? 0) + 1);
    };
    for (const { lane, manner } of this.#taken.values()) add(lane, manner);
    const hasRoom = (manner: Manner): boolean => taken[manner] < PLACES[manner];
    const isFull = (lane: string): boolean => (inLane.get(lane) ?? 0) >= PLACES_OF_LANE;
    return {
      most: () =>
        Object.entries(PLACES).reduce((sum, [manner, all]) => sum + Math.max(0, all - taken[manner as Manner]), 0),
      lanes: (): WantedLanes => ({
        none: hasRoom('own'),
        named: [...this.#known].filter(([lane, manner]) => hasRoom(manner) && !isFull(lane)).map(([lane]) => lane),
        others: hasRoom('new')
          ? { except: [...new Set([...this.#known.keys(), ...[...inLane.keys()].filter(isFull)])] }
          : null,
      }),
      take: (lane) => {
        const manner = this.#mannerOf(lane);
        if (!hasRoom(manner) || (lane !== null && isFull(lane))) return false;
        add(lane, manner);
        return true;
      },
    };
  }

  /** Whoever waits for long makes room for others, while there are places to wait in. */
  #moveSlow(): void {
    let slow = [...this.#taken.values()].filter(({ manner }) => manner === 'slow').length;
    for (const place of this.#taken.values()) {
      if (place.lane === null || place.manner === 'slow' || !this.#isLate(place)) continue;
      this.#learn(place.lane, 'slow');
      if (slow >= PLACES.slow) continue;
      place.manner = 'slow';
      slow++;
    }
  }

  #isLate({ since }: Place): boolean {
    return this.#passed() - since >= SLOW_SEC;
  }

  #mannerOf(lane: string | null): Manner {
    return lane === null ? 'own' : (this.#known.get(lane) ?? 'new');
  }

  #learn(lane: string, manner: 'prompt' | 'slow'): void {
    this.#known.delete(lane);
    this.#known.set(lane, manner);
    const [oldest] = this.#known.keys();
    if (this.#known.size > MAX_KNOWN_LANES && oldest !== undefined) this.#known.delete(oldest);
  }
}
