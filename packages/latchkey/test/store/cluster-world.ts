/**
 * A world in which the test controls time, the network and crashes: nodes run the real protocol (`store/cluster`) on
 * clocks with their own speeds, against a board whose calls are delayed, lost before or after they took effect, or
 * never answered.
 */
import { type Board, LEASE_MS, MAX_DRIFT, type Stopwatch } from '../../src/store/cluster.ts';

/** A generator of numbers from 0 to 1 that gives the same sequence for a seed (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

interface Event {
  readonly at: number;
  readonly number: number;
  readonly run: () => void;
}

/**
 * True time, which no node knows. Events happen in its order, and everything they cause at once happens before the next
 * one.
 */
export class Timeline {
  now = 0;
  #events: Event[] = [];
  #count = 0;

  at(at: number, run: () => void): void {
    this.#events.push({ at: Math.max(at, this.now), number: this.#count++, run });
  }

  after(ms: number, run: () => void): void {
    this.at(this.now + ms, run);
  }

  async runUntil(end: number): Promise<void> {
    for (;;) {
      const next = this.#events.reduce<Event | null>(
        (best, event) =>
          best === null || event.at < best.at || (event.at === best.at && event.number < best.number) ? event : best,
        null,
      );
      if (next === null || next.at > end) return;
      this.#events.splice(this.#events.indexOf(next), 1);
      this.now = next.at;
      next.run();
      // Lets the promises that this resolved, and those that wait for them, run.
      await new Promise(setImmediate);
    }
  }
}

/** A clock with its own rate and start. A `dead` one wakes nobody. */
export class LocalStopwatch implements Stopwatch {
  dead = false;
  readonly #timeline: Timeline;
  readonly #rate: number;
  readonly #offset: number;

  constructor(timeline: Timeline, random: () => number) {
    this.#timeline = timeline;
    // Two of these differ by less than MAX_DRIFT.
    this.#rate = 1 + (random() - 0.5) * MAX_DRIFT * 0.95;
    this.#offset = random() * 1e6;
  }

  now(): number {
    return this.#offset + this.#timeline.now * this.#rate;
  }

  pause(ms: number): Promise<void> {
    return new Promise((resolve) =>
      this.#timeline.after(ms / this.#rate, () => {
        if (!this.dead) resolve();
      }),
    );
  }
}

/** What the database knows. Each function is one statement: it happens at one moment. */
export class Database {
  revision = 0;
  readonly #nodes = new Map<string, { beat: number; acked: number }>();

  join(id: string): void {
    this.#nodes.set(id, { beat: 0, acked: -1 });
  }

  beat(id: string): boolean {
    const node = this.#nodes.get(id);
    if (node !== undefined) node.beat++;
    return node !== undefined;
  }

  ack(id: string, revision: number): void {
    const node = this.#nodes.get(id);
    if (node !== undefined) node.acked = Math.max(node.acked, revision);
  }

  leave(id: string): void {
    this.#nodes.delete(id);
  }

  behind(revision: number): { id: string; beat: number }[] {
    return [...this.#nodes].filter(([, node]) => node.acked < revision).map(([id, { beat }]) => ({ id, beat }));
  }

  remove(id: string, beat: number): void {
    if (this.#nodes.get(id)?.beat === beat) this.#nodes.delete(id);
  }
}

/** A machine's connection to the database: slow, cut, or gone. */
export class Wire {
  cut = false;
  dead = false;
  readonly #timeline: Timeline;
  readonly #random: () => number;
  readonly #lossRate: number;
  readonly #slowness: number;

  constructor(
    timeline: Timeline,
    random: () => number,
    { lossRate, slowness }: { lossRate: number; slowness: number },
  ) {
    this.#timeline = timeline;
    this.#random = random;
    this.#lossRate = lossRate;
    this.#slowness = slowness;
  }

  /** Usually a few milliseconds, sometimes longer than a lease. */
  #delay(): number {
    const luck = this.#random();
    if (luck < this.#slowness) return this.#random() * LEASE_MS * 1.5;
    return this.#random() * 5;
  }

  call<T>(statement: () => T): Promise<T> {
    return new Promise((resolve, reject) => {
      const lost = (): boolean => this.cut || this.dead || this.#random() < this.#lossRate;
      // A loss is noticed after a while, or never.
      const fail = (): void => {
        if (this.#random() < 0.7)
          this.#timeline.after(this.#delay(), () => {
            if (!this.dead) reject(new Error('lost'));
          });
        else
          this.#timeline.after(LEASE_MS, () => {
            if (!this.dead) reject(new Error('timed out'));
          });
      };
      this.#timeline.after(this.#delay(), () => {
        if (lost()) return fail();
        const value = statement();
        this.#timeline.after(this.#delay(), () => (lost() ? fail() : resolve(value)));
      });
    });
  }

  board(database: Database): Board {
    return {
      join: (id) => this.call(() => database.join(id)),
      // One statement, but it sees the revision from the moment it began.
      beat: async (id) => {
        const revision = await this.call(() => database.revision);
        return (await this.call(() => database.beat(id))) ? revision : null;
      },
      ack: (id, revision) => this.call(() => database.ack(id, revision)),
      leave: (id) => this.call(() => database.leave(id)),
      behind: (revision) => this.call(() => database.behind(revision)),
      remove: (id, beat) => this.call(() => database.remove(id, beat)),
    };
  }
}
