/**
 * Derived tokens over REST, for which GitHub has no API: made by the token that asks, seen and ended under it.
 */
import { derivedInWords, deriveToken, endDerivedToken, listDerived } from '../../../actions/tokens/derivation.ts';
import { type Static, Type } from '../../../base/json-schema.ts';
import type { Need } from '../../../catalogue/needs.ts';
import { created, type Endpoint, endpoint, nothing, ok } from '../endpoint.ts';
import { nextKey, pageById } from '../paging.ts';
import { seenDerivedToken } from '../present/derived-tokens.ts';
import { closed, idIn, RefRules } from './own-token-bodies.ts';

const PATH = '/user/personal-access-tokens';
const optional = Type.Optional;
const READ: Need = { sets: [{ personal_access_tokens: 'read' }], publicRead: false, writes: false };
const WRITE: Need = { sets: [{ personal_access_tokens: 'write' }], publicRead: false, writes: true };
/** Whoever holds a token may narrow it. */
const ANY: Need = { sets: [], publicRead: false, writes: false, gitlabScopes: [] };

/** All that is left out stays as in the token that asks. */
const Derivation = Type.Object(
  {
    expires_in: optional(Type.Integer({ description: 'Seconds, 60 to 86400; 3600 when left out.' })),
    name: optional(Type.String({ maxLength: 300 })),
    permissions: optional(
      Type.Record(Type.String(), Type.String(), {
        description: 'Each permission with its level: at most these, everywhere.',
      }),
    ),
    repositories: optional(
      Type.Array(Type.String({ maxLength: 200 }), {
        maxItems: 1000,
        description: '`OWNER/NAME`: only these repositories, no account and no organization. At most 100.',
      }),
    ),
    scopes: optional(
      Type.Array(Type.String({ maxLength: 100 }), {
        maxItems: 200,
        description: 'Scopes, when derived from a classic or scoped token.',
      }),
    ),
    ref_rules: optional(RefRules),
    allowed_addresses: optional(Type.Array(Type.String({ maxLength: 60 }))),
    agent: optional(
      Type.String({
        maxLength: 300,
        description: 'Which program acts, such as `claude-code/2.1`. It cannot be changed later.',
      }),
    ),
    session: optional(
      Type.String({ maxLength: 300, description: 'In which session of that program. It cannot be changed later.' }),
    ),
  },
  closed,
);

const describe = { resource: 'PersonalAccessToken', target: { kind: 'self' } } as const;

function requestIn(body: Static<typeof Derivation>) {
  const { expires_in: expiresInSec, ref_rules: refRules, allowed_addresses: allowedAddresses, ...rest } = body;
  return { ...rest, expiresInSec, refRules, allowedAddresses };
}

export const DERIVED_TOKEN_ENDPOINTS: readonly Endpoint[] = [
  endpoint({
    ...describe,
    method: 'POST',
    path: `${PATH}/current/derive`,
    operationId: 'tokens/derive',
    summary:
      'Derives a token from the one that makes this request: never wider, for a day at most, and it ends when ' +
      'that one does. Only this answer shows its secret.',
    need: ANY,
    body: Derivation,
    handle: async ({ ctx, permit, apiUrl, body }) => {
      const { token, secret } = await deriveToken(ctx, permit, requestIn(body));
      const seen = await derivedInWords(ctx, token);
      const shown = { ...seenDerivedToken(apiUrl, seen, ctx.clock.now()), token: secret.reveal() };
      return created(shown, shown.url);
    },
  }),
  endpoint({
    ...describe,
    method: 'GET',
    path: `${PATH}/{token_id}/derived`,
    operationId: 'tokens/list-derived',
    summary: 'The tokens derived from one of yours that still work, newest first.',
    need: READ,
    paged: true,
    handle: async ({ ctx, permit, apiUrl, page, params }) => {
      const found = await listDerived(ctx, permit, idIn(params['token_id']), pageById(page));
      return {
        ...ok(found.map((each) => seenDerivedToken(apiUrl, each, ctx.clock.now()))),
        next: nextKey(found, page, ({ id }) => id),
      };
    },
  }),
  endpoint({
    ...describe,
    method: 'DELETE',
    path: `${PATH}/{token_id}/derived/{derived_id}`,
    operationId: 'tokens/end-derived',
    summary: 'Revokes a derived token, and all tokens derived from it, at once and everywhere.',
    need: WRITE,
    handle: async ({ ctx, permit, params }) => {
      await endDerivedToken(ctx, permit, idIn(params['token_id']), idIn(params['derived_id']));
      return nothing();
    },
  }),
];
