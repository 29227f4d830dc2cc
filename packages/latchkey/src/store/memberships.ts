/** Memberships: which people belong to which organization, as owner or member. */
import { present } from '../base/present.ts';
import type { UnixSeconds } from '../base/time.ts';
import type { OrganizationRole } from '../rules/model.ts';
import { type Account, accountsByIds } from './accounts.ts';
import type { Query } from './db.ts';
import { type Page, startOf } from './page.ts';
import { bumpRevision, subjectOf } from './revision.ts';
import { deleteProofs } from './sso-sessions.ts';
import { withdrawAll } from './token-organizations.ts';

export interface Member {
  readonly userId: number;
  readonly login: string;
  readonly role: OrganizationRole;
  readonly since: UnixSeconds;
}

/**
 * Adds a person to an organization, or changes the role of a member.
 * @throws a foreign-key violation when either account is missing
 */
export async function setMembership(
  tx: Query,
  membership: { organizationId: number; userId: number; role: OrganizationRole; at: UnixSeconds },
): Promise<void> {
  await bumpRevision(tx, subjectOf('account', membership.userId));
  await tx
    .insertInto('memberships')
    .values({
      organization_id: membership.organizationId,
      user_id: membership.userId,
      role: membership.role,
      created_at: membership.at,
    })
    .onConflict((conflict) => conflict.columns(['organization_id', 'user_id']).doUpdateSet({ role: membership.role }))
    .execute();
}

/** Ends a membership, and what was proved and authorized as a member. False when there was none. */
export async function removeMembership(tx: Query, organizationId: number, userId: number): Promise<boolean> {
  await bumpRevision(tx, subjectOf('account', userId));
  await deleteProofs(tx, { organizationId, userId });
  await withdrawAll(tx, { organizationId, userId });
  const removed = await tx
    .deleteFrom('memberships')
    .where('organization_id', '=', organizationId)
    .where('user_id', '=', userId)
    .returning('user_id')
    .executeTakeFirst();
  return removed !== undefined;
}

/** A person's role in an organization, or null for a non-member. */
export async function membershipRole(
  q: Query,
  organizationId: number,
  userId: number,
): Promise<OrganizationRole | null> {
  const row = await q
    .selectFrom('memberships')
    .select('role')
    .where('organization_id', '=', organizationId)
    .where('user_id', '=', userId)
    .executeTakeFirst();
  return row?.role ?? null;
}

/** A person's roles in these organizations, by their ids. */
export async function rolesIn(
  q: Query,
  userId: number,
  organizationIds: readonly number[],
): Promise<Map<number, OrganizationRole>> {
  if (organizationIds.length === 0) return new Map();
  const rows = await q
    .selectFrom('memberships')
    .select(['organization_id', 'role'])
    .where('user_id', '=', userId)
    .where('organization_id', 'in', organizationIds)
    .execute();
  return new Map(rows.map((row) => [row.organization_id, row.role]));
}

/** How many owners an organization has. The last one must stay. */
export async function countOwners(q: Query, organizationId: number): Promise<number> {
  const { count } = await q
    .selectFrom('memberships')
    .select((row) => row.fn.countAll<number>().as('count'))
    .where('organization_id', '=', organizationId)
    .where('role', '=', 'owner')
    .executeTakeFirstOrThrow();
  return count;
}

/** Which members to list; everyone by default. */
export interface MemberFilter {
  readonly role?: OrganizationRole | null;
  /** True for only those without a second factor. */
  readonly withoutTwoFactor?: boolean;
}

