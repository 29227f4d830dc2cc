/**
 * Personal access tokens over REST. Source: GitLab docs "Personal access tokens API", "User tokens API".
 *
 * In GitLab, only administrators can create tokens beyond `k8s_proxy` and `self_rotate`; here a token can create what
 * it has itself, and no more.
 */
import type { Permit } from '../../../actions/decision/authorize.ts';
import { actingToken } from '../../../actions/decision/token-access.ts';
import { scopesAskedFor } from '../../../actions/organizations/gitlab-tokens.ts';
import { endCurrentToken } from '../../../actions/tokens/derivation.ts';
import { latestEnd, rotateToSuccessor } from '../../../actions/tokens/families.ts';
import { readCurrentToken, readToken } from '../../../actions/tokens/own-tokens.ts';
import { searchTokens, TOKEN_ORDERS } from '../../../actions/tokens/search.ts';
import { type CreatedToken, createToken, revokeToken } from '../../../actions/tokens/tokens.ts';
import { Problem } from '../../../base/errors.ts';
import { parameter } from '../../../base/present.ts';
import type { UnixSeconds } from '../../../base/time.ts';
import type { Need } from '../../../catalogue/needs.ts';
import { refRuleDrafts } from '../../../rules/refs/ref-rule-text.ts';
import { type Call, type Endpoint, endpoint, NOTHING, ok, type Reply } from '../endpoint.ts';
import { presentNewToken, presentToken } from '../present/tokens.ts';
import { badRequest, notFound, notYours } from '../refuse.ts';
import { personIn } from './users.ts';

const TOKENS_OF_ALL_READ: Need = {
  sets: [{ instance_personal_access_tokens: 'read' }],
  publicRead: false,
  writes: false,
};
const TOKENS_OF_ALL_WRITE: Need = {
  sets: [{ instance_personal_access_tokens: 'write' }],
  publicRead: false,
  writes: true,
};

const EXPIRY = { expires_at: { type: 'date' } } as const;
const NEW_TOKEN = {
  name: { type: 'string', required: true },
  description: { type: 'string' },
  scopes: { type: 'strings', required: true },
  ref_rules: { type: 'strings' },
  ...EXPIRY,
} as const;
const SEARCH = {
  user_id: { type: 'integer' },
  state: { type: 'string', values: ['active', 'inactive'] },
  revoked: { type: 'boolean' },
  search: { type: 'string' },
  created_after: { type: 'datetime' },
  created_before: { type: 'datetime' },
  last_used_after: { type: 'datetime' },
  last_used_before: { type: 'datetime' },
  expires_after: { type: 'date' },
  expires_before: { type: 'date' },
  sort: { type: 'string', values: TOKEN_ORDERS },
} as const;

/**
 * The permit for everybody's tokens, if an administrator's credential has it; otherwise the one for the caller's own.
 */
function widest({ permit }: Call<unknown>, need: Need): Permit {
  return permit.on({ kind: 'instance' }, need) ?? permit;
}

/**
 * Runs work that names a token. A token that isn't the caller's is 401, for administrators 404; what can no longer be
 * done is 400.
 */
async function withToken(permit: Permit, work: () => Promise<Reply>): Promise<Reply> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    if (error.has('not_found')) throw permit.target.kind === 'instance' ? notFound('Token') : notYours();
    if (error.has('conflict')) throw badRequest(error.message, 'token_revoked');
    throw error;
  }
}

function idIn({ path }: Call<unknown>): number {
  const { id = '' } = path;
  if (!/^\d{1,15}$/.test(id)) throw notYours();
  return Number(id);
}

function ownId({ permit }: Call<unknown>): number {
  const token = actingToken(permit);
  if (token === null) throw new TypeError('this endpoint is for tokens');
  return token.id;
}

async function show(call: Call<unknown>, permit: Permit, id: number): Promise<Reply> {
  return withToken(permit, async () => {
    const token = await readToken(call.ctx, permit, id);
    return ok(presentToken(token, (await scopesAskedFor(call.ctx, [id])).get(id)));
  });
}

async function revoke(call: Call<unknown>, permit: Permit, id: number): Promise<Reply> {
  return withToken(permit, async () => {
    await revokeToken(call.ctx, permit, id);
    return NOTHING;
  });
}

