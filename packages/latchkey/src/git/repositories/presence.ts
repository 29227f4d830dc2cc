/**
 * Whether a repository's files are there: an unmounted or partly restored disk is reported as such, not as whatever
 * git says about an empty place.
 *
 * Invariant: only presence is remembered, and only briefly: files that come back are served at once.
 */

/** How long files that were seen are taken to be there, so that a burst of requests asks the disk once. */
const SEEN_MS = 5;
const MAX_SEEN = 10_000;

/** The row of the repository is there, its files are not. Told as an outage, since an operator can end it. */
class FilesMissing extends Error {
  override readonly name = 'FilesMissing';
  readonly outage = 'files_missing';
}

/** Makes the question: throws `FilesMissing` unless `holds` says that a repository lies at the path. */
export function presenceOf(holds: (path: string) => boolean): (path: string) => void {
  const seen = new Map<string, number>();
  return (path) => {
    const now = performance.now();
    if ((seen.get(path) ?? 0) > now) return;
    if (!holds(path)) {
      seen.delete(path);
      throw new FilesMissing(`no repository lies at ${path}`);
    }
    if (seen.size >= MAX_SEEN) seen.clear();
    seen.set(path, now + SEEN_MS);
  };
}
