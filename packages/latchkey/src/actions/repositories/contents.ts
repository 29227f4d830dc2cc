/**
 * Files of a repository: read at a revision, changed as commits on a branch.
 *
 * Invariant: a change to a workflow file needs `workflows: write` as well as `contents: write`, whichever way it
 * comes.
 * Invariant: a change over REST is scanned and followed up like a push.
 */
import { posix } from 'node:path';
import type { Readable } from 'node:stream';
import { problem } from '../../base/errors.ts';
import { objectInfos, openBlob, readObjects } from '../../git/objects/cat-file.ts';
import type { Signature } from '../../git/objects/commits.ts';
import { type FileAction, type FileCommitOutcome, MAX_FILE_ACTIONS } from '../../git/objects/file-commit.ts';
import { branchNameProblem, isObjectId, pathProblem } from '../../git/objects/names.ts';
import { defaultBranch, readRef } from '../../git/objects/refs.ts';
import { resolveCommit } from '../../git/objects/revisions.ts';
import { entryAt, listTree, type TreeEntry } from '../../git/objects/trees.ts';
import type { Explanation } from '../../rules/explain.ts';
import type { Permit } from '../decision/authorize.ts';
import type { Context } from '../ground/context.ts';
import { explainWorkflows, WORKFLOWS } from './content-refusals.ts';
import { scanTexts } from './push-protection.ts';
import { commitTo } from './pushes.ts';
import { demandWorkflows } from './refs/workflow-guard.ts';
import { openTarget, signatureFor } from './target.ts';

/** Folders show at most this many entries, as on GitHub. */
const MAX_FOLDER_ENTRIES = 1000;
/** The largest file that can be written over REST. Larger ones are pushed. */
export const MAX_WRITTEN_FILE_BYTES = 25 * 1024 * 1024;
/** Longest message of a commit made over REST. */
export const MAX_COMMIT_MESSAGE_LENGTH = 65_536;

const WORKFLOW_PATH = /^\.github\/workflows\//i;

/** What is at a path: a folder with its entries, or the entry of something else. */
export type Found = {
  readonly commitId: string;
  readonly entry: TreeEntry | null;
  readonly folder: readonly TreeEntry[] | null;
};

/**
 * What is at `path` ('' = the root) at a revision (null = the default branch). Null when there is no such revision or
 * path.
 */
export async function findContents(
  ctx: Context,
  permit: Permit,
  at: { path: string; revision: string | null },
): Promise<Found | null> {
  const plumbing = openTarget(ctx, permit);
  const resolved = await resolveCommit(plumbing, at.revision ?? 'HEAD');
  if (resolved === null) return null;
  const { commitId } = resolved;
  const list = (path: string): Promise<TreeEntry[]> =>
    listTree(plumbing, commitId, path, { offset: 0, limit: MAX_FOLDER_ENTRIES });
  if (at.path === '') return { commitId, entry: null, folder: await list('') };
  if (pathProblem(at.path) !== null) return null;
  const entry = await entryAt(plumbing, commitId, at.path);
  return entry === null ? null : { commitId, entry, folder: entry.type === 'tree' ? await list(at.path) : null };
}

/**
 * A page of a folder's entries ('' = the root), or of everything below it; null when there is no such revision (null =
 * the default branch) or folder.
 */
export async function listFolder(
  ctx: Context,
  permit: Permit,
  at: { path: string; revision: string | null; recursive: boolean },
  page: { offset: number; limit: number },
): Promise<TreeEntry[] | null> {
  const plumbing = openTarget(ctx, permit);
  const resolved = await resolveCommit(plumbing, at.revision ?? 'HEAD');
  if (resolved === null || (at.path !== '' && pathProblem(at.path) !== null)) return null;
  if (at.path !== '' && (await entryAt(plumbing, resolved.commitId, at.path))?.type !== 'tree') return null;
  return listTree(plumbing, resolved.commitId, at.path, { ...page, recursive: at.recursive });
}

/** A file's first bytes, at most `maxBytes` of them. */
export async function readFile(ctx: Context, permit: Permit, id: string, maxBytes: number): Promise<Buffer> {
  const [object] = await readObjects(openTarget(ctx, permit), [id], maxBytes);
  return object?.content ?? Buffer.alloc(0);
}

/** A file as a stream, with constant memory. */
export function streamFile(ctx: Context, permit: Permit, id: string): Promise<Readable> {
  return openBlob(openTarget(ctx, permit), id);
}

/** The size of a blob; null when there is none with that id. */
export async function sizeOfBlob(ctx: Context, permit: Permit, id: string): Promise<number | null> {
  const [info] = await objectInfos(openTarget(ctx, permit), [id]);
  return info?.type === 'blob' ? info.sizeBytes : null;
}

/** A tree by its id, or of a revision, with its entries up to `limit`; null when there is none. */
export async function findTree(
  ctx: Context,
  permit: Permit,
  revision: string,
  list: { recursive: boolean; limit: number },
): Promise<{ id: string; entries: TreeEntry[] } | null> {
  const plumbing = openTarget(ctx, permit);
  const name = isObjectId(revision) ? revision : (await resolveCommit(plumbing, revision))?.commitId;
  const [tree] = name === undefined ? [null] : await objectInfos(plumbing, [`${name}^{tree}`]);
  return tree == null ? null : { id: tree.id, entries: await listTree(plumbing, tree.id, '', { ...list, offset: 0 }) };
}

/** The longest target of a symbolic link to follow. */
const MAX_LINK_BYTES = 4096;

