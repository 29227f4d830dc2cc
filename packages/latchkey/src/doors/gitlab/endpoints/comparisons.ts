/**
 * What commits changed, and how two of them differ. Source: GitLab docs "Commits API", "Repositories API" (compare,
 * merge base).
 */
import { readCommitWithDiff, readKnownCommit, refsWith } from '../../../actions/repositories/history.ts';
import {
  compare,
  MAX_COMPARED_COMMITS,
  readChanges,
  readNewCommits,
} from '../../../actions/repositories/objects/comparisons.ts';
import { parameter } from '../../../base/present.ts';
import { type Call, type Endpoint, endpoint, ok, type Reply } from '../endpoint.ts';
import type { ValuesOf } from '../params.ts';
import { presentCommit, presentDiff } from '../present/history.ts';
import { badParams, notFound } from '../refuse.ts';
import { commitIdIn, webUrlOf } from './place.ts';

/** Commits of one comparison; of more, the newest. */
const MAX_COMMITS = 1000;
/** Files of one comparison. */
const MAX_FILES = 1000;
/** Refs in which a commit is looked for, as they are listed. */
const MAX_REFS = 10_000;

const COMPARE = {
  from: { type: 'string', required: true },
  to: { type: 'string', required: true },
  straight: { type: 'boolean' },
} as const;
const REFS = { type: { type: 'string', values: ['branch', 'tag', 'all'] } } as const;
const MERGE_BASE = { refs: { type: 'strings', required: true } } as const;

async function readComparison(call: Call<ValuesOf<typeof COMPARE>>): Promise<Reply> {
  const { ctx, permit, params } = call;
  const [from, to] = await Promise.all([commitIdIn(call, params.from, 'Ref'), commitIdIn(call, params.to, 'Ref')]);
  const comparison = await compare(ctx, permit, from, to);
  const { aheadBy, mergeBaseId } = comparison;
  if (aheadBy > MAX_COMPARED_COMMITS) throw badParams(['from and to are too far apart']);
  const start = params.straight === true ? from : (mergeBaseId ?? from);
  const [commits, changes] = await Promise.all([
    readNewCommits(ctx, permit, comparison, { offset: Math.max(0, aheadBy - MAX_COMMITS), limit: MAX_COMMITS }),
    readChanges(ctx, permit, { fromId: start, toId: to }, MAX_FILES),
  ]);
  const webUrl = webUrlOf(call);
  const shown = commits.map((commit) => presentCommit(commit, webUrl));
  return ok({
    commit: shown.at(-1) ?? null,
    commits: shown,
    diffs: changes.files.map(presentDiff),
    compare_timeout: false,
    compare_same_ref: from === to,
    web_url: `${webUrl}/compare/${from}...${to}`,
  });
}

async function readMergeBase(call: Call<ValuesOf<typeof MERGE_BASE>>): Promise<Reply> {
  const { ctx, permit, params } = call;
  const [one, other, ...more] = params.refs;
  if (one === undefined || other === undefined || more.length > 0) throw badParams(['refs must name two revisions']);
  const [oneId, otherId] = await Promise.all([commitIdIn(call, one, 'Ref'), commitIdIn(call, other, 'Ref')]);
  const { mergeBaseId } = await compare(ctx, permit, oneId, otherId);
  const commit = mergeBaseId === null ? null : await readKnownCommit(ctx, permit, mergeBaseId);
  if (commit === null) throw notFound('Merge Base');
  return ok(presentCommit(commit, webUrlOf(call)));
}

async function listDiff(call: Call<unknown>): Promise<Reply> {
  const { ctx, permit, page } = call;
  const id = await commitIdIn(call, parameter(call.path, 'sha'), 'Commit');
  const found = await readCommitWithDiff(ctx, permit, id, { offset: page.offset, limit: page.perPage + 1 });
  if (found === null) throw notFound('Commit');
  const { files } = found.diff;
  return { ...ok(files.slice(0, page.perPage).map(presentDiff)), more: files.length > page.perPage };
}

const KINDS = { branch: ['refs/heads/'], tag: ['refs/tags/'], all: ['refs/heads/', 'refs/tags/'] } as const;

async function listRefs(call: Call<ValuesOf<typeof REFS>>): Promise<Reply> {
  const { ctx, permit, params, page } = call;
  const id = await commitIdIn(call, parameter(call.path, 'sha'), 'Commit');
  const names = await refsWith(ctx, permit, id, KINDS[params.type ?? 'all'], MAX_REFS);
  const shown = names.slice(page.offset, page.offset + page.perPage).map((name) => ({
    type: name.startsWith('refs/heads/') ? 'branch' : 'tag',
    name: name.replace(/^refs\/(?:heads|tags)\//, ''),
  }));
  return { ...ok(shown), total: names.length };
}

export const COMPARISON_ENDPOINTS: readonly Endpoint[] = [
  endpoint('GET', '/projects/{id}/repository/compare', { params: COMPARE, handle: readComparison }),
  endpoint('GET', '/projects/{id}/repository/merge_base', { params: MERGE_BASE, handle: readMergeBase }),
  endpoint('GET', '/projects/{id}/repository/commits/{sha}/diff', { paged: true, handle: listDiff }),
  endpoint('GET', '/projects/{id}/repository/commits/{sha}/refs', { params: REFS, paged: true, handle: listRefs }),
];
