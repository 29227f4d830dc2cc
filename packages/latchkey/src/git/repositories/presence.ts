/**
 * What was seen on the disk a moment ago: a burst of requests asks the disk once.
 *
 * Invariant: only a yes is remembered, and only briefly: files that come back are served at once, and those that go are
 * missed as soon.
 */
import type { Folders } from './folders.ts';

/** How long something counts as seen: under load, the disk is asked 200 times a second. */
const SEEN_MS = 5;
const MAX_SEEN = 10_000;

export class SeenBriefly {
  readonly #until = new Map<string, number>();

  has(key: string): boolean {
    return (this.#until.get(key) ?? 0) > performance.now();
  }

  add(key: string): void {
    if (this.#until.size >= MAX_SEEN) this.#until.clear();
    this.#until.set(key, performance.now() + SEEN_MS);
  }
}

/** The repository has a row but no files. Reported as an outage, since an operator can fix it. */
class FilesMissing extends Error {
  override readonly name = 'FilesMissing';
  readonly outage = 'files_missing';

  constructor(path: string) {
    super(`no repository lies at ${path}`);
  }
}

/** @throws FilesMissing when no repository lies at the path */
export function demandFiles(folders: Folders, path: string): void {
  if (!folders.holdsRepository(path)) throw new FilesMissing(path);
}
