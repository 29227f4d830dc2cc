/**
 * OAuth 2.0 token introspection (RFC 7662): a form with `token` in, what is known about it out; `{"active": false}`
 * and nothing more for anything not alive.
 */
import { introspect } from '../../actions/questions/introspection.ts';
import { Secret } from '../../base/secret.ts';
import type { Derivation } from '../../rules/model.ts';
import { OAuthError, type ResourceServerCall, serverAsking } from './call.ts';

const INACTIVE = { active: false };

/**
 * In addition to RFC 7662 it takes `client_address`, the address where the token is used. Without it, a token with a
 * list of addresses is not active.
 */
export async function answerIntrospection(call: ResourceServerCall): Promise<unknown> {
  const server = await serverAsking(call);
  const { ctx, body } = call;
  const tokens = body instanceof URLSearchParams ? body.getAll('token') : [];
  const [text, ...others] = tokens;
  if (text === undefined || others.length > 0)
    throw new OAuthError(400, 'invalid_request', 'Send a form with one field named token.');
  const address = body instanceof URLSearchParams ? (body.get('client_address') ?? '') : '';
  const found = await introspect(ctx, new Secret(text.trim()), address);
  if (found === null) return INACTIVE;
  const { token, user } = found;
  return {
    active: true,
    scope: found.scope,
    // No client requested the token: its owner made it, so it is its own client.
    client_id: `token:${token.id}`,
    username: user.login,
    token_type: 'Bearer',
    ...(token.expiresAt === null ? {} : { exp: token.expiresAt }),
    iat: token.derived?.issuedAt ?? token.issuedAt,
    ...(token.notBeforeAt === null ? {} : { nbf: token.notBeforeAt }),
    sub: String(user.id),
    aud: server.name,
    iss: ctx.settings.publicUrl,
    jti: token.derived === null ? String(token.id) : `derived:${token.derived.id}`,
    ...(token.derived === null ? {} : { act: actOf(token.derived, user.id) }),
    token_kind: token.kind,
    permissions: found.grants,
    ...(token.refRules === null ? {} : { ref_rules: token.refRules }),
    max_age: found.maxAgeSec,
  };
}

/** Who acts for the token's owner (RFC 8693 section 4.1): the agent, as whoever derived the token told. */
function actOf({ agent, session, root }: Derivation, userId: number): Record<string, unknown> {
  return { sub: agent ?? String(userId), ...(session === null ? {} : { session }), derived_from: root.name };
}
