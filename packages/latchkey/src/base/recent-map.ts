/**
 * A map with a bounded number of entries: recently used ones stay, the others go.
 *
 * It has two halves. What is set or used goes into the young one; when that is full it becomes the old one, and
 * entries that nobody asked for since the previous switch are dropped. So an entry costs what it costs in a `Map`,
 * and finding one that is used all the time changes nothing.
 * For limits in bytes or in time, use `lru-cache` instead; decision 0112 has the figures.
 * `turn` drops what nobody asked for since the turn before, however few entries there are.
 * Invariant: never more than `max` entries. The last `max / 2` different keys that were set or used are all there.
 */
export class RecentMap<Key, Value extends object> {
  readonly #half: number;
  #young = new Map<Key, Value>();
  #old = new Map<Key, Value>();

  /** @param max at least 2 */
  constructor(max: number) {
    this.#half = Math.floor(max / 2);
  }

  get size(): number {
    return this.#young.size + this.#old.size;
  }

  get(key: Key): Value | undefined {
    const young = this.#young.get(key);
    if (young !== undefined) return young;
    const old = this.#old.get(key);
    if (old !== undefined) this.set(key, old);
    return old;
  }

  set(key: Key, value: Value): void {
    this.#old.delete(key);
    this.#young.set(key, value);
    if (this.#young.size >= this.#half) this.turn();
  }

  /** Drops what was neither set nor used since the last turn. */
  turn(): void {
    this.#old = this.#young;
    this.#young = new Map();
  }

  delete(key: Key): void {
    this.#young.delete(key);
    this.#old.delete(key);
  }

  clear(): void {
    this.#young = new Map();
    this.#old = new Map();
  }
}
