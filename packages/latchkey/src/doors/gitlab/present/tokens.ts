/** Tokens as GitLab shows them. */

import type { TokenView } from '../../../actions/tokens/views.ts';
import type { Secret } from '../../../base/secret.ts';
import { isOver } from '../../../rules/token-state.ts';
import { date, instant } from './dates.ts';

/**
 * Without its secret. A fine-grained one has GitLab's pseudo-scope `granular` and says so; a classic one shows GitHub's
 * scopes; a machine's, those it was asked for with. `active` in GitLab's sense: not over for good, whatever else may
 * block it today.
 */
export function presentToken(token: TokenView, asked?: readonly string[]): Record<string, unknown> {
  const granular = token.kind === 'fine-grained' && asked === undefined;
  return {
    id: token.id,
    name: token.name,
    revoked: token.revokedAt !== null,
    created_at: instant(token.createdAt),
    description: token.description,
    scopes: granular ? ['granular'] : (asked ?? token.scopes),
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
export function presentNewToken(token: TokenView, secret: Secret, asked?: readonly string[]): Record<string, unknown> {
  return { ...presentToken(token, asked), token: secret.reveal() };
}
