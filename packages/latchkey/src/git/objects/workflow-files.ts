/**
 * Workflow files that a commit would bring to a repository's refs: the same question that the hook asks of a push
 * (assets/hooks/pre-receive), for refs that move without one.
 *
 * Invariant: every commit that no ref leads to yet is looked at, not just the last. What stands with the same path and
 * content on some ref already is not new.
 * Invariant: what is too much to look at counts as new.
 */
import { objectInfos } from './cat-file.ts';
import type { Plumbing } from './plumbing.ts';
import { readRecords } from './record-stream.ts';
import { listTree } from './trees.ts';

const FOLDER = '.github/workflows';
/** Commits that one move may bring and still be looked at, and files that they change. */
const MAX_COMMITS = 10_000;
const MAX_CHANGES = 1_000;
/** Refs whose workflow files are known, and their different folders. */
const MAX_REFS = 10_000;
const MAX_FOLDERS = 100;

/** True when a ref that leads to this commit would bring workflow files that none has, or lose some. */
export async function bringsWorkflowFiles(plumbing: Plumbing, commitId: string): Promise<boolean> {
  const commits = await readRecords(plumbing, ['rev-list', commitId, '--not', '--all', '--'], {
    offset: 0,
    limit: MAX_COMMITS + 1,
    separator: '\n',
  });
  if (commits.length === 0) return false;
  if (commits.length > MAX_COMMITS) return true;
  const args = ['diff-tree', '--stdin', '--root', '-r', '-c', '--raw', '-z', '--no-commit-id', '--no-renames'];
  const changes = await readRecords(plumbing, [...args, '--', FOLDER], {
    offset: 0,
    limit: MAX_CHANGES * 2,
    input: commits.map((id) => `${id}\n`).join(''),
  });
  if (changes.length === 0) return false;
  if (changes.length >= MAX_CHANGES * 2) return true;
  const known = await knownFiles(plumbing);
  return known === null || filesIn(changes).some((file) => !known.has(file));
}

/**
 * `ID\tPATH` of each changed file; of a deleted one, an id that no file has. A merge has one more colon, mode and id
 * for each further parent.
 */
function filesIn(changes: readonly string[]): string[] {
  return changes.flatMap((record, i) => {
    const [colons] = /^:+/.exec(record) ?? [];
    if (colons === undefined || i % 2 === 1) return [];
    const id = record.slice(colons.length).split(' ')[2 * (colons.length + 1) - 1] ?? '';
    return [`${id}\t${changes[i + 1] ?? ''}`];
  });
}

async function knownFiles(plumbing: Plumbing): Promise<ReadonlySet<string> | null> {
  const refs = await readRecords(plumbing, ['for-each-ref', '--format=%(refname)'], {
    offset: 0,
    limit: MAX_REFS,
    separator: '\n',
  });
  const infos = await objectInfos(
    plumbing,
    refs.map((ref) => `${ref}:${FOLDER}`),
  );
  const folders = [...new Set(infos.flatMap((info) => (info?.type === 'tree' ? [info.id] : [])))];
  if (folders.length > MAX_FOLDERS) return null;
  const known = new Set<string>();
  for (const folder of folders) {
    const entries = await listTree(plumbing, folder, '', { offset: 0, limit: MAX_CHANGES, recursive: true });
    for (const { id, path } of entries) known.add(`${id}\t${FOLDER}/${path}`);
  }
  return known;
}
