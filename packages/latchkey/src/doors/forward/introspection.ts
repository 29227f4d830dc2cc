/**
 * OAuth 2.0 token introspection (RFC 7662): a form with `token` in, what is known about it out; `{"active": false}`
 * and nothing more for anything not alive. Only what is no token by its form is told as what it is.
 */
import { introspect } from '../../actions/questions/introspection.ts';
import { Secret } from '../../base/secret.ts';
import { UNREADABLE } from '../../catalogue/refusals/credential.ts';
import type { Reason } from '../../catalogue/refusals/refusals.ts';
import type { Derivation } from '../../rules/model.ts';
import { misspellingOf } from '../../rules/token-spelling.ts';
import { OAuthError, type ResourceServerCall, resourceAsked, serverAsking } from './call.ts';

const INACTIVE = { active: false };

/**
 * In addition to RFC 7662 it takes `client_address`, the address where the token is used, and `resource`, what the
 * server is as a protected resource. Without them, a token with a list of addresses, or for one service, is not active.
 */
export async function answerIntrospection(call: ResourceServerCall): Promise<unknown> {
  const server = await serverAsking(call);
  const { ctx, body } = call;
  const tokens = body instanceof URLSearchParams ? body.getAll('token') : [];
  const [text, ...others] = tokens;
  if (text === undefined || others.length > 0)
    throw new OAuthError(400, 'invalid_request', 'Send a form with one field named token.');
  const form = body instanceof URLSearchParams ? body : new URLSearchParams();
  const address = form.get('client_address') ?? '';
  const resource = resourceAsked(ctx, form.getAll('resource'));
  const found = await introspect(ctx, new Secret(text.trim()), address, resource);
  if (found === null) return { ...INACTIVE, ...unreadable(text.trim()) };
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
    aud: (token.derived?.resource ?? null) === null ? server.name : resource || ctx.settings.publicUrl,
    iss: ctx.settings.publicUrl,
    jti: token.derived === null ? String(token.id) : `derived:${token.derived.id}`,
    ...(token.derived === null ? {} : { act: actOf(token.derived, user.id) }),
    token_kind: token.kind,
    permissions: found.grants,
    ...(token.refRules === null ? {} : { ref_rules: token.refRules }),
    max_age: found.maxAgeSec,
  };
}

/**
 * A text that can't be a token as it stands, though one may be in it, or was meant to be: its form says so, and nothing
 * about any token is given away. For the log of the server that asks.
 */
function unreadable(text: string): { reason: Reason; message: string } | Record<string, never> {
  const found = misspellingOf(text);
  if (found === null) return {};
  return {
    reason: found.kind === 'wrapped' ? 'token_wrapped' : 'placeholder_sent',
    message: UNREADABLE[found.kind](found.how),
  };
}

/** Who acts for the token's owner (RFC 8693 section 4.1): the agent, as whoever derived the token told. */
function actOf({ agent, session, root }: Derivation, userId: number): Record<string, unknown> {
  return { sub: agent ?? String(userId), ...(session === null ? {} : { session }), derived_from: root.name };
}
