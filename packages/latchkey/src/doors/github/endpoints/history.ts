/** Commits, branches, tags and refs of a repository. */
import {
  authorTexts,
  findCommitId,
  findRef,
  readCommitWithDiff,
  readHistory,
  readKnownCommit,
  readPatch,
  readRefs,
} from '../../../actions/repositories/history.ts';
import { protectedRefs } from '../../../actions/repositories/refs/rulesets.ts';
import {
  createRef,
  deleteRef,
  type RefProblem,
  type RefResult,
  updateRef,
} from '../../../actions/repositories/refs.ts';
import { type Static, Type } from '../../../base/json-schema.ts';
import { parameter } from '../../../base/present.ts';
import { needOf } from '../../../catalogue/routes/github.ts';
import { pathProblem, refNameProblem } from '../../../git/objects/names.ts';
import { type Call, created, type Endpoint, endpoint, nothing, ok, type Reply } from '../endpoint.ts';
import { instantOf } from '../input.ts';
import { nextKey } from '../paging.ts';
import { branchBody, commitBody, refBody, shortBranch, tagBody } from '../present/history.ts';
import type { Malformed } from '../refuse.ts';
import { commitIdOr, isEmpty, mediaOf, placeOf, sayNo } from './place.ts';

/** Files of one commit on one page, as on GitHub. */
const FILES_PER_PAGE = 300;
/** Refs with the same prefix are returned without pages, at most this many. */
const MAX_MATCHING_REFS = 10_000;

const Text = Type.Optional(Type.String({ maxLength: 1024 }));
const HISTORY = Type.Object(
  { sha: Text, path: Text, author: Text, committer: Text, since: Text, until: Text },
  { additionalProperties: false },
);
const FILES = Type.Object(
  {
    page: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000 })),
    per_page: Type.Optional(Type.Integer({ minimum: 1 })),
  },
  { additionalProperties: false },
);
const PROTECTED = Type.Object({ protected: Type.Optional(Type.Boolean()) }, { additionalProperties: false });
const NEW_REF = Type.Object({ ref: Type.String(), sha: Type.String() }, { additionalProperties: false });
const MOVED_REF = Type.Object(
  { sha: Type.String(), force: Type.Optional(Type.Boolean()) },
  { additionalProperties: false },
);

/** A page continues from the commit where the first page began, so that commits pushed meanwhile shift nothing. */
async function listHistory(call: Call<undefined, Static<typeof HISTORY>>): Promise<Reply> {
  const { ctx, permit, query, page } = call;
  const key = /^([0-9a-f]{40,64})\.(\d{1,9})$/.exec(page.after ?? '');
  const tip = await commitIdOr(call, key?.[1] ?? query.sha ?? null, () => sayNo(404, 'Not Found'));
  const offset = key === null ? page.skip : Number(key[2]);
  if (query.path !== undefined && query.path !== '' && pathProblem(query.path) !== null) return ok([]);
  const commits = await readHistory(ctx, permit, tip, {
    offset,
    limit: page.perPage,
    ...(query.path === undefined || query.path === '' ? {} : { path: query.path }),
    ...(query.since === undefined ? {} : { sinceAt: instantOf(query.since, 'since') }),
    ...(query.until === undefined ? {} : { untilAt: instantOf(query.until, 'until') }),
    ...(query.author === undefined ? {} : { authors: await authorTexts(ctx, query.author) }),
    ...(query.committer === undefined ? {} : { committers: await authorTexts(ctx, query.committer) }),
  });
  const place = placeOf(call);
  return {
    ...ok(commits.map((commit) => commitBody(place, commit))),
    next: nextKey(commits, page, () => `${tip}.${offset + commits.length}`),
  };
}

