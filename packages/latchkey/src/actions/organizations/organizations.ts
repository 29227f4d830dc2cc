/** Organizations: their profile, their people, their end. */
import { type Complaint, Problem, problem } from '../../base/errors.ts';
import { present } from '../../base/present.ts';
import { DAY_SEC } from '../../base/time.ts';
import type { AuditAction } from '../../catalogue/audit-events.ts';
import type { Need } from '../../catalogue/needs.ts';
import type { BasePermission } from '../../catalogue/roles.ts';
import { branchNameProblem } from '../../git/objects/names.ts';
import type { OrganizationRole } from '../../rules/model.ts';
import { emailProblem } from '../../rules/names.ts';
import { NO_POLICY } from '../../rules/policy.ts';
import { deleteAccount } from '../../store/account-deletion.ts';
import { type Account, accountById, accountByLogin, accountsByIds, setProfile } from '../../store/accounts.ts';
import { countOwnRoles, listOutsideCollaborators } from '../../store/collaborators.ts';
import type { Query } from '../../store/db.ts';
import {
  listMembers,
  listOrganizationsOf,
  type Member,
  type MemberFilter,
  membershipRole,
} from '../../store/memberships.ts';
import type { Page } from '../../store/page.ts';
import { setPolicy, storedPolicy } from '../../store/policies.ts';
import { countRepositories, type RepositoryCounts } from '../../store/repositories.ts';
import { organizationNamed, userNamed } from '../accounts/accounts.ts';
import { type ProfileFields, profileProblems } from '../accounts/profile-fields.ts';
import type { Permit } from '../decision/authorize.ts';
import { keepTo } from '../decision/permit-target.ts';
import { ownerRecord } from '../decision/targets.ts';
import { RESERVED_NAME_DAYS } from '../ground/account-names.ts';
import type { Context } from '../ground/context.ts';
import { record } from '../ground/record.ts';
import { deleteRepositoriesOf } from '../repositories/changes.ts';
import { demandFreeRefs } from '../repositories/refs/ref-guard.ts';

export interface OrganizationView {
  readonly account: Account;
  readonly counts: RepositoryCounts;
  readonly basePermission: BasePermission;
  readonly demandsTwoFactor: boolean;
  /** True when the caller may see what only owners see. */
  readonly seesPrivate: boolean;
}

const MEMBERS: Need = { sets: [{ members: 'read' }], publicRead: false, writes: false };
const SETTINGS: Need = { sets: [{ organization_administration: 'read' }], publicRead: false, writes: false };

function targetId({ target }: Permit): number {
  if (target.kind !== 'organization' || target.owner === null)
    throw new TypeError('this needs a permit on an organization');
  return target.owner.id;
}

/** The operator's permit on the organization of that name. @throws Problem when there is none */
export async function onOrganization(ctx: Context, operator: Permit, name: string): Promise<Permit> {
  const owner = await ownerRecord(ctx, null, await organizationNamed(ctx.store.db, name));
  const permit = operator.on({ kind: 'organization', owner, fullName: owner.login }, SETTINGS);
  return present(permit, 'the operator may do everything');
}

async function targetOrganization(q: Query, permit: Permit): Promise<Account> {
  const account = await accountById(q, targetId(permit));
  if (account === null) throw problem('not_found', 'The organization is gone.');
  return account;
}

/** The permit's organization. */
export async function readOrganization(ctx: Context, permit: Permit): Promise<OrganizationView> {
  const account = await targetOrganization(ctx.store.db, permit);
  const { target } = permit;
  const from = target.kind === 'instance' ? null : (target.owner?.policy.twoFactorFrom ?? null);
  const demandsTwoFactor = from !== null && from <= ctx.clock.now();
  const [counts, policy] = await Promise.all([
    countRepositories(ctx.store.db, account.id),
    storedPolicy(ctx.store.db, account.id),
  ]);
  return {
    account,
    counts,
    basePermission: policy?.basePermission ?? 'read',
    demandsTwoFactor,
    seesPrivate: permit.holds(SETTINGS),
  };
}

