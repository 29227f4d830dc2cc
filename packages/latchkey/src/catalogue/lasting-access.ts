/**
 * Permissions whose changes stay when the token that made them is gone: a token, a key, a webhook, a member, a setting.
 *
 * Derived tokens change nothing of these (decisions 0386, 0490). Never: a permission for what a repository holds.
 */
import {
  atLeast,
  type Level,
  type PermissionName,
  type PermissionSet,
  permissionNamed,
  wholeOf,
} from './permissions.ts';

const LASTING: ReadonlySet<string> = new Set<PermissionName>([
  'personal_access_tokens',
  'organization_personal_access_tokens',
  'organization_personal_access_token_requests',
  // collaborators, deploy keys, visibility, transfers, protection of branches, runners
  'administration',
  'repository_hooks',
  'organization_administration',
  'organization_hooks',
  'organization_custom_org_roles',
  'organization_custom_roles',
  'organization_self_hosted_runners',
  'members',
  'emails',
  'keys',
  'gpg_keys',
  'git_signing_ssh_public_keys',
]);

/** True when one of the permissions is demanded for a change that outlasts the token; so are all of the instance's. */
export function changesLastingAccess(set: PermissionSet): boolean {
  return (Object.entries(set) as [PermissionName, Level][]).some(([name, level]) => {
    const whole = wholeOf(name);
    return atLeast(level, 'write') && (LASTING.has(whole) || permissionNamed(whole)?.group === 'instance');
  });
}
