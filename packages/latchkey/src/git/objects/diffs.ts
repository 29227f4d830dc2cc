/**
 * What a commit changed against its first parent: files, line counts, and patches where they are small.
 *
 * Invariant: the list and every patch are cut at a named size; nothing that a repository's attributes or settings
 * name is run.
 */
import type { Plumbing } from './plumbing.ts';
import { readRecords } from './record-stream.ts';

type ChangeStatus = 'added' | 'removed' | 'modified' | 'renamed' | 'copied' | 'changed';

export interface FileChange {
  readonly path: string;
  /** The earlier path of a renamed or copied file. */
  readonly previousPath: string | null;
  readonly status: ChangeStatus;
  /** The file after the change; for a removed file, before it. */
  readonly blobId: string;
  /** `100644`; `000000` where there is no file. */
  readonly modes: { readonly before: string; readonly after: string };
  readonly additions: number;
  readonly deletions: number;
  /** From its first `@@` on; null for binary files, and when it is too long. */
  readonly patch: string | null;
}

export interface CommitDiff {
  /** At most `MAX_CHANGED_FILES`. */
  readonly files: readonly FileChange[];
  readonly additions: number;
  readonly deletions: number;
}

/** GitHub lists at most 3,000 files of a commit. */
const MAX_CHANGED_FILES = 3000;
/** All patches of one answer together. */
const MAX_PATCH_BYTES = 4 * 1024 * 1024;
/** Longer patches of a file are left out. */
const MAX_FILE_PATCH_CHARACTERS = 512 * 1024;

const OPTIONS = [
  '--no-ext-diff',
  '--no-textconv',
  '--no-color',
  '--find-renames',
  '-l1000',
  '-r',
  '--root',
  '--no-commit-id',
  '--full-index',
];

/** A commit, and what it is compared with: the first of `parentIds`, or nothing. */
export interface Compared {
  readonly id: string;
  readonly parentIds: readonly string[];
}

/** The files that a commit changed, with patches for those from `offset` on, at most `limit` of them. */
export async function diffOf(
  plumbing: Plumbing,
  commit: Compared,
  page: { offset: number; limit: number; withoutPatches?: boolean },
): Promise<CommitDiff> {
  const trees = [...commit.parentIds.slice(0, 1), commit.id];
  const records = await readRecords(plumbing, ['diff-tree', ...OPTIONS, '-z', '--raw', '--numstat', ...trees, '--'], {
    offset: 0,
    limit: MAX_CHANGED_FILES * 8,
  });
  const all = filesOf(records);
  const files = all.slice(page.offset, page.offset + page.limit);
  const patches = page.withoutPatches === true ? [] : await patchesOf(plumbing, trees, files);
  return {
    files: files.map((file, i) => ({ ...file, patch: patches[i] ?? null })),
    additions: all.reduce((sum, file) => sum + file.additions, 0),
    deletions: all.reduce((sum, file) => sum + file.deletions, 0),
  };
}

type Listed = Omit<FileChange, 'patch'>;
const STATUS: Readonly<Record<string, ChangeStatus>> = {
  A: 'added',
  D: 'removed',
  M: 'modified',
  R: 'renamed',
  C: 'copied',
  T: 'changed',
};

/**
 * `:mode mode id id S\0path\0[path\0]` for every file, then `additions\tdeletions\tpath\0` or `…\t\0old\0new\0` in the
 * same order.
 */
