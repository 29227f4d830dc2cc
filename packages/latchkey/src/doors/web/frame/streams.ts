/**
 * The streams of pages that are open in this process.
 *
 * Invariant: there are at most `MAX_STREAMS`, since each holds a connection; all end when the server begins to stop.
 */
const MAX_STREAMS = 200;

export class Streams {
  /** Aborts when the server begins to stop. */
  readonly closing: AbortSignal;
  #open = 0;

  constructor(closing: AbortSignal) {
    this.closing = closing;
  }

  get areFull(): boolean {
    return this.#open >= MAX_STREAMS;
  }

  /** The same parts, counted as one stream from the first to the last. */
  async *counted(parts: AsyncIterable<string>): AsyncGenerator<string> {
    this.#open += 1;
    try {
      yield* parts;
    } finally {
      this.#open -= 1;
    }
  }
}
