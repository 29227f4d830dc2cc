/**
 * A person's role in a repository today: the highest that ownership, membership, collaboration and visibility give.
 *
 * Source: GitHub docs "Repository roles for an organization" and "About repository visibility". Everybody with an
 * account on the instance can read internal repositories, as on GitHub Enterprise Server and GitLab.
 */
import { type BasePermission, higherRole, type RepositoryRole } from '../catalogue/roles.ts';
import type { OrganizationRole, Visibility } from './model.ts';

export interface RoleFacts {
  readonly ownsAsUser: boolean;
  readonly organizationRole: OrganizationRole | null;
  readonly basePermission: BasePermission;
  readonly collaboratorRole: RepositoryRole | null;
  readonly visibility: Visibility;
  /** False for an anonymous caller. */
  readonly signedIn: boolean;
}

/** The role, or null when the user may not even see the repository. */
export function roleIn(facts: RoleFacts): RepositoryRole | null {
  if (facts.ownsAsUser || facts.organizationRole === 'owner') return 'admin';
  const asMember = facts.organizationRole === 'member' && facts.basePermission !== 'none' ? facts.basePermission : null;
  const byVisibility =
    facts.visibility === 'public' || (facts.visibility === 'internal' && facts.signedIn) ? 'read' : null;
  return higherRole(higherRole(asMember, facts.collaboratorRole), byVisibility);
}
