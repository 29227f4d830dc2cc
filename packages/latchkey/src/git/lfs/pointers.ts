/**
 * Pointers: the small files that stand in a history in place of LFS objects (git-lfs, docs/spec.md).
 *
 * Invariant: what names an object in any blob of the repository, reached by a ref or not, counts as a pointer to it. So
 * nothing that is fetched or brought back from a reflog ever lacks its object.
 */
import { batchPieces } from '../objects/cat-file.ts';
import type { Plumbing } from '../objects/plumbing.ts';
import { gitFault } from '../processes/git-process.ts';

/** A pointer has fewer bytes than this; git-lfs takes nothing longer for one. */
const MAX_POINTER_BYTES = 1024;
/** How many blobs are read with one process. */
const BATCH = 20_000;
/** Read more widely than git-lfs does: older versions of the first line, extensions, line ends of Windows. */
const POINTER = /^version https?:\/\/[^\n]*\n/;
const NAMES_OBJECT = /\bsha256:([0-9a-f]{64})\b/g;

/** The digests that a file names, if it is a pointer. */
function digestsIn(text: string): string[] {
  return POINTER.test(text) ? [...text.matchAll(NAMES_OBJECT)].map(([, oid = '']) => oid) : [];
}

/** The digests of all objects that pointers anywhere in the repository name. */
export async function pointedTo(plumbing: Plumbing): Promise<Set<string>> {
  const found = new Set<string>();
  let batch: string[] = [];
  const look = async (): Promise<void> => {
    const names = batch;
    batch = [];
    await addPointers(plumbing, names, found);
  };
  for await (const id of smallBlobs(plumbing)) {
    batch.push(id);
    if (batch.length >= BATCH) await look();
  }
  await look();
  return found;
}

async function* smallBlobs(plumbing: Plumbing): AsyncGenerator<string> {
  const args = [
    'cat-file',
    '--batch-all-objects',
    '--unordered',
    '--batch-check=%(objecttype) %(objectsize) %(objectname)',
  ];
  const git = await plumbing.start(args);
  git.stdin.end();
  let rest = '';
  for await (const text of git.stdout.setEncoding('latin1') as AsyncIterable<string>) {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      const [type, size, id = ''] = line.split(' ');
      if (type === 'blob' && Number(size) < MAX_POINTER_BYTES) yield id;
    }
  }
  const end = await git.ended;
  if (end.code !== 0) throw gitFault('The repository could not be read.', args, end);
}

async function addPointers(plumbing: Plumbing, ids: readonly string[], found: Set<string>): Promise<void> {
  if (ids.length === 0) return;
  const git = await plumbing.start(['cat-file', '--batch', '--buffer']);
  git.stdin.end(ids.map((id) => `${id}\n`).join(''));
  let kept: Buffer[] = [];
  for await (const piece of batchPieces(git.stdout)) {
    if (piece === null) continue;
    kept.push(piece.bytes);
    if (!piece.ends) continue;
    for (const oid of digestsIn(Buffer.concat(kept).toString('latin1'))) found.add(oid);
    kept = [];
  }
  const end = await git.ended;
  if (end.code !== 0) throw gitFault('The repository could not be read.', ['cat-file'], end);
}
