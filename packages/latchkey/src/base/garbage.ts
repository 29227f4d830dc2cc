/**
 * Frees the memory of short-lived Buffers while a large body streams through.
 *
 * V8 counts memory outside its heap, but starts to collect only after it has grown by 64 MiB. A push of a gigabyte
 * takes 16,000 Buffers, each finished a moment later; collecting only the youngest objects, which takes less than a
 * millisecond, gives their memory back.
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** After how many bytes the youngest objects are collected. */
export const COLLECT_EVERY_BYTES = 8 * 1024 * 1024;

type Collect = (options: { readonly type: 'minor' }) => void;
let collect: Collect | null = null;

/** V8 gives its collector to a context that is made while this flag is set (V8's documentation of `--expose-gc`). */
function collector(): Collect {
  setFlagsFromString('--expose-gc');
  const gc = runInNewContext('gc') as Collect;
  setFlagsFromString('--no-expose-gc');
  return gc;
}

/** Counts the bytes of all bodies that pass. */
export class PassedBytes {
  #sinceCollection = 0;

  add(bytes: number): void {
    this.#sinceCollection += bytes;
    if (this.#sinceCollection < COLLECT_EVERY_BYTES) return;
    this.#sinceCollection = 0;
    collect ??= collector();
    collect({ type: 'minor' });
  }
}
