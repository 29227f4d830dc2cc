/**
 * A logout token: a provider's word that somebody signed out there (OpenID Connect Back-Channel Logout 1.0
 * section 2.6).
 *
 * Invariant: only what the provider signed, for this server, a moment ago; and nothing that is an ID token.
 */
import type { JWTVerifyGetKey } from 'jose';
import { MINUTE_SEC } from '../../base/time.ts';
import { SIGNATURE_ALGORITHMS } from '../../catalogue/signature-algorithms.ts';
import type { EndedThere } from '../../store/provider-sessions.ts';
import { ProviderFailure } from './provider-failures.ts';

/** How far the clocks may differ. */
export const MAX_SKEW_SEC = MINUTE_SEC;
/** How old a logout token may be. */
const MAX_LOGOUT_AGE_SEC = 2 * MINUTE_SEC;
const LOGOUT_EVENT = 'http://schemas.openid.net/event/backchannel-logout';

type Claims = Readonly<Record<string, unknown>>;

/** Which sessions it ends. @throws ProviderFailure */
export async function proveLogout(
  text: string,
  keys: JWTVerifyGetKey,
  expected: { readonly issuer: string; readonly audience: string },
): Promise<EndedThere & { readonly jti: string }> {
  const { jwtVerify } = await import('jose');
  try {
    const { payload, protectedHeader } = await jwtVerify(text, keys, {
      ...expected,
      algorithms: [...SIGNATURE_ALGORITHMS],
      clockTolerance: MAX_SKEW_SEC,
      maxTokenAge: MAX_LOGOUT_AGE_SEC,
      requiredClaims: ['iat', 'jti', 'events'],
    });
    return endedIn(payload, protectedHeader.typ);
  } catch (error) {
    if (error instanceof ProviderFailure) throw error;
    const { code = '' } = error as { readonly code?: string };
    throw code === 'ERR_JWKS_TIMEOUT' || !code.startsWith('ERR_J')
      ? new ProviderFailure('provider_down', code || null)
      : new ProviderFailure('not_proved', code);
  }
}

/** Signed and for us: but is it a logout, or an ID token that somebody sends as one? */
function endedIn(claims: Claims, type: string | undefined): EndedThere & { readonly jti: string } {
  const { iss, sub, jti, events, nonce } = claims;
  const isLogout =
    /^(?:logout\+)?jwt$/i.test(type ?? 'jwt') &&
    nonce === undefined &&
    typeof events === 'object' &&
    events !== null &&
    Object.hasOwn(events, LOGOUT_EVENT);
  const ended = { issuer: String(iss), subject: isSubject(sub) ? sub : null, sid: sidIn(claims), jti: String(jti) };
  if (!isLogout || (ended.subject === null && (sub !== undefined || ended.sid === null)))
    throw new ProviderFailure('not_proved', 'no logout token');
  return ended;
}

/** OpenID Connect Core section 2: at most 255 ASCII characters, case sensitive, never trimmed. */
export function isSubject(subject: unknown): subject is string {
  return typeof subject === 'string' && /^[\x20-\x7e]{1,255}$/.test(subject);
}

/** The provider's own name for a session; null when it says none. */
export function sidIn({ sid }: Claims): string | null {
  return typeof sid === 'string' && sid !== '' && sid.length <= 255 ? sid : null;
}
