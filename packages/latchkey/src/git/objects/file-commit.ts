/**
 * Commits that change files on a branch, created without a work tree.
 *
 * Invariant: the new objects come first and the branch second, moved in one step from the commit that the change was
 * based on. If the branch has moved meanwhile, nothing changes except for a few unreachable objects.
 * Invariant: a refusal is a value that names the path and the reason; then nothing was written.
 * Source: git's documentation, git-fast-import.
 */
import { createHash, randomUUID } from 'node:crypto';
import { present } from '../../base/present.ts';
import { gitFault } from '../processes/git-process.ts';
import type { ObjectFormat } from '../processes/profile.ts';
import { readObjects } from './cat-file.ts';
import { type Signature, signatureText } from './commits.ts';
import { contentProblem, mayBeGits, quotedPath } from './content-check.ts';
import { pathProblem } from './names.ts';
import type { Plumbing } from './plumbing.ts';
import { changeRef, type RefChange, readRef } from './refs.ts';
import { entriesAt, type TreeEntry } from './trees.ts';

/** A file that git reads itself is read this far, which is further than git does (git-config, gitattributes). */
export const MAX_CHECKED_BYTES = 100 * 1024 * 1024;
/** The most actions in one commit. */
export const MAX_FILE_ACTIONS = 500;

/** `expectedBlobId`: the content to replace or delete; null = any. */
export type FileAction =
  | { readonly kind: 'create'; readonly path: string; readonly content: Buffer; readonly executable?: boolean }
  | {
      readonly kind: 'update';
      readonly path: string;
      readonly content: Buffer;
      readonly expectedBlobId: string | null;
      readonly executable?: boolean;
    }
  /** Whether or not there is such a file. */
  | { readonly kind: 'write'; readonly path: string; readonly content: Buffer; readonly executable?: boolean }
  | { readonly kind: 'delete'; readonly path: string; readonly expectedBlobId: string | null }
  | {
      readonly kind: 'move';
      readonly from: string;
      readonly path: string /** Null keeps the content. */;
      readonly content: Buffer | null;
    }
  | { readonly kind: 'chmod'; readonly path: string; readonly executable: boolean };

export interface FileCommit {
  /** Without `refs/heads/`; passed `refNameProblem`. */
  readonly branch: string;
  /** Where a missing branch begins: a commit, or null for the first commit of an empty repository. */
  readonly startId: string | null;
  /** Where the branch must stand now, if it matters. */
  readonly expectedId?: string;
  readonly actions: readonly FileAction[];
  readonly message: string;
  readonly author: Signature;
  readonly committer: Signature;
}

type FileCommitProblem =
  | 'path_invalid'
  /** git reads the file itself, and refuses its content. */
  | 'content_unsafe'
  | 'path_exists'
  | 'path_missing'
  | 'path_is_folder'
  | 'path_below_file'
  | 'content_changed'
  | 'branch_moved'
  | 'branch_conflict';

export type FileCommitOutcome =
  | {
      readonly ok: true;
      readonly commitId: string /** What the branch pointed to before. */;
      readonly beforeId: string | null;
      readonly blobIds: ReadonlyMap<string, string>;
    }
  | {
      readonly ok: false;
      readonly why: FileCommitProblem;
      readonly path: string | null /** What is at the path. */;
      readonly found: TreeEntry | null;
      /** What git says about the content. */
      readonly said?: string;
    };

/**
 * Makes one commit of all the actions and moves the branch to it.
 * @param before called right before it moves, and says where to: to another commit that is the same but for its time
 */
