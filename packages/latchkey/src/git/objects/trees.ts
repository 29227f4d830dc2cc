/**
 * What a commit's tree contains: one entry by path, or a folder's entries a page at a time.
 *
 * Invariant: a list stops when its page is full; the rest of a large tree is never read.
 */
import type { Plumbing } from './plumbing.ts';
import { readRecords } from './record-stream.ts';

export interface TreeEntry {
  /** `100644`, `100755`, `120000` (symbolic link), `160000` (submodule), `040000` (folder). */
  readonly mode: string;
  readonly type: 'blob' | 'tree' | 'commit';
  readonly id: string;
  /** From the root of the repository. */
  readonly path: string;
  /** Null for folders and submodules. */
  readonly sizeBytes: number | null;
}

export interface TreeList {
  /** Everything below the folder instead of its direct contents; folders are then listed, too. */
  readonly recursive?: boolean;
  readonly offset: number;
  readonly limit: number;
}

/**
 * Entries at these paths, and at the folders that lead to them, by path; missing ones are left out. Paths passed
 * `pathProblem`.
 */
export async function entriesAt(
  plumbing: Plumbing,
  commitId: string,
  paths: readonly string[],
): Promise<Map<string, TreeEntry>> {
  const output = await plumbing.read(['ls-tree', '-z', '-t', '--long', '--full-tree', commitId, '--', ...paths]);
  return new Map(
    output
      .toString('utf8')
      .split('\0')
      .filter((record) => record !== '')
      .map((record) => {
        const entry = entryOf(record);
        return [entry.path, entry];
      }),
  );
}

/** The entry at a path; null when there is none. */
export async function entryAt(plumbing: Plumbing, commitId: string, path: string): Promise<TreeEntry | null> {
  return (await entriesAt(plumbing, commitId, [path])).get(path) ?? null;
}

/** A page of a folder's entries, in git's order. `path` is '' for the root, and names a folder. */
export async function listTree(
  plumbing: Plumbing,
  commitId: string,
  path: string,
  list: TreeList,
): Promise<TreeEntry[]> {
  const below = path === '' ? [] : [`${path}/`];
  const args = [
    'ls-tree',
    '-z',
    '--long',
    '--full-tree',
    ...(list.recursive === true ? ['-r', '-t'] : []),
    commitId,
    '--',
    ...below,
  ];
  const isInside = (record: string): boolean =>
    path === '' || record.slice(record.indexOf('\t') + 1).startsWith(`${path}/`);
  const records = await readRecords(plumbing, args, { offset: list.offset, limit: list.limit, keep: isInside });
  return records.map(entryOf);
}

function entryOf(record: string): TreeEntry {
  const tab = record.indexOf('\t');
  const [mode = '', type = '', id = '', size = ''] = record.slice(0, tab).split(/ +/);
  return {
    mode,
    type: type as TreeEntry['type'],
    id,
    path: record.slice(tab + 1),
    sizeBytes: /^\d+$/.test(size) ? Number(size) : null,
  };
}
