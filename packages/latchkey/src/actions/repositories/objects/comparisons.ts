/** Two commits of a repository compared: what the second has that the first lacks. */
import { present } from '../../../base/present.ts';
import { type Comparison, compareCommits, MAX_COMPARED_COMMITS } from '../../../git/objects/comparison.ts';
import { type CommitDiff, diffOf, rangeText } from '../../../git/objects/diffs.ts';
import type { Permit } from '../../decision/authorize.ts';
import type { Context } from '../../ground/context.ts';
import { type KnownCommit, readHistory } from '../history.ts';
import { openTarget } from '../target.ts';

export { type Comparison, MAX_COMPARED_COMMITS };

/** Compares two commits of the permit's repository, which exist. */
export function compare(ctx: Context, permit: Permit, baseId: string, headId: string): Promise<Comparison> {
  return compareCommits(openTarget(ctx, permit), baseId, headId);
}

/** A page of the commits that only the head has, the oldest first. At most `MAX_COMPARED_COMMITS` can be paged. */
export async function readNewCommits(
  ctx: Context,
  permit: Permit,
  { baseId, headId, aheadBy }: Comparison,
  { offset, limit }: { readonly offset: number; readonly limit: number },
): Promise<KnownCommit[]> {
  // git lists the newest first, so the page is counted from the end.
  const until = Math.min(offset + limit, aheadBy);
  if (until <= offset) return [];
  const page = await readHistory(ctx, permit, headId, {
    butNot: baseId,
    offset: aheadBy - until,
    limit: until - offset,
  });
  return page.reverse();
}

/** The files that changed from one commit to another. */
export function readChanges(
  ctx: Context,
  permit: Permit,
  { fromId, toId }: { readonly fromId: string; readonly toId: string },
  limit: number,
): Promise<CommitDiff> {
  return diffOf(openTarget(ctx, permit), { id: toId, parentIds: [fromId] }, { offset: 0, limit });
}

/**
 * What only the head has, as one text: a bare diff from where the histories part, or a mail for each commit. Null when
 * it is too long.
 */
export function readNewText(
  ctx: Context,
  permit: Permit,
  { baseId, headId, mergeBaseId }: Comparison,
  form: 'diff' | 'patch',
): Promise<string | null> {
  const fromId = present(mergeBaseId, 'a common ancestor');
  return rangeText(openTarget(ctx, permit), { fromId, butNotId: baseId, toId: headId }, form);
}
