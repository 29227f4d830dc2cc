/**
 * A commit's files as one file: `git archive`.
 *
 * Invariant: no filter or compressor of the repository's own settings runs (`startApart`); what the commit's
 * `.gitattributes` say about exports (`export-ignore`, `export-subst`) counts.
 * Invariant: an archive that git couldn't finish ends with an error, never as if it were whole.
 */
import { pipeline, Readable } from 'node:stream';
import { createGzip } from 'node:zlib';
import { type GitProcess, gitFault } from '../processes/git-process.ts';
import type { Plumbing } from './plumbing.ts';

export type ArchiveForm = 'tar' | 'tar.gz' | 'zip';

/** However fast a client reads, this is the end. */
const MAX_ARCHIVE_SEC = 3600;

export interface Archive {
  readonly commitId: string;
  readonly form: ArchiveForm;
  /** The folder that everything is in; no slash at the end. */
  readonly root: string;
  /** Only this folder or file; null = all. Passed `pathProblem`. */
  readonly path: string | null;
}

/**
 * Makes the archive while it is read. Whoever reads it destroys it or reads it to its end.
 * @param idleSec how long a reader may stand still
 */
export async function openArchive(plumbing: Plumbing, archive: Archive, idleSec: number): Promise<Readable> {
  const { commitId, form, root, path } = archive;
  const args = [
    'archive',
    `--format=${form === 'zip' ? 'zip' : 'tar'}`,
    `--prefix=${root}/`,
    commitId,
    ...(path === null ? [] : ['--', path]),
  ];
  const git = await plumbing.startApart(args, MAX_ARCHIVE_SEC);
  git.stdin.end();
  const bytes = Readable.from(output(git, args, idleSec), { objectMode: false });
  if (form !== 'tar.gz') return bytes;
  const packed = createGzip();
  // Each end closes the other; an error reaches whoever reads.
  pipeline(bytes, packed, () => undefined);
  return packed;
}

async function* output(git: GitProcess, args: readonly string[], idleSec: number): AsyncGenerator<Buffer> {
  const idle = setTimeout(() => git.stop(), idleSec * 1000);
  try {
    for await (const chunk of git.stdout as AsyncIterable<Buffer>) {
      idle.refresh();
      yield chunk;
    }
    const end = await git.ended;
    if (end.code !== 0) throw gitFault('The archive could not be made.', args, end);
  } finally {
    clearTimeout(idle);
    git.stop();
  }
}