async function readOne(call: Call<undefined, Static<typeof FILES>>): Promise<Reply> {
  const { ctx, permit, params, query } = call;
  const ref = parameter(params, 'ref');
  const id = await commitIdOr(call, ref, () => sayNo(422, `No commit found for SHA: ${ref}`));
  const media = mediaOf(call.headers);
  if (media === 'sha')
    return {
      status: 200,
      body: id,
      headers: { 'Content-Type': 'application/vnd.github.sha; charset=utf-8', ETag: `"${id}"` },
    };
  if (media === 'diff' || media === 'patch') {
    const text = await readPatch(ctx, permit, id, media);
    if (text === null) throw sayNo(422, 'Sorry, this diff is taking too long to generate or is too large.');
    return { status: 200, body: text, headers: { 'Content-Type': `application/vnd.github.${media}; charset=utf-8` } };
  }
  const limit = Math.min(query.per_page ?? FILES_PER_PAGE, FILES_PER_PAGE);
  const found = await readCommitWithDiff(ctx, permit, id, { offset: ((query.page ?? 1) - 1) * limit, limit });
  if (found === null) throw sayNo(422, `No commit found for SHA: ${ref}`);
  return ok(commitBody(placeOf(call), found, found.diff));
}

async function listBranches(call: Call<undefined, Static<typeof PROTECTED>>): Promise<Reply> {
  const { ctx, permit, page, query } = call;
  const refs = await readRefs(ctx, permit, 'refs/heads/', {
    offset: page.skip,
    limit: page.perPage,
    after: page.after,
  });
  const place = placeOf(call);
  const isProtected = await protectedRefs(ctx, permit);
  const shown = refs
    .map((ref) => shortBranch(place, ref, isProtected(ref.name)))
    .filter((branch) => query.protected === undefined || branch.protected === query.protected);
  return { ...ok(shown), next: nextKey(refs, page, (ref) => ref.name) };
}

async function readBranch(call: Call<undefined, undefined>): Promise<Reply> {
  const { ctx, permit, params } = call;
  const name = `refs/heads/${parameter(params, 'branch')}`;
  const ref = refNameProblem(name) === null ? await findRef(ctx, permit, name) : null;
  const tip = ref === null ? null : await readKnownCommit(ctx, permit, ref.id);
  if (ref === null || tip === null) throw sayNo(404, 'Branch not found');
  return ok(branchBody(placeOf(call), ref, tip, (await protectedRefs(ctx, permit))(ref.name)));
}

async function listTags(call: Call<undefined, undefined>): Promise<Reply> {
  const { ctx, permit, page } = call;
  const refs = await readRefs(ctx, permit, 'refs/tags/', {
    offset: page.skip,
    limit: page.perPage,
    after: page.after,
    sort: 'version',
  });
  const place = placeOf(call);
  return { ...ok(refs.map((ref) => tagBody(place, ref))), next: nextKey(refs, page, (ref) => ref.name) };
}

async function listMatching(call: Call<undefined, undefined>): Promise<Reply> {
  const { ctx, permit, params } = call;
  const prefix = `refs/${params['ref'] ?? ''}`;
  if (await isEmpty(call)) throw sayNo(409, 'Git Repository is empty.');
  if (refNameProblem(prefix.replace(/\/$/, '')) !== null) return ok([]);
  const refs = await readRefs(ctx, permit, prefix, { offset: 0, limit: MAX_MATCHING_REFS });
  const place = placeOf(call);
  return ok(refs.map((ref) => refBody(place, ref)));
}

async function readRef(call: Call<undefined, undefined>): Promise<Reply> {
  const { ctx, permit, params } = call;
  const name = `refs/${parameter(params, 'ref')}`;
  const ref = refNameProblem(name) === null ? await findRef(ctx, permit, name) : null;
  if (ref !== null) return ok(refBody(placeOf(call), ref));
  throw (await findCommitId(ctx, permit, 'HEAD')) === null
    ? sayNo(409, 'Git Repository is empty.')
    : sayNo(404, 'Not Found');
}

/** GitHub's words if there are any. */
const REF_PROBLEMS: Readonly<Record<RefProblem, readonly [status: number, message: string]>> = {
  exists: [422, 'Reference already exists'],
  missing: [422, 'Reference does not exist'],
  object_missing: [422, 'Object does not exist'],
  not_a_commit: [422, 'Reference update failed: a branch holds a commit.'],
  not_fast_forward: [422, 'Update is not a fast forward'],
  moved: [409, 'Reference cannot be updated: it was moved meanwhile.'],
  name_conflict: [422, 'Reference update failed: its name collides with that of another reference.'],
  ref_invalid: [422, "Reference name must start with 'refs/', have at least three parts, and be well formed."],
  is_default_branch: [422, 'The default branch cannot be deleted.'],
};

function refProblem(why: RefProblem): Malformed {
  return sayNo(...REF_PROBLEMS[why]);
}

