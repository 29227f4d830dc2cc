/**
 * Who can take the cause of a refusal away.
 *
 * `self`: the owner of the token, on its page or in their own settings. `adds`: they, too, by adding to what the token
 * was granted, which an organization may have to approve for a fine-grained one. `owner`: whoever owns the resource, an
 * organization's owners or a person. `repository`: somebody with the administrator's role on the repository. `policy`:
 * whoever set the policy, the organization or the instance. `instance`: an administrator of the server. `nobody`: time,
 * or another token.
 * Invariant: a missing reason doesn't compile.
 */
import type { Reason } from './refusals.ts';

export type Mender = 'self' | 'adds' | 'owner' | 'repository' | 'policy' | 'instance' | 'nobody';

export const MENDERS = {
  credentials_missing: 'self',
  credentials_malformed: 'self',
  username_missing: 'self',
  password_empty: 'self',
  token_wrapped: 'self',
  placeholder_sent: 'self',
  password_not_accepted: 'self',
  password_with_two_factor: 'self',
  token_mistyped: 'self',
  token_unknown: 'self',
  token_of_other_product: 'self',
  key_pasted: 'self',
  token_expired: 'self',
  token_revoked: 'nobody',
  token_replaced: 'nobody',
  token_used_up: 'self',
  token_not_yet_valid: 'self',
  owner_suspended: 'instance',
  owner_disabled_by_provider: 'instance',
  account_locked: 'self',
  address_not_allowed: 'self',
  organization_address_not_allowed: 'owner',
  too_many_attempts: 'nobody',
  rate_limited: 'nobody',
  classic_forbidden: 'policy',
  fine_grained_forbidden: 'policy',
  scoped_forbidden: 'policy',
  lifetime_over_policy: 'self',
  key_forbidden: 'self',
  sso_not_authorized: 'self',
  sso_not_proved: 'self',
  two_factor_required: 'self',
  grant_pending: 'owner',
  grant_denied: 'owner',
  grant_revoked: 'owner',
  not_found: 'repository',
  public_only: 'self',
  resource_owner_mismatch: 'adds',
  repository_not_selected: 'adds',
  permission_missing: 'adds',
  scope_missing: 'self',
  token_derived: 'nobody',
  token_for_other_resource: 'nobody',
  workflow_permission_missing: 'adds',
  ref_not_allowed: 'self',
  ref_needs_approval: 'self',
  ref_protected: 'repository',
  token_in_content: 'self',
  push_too_large: 'instance',
  file_too_large: 'instance',
  repository_full: 'instance',
  too_many_refs: 'instance',
  key_reads_only: 'repository',
  role_insufficient: 'repository',
  repository_archived: 'repository',
} as const satisfies Record<Reason, Mender>;
