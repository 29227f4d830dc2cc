/**
 * Names inside a repository that people write: object ids, refs, paths.
 *
 * Invariant: what passes here is safe to give to git as an argument after `--end-of-options`, on a line of its input,
 * and as a part of `REV:PATH`.
 * Source: git's documentation, git-check-ref-format and git-fsck ("badTree" and friends: names that a checkout would
 * take for `.git`).
 */

/** Longest full or short ref name, in bytes: a lock file beside it must still fit a directory entry. */
export const MAX_REF_BYTES = 244;
/** Longest path of a file, in bytes. */
export const MAX_PATH_BYTES = 1024;
/** The shortest abbreviation of an object id that is looked up. */
const MIN_ABBREVIATED_ID = 4;

const FULL_ID = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/;
/**
 * Control characters, space, and what git's revision syntax uses; `..`, `@{`; empty parts; parts that begin with a dot
 * or end in `.lock`.
 */
const FORBIDDEN_IN_REF = /[\x00-\x20\x7f~^:?*[\\]|\.\.|@\{|^\/|\/$|\/\/|(?:^|\/)\.|\.lock(?:\/|$)|\.$|^@$|^-/;
/**
 * A branch or tag whose short name is an option or `HEAD`. git itself makes none, since its own commands would take it
 * for something else.
 */
const READS_AS_SOMETHING_ELSE = /^refs\/(?:heads|tags|remotes)\/(?:-|HEAD$)/;
/** Characters that a file system may drop from a name, so that `.git` is left (HFS+). */
const IGNORABLE = /[\u200c-\u200f\u202a-\u202e\u206a-\u206f\ufeff]/g;
const READS_AS_GIT = /^(?:\.git|git~1)[ .]*(?::.*)?$/i;

/** True for a whole object id, of either object format. Upper-case letters are not allowed. */
export function isObjectId(text: string): boolean {
  return FULL_ID.test(text);
}

/** True for an object id or its beginning. */
export function isIdPrefix(text: string): boolean {
  return text.length >= MIN_ABBREVIATED_ID && /^[0-9a-f]{1,64}$/.test(text);
}

/** What is wrong with the name of a branch, tag or other ref, as a sentence; null when nothing is. */
export function refNameProblem(name: string): string | null {
  if (name === '') return 'A ref needs a name.';
  if (Buffer.byteLength(name) > MAX_REF_BYTES) return `A ref's name has at most ${MAX_REF_BYTES} bytes.`;
  if (FORBIDDEN_IN_REF.test(name) || !name.isWellFormed()) return 'That is not a well formed name of a ref.';
  return READS_AS_SOMETHING_ELSE.test(name) ? 'Git takes that name for something else than a ref.' : null;
}

/** The same for a branch's short name. */
export function branchNameProblem(name: string): string | null {
  const wrong = refNameProblem(name);
  if (wrong !== null) return wrong;
  return READS_AS_SOMETHING_ELSE.test(`refs/heads/${name}`)
    ? 'Git takes that name for something else than a branch.'
    : null;
}

/** True for the full name of a ref that git's own commands would take for an option or for `HEAD`. */
export function readsAsSomethingElse(ref: string): boolean {
  return READS_AS_SOMETHING_ELSE.test(ref);
}

/** What is wrong with the path of a file, as a sentence; null when nothing is. Paths have no slash at either end. */
export function pathProblem(path: string): string | null {
  if (path === '') return 'A file needs a path.';
  if (Buffer.byteLength(path) > MAX_PATH_BYTES) return `A path has at most ${MAX_PATH_BYTES} bytes.`;
  if (/[\x00-\x1f\x7f]/.test(path) || !path.isWellFormed()) return 'A path has no control characters.';
  if (path.includes('\\')) return 'A path has no backslash: Windows would take it for a folder.';
  const parts = path.split('/');
  if (parts.some((part) => part === '' || part === '.' || part === '..'))
    return 'A path has no empty part, and none that is only dots.';
  const reserved = path.split('/').some((part) => READS_AS_GIT.test(part.replace(IGNORABLE, '')));
  return reserved ? 'No part of a path may be named .git.' : null;
}
