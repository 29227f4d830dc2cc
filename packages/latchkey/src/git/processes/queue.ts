/**
 * Limits how many things run at once, with a fair queue: callers take turns, so that somebody who sends a hundred
 * requests waits behind their own, not everybody else behind them.
 *
 * Invariant: at most `maxRunning` run in total, and `maxRunningPerCaller` per caller; a request that may run doesn't
 * wait.
 * Never: an unbounded queue, or an endless wait.
 */

export interface QueueLimits {
  readonly maxRunning: number;
  /** A value below `maxRunning` leaves places for others while one caller is busy. */
  readonly maxRunningPerCaller: number;
  readonly maxQueued: number;
  readonly maxQueuedPerCaller: number;
  readonly maxWaitSec: number;
}

/** No place, and none became free in time. The caller should come back after `retryAfterSec`. */
export class Busy extends Error {
  override readonly name = 'Busy';
  readonly outage = 'busy';
  readonly retryAfterSec: number;

  constructor(retryAfterSec: number) {
    super('Every place for a git process is taken.');
    this.retryAfterSec = retryAfterSec;
  }
}

/** Gives the place back; a second call does nothing. */
export type Release = () => void;

interface Waiter {
  readonly grant: (release: Release) => void;
  readonly leave: (why: Error) => void;
}

export class FairQueue {
  readonly #limits: QueueLimits;
  /** One line for each caller; the order of the map is the order of turns. */
  readonly #lines = new Map<string, Waiter[]>();
  readonly #runningBy = new Map<string, number>();
  #running = 0;
  #queued = 0;
  #closed = false;

  constructor(limits: QueueLimits) {
    this.#limits = limits;
  }

  get running(): number {
    return this.#running;
  }

  get queued(): number {
    return this.#queued;
  }

  /**
   * Waits for a place. Rejects with `Busy` when the queue is full, closed or too slow, and with the signal's reason
   * when it aborts.
   */
  enter(caller: string, signal?: AbortSignal): Promise<Release> {
    if (signal?.aborted === true) return Promise.reject(signal.reason as Error);
    if (this.#closed) return Promise.reject(new Busy(this.#limits.maxWaitSec));
    if (this.#mayRun(caller)) return Promise.resolve(this.#take(caller));
    const line = this.#lines.get(caller) ?? [];
    if (this.#queued >= this.#limits.maxQueued || line.length >= this.#limits.maxQueuedPerCaller)
      return Promise.reject(new Busy(this.#limits.maxWaitSec));
    this.#lines.set(caller, line);
    return this.#wait(caller, line, signal);
  }

  /** Lets nobody in any more, and sends away those who wait. */
  close(): void {
    this.#closed = true;
    for (const waiter of [...this.#lines.values()].flat()) waiter.leave(new Busy(this.#limits.maxWaitSec));
  }

  #wait(caller: string, line: Waiter[], signal: AbortSignal | undefined): Promise<Release> {
    return new Promise((resolve, reject) => {
      const settle = (): void => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', onAbort);
        this.#queued -= 1;
      };
      const waiter: Waiter = {
        grant: (release) => {
          settle();
          resolve(release);
        },
        leave: (why) => {
          line.splice(line.indexOf(waiter), 1);
          if (line.length === 0) this.#lines.delete(caller);
          settle();
          reject(why);
        },
      };
      const onAbort = (): void => waiter.leave(signal?.reason as Error);
      const timer = setTimeout(() => waiter.leave(new Busy(this.#limits.maxWaitSec)), this.#limits.maxWaitSec * 1000);
      signal?.addEventListener('abort', onAbort, { once: true });
      this.#queued += 1;
      line.push(waiter);
    });
  }

  #mayRun(caller: string): boolean {
    return (
      this.#running < this.#limits.maxRunning && (this.#runningBy.get(caller) ?? 0) < this.#limits.maxRunningPerCaller
    );
  }

  #take(caller: string): Release {
    this.#running += 1;
    this.#runningBy.set(caller, (this.#runningBy.get(caller) ?? 0) + 1);
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      this.#running -= 1;
      const left = (this.#runningBy.get(caller) ?? 1) - 1;
      if (left === 0) this.#runningBy.delete(caller);
      else this.#runningBy.set(caller, left);
      this.#admitNext();
    };
  }

  /** Takes the next line whose caller may run, gives its first waiter a place, and moves the line to the back. */
  #admitNext(): void {
    for (const [caller, line] of this.#lines) {
      if (!this.#mayRun(caller)) continue;
      const [waiter] = line.splice(0, 1);
      this.#lines.delete(caller);
      if (line.length > 0) this.#lines.set(caller, line);
      waiter?.grant(this.#take(caller));
      return;
    }
  }
}
