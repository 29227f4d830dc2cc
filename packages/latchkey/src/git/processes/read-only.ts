/**
 * A node that only reads: its repositories are a copy that somebody else fills.
 *
 * Invariant: anything not known to be a read is refused, so a new way of writing is refused until somebody has
 * thought about it.
 * Never: a file created, changed or removed below the repositories' folder; what git needs for itself is in the data
 * folder.
 */
import { type Problem, problem } from '../../base/errors.ts';

/** Commands that change nothing in a repository, whatever their arguments. */
const READING: ReadonlySet<string> = new Set([
  'archive',
  'cat-file',
  'diff-tree',
  'for-each-ref',
  'ls-tree',
  'merge-base',
  'rev-list',
]);

/**
 * True when git changes nothing with these arguments. `config` only reads when it looks into an object of the
 * repository, and `format-patch` when it prints.
 */
export function isReading([command = '', ...rest]: readonly string[]): boolean {
  return (
    READING.has(command) ||
    (command === 'config' && rest.some((arg) => arg.startsWith('--blob='))) ||
    (command === 'format-patch' && rest[0] === '--stdout')
  );
}

/** The answer to a change of a repository here. @param publicUrl the address of the whole installation */
export function onlyReads(publicUrl: string): Problem {
  return problem(
    'read_only',
    `This node only reads: it serves a copy of the repositories. Push to ${publicUrl}, and change them there.`,
  );
}

/** The answer about a repository that the copy doesn't contain: new, or just renamed. */
export function notCopied(publicUrl: string): Problem {
  return problem(
    'not_copied',
    `This node has no copy of the repository yet. Try again in a while, or at ${publicUrl}.`,
  );
}
