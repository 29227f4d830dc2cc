/**
 * Frees the memory of short-lived Buffers while a large body streams through, and of what a start left behind.
 *
 * V8 counts memory outside its heap, but starts to collect only after it has grown by 64 MiB. A push of a gigabyte
 * takes 16,000 Buffers, each finished a moment later; collecting only the youngest objects, which takes less than a
 * millisecond, gives their memory back.
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { once } from './once.ts';

/** Collect the youngest objects after this many bytes. */
export const COLLECT_EVERY_BYTES = 8 * 1024 * 1024;

type Collect = (options: { readonly type: 'major' | 'minor' }) => void;
/** V8 gives its collector to a context created while this flag is set (V8's documentation of `--expose-gc`). */
const collector = once((): Collect => {
  setFlagsFromString('--expose-gc');
  const gc = runInNewContext('gc') as Collect;
  setFlagsFromString('--no-expose-gc');
  return gc;
});

let sinceCollection = 0;

/** Counts the bytes of all bodies together, since they share one heap. */
export function bytesPassed(bytes: number): void {
  sinceCollection += bytes;
  if (sinceCollection < COLLECT_EVERY_BYTES) return;
  sinceCollection = 0;
  collector()({ type: 'minor' });
}

/**
 * Collects once all that a start left behind, 16 MiB of young objects, and gives their pages back: by itself V8 would
 * do that after the next few thousand requests, if at all. Nothing is answered for 20 to 40 ms.
 */
export function releaseMemoryOfStart(): void {
  collector()({ type: 'major' });
}
