/**
 * Objects written over REST one by one: files, folders, commits, annotated tags. They belong to no branch until a ref
 * moves to them, which `refs.ts` decides.
 *
 * Invariant: what is written passes what a push passes: the search for tokens, the limits of size, git's own check of
 * the files that it reads. Workflow files are looked for when a ref moves.
 * Invariant: what everybody will be able to read is revoked before it is written, since its id alone opens it.
 */
import { problem } from '../../../base/errors.ts';
import { type ObjectInfo, objectInfos, readObjects } from '../../../git/objects/cat-file.ts';
import type { Signature } from '../../../git/objects/commits.ts';
import { contentProblem, mayBeGits } from '../../../git/objects/content-check.ts';
import { MAX_CHECKED_BYTES } from '../../../git/objects/file-commit.ts';
import { isObjectId, pathProblem, refNameProblem } from '../../../git/objects/names.ts';
import {
  type SignatureInZone,
  type TreeChange,
  writeBlob,
  writeCommit,
  writeTree,
} from '../../../git/objects/object-writing.ts';
import type { Plumbing } from '../../../git/objects/plumbing.ts';
import { type AnnotatedTag, readTags, writeTag } from '../../../git/objects/tags.ts';
import { entriesAt } from '../../../git/objects/trees.ts';
import type { Permit } from '../../decision/authorize.ts';
import type { Context } from '../../ground/context.ts';
import { revokePushed } from '../../tokens/leaks.ts';
import { MAX_COMMIT_MESSAGE_LENGTH, MAX_WRITTEN_FILE_BYTES } from '../contents.ts';
import { scanTexts, type WrittenTexts } from '../push-protection.ts';
import { MoveRefused } from '../refs/ref-guard.ts';
import { openTarget, signatureFor } from '../target.ts';

export type { AnnotatedTag, TreeChange };

/** The most entries in one new tree. */
export const MAX_TREE_CHANGES = 10_000;
/** The most parents of a commit. */
export const MAX_PARENTS = 32;
/** The longest signature of a commit, in characters. */
export const MAX_SIGNATURE_LENGTH = 16_384;

/** A person as given, in whole or in part, with the zone of their clock: `+0100`. */
export type GivenPerson = Partial<SignatureInZone>;

/** Writes a file. @returns its id @throws Problem, MoveRefused */
export async function addBlob(ctx: Context, permit: Permit, content: Buffer): Promise<string> {
  checkSize(content.length);
  await admit(ctx, permit, { message: '', names: [], actions: [{ kind: 'write', path: 'content', content }] });
  return writing(ctx, permit, (plumbing) => writeBlob(plumbing, content));
}

/**
 * Makes a folder from another one (null = from nothing). @returns its id
 * @throws Problem when something it names isn't there, or isn't what it is said to be; MoveRefused
 */
export async function addTree(
  ctx: Context,
  permit: Permit,
  { baseId, changes }: { readonly baseId: string | null; readonly changes: readonly TreeChange[] },
): Promise<string> {
  const plumbing = openTarget(ctx, permit);
  if (changes.length === 0 || changes.length > MAX_TREE_CHANGES)
    throw problem('invalid', `A tree takes 1 to ${MAX_TREE_CHANGES} entries at once.`, 'tree');
  for (const { path } of changes) {
    const wrong = pathProblem(path);
    if (wrong !== null) throw problem('invalid', `tree.path ${path.slice(0, 100)}: ${wrong}`, 'tree');
  }
  const base = baseId === null ? null : await known(plumbing, `${baseId}^{tree}`, baseId);
  if (baseId !== null && base === null)
    throw problem('invalid', 'base_tree is not a tree of this repository.', 'base_tree');
  await checkDeletions(plumbing, base?.id ?? null, changes);
  await checkEntries(plumbing, changes);
  const files = changes.flatMap((change) => (change.kind === 'file' ? [change] : []));
  checkSize(files.reduce((sum, { content }) => sum + content.length, 0));
  await checkContents(plumbing, changes);
  const actions = files.map(({ path, content }) => ({ kind: 'write', path, content }) as const);
  if (actions.length > 0) await admit(ctx, permit, { message: '', names: [], actions });
  return writing(ctx, permit, () => writeTree(plumbing, base?.id ?? null, changes));
}

