/** Commits, branches and tags of a repository, with the people behind them. */

import { present } from '../../base/present.ts';
import { type ObjectType, objectInfos } from '../../git/objects/cat-file.ts';
import { type Commit, type HistoryList, listCommits, readCommit, readCommits } from '../../git/objects/commits.ts';
import { type CommitDiff, diffOf, patchText } from '../../git/objects/diffs.ts';
import { listRefs, type Ref, type RefList, readRef, refsContaining } from '../../git/objects/refs.ts';
import { resolveCommit } from '../../git/objects/revisions.ts';
import { type AnnotatedTag, readTags } from '../../git/objects/tags.ts';
import { nameKey } from '../../rules/names.ts';
import { type Account, accountByLogin } from '../../store/accounts.ts';
import { emailsOf, usersByVerifiedEmails } from '../../store/emails.ts';
import type { Permit } from '../decision/authorize.ts';
import type { Context } from '../ground/context.ts';
import { openTarget } from './target.ts';

/** A commit, and the people whose verified addresses are in it; null = nobody's here. */
export interface KnownCommit {
  readonly commit: Commit;
  readonly author: Account | null;
  readonly committer: Account | null;
}

/** The commit that a revision (null = the default branch) names; null when there is none. */
export async function findCommitId(ctx: Context, permit: Permit, revision: string | null): Promise<string | null> {
  return (await resolveCommit(openTarget(ctx, permit), revision ?? 'HEAD'))?.commitId ?? null;
}

/** A page of the history that leads to a commit. */
export async function readHistory(
  ctx: Context,
  permit: Permit,
  commitId: string,
  list: HistoryList,
): Promise<KnownCommit[]> {
  return withPeople(ctx, await listCommits(openTarget(ctx, permit), commitId, list));
}

/** One commit with its changes; null when there is none with that id. */
export async function readCommitWithDiff(
  ctx: Context,
  permit: Permit,
  id: string,
  page: { offset: number; limit: number },
): Promise<(KnownCommit & { diff: CommitDiff }) | null> {
  const plumbing = openTarget(ctx, permit);
  const commit = await readCommit(plumbing, id);
  if (commit === null) return null;
  const [known] = await withPeople(ctx, [commit]);
  return { ...present(known, `commit ${id}`), diff: await diffOf(plumbing, commit, page) };
}

/** One commit; null when there is none with that id. */
export async function readKnownCommit(ctx: Context, permit: Permit, id: string): Promise<KnownCommit | null> {
  const commits = await readCommits(openTarget(ctx, permit), [id]);
  return (await withPeople(ctx, commits))[0] ?? null;
}

/** Commits by id, read by one process; missing ones are left out. */
export async function readKnownCommits(
  ctx: Context,
  permit: Permit,
  ids: readonly string[],
): Promise<ReadonlyMap<string, KnownCommit>> {
  const known = await withPeople(ctx, await readCommits(openTarget(ctx, permit), [...new Set(ids)]));
  return new Map(known.map((one) => [one.commit.id, one]));
}

/** A commit's changes as text; null when that is too long or takes too long. */
export function readPatch(ctx: Context, permit: Permit, id: string, form: 'diff' | 'patch'): Promise<string | null> {
  return patchText(openTarget(ctx, permit), id, form);
}

/** The texts that find a person's commits: a login stands for its verified addresses, anything else for itself. */
export async function authorTexts(ctx: Context, text: string): Promise<string[]> {
  const account = await accountByLogin(ctx.store.db, text);
  if (account === null) return [text];
  const emails = await emailsOf(ctx.store.db, account.id);
  return emails
    .filter(({ verifiedAt }) => verifiedAt !== null)
    .map(({ address }) => `<${address}>`)
    .concat(`<${account.id}+${account.login}@users.noreply>`);
}

async function withPeople(ctx: Context, commits: readonly Commit[]): Promise<KnownCommit[]> {
  const people = await usersByVerifiedEmails(
    ctx.store.db,
    commits.flatMap(({ author, committer }) => [author.email, committer.email]),
  );
  const personOf = (email: string): Account | null => people.get(nameKey(email)) ?? null;
  return commits.map((commit) => ({
    commit,
    author: personOf(commit.author.email),
    committer: personOf(commit.committer.email),
  }));
}

/** A page of the refs with a prefix: `refs/heads/`, `refs/tags/v1`. */
export function readRefs(ctx: Context, permit: Permit, prefix: string, list: RefList): Promise<Ref[]> {
  return listRefs(openTarget(ctx, permit), prefix, list);
}

/** The full names of the refs below these folders (`refs/heads/`) that lead to a commit, at most `limit`. */
export function refsWith(
  ctx: Context,
  permit: Permit,
  commitId: string,
  folders: readonly string[],
  limit: number,
): Promise<string[]> {
  return refsContaining(openTarget(ctx, permit), commitId, folders, limit);
}

/** The ref of that full name; null when there is none. */
export function findRef(ctx: Context, permit: Permit, name: string): Promise<Ref | null> {
  return readRef(openTarget(ctx, permit), name);
}

/** An object with what its type has. */
export type KnownObject =
  | { readonly type: 'commit'; readonly id: string; readonly commit: KnownCommit }
  | { readonly type: 'tag'; readonly id: string; readonly tag: AnnotatedTag }
  | { readonly type: 'tree' | 'blob'; readonly id: string; readonly sizeBytes: number };

/** The objects with these names for git, `ID:docs` among them; null for missing ones. Three processes at most. */
export async function readKnownObjects(
  ctx: Context,
  permit: Permit,
  names: readonly string[],
): Promise<(KnownObject | null)[]> {
  const plumbing = openTarget(ctx, permit);
  const infos = await objectInfos(plumbing, names);
  const of = (type: ObjectType): string[] => infos.flatMap((info) => (info?.type === type ? [info.id] : []));
  const [commits, tags] = await Promise.all([
    readKnownCommits(ctx, permit, of('commit')),
    readTags(plumbing, of('tag')),
  ]);
  return infos.map((info): KnownObject | null => {
    if (info === null) return null;
    const { type, id, sizeBytes } = info;
    if (type === 'tree' || type === 'blob') return { type, id, sizeBytes };
    const commit = commits.get(id);
    if (type === 'commit') return commit === undefined ? null : { type, id, commit };
    const tag = tags.get(id);
    return tag === undefined ? null : { type, id, tag };
  });
}
