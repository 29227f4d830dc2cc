/**
 * What an organization's owners see of tokens and decide about them: GitHub's endpoints, plus the policy and members'
 * classic tokens.
 */
import type { Context } from '../../../actions/ground/context.ts';
import { MAX_REASON_LENGTH } from '../../../actions/ground/reason.ts';
import { MAX_DECIDED_AT_ONCE, reviewRequests, revokeAccess } from '../../../actions/organizations/approvals.ts';
import { changeMemberTokens } from '../../../actions/organizations/member-tokens.ts';
import { requestSentences, sentencesIn } from '../../../actions/organizations/rows.ts';
import {
  type DirectedPage,
  listMemberTokens,
  listOrganizationRequests,
  listOrganizationTokens,
  type OrganizationTokenFilterInput,
  repositoriesReached,
  type SeenToken,
} from '../../../actions/organizations/tokens.ts';
import { viewOf } from '../../../actions/repositories/view.ts';
import { type Static, Type } from '../../../base/json-schema.ts';
import { parameter } from '../../../base/present.ts';
import type { Need } from '../../../catalogue/needs.ts';
import { type Call, type Endpoint, endpoint, nothing, ok } from '../endpoint.ts';
import { instantOf } from '../input.ts';
import { nextKey, type PageRequest, pageById } from '../paging.ts';
import { listedRepository } from '../present/repositories.ts';
import { seenGrant, seenMemberToken, seenRequest } from '../present/tokens.ts';
import { idIn } from './own-token-bodies.ts';

const closed = { additionalProperties: false } as const;
const optional = Type.Optional;
const REQUESTS = '/orgs/{org}/personal-access-token-requests';
const TOKENS = '/orgs/{org}/personal-access-tokens';
const SEES: Need = { sets: [{ organization_personal_access_tokens: 'read' }], publicRead: false, writes: false };
const DECIDES: Need = { sets: [{ organization_personal_access_tokens: 'write' }], publicRead: false, writes: true };

/** The most owners and token ids in a filter: GitHub's. */
const MAX_OWNERS = 10;
const MAX_TOKEN_IDS = 50;

const DIRECTION = {
  sort: optional(Type.Literal('created_at')),
  direction: optional(Type.Union([Type.Literal('asc'), Type.Literal('desc')])),
};
const Filters = Type.Object(
  {
    ...DIRECTION,
    owner: optional(Type.Array(Type.String({ maxLength: 100 }), { maxItems: MAX_OWNERS })),
    repository: optional(Type.String({ maxLength: 200 })),
    permission: optional(Type.String({ maxLength: 100 })),
    last_used_before: optional(Type.String({ maxLength: 40 })),
    last_used_after: optional(Type.String({ maxLength: 40 })),
    token_id: optional(Type.Array(Type.Integer(), { maxItems: MAX_TOKEN_IDS })),
  },
  closed,
);
const Ids = Type.Array(Type.Integer({ minimum: 1 }), { minItems: 1, maxItems: MAX_DECIDED_AT_ONCE });
const Action = Type.Union([Type.Literal('approve'), Type.Literal('deny')]);
const Reason = optional(Type.Union([Type.String({ maxLength: MAX_REASON_LENGTH }), Type.Null()]));
const Revoke = Type.Literal('revoke');

function filterInputOf(query: Static<typeof Filters>): OrganizationTokenFilterInput {
  return {
    owners: query.owner,
    repository: query.repository,
    permission: query.permission,
    tokenIds: query.token_id,
    usedBefore:
      query.last_used_before === undefined ? undefined : instantOf(query.last_used_before, 'last_used_before'),
    usedAfter: query.last_used_after === undefined ? undefined : instantOf(query.last_used_after, 'last_used_after'),
  };
}

function directed(page: PageRequest, direction: 'asc' | 'desc' | undefined): DirectedPage {
  const { beforeId: afterId, limit, skip } = pageById(page);
  return { afterId, limit, skip, ascending: direction === 'asc' };
}

async function repositories(
  { ctx, permit, apiUrl, params, page }: Call<undefined, undefined>,
  of: { grantId: number } | { requestId: number },
) {
  const { owner, repositories: found } = await repositoriesReached(
    ctx,
    permit,
    parameter(params, 'org'),
    of,
    pageById(page),
  );
  const views = await Promise.all(found.map((repository) => viewOf(ctx, { owner, repository, role: null })));
  return { ...ok(views.map((view) => listedRepository(apiUrl, view))), next: nextKey(found, page, ({ id }) => id) };
}

async function withSentences<Row extends SeenToken>(ctx: Context, organization: string, rows: readonly Row[]) {
  const told = await sentencesIn(ctx, organization, rows);
  return rows.map((row) => ({ ...row, summary: told.get(row.token.id) ?? null }));
}

type Decision = Call<{ readonly action: 'approve' | 'deny'; readonly reason?: string | null }, undefined>;

async function review({ ctx, permit, params, body }: Decision, requestIds: readonly number[]): Promise<void> {
  const { action, reason = null } = body;
  await reviewRequests(ctx, permit, { organization: parameter(params, 'org'), requestIds, action, reason });
}

