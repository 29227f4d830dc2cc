/**
 * Keeps a server that has stopped answering from holding up every request: after a few time-outs in a row, questions
 * fail at once, and one at a time is let through to see whether it answers again.
 *
 * Only time-outs count: a refused connection takes no time.
 */

/** This many time-outs in a row open the circuit. */
const MAX_TIMEOUTS = 2;
const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 10_000;

export class Circuit {
  #timeouts = 0;
  #pauseMs = FIRST_PAUSE_MS;
  /** By `performance.now()`. */
  #askAgainAt = 0;

  /** True when a question may be sent now. While the server seems frozen, that is one for each pause. */
  admits(): boolean {
    if (this.#timeouts < MAX_TIMEOUTS) return true;
    const now = performance.now();
    if (now < this.#askAgainAt) return false;
    this.#askAgainAt = now + this.#pauseMs;
    return true;
  }

  /** The server said something. */
  answered(): void {
    this.#timeouts = 0;
    this.#pauseMs = FIRST_PAUSE_MS;
  }

  /** A question was given up. */
  timedOut(): void {
    this.#timeouts++;
    if (this.#timeouts > MAX_TIMEOUTS) this.#pauseMs = Math.min(this.#pauseMs * 2, LONGEST_PAUSE_MS);
    if (this.#timeouts >= MAX_TIMEOUTS) this.#askAgainAt = performance.now() + this.#pauseMs;
  }
}
