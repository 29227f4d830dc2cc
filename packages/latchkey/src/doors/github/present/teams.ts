/**
 * Teams in GitHub's words.
 *
 * Source: GitHub's OpenAPI description, schemas `team`, `team-simple`, `team-full`, `team-membership`,
 * `team-repository`. Teams notify nobody here, and have no pictures.
 */
import type { Account } from '../../../actions/accounts/accounts.ts';
import type { Team } from '../../../actions/organizations/teams/teams.ts';
import { isoInstant } from '../../../base/time.ts';
import type { RepositoryRole } from '../../../catalogue/roles.ts';
import type { TeamRole } from '../../../rules/model.ts';
import { htmlUrl, nodeId } from './accounts.ts';
import { simpleOrganization } from './organizations.ts';
import { roleFlags } from './repositories.ts';

/** GitHub's word for each role of a team or a person. */
const PERMISSIONS: Readonly<Record<RepositoryRole, string>> = {
  read: 'pull',
  triage: 'triage',
  write: 'push',
  maintain: 'maintain',
  admin: 'admin',
};

function teamUrl(apiUrl: string, organization: string, team: Team): string {
  return `${apiUrl}/orgs/${organization}/teams/${team.slug}`;
}

function simpleTeam(apiUrl: string, organization: string, team: Team) {
  const url = teamUrl(apiUrl, organization, team);
  return {
    id: team.id,
    node_id: nodeId('Team', team.id),
    url,
    html_url: `${htmlUrl(apiUrl)}/organizations/${organization}/settings/teams/${team.slug}`,
    name: team.name,
    slug: team.slug,
    description: team.description === '' ? null : team.description,
    privacy: team.isSecret ? 'secret' : 'closed',
    notification_setting: 'notifications_disabled',
    // GitHub's default for repositories that are added without a word; deprecated there.
    permission: 'pull',
    members_url: `${url}/members{/member}`,
    repositories_url: `${url}/repos`,
    type: 'organization',
    organization_id: team.organizationId,
  };
}

/** A team in a list. @param role of the team in the repository that the list is about */
export function listedTeam(
  apiUrl: string,
  organization: string,
  { team, parent, role }: { team: Team; parent: Team | null; role?: RepositoryRole },
) {
  return {
    ...simpleTeam(apiUrl, organization, team),
    parent: parent === null ? null : simpleTeam(apiUrl, organization, parent),
    ...(role === undefined ? {} : { permission: PERMISSIONS[role], permissions: roleFlags(role) }),
  };
}

/** A single team. */
export function fullTeam(
  apiUrl: string,
  organization: Account,
  { team, parent, counts }: { team: Team; parent: Team | null; counts: { members: number; repositories: number } },
) {
  return {
    ...listedTeam(apiUrl, organization.login, { team, parent }),
    members_count: counts.members,
    repos_count: counts.repositories,
    created_at: isoInstant(team.createdAt),
    updated_at: isoInstant(team.updatedAt),
    organization: {
      ...simpleOrganization(apiUrl, organization),
      name: organization.name === '' ? organization.login : organization.name,
      has_organization_projects: false,
      has_repository_projects: false,
      public_repos: 0,
      public_gists: 0,
      followers: 0,
      following: 0,
      html_url: `${htmlUrl(apiUrl)}/${organization.login}`,
      type: 'Organization',
      created_at: isoInstant(organization.createdAt),
      updated_at: isoInstant(organization.createdAt),
      archived_at: null,
    },
  };
}

/** Somebody's place in a team: active at once, since there are no invitations. */
export function teamMembership(apiUrl: string, organization: string, team: Team, login: string, role: TeamRole | null) {
  return {
    url: `${teamUrl(apiUrl, organization, team)}/memberships/${login}`,
    role: role ?? 'member',
    state: 'active',
  };
}
