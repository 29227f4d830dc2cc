/**
 * What a move of a ref would bring and take away: commits, paths, lines. For a person who decides about it, so it is
 * read when the push comes, and only this remains of the push.
 *
 * Invariant: what is pushed lies in a folder of its own, to which no fetch has a way, and is gone when this settles.
 * Invariant: every list is cut at a named size, and says so.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { objectInfos } from '../objects/cat-file.ts';
import { readCommits } from '../objects/commits.ts';
import type { Plumbing } from '../objects/plumbing.ts';
import { readRecords } from '../objects/record-stream.ts';
import type { RefChange } from '../objects/refs.ts';

const MIB = 1024 * 1024;
/** A larger pack is shown to nobody. It is in memory while it is taken apart. */
export const MAX_SHOWN_PACK_BYTES = 8 * MIB;
const MAX_COMMITS = 50;
const MAX_FILES = 200;
/** Counting stops here. */
export const MAX_COUNTED = 10_000;
/** Longer subjects, names and paths are cut, in characters. */
const MAX_SHOWN_TEXT = 200;

export interface PushLook {
  readonly kind: 'create' | 'forward' | 'force' | 'delete';
  /** Those that are new on the ref, newest first. */
  readonly commits: readonly { readonly id: string; readonly subject: string; readonly author: string }[];
  /** At most `MAX_COUNTED`; so are all numbers. */
  readonly commitCount: number;
  /** Commits that the ref would lose. */
  readonly lostCount: number;
  /** `added` null = a file that has no lines. */
  readonly files: readonly { readonly path: string; readonly added: number | null; readonly removed: number | null }[];
  readonly fileCount: number;
  readonly added: number;
  readonly removed: number;
}

/** Takes a pack apart, and hands out the repository with its objects. Null when git doesn't take the pack. */
export async function withPack<T>(
  plumbing: Plumbing,
  pack: Buffer,
  look: (objects: Plumbing) => Promise<T>,
): Promise<T | null> {
  const folder = await mkdtemp(join(plumbing.path, 'objects', 'tmp_objdir-look-'));
  try {
    const objects = plumbing.withObjectsIn(folder);
    if (pack.length > 0) {
      const args = ['index-pack', '--stdin', '--fix-thin', '--strict', `--max-input-size=${MAX_SHOWN_PACK_BYTES}`];
      if ((await objects.attempt(args, pack)).end.code !== 0) return null;
    }
    return await look(objects);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Looks at a move. Null when an object is missing, or what moves is no commit. */
export async function lookAt(plumbing: Plumbing, { ref, from, to }: RefChange): Promise<PushLook | null> {
  const [old = null, made = null] = await commitsOf(plumbing, [from, to]);
  if ((to !== null && made === null) || (from !== null && old === null)) return null;
  const elsewhere = ['--not', `--exclude=${ref}`, '--all'];
  const lostCount = old === null ? 0 : await count(plumbing, [old, ...(made === null ? elsewhere : [`^${made}`])]);
  if (made === null) return { ...NOTHING, kind: 'delete', lostCount };
  const range = [made, ...(old === null ? elsewhere : [`^${old}`])];
  const [ids, commitCount, changes] = await Promise.all([
    readRecords(plumbing, ['rev-list', `--max-count=${MAX_COMMITS}`, ...range, '--'], {
      offset: 0,
      limit: MAX_COMMITS,
      separator: '\n',
    }),
    count(plumbing, range),
    changesOf(plumbing, old ?? (await baseOf(plumbing, made)), made),
  ]);
  const commits = (await readCommits(plumbing, ids)).map(({ id, message, author }) => ({
    id,
    subject: cut(message.trimStart().split('\n')[0] ?? ''),
    author: cut(author.name),
  }));
  const kind = old === null ? 'create' : lostCount === 0 && ref.startsWith('refs/heads/') ? 'forward' : 'force';
  return { kind, commits, commitCount, lostCount, ...changes };
}

const NOTHING = { commits: [], commitCount: 0, files: [], fileCount: 0, added: 0, removed: 0 } as const;

function cut(text: string): string {
  return text.length > MAX_SHOWN_TEXT ? `${text.slice(0, MAX_SHOWN_TEXT)}…` : text;
}

async function commitsOf(plumbing: Plumbing, ids: readonly (string | null)[]): Promise<(string | null)[]> {
  const named = ids.filter((id) => id !== null);
  const found = await objectInfos(
    plumbing,
    named.map((id) => `${id}^{commit}`),
  );
  return ids.map((id) => (id === null ? null : (found[named.indexOf(id)]?.id ?? null)));
}

async function count(plumbing: Plumbing, range: readonly string[]): Promise<number> {
  const said = await plumbing.read(['rev-list', '--count', `--max-count=${MAX_COUNTED}`, ...range, '--']);
  return Number(said.toString().trim());
}

/** Where the history of a new ref left the one of HEAD; null = nowhere. */
async function baseOf(plumbing: Plumbing, commit: string): Promise<string | null> {
  const { output } = await plumbing.attempt(['merge-base', 'HEAD', commit], '');
  return /^[0-9a-f]{40,64}$/.test(output.trim()) ? output.trim() : null;
}

/** The tree without files, which git knows without having it. */
const EMPTY_TREE = {
  sha1: '4b825dc642cb6eb9a060e54bf8d69288fbee4904',
  sha256: '6ef19b41225c5369f1c104d45d8d85efa9b057b53b14b4b9b939dd74decc5321',
} as const;

async function changesOf(plumbing: Plumbing, from: string | null, to: string) {
  const base = from ?? EMPTY_TREE[await plumbing.objectFormat()];
  const options = ['--no-ext-diff', '--no-textconv', '--no-color', '--no-renames', '-r', '-z', '--numstat'];
  const records = await readRecords(plumbing, ['diff-tree', ...options, base, to, '--'], {
    offset: 0,
    limit: MAX_COUNTED,
  });
  const files = records.map((record) => {
    const [added = '', removed = '', path = ''] = record.split('\t');
    const lines = (text: string): number | null => (text === '-' ? null : Number(text) || 0);
    return { path: cut(path), added: lines(added), removed: lines(removed) };
  });
  const sum = (of: 'added' | 'removed'): number => files.reduce((all, file) => all + (file[of] ?? 0), 0);
  return { files: files.slice(0, MAX_FILES), fileCount: files.length, added: sum('added'), removed: sum('removed') };
}
