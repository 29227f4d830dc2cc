/**
 * What has to be done again after a database was put back, by the entries of the audit log that it lost.
 *
 * Rights that were taken away must not come back, so what is in doubt is ended: a token whose secret was replaced, or
 * that was changed, is revoked, since what is back is the one from before. An administrator may bring back one that was
 * only changed. What can't be done from an entry alone is told to the operator.
 */
import type { AuditAction } from './audit-events.ts';

/** An entry as in an export of the log. */
export interface LostEntry {
  readonly id: number;
  readonly action: string;
  readonly userId: number | null;
  /** The token it is about. */
  readonly tokenId: number | null;
  /** The token that it replaced. */
  readonly previousTokenId: number | null;
}

export interface LostTime {
  /** Tokens to revoke. */
  readonly tokenIds: ReadonlySet<number>;
  /** Those of them that somebody changed, but did not end: as they are now, they may be able to do too much. */
  readonly doubtedIds: ReadonlySet<number>;
  /** People to suspend. */
  readonly suspendedIds: ReadonlySet<number>;
  /** People to lock until they choose a new password. */
  readonly lockedIds: ReadonlySet<number>;
  /** Event → count, for what took something away and must be repeated by hand. */
  readonly byHand: ReadonlyMap<string, number>;
}

type Effect = 'end-token' | 'doubt-token' | 'suspend' | 'unsuspend' | 'lock' | 'tell';

/** Events that aren't here gave something, or only record a use: losing them brings nothing back to life. */
const EFFECTS: { readonly [A in AuditAction]?: Effect } = {
  'business.enable_two_factor_requirement': 'tell',
  'external_group.delete': 'tell',
  'external_group.remove_rule': 'tell',
  'external_group.update': 'tell',
  // Its directory tells this server again only when something changes there.
  'external_identity.deprovision': 'suspend',
  'external_identity.release': 'suspend',
  'external_identity.unlink': 'lock',
  'hook.destroy': 'tell',
  'ip_allow_list.enable': 'tell',
  'machine_account.delete': 'tell',
  'oauth_access.destroy': 'end-token',
  'oauth_access.regenerate': 'end-token',
  'oauth_access.revoke': 'end-token',
  'oauth_access.update': 'doubt-token',
  'oauth_application.destroy': 'tell',
  'oauth_application.generate_client_secret': 'tell',
  'oauth_application.update': 'tell',
  'org.delete': 'tell',
  'org.enable_saml': 'tell',
  'org.enable_two_factor_requirement': 'tell',
  'org.recovery_code_used': 'tell',
  'org.recovery_codes_generated': 'tell',
  'org.remove_member': 'tell',
  'org.update_default_repository_permission': 'tell',
  'org.update_member': 'tell',
  'org.update_saml_provider_settings': 'tell',
  'org_credential_authorization.deauthorize': 'end-token',
  'org_credential_authorization.revoke': 'end-token',
  'passkey.remove': 'lock',
  'personal_access_token.access_restriction_enabled': 'tell',
  'personal_access_token.access_revoked': 'end-token',
  'personal_access_token.auto_approve_grant_requests_disabled': 'tell',
  'personal_access_token.credential_regenerated': 'end-token',
  'personal_access_token.credential_revoked': 'end-token',
  'personal_access_token.destroy': 'end-token',
  'personal_access_token.expiration_limit_set': 'tell',
  'personal_access_token.request_denied': 'end-token',
  'personal_access_token.update': 'doubt-token',
  'protected_branch.create': 'tell',
  'protected_branch.update': 'tell',
  'public_key.delete': 'tell',
  'ssh_key.delete': 'tell',
  'repo.access': 'tell',
  'repo.archived': 'tell',
  'repo.destroy': 'tell',
  // It would push or fetch again, with the credential of before.
  'repo.mirror_remove': 'tell',
  'repo.remove_member': 'tell',
  'repo.transfer': 'tell',
  'repository_ruleset.create': 'tell',
  'repository_ruleset.update': 'tell',
  'resource_server.destroy': 'tell',
  // The token of before opens its door again: somebody has to make another.
  'scim_client.remove': 'tell',
  'scim_client.rotate': 'tell',
  'team.change_parent_team': 'tell',
  'team.demote_maintainer': 'tell',
  'team.destroy': 'tell',
  'team.remove_member': 'tell',
  'team.remove_repository': 'tell',
  'team.update_repository_permission': 'tell',
  'two_factor_authentication.enabled': 'tell',
  'two_factor_authentication.recovery_code_used': 'lock',
  'two_factor_authentication.recovery_codes_regenerated': 'lock',
  'user.change_password': 'lock',
  'user.change_primary_email': 'lock',
  // It is back with its tokens: nothing of it works until somebody deletes it again.
  'user.delete': 'suspend',
  'user.lock': 'lock',
  'user.remove_email': 'lock',
  'user.suspend': 'suspend',
  'user.unsuspend': 'unsuspend',
  'workload_identity.edit_issuer': 'tell',
  'workload_identity.edit_rule': 'doubt-token',
  'workload_identity.remove_issuer': 'tell',
  'workload_identity.remove_rule': 'end-token',
};

/** What these entries, oldest first, require. */
export function lostTime(entries: Iterable<LostEntry>): LostTime {
  const endedIds = new Set<number>();
  const changedIds = new Set<number>();
  const suspendedIds = new Set<number>();
  const lockedIds = new Set<number>();
  const byHand = new Map<string, number>();
  for (const { action, userId, tokenId, previousTokenId } of entries) {
    const effect = (EFFECTS as Readonly<Record<string, Effect>>)[action];
    if (effect === 'end-token') for (const id of [tokenId, previousTokenId]) if (id !== null) endedIds.add(id);
    if (effect === 'doubt-token' && tokenId !== null) changedIds.add(tokenId);
    if (effect === 'tell') byHand.set(action, (byHand.get(action) ?? 0) + 1);
    if (userId === null) continue;
    if (effect === 'suspend') suspendedIds.add(userId);
    if (effect === 'unsuspend') suspendedIds.delete(userId);
    if (effect === 'lock') lockedIds.add(userId);
  }
  const [tokenIds, doubtedIds] = [endedIds.union(changedIds), changedIds.difference(endedIds)];
  return { tokenIds, doubtedIds, suspendedIds, lockedIds, byHand };
}
