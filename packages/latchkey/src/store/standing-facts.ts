/**
 * Where people stand, for many at once: their memberships, the roles they were given in single repositories, and what
 * owners have.
 *
 * Invariant: three queries, however many people and repositories there are.
 */
import type { UnixSeconds } from '../base/time.ts';
import type { OrganizationRole, Visibility } from '../rules/model.ts';
import type { Query } from './db.ts';
import type { CollaboratorsTable } from './schema.ts';

/** Repositories of one owner that differ in their name only. */
export interface RepositoryClass {
  readonly ownerId: number;
  readonly visibility: Visibility;
  readonly archivedAt: UnixSeconds | null;
  readonly count: number;
  /** The name of one of them. */
  readonly name: string;
}

/** A role that somebody was given in one repository. */
export interface GivenRole {
  readonly userId: number;
  readonly role: CollaboratorsTable['role'];
  readonly repositoryId: number;
  readonly ownerId: number;
  readonly name: string;
  readonly visibility: Visibility;
  readonly archivedAt: UnixSeconds | null;
}

export interface Belonging {
  readonly userId: number;
  readonly organizationId: number;
  readonly role: OrganizationRole;
}

/** Every membership of these people. */
export async function belongingsOf(q: Query, userIds: readonly number[]): Promise<Belonging[]> {
  if (userIds.length === 0) return [];
  const rows = await q
    .selectFrom('memberships')
    .select(['user_id', 'organization_id', 'role'])
    .where('user_id', 'in', userIds)
    .orderBy('organization_id')
    .execute();
  return rows.map((row) => ({ userId: row.user_id, organizationId: row.organization_id, role: row.role }));
}

/** Every role that these people were given in a repository. */
export async function givenRolesOf(q: Query, userIds: readonly number[]): Promise<GivenRole[]> {
  if (userIds.length === 0) return [];
  const rows = await q
    .selectFrom('collaborators')
    .innerJoin('repositories', 'repositories.id', 'collaborators.repository_id')
    .select(['collaborators.user_id', 'collaborators.role', 'repositories.id', 'repositories.owner_id'])
    .select(['repositories.name', 'repositories.visibility', 'repositories.archived_at'])
    .where('collaborators.user_id', 'in', userIds)
    .orderBy('repositories.id')
    .execute();
  return rows.map((row) => ({
    userId: row.user_id,
    role: row.role,
    repositoryId: row.id,
    ownerId: row.owner_id,
    name: row.name,
    visibility: row.visibility,
    archivedAt: row.archived_at,
  }));
}

/** The repositories of these owners, by what a decision looks at. Grouped as the index has them, read in its order. */
export async function repositoryClassesOf(q: Query, ownerIds: readonly number[]): Promise<RepositoryClass[]> {
  if (ownerIds.length === 0) return [];
  const rows = await q
    .selectFrom('repositories')
    .select(({ fn }) => [
      'owner_id',
      'visibility',
      'archived_at',
      fn.countAll<number>().as('count'),
      fn.min('name').as('name'),
    ])
    .where('owner_id', 'in', ownerIds)
    .groupBy(['owner_id', 'visibility', 'archived_at'])
    .orderBy('owner_id')
    .orderBy('visibility')
    .orderBy('archived_at')
    .execute();
  const classes = Map.groupBy(rows, (row) => `${row.owner_id} ${row.visibility} ${row.archived_at === null}`);
  return [...classes.values()].flatMap((alike) =>
    alike.slice(0, 1).map((row) => ({
      ownerId: row.owner_id,
      visibility: row.visibility,
      archivedAt: row.archived_at,
      count: alike.reduce((sum, { count }) => sum + Number(count), 0),
      name: row.name,
    })),
  );
}