/** In how many of its repositories people have a role of their own, by user id; nobody with none. */
export function rolesOfTheirOwn(
  ctx: Context,
  permit: Permit,
  userIds: readonly number[],
): Promise<ReadonlyMap<number, number>> {
  return countOwnRoles(ctx.store.db, targetId(permit), userIds);
}

export interface OrganizationChange extends ProfileFields {
  readonly billing_email?: string | undefined;
  /** The default branch of its new repositories; '' = the instance's. */
  readonly default_repository_branch?: string | undefined;
  readonly basePermission?: BasePermission | undefined;
}

/** Changes the given fields. @throws Problem with every complaint; then nothing was changed */
export async function changeOrganization(
  ctx: Context,
  permit: Permit,
  { basePermission, billing_email, default_repository_branch, ...fields }: OrganizationChange,
): Promise<void> {
  const complaints: Complaint[] = profileProblems(fields);
  const wrongEmail = billing_email === undefined || billing_email === '' ? null : emailProblem(billing_email);
  if (wrongEmail !== null) complaints.push({ field: 'billing_email', code: 'invalid', message: wrongEmail });
  const wrongBranch =
    (default_repository_branch ?? '') === '' ? null : branchNameProblem(default_repository_branch ?? '');
  if (wrongBranch !== null)
    complaints.push({ field: 'default_repository_branch', code: 'invalid', message: wrongBranch });
  if (complaints.length > 0) throw new Problem(complaints);
  const at = ctx.clock.now();
  await ctx.store.transaction(async (tx) => {
    const account = await targetOrganization(tx, permit);
    const { name, ...profile } = {
      ...fields,
      ...(billing_email === undefined ? {} : { billing_email }),
      ...(default_repository_branch === undefined ? {} : { default_repository_branch }),
    };
    await setProfile(tx, account.id, { name: name ?? account.name, profile: { ...account.profile, ...profile } });
    if (Object.keys(profile).length > 0 || name !== undefined)
      await log(tx, permit, at, {
        action: 'org.update_profile',
        organization: account,
        data: { fields: Object.keys({ ...fields, ...profile }) },
      });
    if (basePermission === undefined) return;
    const policy = (await storedPolicy(tx, account.id)) ?? NO_POLICY;
    if ((policy.basePermission ?? 'read') === basePermission) return;
    await setPolicy(tx, account.id, { ...policy, basePermission }, at);
    await log(tx, permit, at, {
      action: 'org.update_default_repository_permission',
      organization: account,
      data: { permission: basePermission, old_permission: policy.basePermission ?? 'read' },
    });
  });
}

/**
 * Deletes the permit's organization with all its repositories. The rows are deleted first, in one step; the folders
 * follow.
 */
export async function deleteOrganization(ctx: Context, permit: Permit): Promise<void> {
  ctx.git.demandWrites();
  await demandFreeRefs(ctx, permit, 'everything');
  const at = ctx.clock.now();
  const { account, gone } = await ctx.store.transaction(async (tx) => {
    const account = await targetOrganization(tx, permit);
    keepTo(permit, { ownerId: account.id });
    const gone = await deleteRepositoriesOf(ctx, tx, account);
    await deleteAccount(tx, account, at + RESERVED_NAME_DAYS * DAY_SEC);
    await log(tx, permit, at, {
      action: 'org.delete',
      organization: account,
      data: { repositories: gone.length },
    });
    return { account, gone };
  });
  for (const repository of gone) await ctx.git.remove(account.login, repository.name);
}

function log(
  tx: Query,
  permit: Permit,
  at: number,
  {
    action,
    organization,
    data,
  }: { readonly action: AuditAction; readonly organization: Account; readonly data: object },
): Promise<void> {
  return record(tx, permit, at, {
    action,
    organizationId: organization.id,
    data: { org: organization.login, ...data },
  });
}

/**
 * A page of the organization's members with their accounts. Non-members see none: no membership is public here.
 * @throws Problem when somebody who isn't an owner asks for members without a second factor
 */