const OF_REQUESTS: readonly Endpoint[] = [
  endpoint({
    method: 'GET',
    path: REQUESTS,
    operationId: 'orgs/list-pat-grant-requests',
    summary: 'The requests that wait for an owner.',
    paged: true,
    query: Filters,
    handle: async ({ ctx, permit, apiUrl, params, page, query }) => {
      const rows = await listOrganizationRequests(
        ctx,
        permit,
        parameter(params, 'org'),
        filterInputOf(query),
        directed(page, query.direction),
      );
      const told = await requestSentences(ctx, rows);
      const summaryOf = (id: number): string | null => {
        const words = told.get(id);
        return words === undefined ? null : [words.has, words.asks, words.approved].filter(Boolean).join(' ');
      };
      const shown = rows.map((row) => ({ ...row, summary: summaryOf(row.request.id) }));
      return {
        ...ok(shown.map((row) => seenRequest(apiUrl, parameter(params, 'org'), row, ctx.clock.now()))),
        next: nextKey(rows, page, ({ request }) => request.id),
      };
    },
  }),
  endpoint({
    method: 'POST',
    path: REQUESTS,
    operationId: 'orgs/review-pat-grant-requests-in-bulk',
    summary: 'Approves or denies several requests: all of them, or none.',
    success: 202,
    resource: 'PersonalAccessTokenRequest',
    body: Type.Object({ pat_request_ids: Ids, action: Action, reason: Reason }, closed),
    handle: async (call) => {
      await review(call, call.body.pat_request_ids);
      return { status: 202, body: {} };
    },
  }),
  endpoint({
    method: 'POST',
    path: `${REQUESTS}/{pat_request_id}`,
    operationId: 'orgs/review-pat-grant-request',
    summary: 'Approves or denies a request.',
    success: 204,
    resource: 'PersonalAccessTokenRequest',
    body: Type.Object({ action: Action, reason: Reason }, closed),
    handle: async (call) => {
      await review(call, [idIn(call.params['pat_request_id'])]);
      return nothing();
    },
  }),
  endpoint({
    method: 'GET',
    path: `${REQUESTS}/{pat_request_id}/repositories`,
    operationId: 'orgs/list-pat-grant-request-repositories',
    summary: 'The repositories that a request asks for.',
    paged: true,
    handle: (call) => repositories(call, { requestId: idIn(call.params['pat_request_id']) }),
  }),
];

const OF_TOKENS: readonly Endpoint[] = [
  endpoint({
    method: 'GET',
    path: TOKENS,
    operationId: 'orgs/list-pat-grants',
    summary: 'The fine-grained tokens that reach the organization.',
    paged: true,
    query: Filters,
    handle: async ({ ctx, permit, apiUrl, params, page, query }) => {
      const rows = await listOrganizationTokens(
        ctx,
        permit,
        parameter(params, 'org'),
        filterInputOf(query),
        directed(page, query.direction),
      );
      const shown = await withSentences(ctx, parameter(params, 'org'), rows);
      return {
        ...ok(shown.map((row) => seenGrant(apiUrl, parameter(params, 'org'), row, ctx.clock.now()))),
        next: nextKey(rows, page, ({ grant }) => grant.id),
      };
    },
  }),
  endpoint({
    method: 'POST',
    path: TOKENS,
    operationId: 'orgs/update-pat-accesses',
    summary:
      'Revokes what several tokens may do in the organization: all of them, or none. The tokens keep working ' +
      'elsewhere.',
    success: 202,
    resource: 'PersonalAccessToken',
    body: Type.Object({ action: Revoke, pat_ids: Ids }, closed),
    handle: async ({ ctx, permit, params, body }) => {
      await revokeAccess(ctx, permit, parameter(params, 'org'), body.pat_ids);
      return { status: 202, body: {} };
    },
  }),
  endpoint({
    method: 'POST',
    path: `${TOKENS}/{pat_id}`,
    operationId: 'orgs/update-pat-access',
    summary: 'Revokes what a token may do in the organization. The token keeps working elsewhere.',
    success: 204,
    resource: 'PersonalAccessToken',
    body: Type.Object({ action: Revoke }, closed),
    handle: async ({ ctx, permit, params }) => {
      await revokeAccess(ctx, permit, parameter(params, 'org'), [idIn(params['pat_id'])]);
      return nothing();
    },
  }),
  endpoint({
    method: 'GET',
    path: `${TOKENS}/{pat_id}/repositories`,
    operationId: 'orgs/list-pat-grant-repositories',
    summary: 'The repositories that a token reaches.',
    paged: true,
    handle: (call) => repositories(call, { grantId: idIn(call.params['pat_id']) }),
  }),
  endpoint({
    method: 'GET',
    path: '/orgs/{org}/member-tokens',
    operationId: 'orgs/list-member-tokens',
    summary: 'The classic and scoped tokens of members and outside collaborators, which reach what their owners reach.',
    paged: true,
    need: SEES,
    query: Type.Object(DIRECTION, closed),
    handle: async ({ ctx, permit, apiUrl, params, page, query }) => {
      const rows = await listMemberTokens(ctx, permit, parameter(params, 'org'), directed(page, query.direction));
      const shown = await withSentences(ctx, parameter(params, 'org'), rows);
      return {
        ...ok(shown.map((row) => seenMemberToken(apiUrl, row, ctx.clock.now()))),
        next: nextKey(rows, page, ({ token }) => token.id),
      };
    },
  }),
  endpoint({
    method: 'POST',
    path: '/orgs/{org}/member-tokens',
    operationId: 'orgs/update-member-tokens',
    summary:
      'Revokes or restores the access of classic and scoped tokens to the organization: all of them, or none. ' +
      'The tokens keep working elsewhere.',
    success: 202,
    need: DECIDES,
    resource: 'PersonalAccessToken',
    body: Type.Object({ action: Type.Union([Revoke, Type.Literal('restore')]), token_ids: Ids }, closed),
    handle: async ({ ctx, permit, params, body }) => {
      await changeMemberTokens(ctx, permit, parameter(params, 'org'), body.action, {
        tokenIds: body.token_ids,
      });
      return { status: 202, body: {} };
    },
  }),
];

export const ORGANIZATION_TOKEN_ENDPOINTS: readonly Endpoint[] = [...OF_REQUESTS, ...OF_TOKENS];
