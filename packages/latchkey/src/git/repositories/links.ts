/**
 * Links in the folder of repositories: an operator spreads repositories over several disks with them.
 *
 * Invariant: only a link of somebody who could read what it names anyway is followed: of root, of the server's own
 * user, or of the owner of what it names. Otherwise, whoever may write to the folder of one owner could have the server
 * show them another person's files.
 * Invariant: a link to a link is not followed, since the second may be somebody else's.
 */
import { lstatSync, readlinkSync, realpathSync, statSync } from 'node:fs';
import { lstat, readlink, rename, rm, symlink } from 'node:fs/promises';
import { dirname, join, relative, resolve, sep } from 'node:path';

/**
 * What a place below the root is by the operator's links; null when a link in it may not be followed.
 * @param trusted ids of users whose links are followed wherever they lead
 */
export function linkedPlace(
  root: string,
  place: string,
  trusted: readonly (number | undefined)[] = [0, process.getuid?.()],
): string | null {
  let reached = root;
  for (const segment of relative(root, place).split(sep)) {
    const next = followed(join(reached, segment), trusted);
    if (next === null) return null;
    reached = next;
  }
  return reached;
}

function followed(path: string, trusted: readonly (number | undefined)[]): string | null {
  const entry = lstatSync(path, { throwIfNoEntry: false });
  if (entry?.isSymbolicLink() !== true) return path;
  const named = resolve(dirname(path), readlinkSync(path));
  const target = statSync(named, { throwIfNoEntry: false });
  if (target === undefined || realpathSync.native(named) !== named) return null;
  return trusted.includes(entry.uid) || entry.uid === target.uid ? named : null;
}

/** A relative link names something else in another folder, so it becomes an absolute one before it moves. */
export async function makeLinkAbsolute(path: string): Promise<void> {
  const entry = await lstat(path);
  if (!entry.isSymbolicLink()) return;
  const named = resolve(dirname(path), await readlink(path));
  const draft = `${path}.absolute`;
  await rm(draft, { force: true });
  await symlink(named, draft);
  await rename(draft, path);
}
