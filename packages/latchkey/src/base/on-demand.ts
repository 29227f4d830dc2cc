/**
 * Packages that are loaded on first use, so that neither the start nor a command waits for what it doesn't need.
 *
 * For code that must answer synchronously; anything that may wait uses `await import(…)` instead.
 */
import { createRequire } from 'node:module';
import { once } from './once.ts';

const load = createRequire(import.meta.url);

/** A function that returns a package. The first call loads it; later calls cost almost nothing. */
export function onDemand<Package>(name: string): () => Package {
  return once(() => load(name) as Package);
}
