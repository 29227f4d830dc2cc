/**
 * The check that a push gets, for files written over REST: git itself reads some files, and their content can become
 * a command on the machine of somebody who clones (`.gitmodules` with an option instead of an address).
 *
 * The files go into a temporary repository of their own, which `git fsck` checks: the same code that checks a push.
 * Source: git's documentation, git-fsck "fsck message IDs" (`gitmodulesUrl`, `gitattributesLarge` and others).
 * Invariant: nothing that is refused reaches the repository itself, where objects are not checked again.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gitFault } from '../processes/git-process.ts';
import type { Plumbing } from './plumbing.ts';

/** A file as it would be in the commit. */
export interface CheckedFile {
  readonly path: string;
  readonly mode: string;
  readonly content: Buffer;
}

/** Characters that a file system may drop from a name (HFS+). */
const IGNORABLE = /[\u200c-\u200f\u202a-\u202e\u206a-\u206f\ufeff]/g;
/**
 * How names begin that git, on some file system, may take for one of its own: `.gitmodules`, `GITMOD~1`, `gi7eba~1`.
 * git only stores other files and doesn't read them, so they need no process.
 */
const MAY_BE_GITS = /^(?:\.?gi|\.?ma)/i;

export function mayBeGits(path: string): boolean {
  return path.split('/').some((part) => MAY_BE_GITS.test(part.replace(IGNORABLE, '')));
}

/** git's objection to the files, in its words; null when there is none. */
export async function contentProblem(plumbing: Plumbing, files: readonly CheckedFile[]): Promise<string | null> {
  const folder = await mkdtemp(join(tmpdir(), 'latchkey-check-'));
  try {
    for (const [i, { args, input }] of stepsFor(files).entries()) {
      const { end } = await plumbing.attemptIn(folder, args, input);
      if (end.code === 0) continue;
      const said = /^(?:error|warning) in \w+ [0-9a-f]+: (.*)$/m.exec(end.stderr)?.[1];
      if (said !== undefined) return said;
      // The stream itself may already be refused: for a name that no tree may have.
      if (i > 0 && !end.stopped) return 'git does not take it';
      throw gitFault('What is to be written could not be checked.', args, end);
    }
    return null;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function stepsFor(files: readonly CheckedFile[]): { args: readonly string[]; input: string | Buffer }[] {
  const commit = 'commit refs/heads/check\ncommitter x <x@localhost> 0 +0000\ndata 0\n';
  const stream = Buffer.concat([
    Buffer.from(commit),
    ...files.flatMap(({ path, mode, content }) => [
      Buffer.from(`M ${mode} inline ${quotedPath(path)}\ndata ${content.length}\n`),
      content,
      Buffer.from('\n'),
    ]),
    Buffer.from('\ndone\n'),
  ]);
  return [
    { args: ['init', '--quiet', '--bare', '.'], input: '' },
    { args: ['fast-import', '--quiet', '--done', '--date-format=raw'], input: stream },
    { args: ['fsck', '--no-progress', '--no-dangling'], input: '' },
  ];
}

/** A path in the syntax of fast-import. */
export function quotedPath(path: string): string {
  return `"${path.replace(/["\\]/g, '\\$&')}"`;
}
