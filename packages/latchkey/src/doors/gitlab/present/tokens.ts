/** Tokens as GitLab shows them. */

import type { TokenSummary } from '../../../actions/tokens/tokens.ts';
import type { Secret } from '../../../base/secret.ts';
import type { UnixSeconds } from '../../../base/time.ts';
import { date, instant } from './dates.ts';

/**
 * Without its secret. A fine-grained one has GitLab's pseudo-scope `granular` and says so; a classic one shows GitHub's
 * scopes.
 * @param at now, for `active`
 */
export function presentToken(token: TokenSummary, at: UnixSeconds): Record<string, unknown> {
  const granular = token.kind === 'fine-grained';
  return {
    id: token.id,
    name: token.name,
    revoked: token.revokedAt !== null,
    created_at: instant(token.createdAt),
    description: token.description,
    scopes: granular ? ['granular'] : token.scopes,
    user_id: token.userId,
    last_used_at: instant(token.lastUse?.usedAt ?? null),
    active: token.revokedAt === null && (token.expiresAt === null || token.expiresAt > at),
    granular,
    expires_at: date(token.expiresAt),
    last_used_ips: token.lastUse?.addresses ?? [],
  };
}

/** With the secret, which is shown this once. */
export function presentNewToken(token: TokenSummary, secret: Secret, at: UnixSeconds): Record<string, unknown> {
  return { ...presentToken(token, at), token: secret.reveal() };
}
