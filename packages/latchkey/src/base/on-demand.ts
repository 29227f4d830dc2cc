/**
 * Packages that are loaded on first use, so that neither the start nor a command waits for what it doesn't need.
 *
 * For code that must answer synchronously; anything that may wait uses `await import(…)` instead.
 */
import { createRequire } from 'node:module';
import { once } from './once.ts';

const load = createRequire(import.meta.url);

/** A function that gives a package: loads it at its first call, and is as good as free from the second on. */
export function onDemand<Package>(name: string): () => Package {
  return once(() => load(name) as Package);
}
