/**
 * People and organizations: created, suspended, connected.
 *
 * Invariant: an organization always has an owner; the last one can neither leave nor be demoted.
 */

import { type Complaint, Problem, problem } from '../../base/errors.ts';
import type { Secret } from '../../base/secret.ts';
import type { AuditAction } from '../../catalogue/audit-events.ts';
import type { OrganizationRole } from '../../rules/model.ts';
import { emailProblem, loginProblem } from '../../rules/names.ts';
import { setSuspended } from '../../store/account-flags.ts';
import { type Account, accountByLogin, insertOrganization, insertUser } from '../../store/accounts.ts';
import { countOwnRoles, removeOwnRoles } from '../../store/collaborators.ts';
import { isUniqueViolation, type Query } from '../../store/db.ts';
import { holderOfVerified, insertEmail } from '../../store/emails.ts';
import { countOwners, membershipRole, removeMembership, setMembership } from '../../store/memberships.ts';
import { deleteSessionsOf } from '../../store/sessions.ts';
import type { Permit } from '../decision/authorize.ts';
import { keepTo } from '../decision/permit-target.ts';
import { demandFreeName } from '../ground/account-names.ts';
import type { Context } from '../ground/context.ts';
import { digestPassword } from '../ground/password.ts';
import { reasonGiven } from '../ground/reason.ts';
import { record } from '../ground/record.ts';
import { newPasswordProblem } from './password-names.ts';

export type { Account };

export interface NewUserDraft {
  readonly login: string;
  readonly email: string;
  /** True when the address is known to be theirs. Only then can tokens be created. */
  readonly verified: boolean;
  readonly admin: boolean;
  /** Null = can't sign in by password. */
  readonly password: Secret | null;
}

/**
 * Makes a person as the operator says. Tokens use `welcomeUser`.
 * @throws Problem when the login or the address is taken or not allowed, or the password is not allowed
 */
export async function addUser(ctx: Context, permit: Permit, draft: NewUserDraft): Promise<Account> {
  if (permit.bearer !== null) throw new TypeError('only the operator decides what signs somebody in');
  return makeUser(ctx, draft, async (tx, user) => {
    await record(tx, permit, ctx.clock.now(), {
      action: 'user.create',
      userId: user.id,
      data: { login: user.login, admin: draft.admin },
    });
    return user;
  });
}

/**
 * Makes a person and, in the same transaction, what comes with it: at least the audit entry.
 * @throws Problem as `addUser` does, or as `withIt` does
 */
export async function makeUser<T>(
  ctx: Context,
  draft: NewUserDraft,
  withIt: (tx: Query, user: Account) => Promise<T>,
): Promise<T> {
  const complaints: Complaint[] = [
    ...complain('login', loginProblem(draft.login)),
    ...complain('email', emailProblem(draft.email)),
    ...complain('password', await draftedPasswordProblem(ctx, draft)),
  ];
  if (complaints.length > 0) throw new Problem(complaints);
  const passwordDigest = draft.password === null ? null : await digestPassword(draft.password);
  const at = ctx.clock.now();
  return unlessTaken(`The name ${draft.login} is taken.`, 'login', () =>
    ctx.store.transaction(async (tx) => {
      if (draft.verified && (await holderOfVerified(tx, draft.email)) !== null)
        throw problem('already_exists', 'Somebody has this e-mail address already.', 'email');
      await demandFreeName(ctx, tx, draft.login, { field: 'login', at });
      const user = await insertUser(tx, { login: draft.login, admin: draft.admin, passwordDigest, at });
      await insertEmail(tx, {
        userId: user.id,
        address: draft.email,
        verifiedAt: draft.verified ? at : null,
        primary: true,
        at,
      });
      return withIt(tx, user);
    }),
  );
}

function draftedPasswordProblem(ctx: Context, { login, email, password }: NewUserDraft): Promise<string | null> | null {
  return password === null ? null : newPasswordProblem(ctx, password, { names: [login], addresses: [email] });
}

/**
 * Suspends a person or a machine: all their tokens stop working with the next request, and their sessions end.
 * Repeating it changes nothing.
 */
export async function suspendUser(ctx: Context, permit: Permit, login: string, reason?: string): Promise<void> {
  await changeSuspension(ctx, permit, login, { suspendedAt: ctx.clock.now(), action: 'user.suspend', reason });
}

/** Ends a suspension: their tokens work again. */
export async function restoreUser(ctx: Context, permit: Permit, login: string): Promise<void> {
  await changeSuspension(ctx, permit, login, { suspendedAt: null, action: 'user.unsuspend' });
}

async function changeSuspension(
  ctx: Context,
  permit: Permit,
  login: string,
  {
    suspendedAt,
    action,
    reason,
  }: Readonly<{ suspendedAt: number | null; action: AuditAction; reason?: string | undefined }>,
): Promise<void> {
  const at = ctx.clock.now();
  const because = reasonGiven(reason);
  await ctx.store.transaction(async (tx) => {
    const user = await holderNamed(tx, login);
    if (suspendedAt !== null) await deleteSessionsOf(tx, user.id, null);
    if (await setSuspended(tx, user.id, suspendedAt))
      await record(tx, permit, at, { action, userId: user.id, data: { login: user.login, ...because } });
  });
}

