/**
 * Whether a repository's files are there: an unmounted or partly restored disk is reported as such, not as whatever
 * git says about an empty place.
 *
 * Invariant: only presence is remembered, and only briefly: files that come back are served at once.
 */

/** How long files count as present after they were seen, so that a burst of requests asks the disk once. */
const SEEN_MS = 5;
const MAX_SEEN = 10_000;

/** The repository has a row but no files. Reported as an outage, since an operator can fix it. */
class FilesMissing extends Error {
  override readonly name = 'FilesMissing';
  readonly outage = 'files_missing';
}

/** Makes the check: it throws `FilesMissing` unless `holds` says that there is a repository at the path. */
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
