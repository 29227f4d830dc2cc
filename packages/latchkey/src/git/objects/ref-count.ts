/**
 * How many refs a repository has, as far as their limit needs it: a push that makes a branch does not wait until a
 * hundred thousand names are read.
 *
 * Source: git's documentation, gitrepository-layout, git-pack-refs.
 */
import { existsSync } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { unlessGone } from '../../base/machine/gone.ts';
import type { Plumbing } from './plumbing.ts';

/** The shortest line of `packed-refs`: an id of SHA-1, a space, `refs/x` and the end of the line. */
const MIN_PACKED_LINE = 48;

/**
 * True when a repository with so many refs more has at most this many. What is pushed at the same moment is not
 * counted: by so many it can get over its limit.
 */
export async function hasRoomForRefs(plumbing: Plumbing, more: number, most: number): Promise<boolean> {
  if (more <= 0) return true;
  if (more > most) return false;
  const { path } = plumbing;
  if (existsSync(join(path, 'reftable'))) return (await countListed(plumbing)) + more <= most;
  const loose = await looseNames(path);
  const packedFile = join(path, 'packed-refs');
  const packedBytes = await stat(packedFile).then(
    ({ size }) => size,
    (error: NodeJS.ErrnoException) => unlessGone(error) ?? 0,
  );
  if (loose.length + packedBytes / MIN_PACKED_LINE + more <= most) return true;
  const names = new Set(loose);
  for (const line of ((await readFile(packedFile, 'latin1').catch(unlessGone)) ?? '').split('\n'))
    if (/^[0-9a-f]/.test(line)) names.add(line.slice(line.indexOf(' ') + 1));
  return names.size + more <= most;
}

/** One line for each ref. */
async function countListed(plumbing: Plumbing): Promise<number> {
  const lines = await plumbing.read(['for-each-ref', '--format=x']);
  return lines.toString('latin1').split('\n').length - 1;
}

async function looseNames(path: string): Promise<string[]> {
  const entries = await readdir(join(path, 'refs'), { recursive: true, withFileTypes: true }).catch(unlessGone);
  return (entries ?? [])
    .filter((entry) => !entry.isDirectory() && !entry.name.endsWith('.lock'))
    .map((entry) => Buffer.from(relative(path, join(entry.parentPath, entry.name))).toString('latin1'));
}
