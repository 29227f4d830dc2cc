/**
 * Packages that are loaded when they are first used, so that neither a start nor a command waits for what it doesn't
 * need.
 *
 * For what must answer at once; whatever may wait says `await import(…)` where it needs it.
 */
import { createRequire } from 'node:module';

const load = createRequire(import.meta.url);

/** A function that gives a package: loads it at its first call, and is as good as free from the second on. */
export function onDemand<Package>(name: string): () => Package {
  let loaded: Package | null = null;
  return () => (loaded ??= load(name) as Package);
}
