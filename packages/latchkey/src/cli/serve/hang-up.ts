/**
 * SIGHUP: "reload your files". One that arrives during the start is remembered until it can be handled.
 *
 * Invariant: from the first line of `serve` on, SIGHUP never ends the process.
 */

/** Sent to a worker when another one has taken its place. */
export const RETIRE = 'latchkey: retire';

/** The signal, received from the start. */
export class HangUp {
  #answer: (() => void) | null = null;
  #isWaiting = false;

  constructor() {
    process.on('SIGHUP', () => {
      if (this.#answer === null) this.#isWaiting = true;
      else this.#answer();
    });
  }

  /** Answers every SIGHUP from now on, and an earlier one if there was one. */
  answer(act: () => void): void {
    this.#answer = act;
    if (!this.#isWaiting) return;
    this.#isWaiting = false;
    act();
  }

  /** Ignores it from now on: the server is stopping. */
  ignore(): void {
    this.#answer = () => {};
  }
}