async function written(
  call: { apiUrl: string; permit: Call<never, never>['permit'] },
  sha: string,
  work: () => Promise<RefResult>,
): Promise<object> {
  if (!/^(?:[0-9a-f]{40}|[0-9a-f]{64})$/.test(sha))
    throw sayNo(422, 'The sha parameter must be exactly 40 characters and contain only [0-9a-f].');
  const result = await work();
  if (!result.ok) throw refProblem(result.why);
  return refBody(placeOf(call), result.ref);
}

export const HISTORY_ENDPOINTS: readonly Endpoint[] = [
  endpoint({
    method: 'GET',
    path: '/repos/{owner}/{repo}/commits',
    operationId: 'repos/list-commits',
    paged: true,
    query: HISTORY,
    summary: 'The commits that lead to a commit, newest first.',
    handle: listHistory,
  }),
  endpoint({
    method: 'GET',
    path: '/repos/{owner}/{repo}/commits/{ref}',
    operationId: 'repos/get-commit',
    query: FILES,
    summary:
      'A commit and what it changed. `Accept: application/vnd.github.sha` gives only its id, `…diff` and ' +
      '`…patch` the change as text.',
    handle: readOne,
  }),
  endpoint({
    method: 'GET',
    path: '/repos/{owner}/{repo}/branches',
    operationId: 'repos/list-branches',
    paged: true,
    query: PROTECTED,
    summary: 'The branches, by name.',
    handle: listBranches,
  }),
  endpoint({
    method: 'GET',
    path: '/repos/{owner}/{repo}/branches/{branch}',
    operationId: 'repos/get-branch',
    summary: 'A branch and its newest commit.',
    handle: readBranch,
  }),
  endpoint({
    method: 'GET',
    path: '/repos/{owner}/{repo}/tags',
    operationId: 'repos/list-tags',
    paged: true,
    summary: 'The tags, newest version first.',
    handle: listTags,
  }),
  endpoint({
    method: 'GET',
    path: '/repos/{owner}/{repo}/git/matching-refs/{ref}',
    operationId: 'git/list-matching-refs',
    summary: 'The refs whose names start with this.',
    handle: listMatching,
  }),
  endpoint({
    method: 'GET',
    path: '/repos/{owner}/{repo}/git/refs',
    need: needOf('GET', '/repos/{owner}/{repo}/git/matching-refs/{ref}'),
    operationId: 'git/list-refs',
    summary: 'All refs. GitHub no longer documents it, but its clients still ask.',
    handle: listMatching,
  }),
  endpoint({
    method: 'GET',
    path: '/repos/{owner}/{repo}/git/ref/{ref}',
    operationId: 'git/get-ref',
    summary: 'A ref, such as `heads/main` or `tags/v1`.',
    handle: readRef,
  }),
  endpoint({
    method: 'POST',
    path: '/repos/{owner}/{repo}/git/refs',
    operationId: 'git/create-ref',
    body: NEW_REF,
    resource: 'Reference',
    summary: 'Creates a branch, tag or other ref.',
    handle: async (call) => {
      const body = await written(call, call.body.sha, () =>
        createRef(call.ctx, call.permit, { ref: call.body.ref, id: call.body.sha }),
      );
      return created(body, (body as { url: string }).url);
    },
  }),
  endpoint({
    method: 'PATCH',
    path: '/repos/{owner}/{repo}/git/refs/{ref}',
    operationId: 'git/update-ref',
    body: MOVED_REF,
    resource: 'Reference',
    summary: 'Moves a ref: forward, or anywhere with `force`.',
    handle: async (call) => {
      const { sha, force = false } = call.body;
      return ok(
        await written(call, sha, () =>
          updateRef(call.ctx, call.permit, { ref: `refs/${parameter(call.params, 'ref')}`, id: sha, force }),
        ),
      );
    },
  }),
  endpoint({
    method: 'DELETE',
    path: '/repos/{owner}/{repo}/git/refs/{ref}',
    operationId: 'git/delete-ref',
    resource: 'Reference',
    summary: 'Deletes a ref. The default branch cannot be deleted.',
    handle: async ({ ctx, permit, params }) => {
      const result = await deleteRef(ctx, permit, `refs/${parameter(params, 'ref')}`);
      if (!result.ok) throw refProblem(result.why);
      return nothing();
    },
  }),
];
