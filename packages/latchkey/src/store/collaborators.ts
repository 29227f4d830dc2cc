/** Collaborators: people with a role of their own in one repository. */
import type { UnixSeconds } from '../base/time.ts';
import type { Query } from './db.ts';
import { type Page, startOf } from './page.ts';
import { bumpRevision, subjectOf } from './revision.ts';
import type { CollaboratorsTable } from './schema.ts';

type Role = CollaboratorsTable['role'];

export interface Collaborator {
  readonly userId: number;
  readonly login: string;
  readonly role: Role;
  readonly since: UnixSeconds;
}

/**
 * Gives a person a role in a repository, or changes it.
 * @throws a foreign-key violation when either is missing
 */
export async function setCollaborator(
  tx: Query,
  collaborator: { repositoryId: number; userId: number; role: Role; at: UnixSeconds },
): Promise<void> {
  await bumpRevision(tx, subjectOf('account', collaborator.userId));
  await tx
    .insertInto('collaborators')
    .values({
      repository_id: collaborator.repositoryId,
      user_id: collaborator.userId,
      role: collaborator.role,
      created_at: collaborator.at,
    })
    .onConflict((conflict) => conflict.columns(['repository_id', 'user_id']).doUpdateSet({ role: collaborator.role }))
    .execute();
}

/** Removes a person's role in a repository. False when there was none. */
export async function removeCollaborator(tx: Query, repositoryId: number, userId: number): Promise<boolean> {
  await bumpRevision(tx, subjectOf('account', userId));
  const removed = await tx
    .deleteFrom('collaborators')
    .where('repository_id', '=', repositoryId)
    .where('user_id', '=', userId)
    .returning('user_id')
    .executeTakeFirst();
  return removed !== undefined;
}

/** Removes the roles of machine accounts that aren't this owner's. */
export async function removeMachinesOfOthers(tx: Query, repositoryId: number, ownerId: number): Promise<void> {
  const removed = await tx
    .deleteFrom('collaborators')
    .where('repository_id', '=', repositoryId)
    .where('user_id', 'in', (row) =>
      row.selectFrom('accounts').select('id').where('kind', '=', 'machine').where('owned_by', '<>', ownerId),
    )
    .returning('user_id')
    .execute();
  for (const { user_id } of removed) await bumpRevision(tx, subjectOf('account', user_id));
}

/** In how many repositories of an organization each of these people has a role of their own; nobody with none. */
export async function countOwnRoles(
  q: Query,
  organizationId: number,
  userIds: readonly number[],
): Promise<ReadonlyMap<number, number>> {
  if (userIds.length === 0) return new Map();
  const rows = await q
    .selectFrom('collaborators')
    .innerJoin('repositories', 'repositories.id', 'collaborators.repository_id')
    .select((row) => ['collaborators.user_id', row.fn.countAll<number>().as('count')])
    .where('repositories.owner_id', '=', organizationId)
    .where('collaborators.user_id', 'in', userIds)
    .groupBy('collaborators.user_id')
    .execute();
  return new Map(rows.map((row) => [row.user_id, Number(row.count)]));
}

/** Removes a person's roles in all repositories of an organization; returns how many there were. */
export async function removeOwnRoles(tx: Query, organizationId: number, userId: number): Promise<number> {
  await bumpRevision(tx, subjectOf('account', userId));
  const removed = await tx
    .deleteFrom('collaborators')
    .where('user_id', '=', userId)
    .where('repository_id', 'in', (row) =>
      row.selectFrom('repositories').select('id').where('owner_id', '=', organizationId),
    )
    .returning('repository_id')
    .execute();
  return removed.length;
}

/**
 * A page of the ids of people who have a role in a repository of an organization but aren't members, the newest
 * accounts first; `beforeId` is a user id.
 */
export async function listOutsideCollaborators(
  q: Query,
  organizationId: number,
  page: Page,
  withoutTwoFactor: boolean,
): Promise<number[]> {
  let query = q
    .selectFrom('accounts')
    .select('accounts.id')
    .where('accounts.id', 'in', (inner) =>
      inner
        .selectFrom('collaborators')
        .innerJoin('repositories', 'repositories.id', 'collaborators.repository_id')
        .select('collaborators.user_id')
        .where('repositories.owner_id', '=', organizationId),
    )
    .where('accounts.id', 'not in', (inner) =>
      inner.selectFrom('memberships').select('user_id').where('organization_id', '=', organizationId),
    )
    .where('accounts.id', '<', startOf(page))
    .orderBy('accounts.id', 'desc')
    .limit(page.limit)
    .offset(page.skip ?? 0);
  if (withoutTwoFactor) query = query.where('accounts.two_factor_at', 'is', null).where('accounts.kind', '=', 'user');
  return (await query.execute()).map(({ id }) => id);
}

/** A page of a repository's collaborators, the newest accounts first; `beforeId` is a user id. */
export async function listCollaborators(q: Query, repositoryId: number, page: Page): Promise<Collaborator[]> {
  const rows = await q
    .selectFrom('collaborators')
    .innerJoin('accounts', 'accounts.id', 'collaborators.user_id')
    .select(['collaborators.user_id', 'accounts.login', 'collaborators.role', 'collaborators.created_at'])
    .where('collaborators.repository_id', '=', repositoryId)
    .where('collaborators.user_id', '<', startOf(page))
    .orderBy('collaborators.user_id', 'desc')
    .limit(page.limit)
    .execute();
  return rows.map((row) => ({ userId: row.user_id, login: row.login, role: row.role, since: row.created_at }));
}

/** True when the person is a collaborator on any repository of this owner. */
export async function collaboratesWith(q: Query, ownerId: number, userId: number): Promise<boolean> {
  const row = await q
    .selectFrom('collaborators')
    .innerJoin('repositories', 'repositories.id', 'collaborators.repository_id')
    .select('collaborators.repository_id')
    .where('collaborators.user_id', '=', userId)
    .where('repositories.owner_id', '=', ownerId)
    .limit(1)
    .executeTakeFirst();
  return row !== undefined;
}

/** The accounts in whose repositories a person was given a role. */
export async function ownersCollaboratedWith(q: Query, userId: number): Promise<number[]> {
  const rows = await q
    .selectFrom('collaborators')
    .innerJoin('repositories', 'repositories.id', 'collaborators.repository_id')
    .select('repositories.owner_id')
    .distinct()
    .where('collaborators.user_id', '=', userId)
    .execute();
  return rows.map((row) => row.owner_id);
}
