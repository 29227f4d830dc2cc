/** Tokens as GitLab shows them. */

import type { TokenView } from '../../../actions/tokens/views.ts';
import type { Secret } from '../../../base/secret.ts';
import { isOver } from '../../../rules/token-state.ts';
import { date, instant } from './dates.ts';

/**
 * Without its secret. A fine-grained one has GitLab's pseudo-scope `granular` and says so; a classic one shows GitHub's
 * scopes. `active` in GitLab's sense: not over for good, whatever else may block it today.
 */
export function presentToken(token: TokenView): Record<string, unknown> {
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
    active: !isOver(token.state),
    granular,
    expires_at: date(token.expiresAt),
    ref_rules: token.refRules,
    last_used_ips: token.lastUse?.addresses ?? [],
  };
}

/** With the secret, which is shown only this once. */
export function presentNewToken(token: TokenView, secret: Secret): Record<string, unknown> {
  return { ...presentToken(token), token: secret.reveal() };
}
