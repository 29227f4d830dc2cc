/**
 * Organizations and memberships in GitHub's words.
 *
 * Source: GitHub's OpenAPI description, schemas `organization-simple`, `organization-full`, `org-membership`.
 */
import type { Account } from '../../../actions/accounts/accounts.ts';
import type { OrganizationView } from '../../../actions/organizations/organizations.ts';
import { isoInstant } from '../../../base/time.ts';
import type { OrganizationRole } from '../../../rules/model.ts';
import { htmlUrl, nodeId, simpleUser } from './accounts.ts';

/** An organization as part of something else. */
export function simpleOrganization(apiUrl: string, account: Account) {
  const url = `${apiUrl}/orgs/${account.login}`;
  return {
    login: account.login,
    id: account.id,
    node_id: nodeId('Organization', account.id),
    url,
    repos_url: `${url}/repos`,
    events_url: `${url}/events`,
    hooks_url: `${url}/hooks`,
    issues_url: `${url}/issues`,
    members_url: `${url}/members{/member}`,
    public_members_url: `${url}/public_members{/member}`,
    avatar_url: `${htmlUrl(apiUrl)}/avatars/${account.id}`,
    description: textOf(account, 'description'),
  };
}

function textOf(account: Account, field: string): string | null {
  const value = account.profile[field];
  return typeof value === 'string' && value !== '' ? value : null;
}

/** An organization's profile; owners also see the owners' part. */
export function fullOrganization(
  apiUrl: string,
  { account, counts, basePermission, demandsTwoFactor, seesPrivate }: OrganizationView,
) {
  const said = Object.fromEntries(
    ['company', 'blog', 'location', 'email'].flatMap((field) => {
      const value = textOf(account, field);
      return value === null ? [] : [[field, value]];
    }),
  );
  return {
    ...simpleOrganization(apiUrl, account),
    ...said,
    name: account.name === '' ? account.login : account.name,
    twitter_username: textOf(account, 'twitter_username'),
    is_verified: false,
    has_organization_projects: false,
    has_repository_projects: false,
    public_repos: counts.publicRepositories,
    public_gists: 0,
    followers: 0,
    following: 0,
    html_url: `${htmlUrl(apiUrl)}/${account.login}`,
    type: 'Organization',
    created_at: isoInstant(account.createdAt),
    updated_at: isoInstant(account.createdAt),
    archived_at: null,
    ...(seesPrivate
      ? {
          total_private_repos: counts.privateRepositories,
          owned_private_repos: counts.privateRepositories,
          billing_email: textOf(account, 'billing_email'),
          default_repository_permission: basePermission,
          default_repository_branch: textOf(account, 'default_repository_branch'),
          members_can_create_repositories: false,
          members_can_create_public_repositories: false,
          members_can_create_private_repositories: false,
          members_can_create_internal_repositories: false,
          members_allowed_repository_creation_type: 'none',
          two_factor_requirement_enabled: demandsTwoFactor,
          members_can_fork_private_repositories: false,
          deploy_keys_enabled_for_repositories: true,
        }
      : {}),
  };
}

/** Somebody's place in an organization. It is always active: there are no invitations. */
export function membershipBody(apiUrl: string, organization: Account, user: Account, role: OrganizationRole) {
  const url = `${apiUrl}/orgs/${organization.login}`;
  return {
    url: `${url}/memberships/${user.login}`,
    state: 'active',
    role: role === 'owner' ? 'admin' : 'member',
    organization_url: url,
    direct_membership: true,
    organization: simpleOrganization(apiUrl, organization),
    user: simpleUser(apiUrl, user),
    permissions: { can_create_repository: role === 'owner' },
  };
}
