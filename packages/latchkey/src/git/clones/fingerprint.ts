/**
 * A fingerprint of a repository's content: while it stays the same, no ref has moved and no pack has come or gone,
 * whoever might have done it: this process, another worker or node, somebody with a shell.
 *
 * Git never writes into an existing ref file but renames a new one into its place, and so do tools that copy
 * repositories: the folder's modification time shows it. Measured: 0.09 ms for a repository with packed refs, 3 ms
 * with a thousand loose ones.
 * Invariant: a fingerprint is as fresh as what git itself sees, because it is taken from the same folders.
 */
import { opendirSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** With more loose refs and ref folders than this there is no fingerprint: looking at them all isn't worth it. */
export const MAX_LOOSE_ENTRIES = 2_000;
/**
 * On the slowest Linux, file timestamps tick every 10 ms: something changed this recently may change again unnoticed.
 */
const SETTLED_AFTER_MS = 20;
/** Files that say where refs and objects are, and which of them are hidden; besides the folders of loose refs. */
const PLACES = ['config', 'HEAD', 'packed-refs', 'reftable', 'objects/pack'];

/**
 * The fingerprint of the repository at a path. Null when it has none: it changed just now, has too many loose refs or
 * links among them, or can't be read.
 */
export function fingerprintOf(path: string, nowMs: number = Date.now()): string | null {
  try {
    const changes = [...PLACES, ...foldersOfRefs(path)].map((place) =>
      statSync(join(path, place), { throwIfNoEntry: false }),
    );
    const newestMs = Math.max(...changes.map((change) => change?.ctimeMs ?? 0));
    // A time in the future comes from a file server whose clock is ahead; it doesn't show whether the change has
    // settled.
    return nowMs - newestMs < SETTLED_AFTER_MS
      ? null
      : changes.map((change) => `${change?.ino}@${change?.ctimeMs}`).join(' ');
  } catch {
    // Moved away, or too large. git is asked then, and reports it.
    return null;
  }
}

function foldersOfRefs(path: string): string[] {
  const folders = ['refs'];
  let seen = 0;
  for (const folder of folders) {
    using entries = opendirSync(join(path, folder));
    for (let entry = entries.readSync(); entry !== null; entry = entries.readSync()) {
      if (++seen > MAX_LOOSE_ENTRIES) throw new RangeError('too many loose refs');
      if (entry.isDirectory()) folders.push(`${folder}/${entry.name}`);
      else if (!entry.isFile()) throw new TypeError('a link may lead to where nothing tells of a change');
    }
  }
  return folders;
}