/** Makes an organization with its first owner. */
export async function addOrganization(
  ctx: Context,
  permit: Permit,
  draft: { name: string; owner: string },
): Promise<Account> {
  const complaints = complain('name', loginProblem(draft.name));
  if (complaints.length > 0) throw new Problem(complaints);
  const at = ctx.clock.now();
  return unlessTaken(`The name ${draft.name} is taken.`, 'name', () =>
    ctx.store.transaction(async (tx) => {
      const owner = await userNamed(tx, draft.owner, 'owner');
      await demandFreeName(ctx, tx, draft.name, { field: 'name', at });
      const organization = await insertOrganization(tx, { login: draft.name, at });
      await setMembership(tx, { organizationId: organization.id, userId: owner.id, role: 'owner', at });
      await record(tx, permit, at, {
        action: 'org.create',
        userId: owner.id,
        organizationId: organization.id,
        data: { org: organization.login, owner: owner.login },
      });
      return organization;
    }),
  );
}

/** The organization and the person of a membership, and the person's role there so far (null = none). */
async function membershipAsItIs(tx: Query, permit: Permit, member: { organization: string; login: string }) {
  const organization = await organizationNamed(tx, member.organization);
  keepTo(permit, { ownerId: organization.id });
  const user = await workerNamed(tx, member.login, organization);
  return { organization, user, before: await membershipRole(tx, organization.id, user.id) };
}

/** Makes somebody a member or an owner, or changes their role. */
export async function setMember(
  ctx: Context,
  permit: Permit,
  member: { organization: string; login: string; role: OrganizationRole },
): Promise<void> {
  const at = ctx.clock.now();
  await ctx.store.transaction(async (tx) => {
    const { organization, user, before } = await membershipAsItIs(tx, permit, member);
    if (before === member.role) return;
    if (user.kind === 'machine' && member.role === 'owner')
      throw problem('unprocessable', `${user.login} is a machine account: the owners are people.`, 'role');
    if (before === 'owner') await keepAnOwner(tx, organization);
    await setMembership(tx, { organizationId: organization.id, userId: user.id, role: member.role, at });
    const action = before === null ? 'org.add_member' : 'org.update_member';
    await record(tx, permit, at, {
      action,
      userId: user.id,
      organizationId: organization.id,
      data: { org: organization.login, user: user.login, permission: member.role, old_permission: before },
    });
  });
}

/** What became of the roles of their own that somebody had in repositories of an organization. */
export interface RolesLeft {
  readonly removed: number;
  /** Their tokens still reach these repositories. */
  readonly kept: number;
}

/**
 * Removes somebody from an organization, with the roles of their own in its repositories unless these are kept: from
 * the next request, their tokens reach there only what such a role, or everybody, may.
 */
export async function removeMember(
  ctx: Context,
  permit: Permit,
  member: { organization: string; login: string; keepsRoles?: boolean; reason?: string | undefined },
): Promise<RolesLeft> {
  const at = ctx.clock.now();
  const because = reasonGiven(member.reason);
  return ctx.store.transaction(async (tx) => {
    const { organization, user, before } = await membershipAsItIs(tx, permit, member);
    if (before === null) throw problem('not_found', `${user.login} is not a member of ${organization.login}.`, 'login');
    if (before === 'owner') await keepAnOwner(tx, organization);
    await removeMembership(tx, organization.id, user.id);
    const roles =
      member.keepsRoles === true
        ? { removed: 0, kept: (await countOwnRoles(tx, organization.id, [user.id])).get(user.id) ?? 0 }
        : { removed: await removeOwnRoles(tx, organization.id, user.id), kept: 0 };
    await record(tx, permit, at, {
      action: 'org.remove_member',
      userId: user.id,
      organizationId: organization.id,
      data: {
        org: organization.login,
        user: user.login,
        ...(roles.removed + roles.kept === 0 ? {} : { roles_removed: roles.removed, roles_kept: roles.kept }),
        ...because,
      },
    });
    return roles;
  });
}

async function keepAnOwner(tx: Query, organization: Account): Promise<void> {
  if ((await countOwners(tx, organization.id)) <= 1)
    throw problem('unprocessable', `${organization.login} needs an owner: make somebody else one first.`, 'role');
}

/** The person of that login. @throws Problem when there is none */
export async function userNamed(q: Query, login: string, field = 'login'): Promise<Account> {
  const account = await accountByLogin(q, login);
  if (account === null || account.kind !== 'user')
    throw problem('not_found', `There is no user ${login.slice(0, 60)}.`, field);
  return account;
}

/** The person or machine account of that login. @throws Problem when there is none */
export async function holderNamed(q: Query, login: string, field = 'login'): Promise<Account> {
  const account = await accountByLogin(q, login);
  return account?.kind === 'machine' ? account : userNamed(q, login, field);
}

/**
 * Who can get a role at an account or in its repositories: a person, or a machine of that account.
 * @throws Problem when there is no such person, and for a machine of somebody else as if it didn't exist
 */
export async function workerNamed(q: Query, login: string, owner: Pick<Account, 'id'>): Promise<Account> {
  const account = await accountByLogin(q, login);
  return account?.kind === 'machine' && account.ownedBy === owner.id ? account : userNamed(q, login);
}

/** The organization of that name. @throws Problem when there is none */
export async function organizationNamed(q: Query, name: string, field = 'organization'): Promise<Account> {
  const account = await accountByLogin(q, name);
  if (account === null || account.kind !== 'organization')
    throw problem('not_found', `There is no organization ${name.slice(0, 60)}.`, field);
  return account;
}

function complain(field: string, message: string | null): Complaint[] {
  return message === null ? [] : [{ field, code: 'invalid', message }];
}

/** Turns the store's unique violation into the matching problem. */
export async function unlessTaken<T>(message: string, field: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (isUniqueViolation(error)) throw problem('already_exists', message, field);
    throw error;
  }
}
