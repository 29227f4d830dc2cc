/** Credentials: leaked ones, which anyone who finds them can have revoked; and those that single sign-on let in. */
import {
  listAuthorizations,
  revokeAuthorization,
  type SeenAuthorization,
} from '../../../actions/organizations/credential-authorizations.ts';
import { MAX_REPORTED, revokeLeaked } from '../../../actions/tokens/leaks.ts';
import { Type } from '../../../base/json-schema.ts';
import { parameter } from '../../../base/present.ts';
import { isoInstant } from '../../../base/time.ts';
import type { Need } from '../../../catalogue/needs.ts';
import { type Endpoint, endpoint, nothing, ok } from '../endpoint.ts';
import { nextKey, pageById } from '../paging.ts';
import { idIn } from './own-token-bodies.ts';
import { sayNo } from './place.ts';

const Body = Type.Object(
  { credentials: Type.Array(Type.String({ maxLength: 300 }), { minItems: 1, maxItems: MAX_REPORTED }) },
  { additionalProperties: false },
);

const PATH = '/orgs/{org}/credential-authorizations';
const need = (level: 'read' | 'write'): Need => ({
  sets: [{ organization_administration: level }],
  publicRead: false,
  writes: level === 'write',
});

const instant = (at: number | null): string | null => (at === null ? null : isoInstant(at));

function shown({ token, owner, authorizedAt, lastUsedAt }: SeenAuthorization) {
  return {
    login: owner,
    credential_id: token.id,
    credential_type: 'personal access token',
    token_last_eight: token.lastEight,
    credential_authorized_at: isoInstant(authorizedAt),
    credential_accessed_at: instant(lastUsedAt),
    authorized_credential_id: token.id,
    authorized_credential_title: null,
    authorized_credential_note: token.name,
    authorized_credential_expires_at: instant(token.expiresAt),
    scopes: token.scopes,
  };
}

export const CREDENTIAL_ENDPOINTS: readonly Endpoint[] = [
  endpoint({
    method: 'POST',
    path: '/credentials/revoke',
    operationId: 'credentials/revoke',
    resource: null,
    success: 202,
    body: Body,
    summary:
      'Revokes leaked tokens. Anyone may call it, without a credential; the answer says nothing about the tokens.',
    need: { sets: [], publicRead: true, writes: false },
    target: { kind: 'none' },
    handle: async ({ ctx, permit, body }) => {
      // GitHub accepts it from anonymous callers only, so that no account is tied to a find.
      if (permit.actor.userId !== null) throw sayNo(403, 'This endpoint is called without a credential.');
      await revokeLeaked(ctx, permit, body.credentials);
      return { status: 202, body: {} };
    },
  }),
  endpoint({
    method: 'GET',
    path: PATH,
    operationId: 'orgs/list-saml-sso-authorizations',
    summary: 'The tokens that members authorized for the organization’s single sign-on.',
    need: need('read'),
    paged: true,
    query: Type.Object({ login: Type.Optional(Type.String({ maxLength: 100 })) }, { additionalProperties: false }),
    handle: async ({ ctx, permit, params, query, page }) => {
      const seen = await listAuthorizations(ctx, permit, parameter(params, 'org'), query.login ?? null, pageById(page));
      return { ...ok(seen.map(shown)), next: nextKey(seen, page, ({ token }) => token.id) };
    },
  }),
  endpoint({
    method: 'DELETE',
    path: `${PATH}/{credential_id}`,
    operationId: 'orgs/remove-saml-sso-authorization',
    summary: 'Revokes the authorization of a token, for good. The token keeps working elsewhere.',
    need: need('write'),
    success: 204,
    handle: async ({ ctx, permit, params }) => {
      await revokeAuthorization(ctx, permit, parameter(params, 'org'), idIn(params['credential_id']));
      return nothing();
    },
  }),
];