async function checkDeletions(
  plumbing: Plumbing,
  baseId: string | null,
  changes: readonly TreeChange[],
): Promise<void> {
  const gone = changes.flatMap(({ kind, path }) => (kind === 'delete' ? [path] : []));
  if (gone.length === 0) return;
  const there = baseId === null ? new Map<string, unknown>() : await entriesAt(plumbing, baseId, gone);
  const missing = gone.find((path) => !there.has(path));
  if (missing !== undefined)
    throw problem(
      'invalid',
      `tree.path ${missing.slice(0, 100)} is to be deleted, but base_tree has no such path.`,
      'tree',
    );
}

const TYPES = { '100644': 'blob', '100755': 'blob', '120000': 'blob', '040000': 'tree' } as const;

async function checkEntries(plumbing: Plumbing, changes: readonly TreeChange[]): Promise<void> {
  const entries = changes.flatMap((change) => (change.kind === 'entry' ? [change] : []));
  const named = entries.map(({ id }) => (isObjectId(id) ? id : ''));
  if (named.includes('')) throw problem('invalid', 'tree.sha is a whole object id.', 'tree');
  const infos = await objectInfos(plumbing, named);
  for (const [i, { mode, id }] of entries.entries()) {
    if (mode === '160000' || infos[i]?.type === TYPES[mode]) continue;
    throw problem('invalid', `tree.sha ${id} is not a ${TYPES[mode]} of this repository.`, 'tree');
  }
}

/** git's own objection to files that it reads itself, `.gitmodules` among them. */
async function checkContents(plumbing: Plumbing, changes: readonly TreeChange[]): Promise<void> {
  const read = changes.flatMap((change) =>
    change.kind !== 'delete' && change.mode !== '040000' && change.mode !== '160000' && mayBeGits(change.path)
      ? [change]
      : [],
  );
  if (read.length === 0) return;
  const ids = read.flatMap((change) => (change.kind === 'entry' ? [change.id] : []));
  const objects = await readObjects(plumbing, ids, MAX_CHECKED_BYTES);
  const contents = new Map(
    objects.flatMap((object) => (object === null ? [] : [[object.id, object.content] as const])),
  );
  const files = read.map((change) => ({
    path: change.path,
    mode: change.mode,
    content: change.kind === 'file' ? change.content : (contents.get(change.id) ?? Buffer.alloc(0)),
  }));
  const said = await contentProblem(plumbing, files);
  if (said !== null)
    throw problem('invalid', `The tree has a file that git reads itself, and refuses: ${said}.`, 'tree');
}

export interface CommitObjectDraft {
  readonly treeId: string;
  readonly parentIds: readonly string[];
  readonly message: string;
  /** Null = the caller. */
  readonly author: GivenPerson | null;
  /** Null = the author. */
  readonly committer: GivenPerson | null;
  readonly signature: string | null;
}

/** Writes a commit that no branch has yet. @returns its id @throws Problem, MoveRefused */
export async function addCommit(ctx: Context, permit: Permit, draft: CommitObjectDraft): Promise<string> {
  const { treeId, parentIds, message, signature } = draft;
  if (message.length > MAX_COMMIT_MESSAGE_LENGTH)
    throw problem('invalid', `A message has at most ${MAX_COMMIT_MESSAGE_LENGTH} characters.`, 'message');
  if (parentIds.length > MAX_PARENTS)
    throw problem('invalid', `A commit has at most ${MAX_PARENTS} parents.`, 'parents');
  if (signature !== null && !isSignature(signature))
    throw problem(
      'invalid',
      'signature is an armoured signature: -----BEGIN … SIGNATURE-----, …, -----END …',
      'signature',
    );
  const plumbing = openTarget(ctx, permit);
  const [tree, ...parents] = await Promise.all([treeId, ...parentIds].map((id) => known(plumbing, id, id)));
  if (tree?.type !== 'tree') throw problem('invalid', 'Tree SHA does not exist', 'tree');
  if (parents.some((parent) => parent?.type !== 'commit'))
    throw problem('invalid', 'Parent SHA does not exist or is not a commit object', 'parents');
  const author = { ...(await caller(ctx, permit)), ...draft.author };
  const committer = { ...author, ...draft.committer };
  const names = [author, committer].flatMap(({ name, email }) => [name, email]);
  await admit(ctx, permit, { message, names, actions: [] });
  return writing(ctx, permit, () =>
    writeCommit(plumbing, { treeId, parentIds, message, author, committer, signature }),
  );
}