/** The target of a symbolic link as written, and the file there; null for anything but a file of this repository. */
export async function followLink(
  ctx: Context,
  permit: Permit,
  commitId: string,
  link: TreeEntry,
): Promise<{ target: string; file: TreeEntry | null }> {
  const target = (await readFile(ctx, permit, link.id, MAX_LINK_BYTES)).toString('utf8');
  const path = posix.normalize(posix.join(posix.dirname(link.path), target));
  if (target.startsWith('/') || pathProblem(path) !== null) return { target, file: null };
  const entry = await entryAt(openTarget(ctx, permit), commitId, path);
  return { target, file: entry !== null && (entry.mode === '100644' || entry.mode === '100755') ? entry : null };
}

/** The address that `.gitmodules` gives for a submodule, as written; null when it gives none. */
export async function submoduleAddress(
  ctx: Context,
  permit: Permit,
  commitId: string,
  path: string,
): Promise<string | null> {
  const plumbing = openTarget(ctx, permit);
  const modules = await entryAt(plumbing, commitId, '.gitmodules');
  if (modules?.type !== 'blob') return null;
  const { output } = await plumbing.attempt(
    ['config', '-z', `--blob=${modules.id}`, '--get-regexp', '^submodule\\..*\\.(path|url)$'],
    '',
  );
  const entries = output.split('\0').map((entry) => entry.split('\n', 2) as [key: string, value?: string]);
  const key = entries.find(([name, value]) => name.endsWith('.path') && value === path)?.[0];
  return entries.find(([name]) => name === key?.replace(/path$/, 'url'))?.[1] ?? null;
}

export interface CommitDraft {
  /** Null = the default branch. */
  readonly branch: string | null;
  /**
   * The revision where a new branch begins. Null = the branch must exist, unless it is the first one of an empty
   * repository.
   */
  readonly start: string | null;
  /** The commit that the branch must stand at, if it matters: another one is `branch_moved`. */
  readonly expectedHeadId?: string;
  readonly message: string;
  readonly actions: readonly FileAction[];
  /** Null = the caller. */
  readonly author: Partial<Signature> | null;
  readonly committer: Partial<Signature> | null;
}

export type ChangeOutcome =
  | FileCommitOutcome
  | { readonly ok: false; readonly why: 'branch_missing'; readonly path: string | null; readonly found: null }
  | {
      readonly ok: false;
      readonly why: 'refused';
      readonly path: string | null;
      readonly found: null;
      readonly explanation: Explanation;
    };

/**
 * Changes files as one commit on a branch. If the state of the repository doesn't allow it, the reason is returned.
 * @throws Problem for a draft that makes no sense
 */
export async function changeFiles(ctx: Context, permit: Permit, draft: CommitDraft): Promise<ChangeOutcome> {
  checkDraft(draft);
  const plumbing = openTarget(ctx, permit);
  const workflow = draft.actions
    .flatMap((action) => (action.kind === 'move' ? [action.path, action.from] : [action.path]))
    .find((path) => WORKFLOW_PATH.test(path));
  if (workflow !== undefined && !permit.holds(WORKFLOWS))
    return { ok: false, why: 'refused', path: workflow, found: null, explanation: explainWorkflows(ctx, permit) };
  const branch = draft.branch ?? (await defaultBranch(plumbing.path));
  const known = await readRef(plumbing, `refs/heads/${branch}`);
  const startId =
    known !== null
      ? null
      : draft.start === null
        ? null
        : ((await resolveCommit(plumbing, draft.start))?.commitId ?? null);
  if (known === null && startId === null && (draft.start !== null || (await resolveCommit(plumbing, 'HEAD')) !== null))
    return { ok: false, why: 'branch_missing', path: null, found: null };
  if (startId !== null) await demandWorkflows(ctx, permit, plumbing, startId);
  const asker = await signatureFor(ctx, permit);
  const committer = { ...asker, ...draft.committer };
  const names = [draft.author, draft.committer].flatMap((person) => [person?.name ?? '', person?.email ?? '']);
  const { refused, leaks } = await scanTexts(ctx, permit, { message: draft.message, names, actions: draft.actions });
  if (refused !== null) return { ok: false, why: 'refused', path: null, found: null, explanation: refused };
  return commitTo(ctx, permit, plumbing, {
    branch,
    startId,
    ...(draft.expectedHeadId === undefined ? {} : { expectedId: draft.expectedHeadId }),
    actions: draft.actions,
    message: draft.message,
    author: { ...committer, ...draft.author },
    committer,
    leaks,
  });
}

function checkDraft({ branch, message, actions }: CommitDraft): void {
  const wrongBranch = branch === null ? null : branchNameProblem(branch);
  if (wrongBranch !== null) throw problem('invalid', wrongBranch, 'branch');
  if (message === '') throw problem('missing_field', 'message is missing.', 'message');
  if (message.length > MAX_COMMIT_MESSAGE_LENGTH)
    throw problem('invalid', `A message has at most ${MAX_COMMIT_MESSAGE_LENGTH} characters.`, 'message');
  if (actions.length === 0 || actions.length > MAX_FILE_ACTIONS)
    throw problem('invalid', `A commit changes 1 to ${MAX_FILE_ACTIONS} files.`, 'actions');
  const bytes = actions.reduce((sum, action) => sum + ('content' in action ? (action.content?.length ?? 0) : 0), 0);
  if (bytes > MAX_WRITTEN_FILE_BYTES)
    throw problem(
      'invalid',
      `Files of at most ${MAX_WRITTEN_FILE_BYTES} bytes can be written this way: push larger ones.`,
      'content',
    );
}