/** A page of an organization's members, the newest accounts first; `beforeId` is a user id. */
export async function listMembers(
  q: Query,
  organizationId: number,
  page: Page,
  { role = null, withoutTwoFactor = false }: MemberFilter = {},
): Promise<Member[]> {
  let query = q
    .selectFrom('memberships')
    .innerJoin('accounts', 'accounts.id', 'memberships.user_id')
    .select(['memberships.user_id', 'accounts.login', 'memberships.role', 'memberships.created_at'])
    .where('memberships.organization_id', '=', organizationId)
    .where('memberships.user_id', '<', startOf(page))
    .orderBy('memberships.user_id', 'desc')
    .limit(page.limit)
    .offset(page.skip ?? 0);
  if (role !== null) query = query.where('memberships.role', '=', role);
  if (withoutTwoFactor) query = query.where('accounts.two_factor_at', 'is', null).where('accounts.kind', '=', 'user');
  const rows = await query.execute();
  return rows.map((row) => ({ userId: row.user_id, login: row.login, role: row.role, since: row.created_at }));
}

/**
 * A page of the organizations that a person belongs to, the newest first.
 * @param among only organizations with these ids; null = all
 */
export async function listOrganizationsOf(
  q: Query,
  userId: number,
  page: Page,
  among: readonly number[] | null = null,
): Promise<Account[]> {
  if (among?.length === 0) return [];
  let query = q
    .selectFrom('memberships')
    .select('organization_id')
    .where('user_id', '=', userId)
    .where('organization_id', '<', startOf(page))
    .orderBy('organization_id', 'desc')
    .limit(page.limit)
    .offset(page.skip ?? 0);
  if (among !== null) query = query.where('organization_id', 'in', among);
  const rows = await query.execute();
  const accounts = await accountsByIds(
    q,
    rows.map((row) => row.organization_id),
  );
  return rows.map((row) => present(accounts.get(row.organization_id), `organization ${row.organization_id}`));
}

/** A member of an organization, and an owner of it. */
export interface MemberOwner {
  readonly organizationId: number;
  readonly userId: number;
  readonly owner: string;
  /** When this member last reminded the owners; null = never. */
  readonly remindedAt: UnixSeconds | null;
}

/**
 * Whom members can ask: the logins of active owners, for each of these organizations and people where the person is a
 * member; the oldest accounts first. A few thousand ids at most.
 */
export async function ownersForMembers(
  q: Query,
  organizationIds: readonly number[],
  userIds: readonly number[],
): Promise<MemberOwner[]> {
  if (organizationIds.length === 0 || userIds.length === 0) return [];
  return q
    .selectFrom('memberships as member')
    .innerJoin('memberships as owning', 'owning.organization_id', 'member.organization_id')
    .innerJoin('accounts', 'accounts.id', 'owning.user_id')
    .select([
      'member.organization_id as organizationId',
      'member.user_id as userId',
      'accounts.login as owner',
      'member.reminded_at as remindedAt',
    ])
    .where('member.organization_id', 'in', organizationIds)
    .where('member.user_id', 'in', userIds)
    .where('owning.role', '=', 'owner')
    .where('accounts.suspended_at', 'is', null)
    .where('accounts.disabled_by_provider_at', 'is', null)
    .orderBy('accounts.id')
    .execute();
}

/**
 * Records that a member reminds the owners. False when they were reminded after `since`, or the person isn't a member.
 * It changes no rights, so the revision stays.
 */
export async function markReminded(
  tx: Query,
  { organizationId, userId }: { readonly organizationId: number; readonly userId: number },
  since: UnixSeconds,
  at: UnixSeconds,
): Promise<boolean> {
  const row = await tx
    .updateTable('memberships')
    .set({ reminded_at: at })
    .where('organization_id', '=', organizationId)
    .where('user_id', '=', userId)
    .where((each) => each.or([each('reminded_at', 'is', null), each('reminded_at', '<=', since)]))
    .returning('user_id')
    .executeTakeFirst();
  return row !== undefined;
}

/** The ids of an organization's owners. */
export async function ownersOf(q: Query, organizationId: number): Promise<number[]> {
  const rows = await q
    .selectFrom('memberships')
    .select('user_id')
    .where('organization_id', '=', organizationId)
    .where('role', '=', 'owner')
    .orderBy('user_id')
    .execute();
  return rows.map((row) => row.user_id);
}
