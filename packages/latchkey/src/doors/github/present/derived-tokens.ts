/** Derived tokens as REST shows them. */
import type { SeenDerived } from '../../../actions/tokens/derivation.ts';
import { isoInstant, type UnixSeconds } from '../../../base/time.ts';

/** Without its secret. Null where nothing was left out. */
export function derivedToken(apiUrl: string, derived: SeenDerived, at: UnixSeconds) {
  const { id, root, narrowing } = derived;
  return {
    id,
    url: `${apiUrl}/user/personal-access-tokens/${root.id}/derived/${id}`,
    kind: 'derived',
    name: derived.name,
    token_last_eight: derived.lastEight,
    parent: root,
    derived_from: derived.parentId,
    agent: derived.agent,
    session: derived.session,
    permissions: narrowing.permissions,
    repositories: derived.repositoryNames,
    scopes: narrowing.scopes,
    ref_rules: narrowing.refRules,
    allowed_addresses: narrowing.allowedAddresses,
    created_at: isoInstant(derived.createdAt),
    expires_at: isoInstant(derived.expiresAt),
    expires_in_seconds: Math.max(0, derived.expiresAt - at),
  };
}

/** One that is looked at. */
export function seenDerivedToken(apiUrl: string, derived: SeenDerived, at: UnixSeconds) {
  return { ...derivedToken(apiUrl, derived, at), summary: derived.sentence };
}
