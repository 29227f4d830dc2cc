/**
 * SIGHUP: "reload your files". One that arrives during the start is remembered until it can be handled.
 *
 * Invariant: from the first line of `serve` on, SIGHUP never ends the process.
 */

/** What the process above sends to a worker when another one has taken its place. */
export const RETIRE = 'latchkey: retire';

/** The signal, heard from the start. */
export class HangUp {
  #answer: (() => void) | null = null;
  #isWaiting = false;

  constructor() {
    process.on('SIGHUP', () => {
      if (this.#answer === null) this.#isWaiting = true;
      else this.#answer();
    });
  }

  /** Answers every SIGHUP from now on, and the one that came before, if one did. */
  answer(act: () => void): void {
    this.#answer = act;
    if (!this.#isWaiting) return;
    this.#isWaiting = false;
    act();
  }

  /** Ignores what comes from now on: the server stops. */
  ignore(): void {
    this.#answer = () => {};
  }
}
