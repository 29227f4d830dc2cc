/**
 * Refs that stand for another ref: what is pushed to one moves the other.
 *
 * Source: git's documentation, gitrepository-layout: a loose ref that begins with `ref:`, or is a link of the file
 * system; packed ones are never symbolic. A repository with reftables is asked with a process.
 */
import { existsSync, lstatSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Plumbing } from './plumbing.ts';

const MARK = 'ref:';
/** A ref that is none: an id and the end of its line. What is longer is symbolic, or damaged. */
const MAX_LOOSE_BYTES = 65;

/** Those of the refs that are symbolic. Full names that passed `refNameProblem`. */
export async function symbolicAmong(plumbing: Plumbing, refs: readonly string[]): Promise<ReadonlySet<string>> {
  if (!existsSync(join(plumbing.path, 'reftable')))
    return new Set(refs.filter((ref) => isSymbolic(plumbing.path, ref.split('/'))));
  const format = '--format=%(if)%(symref)%(then)%(refname)%(end)';
  const names = new Set((await plumbing.read(['for-each-ref', format])).toString('utf8').split('\n'));
  return new Set(refs.filter((ref) => names.has(ref)));
}

function isSymbolic(path: string, segments: readonly string[]): boolean {
  let place = path;
  for (const segment of segments) {
    place = join(place, segment);
    const found = lstatSync(place, { throwIfNoEntry: false });
    // Packed, or not there yet.
    if (found === undefined) return false;
    if (found.isSymbolicLink()) return true;
    if (found.isFile()) return found.size > MAX_LOOSE_BYTES || readFileSync(place, 'latin1').startsWith(MARK);
  }
  return false;
}
