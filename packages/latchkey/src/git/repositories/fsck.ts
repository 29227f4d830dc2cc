/**
 * Looks through a repository for damage, by `git fsck`: packs and objects that can't be read, or are not what their
 * names say, and objects that are missing.
 *
 * Invariant: at the lowest priority, in the turn of a caller of its own, and no longer than it may.
 * Source: git's documentation, git-fsck; exit codes of git 2.39 to 2.50 (builtin/fsck.c): 1 objects, 2 reachable ones,
 * 4 packs, 8 refs, 16 commit-graph, 32 multi-pack-index.
 */
import type { GitProcesses } from '../processes/git-process.ts';
import { lowerPriority } from '../processes/priority.ts';

export type FsckOutcome =
  | { readonly state: 'whole' }
  /** `said`: what git says about it, at most `MAX_SAID` characters, without paths on the disk. */
  | { readonly state: 'damaged'; readonly said: string }
  /** It took too long, or was told to stop. */
  | { readonly state: 'unfinished' };

export interface FsckBounds {
  readonly maxSec: number;
  readonly signal?: AbortSignal;
}

const CALLER = 'upkeep';
const MAX_SAID = 500;
const OBJECTS_ALONE = 1;
/** Git also complains about output of old programs that is intact. That isn't damage. */
const DAMAGE =
  /missing|corrupt|mismatch|unable to|could not|cannot|garbage|inflate|broken link|truncated|invalid sha1/i;

/** Checks the repository at a path. In git's output, its name replaces the path. */
export async function fsck(
  processes: GitProcesses,
  environment: Record<string, string>,
  { path, name }: { readonly path: string; readonly name: string },
  { maxSec, signal }: FsckBounds,
): Promise<FsckOutcome> {
  const args = [
    `--git-dir=${path}`,
    '-c',
    'core.commitGraph=false',
    'fsck',
    '--full',
    '--no-dangling',
    '--no-progress',
  ];
  const git = await processes.start(CALLER, { args, environment, cwd: path }, signal);
  lowerPriority(git.pid);
  const stop = (): void => git.stop();
  const timer = setTimeout(stop, maxSec * 1000);
  // On a busy machine, the timer may come after a short check.
  if (maxSec === 0 || signal?.aborted === true) stop();
  signal?.addEventListener('abort', stop, { once: true });
  git.stdin.end();
  let said = '';
  git.stdout.setEncoding('utf8').on('data', (text: string) => {
    if (said.length < MAX_SAID) said += text;
  });
  const end = await git.ended;
  clearTimeout(timer);
  signal?.removeEventListener('abort', stop);
  if (end.stopped || end.code === null) return { state: 'unfinished' };
  const words = `${end.stderr}\n${said}`.replaceAll(path, name).trim();
  if (end.code === 0 || (end.code === OBJECTS_ALONE && !DAMAGE.test(words))) return { state: 'whole' };
  return { state: 'damaged', said: words.slice(0, MAX_SAID) };
}
