/** Two commits, branches or tags compared. */

import { findCommitId, readKnownCommits } from '../../../actions/repositories/history.ts';
import {
  type Comparison,
  compare,
  MAX_COMPARED_COMMITS,
  readChanges,
  readNewCommits,
  readNewText,
} from '../../../actions/repositories/objects/comparisons.ts';
import { targetRepository } from '../../../actions/repositories/target.ts';
import { parameter, present } from '../../../base/present.ts';
import { isSameName } from '../../../rules/names.ts';
import { type Call, type Endpoint, endpoint, ok, type Reply } from '../endpoint.ts';
import { comparisonBody } from '../present/history.ts';
import { mediaOf, placeOf, sayNo } from './place.ts';

/** Commits on one page unless the client asks otherwise, as on GitHub. */
const COMMITS_PER_PAGE = 250;
/** Files are listed on the first page, at most this many, as on GitHub. */
const MAX_FILES = 300;

type Plain = Call<undefined, undefined>;

/** `main...v1`, `OWNER:main...OWNER:v1`: no repository here has forks, so the owner is this one's. */
function revisionsIn(call: Plain): readonly [base: string, head: string] {
  const { owner, repository } = targetRepository(call.permit);
  const sides = parameter(call.params, 'basehead').split('...');
  const [base, head] = sides.map((side) => {
    const [revision = '', name, login] = side.split(':').reverse();
    const [ofOwner, ofName] = login === undefined ? [name, undefined] : [login, name];
    const isHere =
      (ofOwner === undefined || isSameName(ofOwner, owner.login)) &&
      (ofName === undefined || isSameName(ofName, repository.name));
    return isHere ? revision : '';
  });
  if (sides.length !== 2 || !base || !head) throw sayNo(404, 'Not Found');
  return [base, head];
}

async function readComparison(call: Plain): Promise<Reply> {
  const { ctx, permit, page } = call;
  const key = /^([0-9a-f]{40,64})\.([0-9a-f]{40,64})\.(\d{1,6})$/.exec(page.after ?? '');
  const [base, head] = key === null ? revisionsIn(call) : [key[1], key[2]];
  const [baseId, headId] = await Promise.all([base, head].map((one) => findCommitId(ctx, permit, one ?? null)));
  if (baseId == null || headId == null) throw sayNo(404, 'Not Found');
  const comparison = await compare(ctx, permit, baseId, headId);
  const { mergeBaseId, aheadBy, behindBy } = comparison;
  if (mergeBaseId === null) throw sayNo(404, `No common ancestor between ${base} and ${head}.`);
  if (Math.max(aheadBy, behindBy) > MAX_COMPARED_COMMITS)
    throw sayNo(
      422,
      `These are more than ${MAX_COMPARED_COMMITS} commits apart. Clone the repository to compare them.`,
    );
  const media = mediaOf(call.headers);
  if (media === 'diff' || media === 'patch') return textOf(call, comparison, media);
  const offset = key === null ? page.skip : Number(key[3]);
  const [commits, ends, changes] = await Promise.all([
    readNewCommits(ctx, permit, comparison, { offset, limit: page.perPage }),
    readKnownCommits(ctx, permit, [baseId, mergeBaseId]),
    page.page === 1 ? readChanges(ctx, permit, { fromId: mergeBaseId, toId: headId }, MAX_FILES) : null,
  ]);
  const body = comparisonBody(placeOf(call), comparison, {
    base: present(ends.get(baseId), 'the base'),
    mergeBase: present(ends.get(mergeBaseId), 'the merge base'),
    commits,
    changes,
    names: [base ?? baseId, head ?? headId],
  });
  const end = offset + commits.length;
  return { ...ok(body), next: end < aheadBy ? `${baseId}.${headId}.${end}` : null };
}

async function textOf(call: Plain, comparison: Comparison, media: 'diff' | 'patch'): Promise<Reply> {
  const text = await readNewText(call.ctx, call.permit, comparison, media);
  if (text === null) throw sayNo(422, 'Sorry, this diff is taking too long to generate or is too large.');
  return { status: 200, body: text, headers: { 'Content-Type': `application/vnd.github.${media}; charset=utf-8` } };
}

export const COMPARISON_ENDPOINTS: readonly Endpoint[] = [
  endpoint({
    method: 'GET',
    path: '/repos/{owner}/{repo}/compare/{basehead}',
    operationId: 'repos/compare-commits-with-basehead',
    paged: true,
    defaultPerPage: COMMITS_PER_PAGE,
    summary:
      'What `HEAD` has that `BASE` lacks, for `BASE...HEAD`: its commits, oldest first, and on the first page ' +
      'the changed files. `Accept: application/vnd.github.diff` and `…patch` give it as text.',
    handle: readComparison,
  }),
];
