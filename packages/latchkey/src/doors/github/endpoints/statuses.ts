/** What builds and checks report about commits. */
import {
  addStatus,
  type CommitStatus,
  combinedStatus,
  type KnownStatus,
  readStatuses,
} from '../../../actions/repositories/statuses.ts';
import { viewTarget } from '../../../actions/repositories/view.ts';
import { type Static, Type } from '../../../base/json-schema.ts';
import { parameter } from '../../../base/present.ts';
import { isoInstant } from '../../../base/time.ts';
import { needOf } from '../../../catalogue/routes/github.ts';
import { type Call, created, type Endpoint, endpoint, ok, type Reply } from '../endpoint.ts';
import { nextKey, pageById } from '../paging.ts';
import { htmlUrl, nodeId, simpleUser } from '../present/accounts.ts';
import type { Place } from '../present/place.ts';
import { listedRepository } from '../present/repositories.ts';
import { commitIdOr, placeOf, sayNo } from './place.ts';

const NEW = Type.Object(
  {
    state: Type.Enum(['error', 'failure', 'pending', 'success']),
    context: Type.Optional(Type.String()),
    target_url: Type.Optional(Type.Union([Type.String(), Type.Null()])),
    description: Type.Optional(Type.Union([Type.String(), Type.Null()])),
  },
  { additionalProperties: false },
);

type Plain = Call<undefined, undefined>;

function plainStatus(place: Place, status: CommitStatus) {
  const at = isoInstant(status.at);
  return {
    url: `${place.url}/statuses/${status.commitId}`,
    id: status.id,
    node_id: nodeId('StatusContext', status.id),
    state: status.state,
    description: status.description,
    target_url: status.targetUrl,
    context: status.context,
    created_at: at,
    updated_at: at,
    avatar_url: status.creatorId === null ? null : `${htmlUrl(place.apiUrl)}/avatars/${status.creatorId}`,
  };
}

function statusBody(place: Place, { status, creator }: KnownStatus) {
  return { ...plainStatus(place, status), creator: creator === null ? null : simpleUser(place.apiUrl, creator) };
}

async function add(call: Call<Static<typeof NEW>, undefined>): Promise<Reply> {
  const { ctx, permit, params, body } = call;
  const sha = parameter(params, 'sha');
  const commitId = await commitIdOr(call, sha, () => sayNo(422, `No commit found for SHA: ${sha}`));
  const known = await addStatus(ctx, permit, {
    commitId,
    state: body.state,
    context: body.context ?? 'default',
    targetUrl: body.target_url === '' ? null : (body.target_url ?? null),
    description: body.description ?? null,
  });
  const answer = statusBody(placeOf(call), known);
  return created(answer, answer.url);
}

async function list(call: Plain): Promise<Reply> {
  const commitId = await commitIdOr(call, parameter(call.params, 'ref'), () => sayNo(404, 'Not Found'));
  const statuses = await readStatuses(call.ctx, call.permit, commitId, pageById(call.page));
  const place = placeOf(call);
  return {
    ...ok(statuses.map((known) => statusBody(place, known))),
    next: nextKey(statuses, call.page, ({ status }) => status.id),
  };
}

async function combined(call: Plain): Promise<Reply> {
  const { ctx, permit, page, apiUrl } = call;
  const commitId = await commitIdOr(call, parameter(call.params, 'ref'), () => sayNo(404, 'Not Found'));
  const { state, statuses } = await combinedStatus(ctx, permit, commitId);
  const { beforeId } = pageById(page);
  const shown = statuses
    .filter(({ id }) => beforeId === null || id < beforeId)
    .slice(page.skip, page.skip + page.perPage);
  const place = placeOf(call);
  const body = {
    state,
    statuses: shown.map((status) => plainStatus(place, status)),
    sha: commitId,
    total_count: statuses.length,
    repository: listedRepository(apiUrl, await viewTarget(ctx, permit)),
    commit_url: `${place.url}/commits/${commitId}`,
    url: `${place.url}/commits/${commitId}/status`,
  };
  return { ...ok(body), next: nextKey(shown, page, ({ id }) => id) };
}

export const STATUS_ENDPOINTS: readonly Endpoint[] = [
  endpoint({
    method: 'POST',
    path: '/repos/{owner}/{repo}/statuses/{sha}',
    operationId: 'repos/create-commit-status',
    body: NEW,
    resource: 'Status',
    summary: 'Sets the status of a commit in one context.',
    handle: add,
  }),
  endpoint({
    method: 'GET',
    path: '/repos/{owner}/{repo}/commits/{ref}/statuses',
    operationId: 'repos/list-commit-statuses-for-ref',
    paged: true,
    summary: 'All statuses of a commit, newest first.',
    handle: list,
  }),
  endpoint({
    method: 'GET',
    path: '/repos/{owner}/{repo}/statuses/{ref}',
    need: needOf('GET', '/repos/{owner}/{repo}/commits/{ref}/statuses'),
    operationId: 'repos/list-commit-statuses-for-ref-as-before',
    paged: true,
    summary: 'All statuses of a commit, newest first, at an older address that clients still use.',
    handle: list,
  }),
  endpoint({
    method: 'GET',
    path: '/repos/{owner}/{repo}/commits/{ref}/status',
    operationId: 'repos/get-combined-status-for-ref',
    paged: true,
    summary: 'The combined status of a commit: the newest of each context, and the overall state.',
    handle: combined,
  }),
];
