/**
 * A person's role in a repository today: the highest that ownership, membership, collaboration, teams and visibility
 * give.
 *
 * Source: GitHub docs "Repository roles for an organization", "Managing team access to an organization repository" and
 * "About repository visibility". Everybody with an
 * account on the instance can read internal repositories, as on GitHub Enterprise Server and GitLab.
 */
import { type BasePermission, higherRole, type RepositoryRole } from '../catalogue/roles.ts';
import type { OrganizationRole, Visibility } from './model.ts';

/** Roles that somebody was given in one repository. */
export interface GivenRoles {
  /** Their own; null = none. */
  readonly collaboratorRole: RepositoryRole | null;
  /** The highest of their teams; null = none. */
  readonly teamRole: RepositoryRole | null;
}

/** Nothing was given. */
export const NO_ROLES: GivenRoles = { collaboratorRole: null, teamRole: null };

export interface RoleFacts extends GivenRoles {
  readonly ownsAsUser: boolean;
  readonly organizationRole: OrganizationRole | null;
  readonly basePermission: BasePermission;
  readonly visibility: Visibility;
  /** False for an anonymous caller. */
  readonly signedIn: boolean;
}

/** The role, or null when the user may not even see the repository. */
export function roleIn(facts: RoleFacts): RepositoryRole | null {
  if (facts.ownsAsUser || facts.organizationRole === 'owner') return 'admin';
  const base = facts.basePermission === 'none' ? null : facts.basePermission;
  // A team gives nothing to somebody who has left its organization.
  const asMember = facts.organizationRole === 'member' ? higherRole(base, facts.teamRole) : null;
  const byVisibility =
    facts.visibility === 'public' || (facts.visibility === 'internal' && facts.signedIn) ? 'read' : null;
  return higherRole(higherRole(asMember, facts.collaboratorRole), byVisibility);
}
