/**
 * Listens to the server's stream of changes, and says whether what was kept may still be believed.
 *
 * Invariant: `isLive` is true only while the stream is open and was heard from within `SILENCE_MS`. After a break it is
 * true again once the server has told its revision: the same as before means that nothing was missed, another one that
 * everything kept is forgotten.
 */

/**
 * The server sends something at least every second, so a connection that swallows everything is noticed after this
 * time.
 */
const SILENCE_MS = 3_000;
const FIRST_PAUSE_MS = 200;
const LONGEST_PAUSE_MS = 10_000;

export interface ChangeStreamOptions {
  readonly url: string;
  readonly secret: string;
  /** Something changed: all kept answers may be wrong. */
  readonly onChange: () => void;
}

export class ChangeStream {
  readonly #options: ChangeStreamOptions;
  readonly #closing = new AbortController();
  #open = false;
  #heardAtMs = 0;
  #revision: string | null = null;

  constructor(options: ChangeStreamOptions) {
    this.#options = options;
    void this.#keepListening();
  }

  get isLive(): boolean {
    return this.#open && performance.now() - this.#heardAtMs < SILENCE_MS;
  }

  close(): void {
    this.#closing.abort();
    this.#open = false;
  }

  async #keepListening(): Promise<void> {
    let pauseMs = FIRST_PAUSE_MS;
    while (!this.#closing.signal.aborted) {
      const wasHeard = await this.#listen().catch(() => false);
      this.#open = false;
      pauseMs = wasHeard ? FIRST_PAUSE_MS : Math.min(pauseMs * 2, LONGEST_PAUSE_MS);
      await new Promise((resolve) => setTimeout(resolve, pauseMs).unref());
    }
  }

  /** Reads until the stream ends or falls silent. True when anything arrived. */
  async #listen(): Promise<boolean> {
    const stop = new AbortController();
    const end = (): void => stop.abort();
    this.#closing.signal.addEventListener('abort', end);
    const silence = setInterval(() => {
      if (this.#heardAtMs > 0 && performance.now() - this.#heardAtMs >= SILENCE_MS) end();
    }, SILENCE_MS / 3).unref();
    this.#heardAtMs = performance.now();
    let wasHeard = false;
    try {
      const headers = {
        authorization: `Bearer ${this.#options.secret}`,
        accept: 'text/event-stream',
        ...(this.#revision === null ? {} : { 'last-event-id': this.#revision }),
      };
      const response = await fetch(`${this.#options.url}/api/latchkey/events`, {
        headers,
        signal: stop.signal,
        redirect: 'error',
      });
      if (!response.ok || response.body === null) return false;
      let waiting = '';
      for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) {
        this.#heardAtMs = performance.now();
        wasHeard = true;
        const events = (waiting + chunk).split('\n\n');
        waiting = events.pop() ?? '';
        for (const event of events) this.#hear(event);
      }
      return wasHeard;
    } finally {
      clearInterval(silence);
      this.#closing.signal.removeEventListener('abort', end);
    }
  }

  #hear(event: string): void {
    const id = /^id: ?(.+)$/m.exec(event)?.[1];
    if (id === undefined) return;
    if (id !== this.#revision) this.#options.onChange();
    this.#revision = id;
    this.#open = true;
  }
}