export interface TagObjectDraft {
  readonly name: string;
  readonly targetId: string;
  readonly targetType: 'commit' | 'tree' | 'blob' | 'tag';
  readonly message: string;
  /** Null = the caller. */
  readonly tagger: GivenPerson | null;
}

/** Writes an annotated tag that no ref has yet. @returns its id @throws Problem, MoveRefused */
export async function addTag(ctx: Context, permit: Permit, draft: TagObjectDraft): Promise<string> {
  const { name, targetId, targetType, message } = draft;
  const wrong = refNameProblem(`refs/tags/${name}`);
  if (name === '' || wrong !== null) throw problem('invalid', wrong ?? 'A tag needs a name.', 'tag');
  if (message.length > MAX_COMMIT_MESSAGE_LENGTH)
    throw problem('invalid', `A message has at most ${MAX_COMMIT_MESSAGE_LENGTH} characters.`, 'message');
  const plumbing = openTarget(ctx, permit);
  if ((await known(plumbing, targetId, targetId))?.type !== targetType)
    throw problem('invalid', `object is not a ${targetType} of this repository.`, 'object');
  const tagger: Signature = { ...(await caller(ctx, permit)), ...draft.tagger };
  await admit(ctx, permit, { message, names: [name, tagger.name, tagger.email], actions: [] });
  return writing(ctx, permit, () => writeTag(plumbing, { name, targetId, targetType, tagger, message }));
}

/** An annotated tag by its own id; null when there is none. */
export async function findTag(ctx: Context, permit: Permit, id: string): Promise<AnnotatedTag | null> {
  return isObjectId(id) ? ((await readTags(openTarget(ctx, permit), [id])).get(id) ?? null) : null;
}

function isSignature(text: string): boolean {
  return (
    text.length <= MAX_SIGNATURE_LENGTH &&
    /^-----BEGIN [A-Z ]+-----\n(?:[\x20-\x7e]*\n)+-----END [A-Z ]+-----\n?$/.test(text)
  );
}

async function caller(ctx: Context, permit: Permit): Promise<SignatureInZone> {
  return { ...(await signatureFor(ctx, permit)), zone: '+0000' };
}

async function known(plumbing: Plumbing, name: string, id: string): Promise<ObjectInfo | null> {
  return isObjectId(id) ? ((await objectInfos(plumbing, [name]))[0] ?? null) : null;
}

function checkSize(bytes: number): void {
  if (bytes > MAX_WRITTEN_FILE_BYTES)
    throw problem(
      'invalid',
      `Files of at most ${MAX_WRITTEN_FILE_BYTES} bytes can be written this way: push larger ones.`,
      'content',
    );
}

/** @throws MoveRefused when a push with these texts would be refused */
async function admit(ctx: Context, permit: Permit, texts: WrittenTexts): Promise<void> {
  const { refused, leaks } = await scanTexts(ctx, permit, texts);
  if (refused !== null) throw new MoveRefused(refused);
  await revokePushed(ctx, permit, leaks);
}

async function writing(ctx: Context, permit: Permit, write: (plumbing: Plumbing) => Promise<string>): Promise<string> {
  const plumbing = openTarget(ctx, permit);
  const id = await write(plumbing);
  ctx.git.touched(plumbing.path);
  return id;
}