export async function commitFiles(
  plumbing: Plumbing,
  change: FileCommit,
  before: (change: RefChange & { readonly to: string }) => Promise<string>,
): Promise<FileCommitOutcome> {
  const branch = await readRef(plumbing, `refs/heads/${change.branch}`);
  const parentId = branch?.id ?? change.startId;
  const refused = (
    why: FileCommitProblem,
    path: string | null = null,
    found: TreeEntry | null = null,
  ): FileCommitOutcome => ({ ok: false, why, path, found });
  if (change.expectedId !== undefined && branch?.id !== change.expectedId) return refused('branch_moved');
  const paths = change.actions.flatMap((action) =>
    action.kind === 'move' ? [action.from, action.path] : [action.path],
  );
  const malformed = paths.find((path) => pathProblem(path) !== null);
  if (malformed !== undefined) return refused('path_invalid', malformed);
  const tree =
    parentId === null
      ? new Map<string, TreeEntry>()
      : await entriesAt(plumbing, parentId, [...new Set(paths.flatMap((path) => [...foldersOf(path), path]))]);
  const format = await plumbing.objectFormat();
  const checked = new Changes(tree, format);
  for (const action of change.actions) {
    const problem = checked.apply(action);
    if (problem !== null) return refused(problem.why, problem.path, tree.get(problem.path) ?? null);
  }
  const unsafe = await unsafeContent(plumbing, change.actions, checked);
  if (unsafe !== null) return { ok: false, why: 'content_unsafe', found: null, ...unsafe };
  const made = await writeFiles(plumbing, change, parentId, checked.commands);
  const step = { ref: `refs/heads/${change.branch}`, from: branch?.id ?? null, to: made };
  const commitId = await before(step);
  const moved = await changeRef(plumbing, { ...step, to: commitId });
  if (!moved.ok) return refused(moved.why === 'name_conflict' ? 'branch_conflict' : 'branch_moved');
  return { ok: true, commitId, beforeId: branch?.id ?? null, blobIds: blobIdsOf(change.actions, format) };
}

/** The first of the written files that git may read itself and objects to; null when there is none. */
async function unsafeContent(
  plumbing: Plumbing,
  actions: readonly FileAction[],
  checked: Changes,
): Promise<{ path: string; said: string } | null> {
  for (const { kind, path, ...action } of actions) {
    const now = checked.at(path);
    if (kind === 'delete' || now === null || !mayBeGits(path)) continue;
    const written = 'content' in action ? action.content : null;
    const content = written ?? (await readObjects(plumbing, [now.id], MAX_CHECKED_BYTES))[0]?.content;
    if (content === undefined) continue;
    const said = await contentProblem(plumbing, [{ path, mode: now.mode, content }]);
    if (said !== null) return { path, said };
  }
  return null;
}

/** Applies the actions to the tree one after the other, and collects the input for fast-import. */
class Changes {
  readonly commands: Buffer[] = [];
  /** Path → what is there by now; null = deleted. */
  readonly #now: Map<string, { readonly mode: string; readonly id: string } | null>;
  readonly #format: ObjectFormat;

  constructor(tree: ReadonlyMap<string, TreeEntry>, format: ObjectFormat) {
    this.#format = format;
    this.#now = new Map([...tree].map(([path, entry]) => [path, { mode: entry.mode, id: entry.id }]));
  }

  /** What is at a path by now. */
  at(path: string): { readonly mode: string; readonly id: string } | null {
    return this.#now.get(path) ?? null;
  }

