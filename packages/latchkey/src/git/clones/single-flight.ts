/**
 * Runs whose answer is the same for all who ask at the same time, and may be another a moment later: lists of refs.
 *
 * Invariant: an answer comes from a run that began after the request had come. Who comes while one runs waits for the
 * next, together with all the others.
 */
export class SingleFlight {
  readonly #running = new Map<string, Promise<unknown>>();
  readonly #next = new Map<string, Promise<Buffer>>();

  /**
   * The answer under a key: of a run that begins now, or when the present one has ended. Rejects with what that run
   * rejects with.
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
