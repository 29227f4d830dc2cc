/**
 * From what people write for a commit to the commit: an object id or its prefix, a branch, a tag, a ref.
 *
 * Never: git's revision language. `main~3`, `main@{1}`, `:/text` and `a..b` are refused before git sees them.
 */
import { objectInfos } from './cat-file.ts';
import { isIdPrefix, isObjectId, refNameProblem } from './names.ts';
import type { Plumbing } from './plumbing.ts';

/** The ref, if any, that a revision was found as. */
export interface Resolved {
  readonly commitId: string;
  /** `refs/heads/main`; null for an object id. */
  readonly ref: string | null;
}

/**
 * The commit that a revision names; null when there is none. An id takes precedence over a branch of that name, a
 * branch over a tag, as in GitHub's REST API. Tags are followed to their commit.
 */
export async function resolveCommit(plumbing: Plumbing, revision: string): Promise<Resolved | null> {
  const candidates = candidatesOf(revision);
  const infos = await objectInfos(
    plumbing,
    candidates.map(({ name }) => `${name}^{commit}`),
  );
  for (const [i, { ref }] of candidates.entries()) {
    const info = infos[i] ?? null;
    if (info !== null) return { commitId: info.id, ref };
  }
  return null;
}

function candidatesOf(revision: string): { name: string; ref: string | null }[] {
  const id = { name: revision, ref: null };
  if (isObjectId(revision)) return [id];
  if (refNameProblem(revision) !== null) return [];
  if (revision === 'HEAD') return [{ name: 'HEAD', ref: null }];
  const refs = [
    `refs/heads/${revision}`,
    `refs/tags/${revision}`,
    revision.startsWith('refs/') ? revision : `refs/${revision}`,
  ];
  return [...refs.map((ref) => ({ name: ref, ref })), ...(isIdPrefix(revision) ? [id] : [])];
}
