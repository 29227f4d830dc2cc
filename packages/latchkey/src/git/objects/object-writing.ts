/**
 * Objects written one by one: blobs, trees, commits. No ref changes.
 *
 * Invariant: git reads what it is given as an object of that type before it stores it. A tree is made of objects that
 * are there, and of paths that passed `pathProblem`.
 * Source: git's documentation, git-hash-object and git-fast-import; gitformat-signature for signed commits.
 */
import { present } from '../../base/present.ts';
import { objectInfos } from './cat-file.ts';
import { type Signature, signatureText } from './commits.ts';
import { quotedPath } from './content-check.ts';
import { writeFiles } from './file-commit.ts';
import type { Plumbing } from './plumbing.ts';

/** A file is at most as large as the caller allows; it is in memory. */
export async function writeBlob(plumbing: Plumbing, content: Buffer): Promise<string> {
  return write(plumbing, 'blob', content);
}

/** One change of a tree. */
export type TreeChange =
  | { readonly path: string; readonly kind: 'delete' }
  /** `id` of an object of the type that the mode says; for `160000`, a commit elsewhere. */
  | { readonly path: string; readonly kind: 'entry'; readonly mode: TreeMode; readonly id: string }
  | { readonly path: string; readonly kind: 'file'; readonly mode: TreeMode; readonly content: Buffer };

type TreeMode = '100644' | '100755' | '040000' | '120000' | '160000';

const NOBODY: Signature = { name: 'Latchkey', email: 'noreply@localhost', at: 0 };

/** Makes a tree from another one, or from nothing, and returns its id. */
export async function writeTree(
  plumbing: Plumbing,
  baseId: string | null,
  changes: readonly TreeChange[],
): Promise<string> {
  const commands = [
    ...(baseId === null ? [] : [Buffer.from(`M 040000 ${baseId} ""\n`)]),
    ...changes.flatMap((change) => {
      const path = quotedPath(change.path);
      if (change.kind === 'delete') return [Buffer.from(`D ${path}\n`)];
      if (change.kind === 'entry') return [Buffer.from(`M ${change.mode} ${change.id} ${path}\n`)];
      const head = `M ${change.mode} inline ${path}\ndata ${change.content.length}\n`;
      return [Buffer.from(head), change.content, Buffer.from('\n')];
    }),
  ];
  const commitId = await writeFiles(plumbing, { message: '', author: NOBODY, committer: NOBODY }, null, commands);
  const [tree] = await objectInfos(plumbing, [`${commitId}^{tree}`]);
  return present(tree, 'the new tree').id;
}

/** A person with the zone of their clock: `+0100`. */
export interface SignatureInZone extends Signature {
  readonly zone: string;
}

export interface NewCommit {
  readonly treeId: string;
  readonly parentIds: readonly string[];
  readonly author: SignatureInZone;
  readonly committer: SignatureInZone;
  readonly message: string;
  /** Armoured, over the commit without it. */
  readonly signature: string | null;
}

/** Writes a commit of a tree and parents that are there. Its message and its signature stay as they are. */
export async function writeCommit(plumbing: Plumbing, commit: NewCommit): Promise<string> {
  const header = (await plumbing.objectFormat()) === 'sha256' ? 'gpgsig-sha256' : 'gpgsig';
  const { author, committer, signature } = commit;
  const lines = [
    `tree ${commit.treeId}`,
    ...commit.parentIds.map((id) => `parent ${id}`),
    `author ${signatureText(author, author.zone)}`,
    `committer ${signatureText(committer, committer.zone)}`,
    // The lines after the first begin with a space.
    ...(signature === null ? [] : [`${header} ${signature.trimEnd().replaceAll('\n', '\n ')}`]),
    '',
    commit.message.replaceAll('\0', ''),
  ];
  return write(plumbing, 'commit', Buffer.from(lines.join('\n')));
}

async function write(plumbing: Plumbing, type: 'blob' | 'commit', content: Buffer): Promise<string> {
  const output = await plumbing.read(['hash-object', '-w', '-t', type, '--stdin'], { input: content });
  return output.toString('utf8').trim();
}