export async function listOrganizationMembers(
  ctx: Context,
  permit: Permit,
  filter: MemberFilter,
  page: Page,
): Promise<(Member & { account: Account })[]> {
  if (!permit.holds(MEMBERS)) return [];
  if (filter.withoutTwoFactor === true && !(await isOwner(ctx, permit))) throw ownersAlone();
  const members = await listMembers(ctx.store.db, targetId(permit), page, filter);
  const accounts = await accountsByIds(
    ctx.store.db,
    members.map(({ userId }) => userId),
  );
  return members.map((member) => ({
    ...member,
    account: present(accounts.get(member.userId), `account ${member.userId}`),
  }));
}

/**
 * A page of the people who work in the organization's repositories without being members, for its owners; null for
 * others.
 */
export async function outsideCollaborators(
  ctx: Context,
  permit: Permit,
  filter: Pick<MemberFilter, 'withoutTwoFactor'>,
  page: Page,
): Promise<Account[] | null> {
  if (!permit.holds(MEMBERS) || !(await isOwner(ctx, permit))) {
    if (filter.withoutTwoFactor === true) throw ownersAlone();
    return null;
  }
  const ids = await listOutsideCollaborators(ctx.store.db, targetId(permit), page, filter.withoutTwoFactor === true);
  const accounts = await accountsByIds(ctx.store.db, ids);
  return ids.map((id) => present(accounts.get(id), `account ${id}`));
}

async function isOwner(ctx: Context, permit: Permit): Promise<boolean> {
  const { userId } = permit.actor;
  return userId !== null && (await membershipRole(ctx.store.db, targetId(permit), userId)) === 'owner';
}

/** The people without a second factor are an attacker's first targets. The words are GitHub's. */
function ownersAlone(): Error {
  return problem('unprocessable', 'Only owners can use this filter.', 'filter');
}

/**
 * Somebody with their role in the permit's organization, as far as the caller may know; null = there is no such person,
 * or they are not a member.
 */
export async function memberNamed(
  ctx: Context,
  permit: Permit,
  login: string,
): Promise<{ user: Account; role: OrganizationRole } | null> {
  const user = permit.holds(MEMBERS) ? await accountByLogin(ctx.store.db, login) : null;
  const role = user === null ? null : await membershipRole(ctx.store.db, targetId(permit), user.id);
  return user === null || role === null ? null : { user, role };
}

/** Anybody by their name, with their role in the permit's organization, if any. @throws Problem for an unknown name */
export async function roleOfPerson(
  ctx: Context,
  permit: Permit,
  login: string,
): Promise<{ user: Account; role: OrganizationRole | null }> {
  const user = await userNamed(ctx.store.db, login);
  return { user, role: await membershipRole(ctx.store.db, targetId(permit), user.id) };
}

/**
 * Scopes that show memberships to a classic (docs of GitHub, "List organizations for the authenticated user") or scoped
 * token.
 */
const TELLS_OF_MEMBERSHIPS: ReadonlySet<string> = new Set([
  'user',
  'read:org',
  'write:org',
  'admin:org',
  'api',
  'read_api',
  'read_user',
]);

/**
 * A page of the organizations of the permit's holder, the newest first, as far as the token reaches. No membership is
 * public here, so a token for public repositories only sees none, and a fine-grained one sees those that granted it
 * something.
 */
export async function organizationsInReach(ctx: Context, permit: Permit, page: Page): Promise<Account[]> {
  const { actor, bearer } = permit;
  if (actor.userId === null) return [];
  if (bearer?.via !== 'token') return organizationsOf(ctx, actor.userId, page);
  const { kind, grants, scopes } = bearer.token;
  if (kind === 'fine-grained') {
    const reached = grants.filter(({ selection, state }) => selection !== 'public' && state === 'active');
    return listOrganizationsOf(
      ctx.store.db,
      actor.userId,
      page,
      reached.map(({ ownerId }) => ownerId),
    );
  }
  return scopes.some((scope) => TELLS_OF_MEMBERSHIPS.has(scope)) ? organizationsOf(ctx, actor.userId, page) : [];
}

/** A page of the organizations that somebody belongs to, the newest first. */
export async function organizationsOf(ctx: Context, userId: number, page: Page): Promise<Account[]> {
  return listOrganizationsOf(ctx.store.db, userId, page);
}