function filesOf(records: readonly string[]): Listed[] {
  const files: Listed[] = [];
  let at = 0;
  for (let record = records[at]; record?.startsWith(':') === true; record = records[at]) {
    const [modeBefore = '', modeAfter = '', before = '', after = '', status = ''] = record.slice(1).split(' ');
    const two = /^[RC]/.test(status);
    const [first = '', second = ''] = [records[at + 1], records[at + 2]];
    at += two ? 3 : 2;
    files.push({
      path: two ? second : first,
      previousPath: two ? first : null,
      status: STATUS[status.charAt(0)] ?? 'changed',
      blobId: status === 'D' ? before : after,
      modes: { before: modeBefore, after: modeAfter },
      additions: 0,
      deletions: 0,
    });
  }
  return files.slice(0, MAX_CHANGED_FILES).map((file) => {
    const [additions = '', deletions = '', path = ''] = (records[at] ?? '').split('\t');
    at += path === '' ? 3 : 1;
    return { ...file, additions: Number(additions) || 0, deletions: Number(deletions) || 0 };
  });
}

/**
 * One for each file, since git prints them in the order of its list. A change of type gives two patches, which make no
 * sense together.
 */
async function patchesOf(
  plumbing: Plumbing,
  trees: readonly string[],
  files: readonly Listed[],
): Promise<(string | null)[]> {
  if (files.length === 0) return [];
  const paths = files.flatMap((file) => (file.previousPath === null ? [file.path] : [file.previousPath, file.path]));
  const sections = await readSections(plumbing, ['diff-tree', ...OPTIONS, '-p', ...trees, '--', ...paths]);
  let at = 0;
  return files.map((file) => {
    const section = sections[at];
    at += file.status === 'changed' ? 2 : 1;
    const start = section?.search(/^@@ /m) ?? -1;
    if (section === undefined || start < 0 || file.status === 'changed' || section.length > MAX_FILE_PATCH_CHARACTERS)
      return null;
    return section.slice(start).replace(/\n$/, '');
  });
}

async function readSections(plumbing: Plumbing, args: readonly string[]): Promise<string[]> {
  const git = await plumbing.start(args);
  git.stdin.end();
  let text = '';
  let whole = true;
  for await (const part of git.stdout.setEncoding('utf8') as AsyncIterable<string>) {
    text += part;
    whole = text.length <= MAX_PATCH_BYTES;
    if (!whole) break;
  }
  git.stop();
  await git.ended;
  const sections = text.split(/^(?=diff --git )/m);
  return whole ? sections : sections.slice(0, -1);
}

/**
 * The change of a commit from its first parent as one text: a bare diff, or a mail with the message. Null when it is
 * longer than `MAX_PATCH_BYTES`.
 */
export function patchText(plumbing: Plumbing, id: string, form: 'diff' | 'patch'): Promise<string | null> {
  return form === 'diff'
    ? boundedText(plumbing, ['diff-tree', ...TEXT, '--root', '--no-commit-id', '-m', '--first-parent', id])
    : boundedText(plumbing, [...MAILS, '-1', id]);
}

/**
 * What leads from one commit to another as one text: a bare diff from `fromId`, or one mail for each commit that
 * `butNot` lacks. Null as above.
 */
export function rangeText(
  plumbing: Plumbing,
  { fromId, butNotId, toId }: { readonly fromId: string; readonly butNotId: string; readonly toId: string },
  form: 'diff' | 'patch',
): Promise<string | null> {
  return form === 'diff'
    ? boundedText(plumbing, ['diff-tree', ...TEXT, fromId, toId])
    : boundedText(plumbing, [...MAILS, `${butNotId}..${toId}`]);
}

const PLAIN = ['--no-ext-diff', '--no-textconv', '--no-color', '--find-renames', '-l1000', '--full-index'];
const TEXT = ['-r', '-p', ...PLAIN];
const MAILS = ['format-patch', '--stdout', '--no-signature', ...PLAIN];

async function boundedText(plumbing: Plumbing, args: readonly string[]): Promise<string | null> {
  const git = await plumbing.start(args);
  git.stdin.end();
  let text = '';
  for await (const part of git.stdout.setEncoding('utf8') as AsyncIterable<string>) {
    text += part;
    if (text.length > MAX_PATCH_BYTES) break;
  }
  git.stop();
  const end = await git.ended;
  return text.length > MAX_PATCH_BYTES || end.code !== 0 ? null : text;
}