  apply(action: FileAction): { why: FileCommitProblem; path: string } | null {
    const { kind, path } = action;
    const why =
      kind === 'move'
        ? (this.#wrongFor('update', action.from) ?? this.#wrongFor('create', path))
        : this.#wrongFor(kind, path);
    if (why !== null)
      return { why, path: kind === 'move' && this.#wrongFor('update', action.from) !== null ? action.from : path };
    if (
      (kind === 'update' || kind === 'delete') &&
      action.expectedBlobId !== null &&
      this.#now.get(path)?.id !== action.expectedBlobId
    )
      return { why: 'content_changed', path };
    this.#tell(action);
    return null;
  }

  #wrongFor(kind: FileAction['kind'], path: string): FileCommitProblem | null {
    const here = this.#now.get(path) ?? null;
    if (here?.mode === FOLDER) return 'path_is_folder';
    if (kind !== 'create' && kind !== 'write') return here === null ? 'path_missing' : null;
    if (here !== null) return kind === 'write' ? null : 'path_exists';
    return foldersOf(path).some((folder) => (this.#now.get(folder)?.mode ?? FOLDER) !== FOLDER)
      ? 'path_below_file'
      : null;
  }

  /** What is at a path where `#wrongFor` found something. */
  #at(path: string): { readonly mode: string; readonly id: string } {
    return present(this.#now.get(path), `the entry at ${path}`);
  }

  #tell(action: FileAction): void {
    switch (action.kind) {
      case 'delete':
        this.commands.push(Buffer.from(`D ${quotedPath(action.path)}\n`));
        this.#now.set(action.path, null);
        return;
      case 'chmod': {
        const mode = action.executable ? '100755' : '100644';
        const { id } = this.#at(action.path);
        this.commands.push(Buffer.from(`M ${mode} ${id} ${quotedPath(action.path)}\n`));
        this.#now.set(action.path, { mode, id });
        return;
      }
      case 'move': {
        const moved = this.#at(action.from);
        this.commands.push(Buffer.from(`R ${quotedPath(action.from)} ${quotedPath(action.path)}\n`));
        this.#now.set(action.path, moved);
        this.#now.set(action.from, null);
        if (action.content !== null) this.#write(action.path, action.content, moved.mode);
        return;
      }
      default: {
        const kept = this.#now.get(action.path)?.mode ?? '100644';
        const chosen = action.executable === true ? '100755' : '100644';
        this.#write(action.path, action.content, action.executable === undefined ? kept : chosen);
      }
    }
  }

  #write(path: string, content: Buffer, mode: string): void {
    this.commands.push(
      Buffer.from(`M ${mode === SUBMODULE ? '100644' : mode} inline ${quotedPath(path)}\ndata ${content.length}\n`),
      content,
      Buffer.from('\n'),
    );
    this.#now.set(path, { mode, id: blobId(content, this.#format) });
    for (const folder of foldersOf(path))
      if ((this.#now.get(folder) ?? null) === null) this.#now.set(folder, { mode: FOLDER, id: '' });
  }
}

const FOLDER = '040000';
const SUBMODULE = '160000';

function foldersOf(path: string): string[] {
  const parts = path.split('/').slice(0, -1);
  return parts.map((_, i) => parts.slice(0, i + 1).join('/'));
}

/**
 * Writes the objects and returns the commit's id. No ref changes: the one that fast-import needs is deleted in the same
 * stream.
 * @param commands of fast-import, about files
 */
export async function writeFiles(
  plumbing: Plumbing,
  change: Pick<FileCommit, 'message' | 'author' | 'committer'>,
  parentId: string | null,
  commands: readonly Buffer[],
): Promise<string> {
  const none = '0'.repeat((await plumbing.objectFormat()) === 'sha256' ? 64 : 40);
  const scratch = `refs/latchkey/${randomUUID()}`;
  const message = Buffer.from(change.message);
  const people = `author ${signatureText(change.author)}\ncommitter ${signatureText(change.committer)}`;
  const stream = Buffer.concat([
    Buffer.from(`commit ${scratch}\nmark :1\n${people}\ndata ${message.length}\n`),
    message,
    Buffer.from(`\n${parentId === null ? '' : `from ${parentId}\n`}`),
    ...commands,
    Buffer.from(`\nget-mark :1\nreset ${scratch}\nfrom ${none}\n\ndone\n`),
  ]);
  const { end, output } = await plumbing.attempt(['fast-import', '--quiet', '--done', '--date-format=raw'], stream);
  const commitId = output.trim();
  if (end.code !== 0 || !/^[0-9a-f]{40,64}$/.test(commitId))
    throw gitFault('The commit could not be written.', ['fast-import'], end);
  return commitId;
}

function blobIdsOf(actions: readonly FileAction[], format: ObjectFormat): Map<string, string> {
  const written = actions.filter((action) => 'content' in action && action.content !== null) as {
    path: string;
    content: Buffer;
  }[];
  return new Map(written.map(({ path, content }) => [path, blobId(content, format)]));
}

/** The id of a blob with this content. Source: git's documentation, gitglossary "object name". */
function blobId(content: Buffer, format: ObjectFormat): string {
  return createHash(format).update(`blob ${content.length}\0`).update(content).digest('hex');
}