async function rotate(
  call: Call<{ expires_at?: UnixSeconds | undefined }>,
  permit: Permit,
  id: number,
): Promise<Reply> {
  return withToken(permit, async () =>
    shown(200, await rotateToSuccessor(call.ctx, permit, id, { expiresAt: call.params.expires_at })),
  );
}

function shown(status: number, { token, secret }: CreatedToken): Reply {
  return { status, body: presentNewToken(token, secret), headers: { 'Cache-Control': 'no-store' } };
}

interface NewToken {
  readonly name: string;
  readonly description: string | undefined;
  readonly scopes: readonly string[];
  readonly expires_at: UnixSeconds | undefined;
  /** Lines: `agent/**: create`. */
  readonly ref_rules: readonly string[] | undefined;
}

async function make(call: Call<NewToken>, userLogin: string): Promise<Reply> {
  const { ctx, permit, params } = call;
  const end = params.expires_at ?? (await latestEnd(ctx, permit, userLogin));
  const life = end === null ? { expiresInDays: null } : { expiresAt: end };
  const draft = {
    userLogin,
    kind: 'scoped',
    name: params.name,
    description: params.description ?? '',
    scopes: params.scopes,
    grants: [],
    refRules: refRuleDrafts(params.ref_rules ?? []),
    ...life,
  } as const;
  return shown(201, await createToken(ctx, permit, draft));
}

export const TOKEN_ENDPOINTS: readonly Endpoint[] = [
  endpoint('GET', '/personal_access_tokens', {
    params: SEARCH,
    paged: true,
    handle: async (call) => {
      const { params: wanted, page, ctx } = call;
      const permit = widest(call, TOKENS_OF_ALL_READ);
      if (wanted.user_id !== undefined && wanted.user_id !== permit.actor.userId && permit.target.kind !== 'instance')
        throw notYours();
      const { tokens, total } = await searchTokens(
        ctx,
        permit,
        {
          userId: wanted.user_id,
          state: wanted.state,
          revoked: wanted.revoked,
          search: wanted.search,
          createdAfter: wanted.created_after,
          createdBefore: wanted.created_before,
          lastUsedAfter: wanted.last_used_after,
          lastUsedBefore: wanted.last_used_before,
          expiresAfter: wanted.expires_after,
          expiresBefore: wanted.expires_before,
        },
        wanted.sort ?? 'created_desc',
        { offset: page.offset, limit: page.perPage },
      );
      return { status: 200, body: tokens.map((token) => presentToken(token)), total };
    },
  }),
  endpoint('GET', '/personal_access_tokens/self', {
    handle: async (call) => {
      const token = await readCurrentToken(call.ctx, call.permit);
      return token.derived === null ? show(call, call.permit, token.id) : ok(presentToken(token));
    },
  }),
  endpoint('DELETE', '/personal_access_tokens/self', {
    handle: async ({ ctx, permit }) =>
      withToken(permit, async () => {
        await endCurrentToken(ctx, permit);
        return NOTHING;
      }),
  }),
  endpoint('POST', '/personal_access_tokens/self/rotate', {
    params: EXPIRY,
    handle: async (call) => rotate(call, call.permit, ownId(call)),
  }),
  endpoint('GET', '/personal_access_tokens/{id}', {
    handle: async (call) => show(call, widest(call, TOKENS_OF_ALL_READ), idIn(call)),
  }),
  endpoint('DELETE', '/personal_access_tokens/{id}', {
    handle: async (call) => revoke(call, widest(call, TOKENS_OF_ALL_WRITE), idIn(call)),
  }),
  endpoint('POST', '/personal_access_tokens/{id}/rotate', {
    params: EXPIRY,
    handle: async (call) => rotate(call, widest(call, TOKENS_OF_ALL_WRITE), idIn(call)),
  }),
  endpoint('POST', '/user/personal_access_tokens', {
    params: NEW_TOKEN,
    handle: (call) => make(call, call.permit.actor.login),
  }),
  endpoint('POST', '/users/{user_id}/personal_access_tokens', {
    params: NEW_TOKEN,
    handle: async (call) => make(call, (await personIn(call.ctx, parameter(call.path, 'user_id'))).login),
  }),
];
