/**
 * Answers that were yes, kept for as long as the server said.
 *
 * Invariant: bounded; the one that was used longest ago goes first. Never a no: what a person just repaired works at
 * once.
 */
import type { TokenFacts } from './need.ts';

interface Kept {
  readonly token: TokenFacts;
  readonly untilMs: number;
}

export class AnswerCache {
  readonly #maxEntries: number;
  readonly #kept = new Map<string, Kept>();

  constructor(maxEntries: number) {
    this.#maxEntries = maxEntries;
  }

  get(key: string, nowMs: number): TokenFacts | null {
    const kept = this.#kept.get(key);
    if (kept === undefined) return null;
    this.#kept.delete(key);
    if (kept.untilMs <= nowMs) return null;
    this.#kept.set(key, kept);
    return kept.token;
  }

  set(key: string, token: TokenFacts, untilMs: number): void {
    this.#kept.delete(key);
    this.#kept.set(key, { token, untilMs });
    const [oldest] = this.#kept.keys();
    if (this.#kept.size > this.#maxEntries && oldest !== undefined) this.#kept.delete(oldest);
  }

  clear(): void {
    this.#kept.clear();
  }
}
