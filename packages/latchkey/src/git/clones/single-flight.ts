/**
 * Work whose result is the same for everyone who asks at the same time, but may differ a moment later: lists of refs.
 *
 * Invariant: a result comes from a run that began after the request arrived. A request that arrives during a run
 * waits for the next one, together with all the others.
 */
export class SingleFlight {
  readonly #running = new Map<string, Promise<unknown>>();
  readonly #next = new Map<string, Promise<Buffer>>();

  /**
   * The answer under a key: of a run that begins now, or after the current one has ended. Rejects with the error of
   * that run.
   */
  answer(key: string, run: () => Promise<Buffer>): Promise<Buffer> {
    const running = this.#running.get(key);
    if (running === undefined) return this.#begin(key, run);
    let next = this.#next.get(key);
    if (next === undefined) {
      next = running.then(() => {
        this.#next.delete(key);
        return this.#begin(key, run);
      });
      this.#next.set(key, next);
    }
    return next;
  }

  #begin(key: string, run: () => Promise<Buffer>): Promise<Buffer> {
    const answer = run();
    const ended: Promise<unknown> = answer
      .catch(() => {})
      .then(() => {
        if (this.#running.get(key) === ended) this.#running.delete(key);
      });
    this.#running.set(key, ended);
    return answer;
  }
}
