/**
 * Who has access to a repository, and as what.
 */
import { REPOSITORY_ROLES, type RepositoryRole } from '../../catalogue/roles.ts';
import type { OrganizationRole, Visibility } from '../../rules/model.ts';
import { type GivenRoles, roleIn } from '../../rules/role.ts';
import { type AccessFilter, listPeopleWithAccess } from '../../store/access-lists.ts';
import { type Account, accountByLogin } from '../../store/accounts.ts';
import { givenRoles } from '../../store/decision-facts.ts';
import { membershipRole } from '../../store/memberships.ts';
import type { Permit } from '../decision/authorize.ts';
import type { Context } from '../ground/context.ts';
import { targetRepository } from './target.ts';

/** A person with their highest role; null = none. */
export interface Access {
  readonly account: Account;
  readonly role: RepositoryRole | null;
}

/** A page of the people with access to the permit's repository, by id. */
export async function listAccess(
  ctx: Context,
  permit: Permit,
  affiliation: AccessFilter['affiliation'],
  page: { afterId: number; skip: number; limit: number },
): Promise<Access[]> {
  const { owner, repository } = targetRepository(permit);
  const filter = {
    repositoryId: repository.id,
    ownerId: owner.id,
    membersToo: owner.policy.basePermission !== 'none',
    affiliation,
  };
  const people = await listPeopleWithAccess(ctx.store.db, filter, page);
  return people.map(({ account, given, organizationRole }) => ({
    account,
    role: roleOf(permit, account, given, organizationRole, 'private'),
  }));
}

/** What somebody may do in the permit's repository, for whatever reason; null when there is no such person. */
export async function accessOf(
  ctx: Context,
  permit: Permit,
  login: string,
): Promise<(Access & { readonly isCollaborator: boolean }) | null> {
  const { owner, repository } = targetRepository(permit);
  const account = await accountByLogin(ctx.store.db, login);
  if (account === null || account.kind === 'organization') return null;
  const [given, organizationRole] = await Promise.all([
    givenRoles(ctx.store.db, repository.id, account.id),
    membershipRole(ctx.store.db, owner.id, account.id),
  ]);
  // A collaborator is somebody who was added: a public repository adds nobody.
  const isCollaborator = roleOf(permit, account, given, organizationRole, 'private') !== null;
  return { account, role: roleOf(permit, account, given, organizationRole, repository.visibility), isCollaborator };
}

function roleOf(
  permit: Permit,
  account: Account,
  given: GivenRoles,
  organizationRole: OrganizationRole | null,
  visibility: Visibility,
): RepositoryRole | null {
  const { owner } = targetRepository(permit);
  return roleIn({
    ownsAsUser: owner.id === account.id,
    organizationRole,
    basePermission: owner.policy.basePermission,
    ...given,
    visibility,
    signedIn: true,
  });
}

/** True when the caller's role in the permit's repository is at least this one. */
export function holdsRole(permit: Permit, role: RepositoryRole): boolean {
  const held = targetRepository(permit).repository.role;
  return held !== null && REPOSITORY_ROLES.indexOf(held) >= REPOSITORY_ROLES.indexOf(role);
}
