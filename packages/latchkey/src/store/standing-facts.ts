/**
 * Where people stand, for many at once: their memberships, the roles they were given in single repositories, and what
 * owners have.
 *
 * Invariant: four queries, however many people and repositories there are.
 */
import type { UnixSeconds } from '../base/time.ts';
import { higherRole } from '../catalogue/roles.ts';
import type { OrganizationRole, Visibility } from '../rules/model.ts';
import { type GivenRoles, NO_ROLES } from '../rules/role.ts';
import type { Query } from './db.ts';
import { rolesByTeam } from './team-repositories.ts';

/** Repositories of one owner that differ in their name only. */
export interface RepositoryClass {
  readonly ownerId: number;
  readonly visibility: Visibility;
  readonly archivedAt: UnixSeconds | null;
  readonly count: number;
  /** The name of one of them. */
  readonly name: string;
}

/** Roles that somebody was given in one repository, themselves or by teams. */
export interface GivenRole extends GivenRoles {
  readonly userId: number;
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

/** Every role that these people were given in a repository, themselves or by teams. */
export async function givenRolesOf(q: Query, userIds: readonly number[]): Promise<GivenRole[]> {
  if (userIds.length === 0) return [];
  const rows = await q
    .selectFrom('collaborators')
    .select((row) => ['user_id', 'repository_id', 'role', row.lit(0 as number).as('by_team')])
    .where('user_id', 'in', userIds)
    .union(
      rolesByTeam(q)
        .select((row) => [
          'team_members.user_id',
          'team_repositories.repository_id',
          'team_repositories.role',
          row.lit(1 as number).as('by_team'),
        ])
        .where('team_members.user_id', 'in', userIds),
    )
    .execute();
  const repositories = await repositoriesGiven(q, userIds);
  const given = new Map<string, GivenRole>();
  for (const row of rows) {
    const repository = repositories.get(row.repository_id);
    if (repository === undefined) continue;
    const key = `${row.user_id} ${row.repository_id}`;
    const known = given.get(key) ?? { userId: row.user_id, ...repository, ...NO_ROLES };
    given.set(key, {
      ...known,
      ...(row.by_team === 0 ? { collaboratorRole: row.role } : { teamRole: higherRole(known.teamRole, row.role) }),
    });
  }
  return [...given.values()].toSorted((a, b) => a.repositoryId - b.repositoryId);
}

/** The repositories in which these people were given roles. */
async function repositoriesGiven(
  q: Query,
  userIds: readonly number[],
): Promise<ReadonlyMap<number, Omit<GivenRole, 'userId' | keyof GivenRoles>>> {
  const rows = await q
    .selectFrom('repositories')
    .select(['id', 'owner_id', 'name', 'visibility', 'archived_at'])
    .where((row) =>
      row.or([
        row('id', 'in', row.selectFrom('collaborators').select('repository_id').where('user_id', 'in', userIds)),
        row(
          'id',
          'in',
          rolesByTeam(q).select('team_repositories.repository_id').where('team_members.user_id', 'in', userIds),
        ),
      ]),
    )
    .execute();
  return new Map(
    rows.map((row) => [
      row.id,
      {
        repositoryId: row.id,
        ownerId: row.owner_id,
        name: row.name,
        visibility: row.visibility,
        archivedAt: row.archived_at,
      },
    ]),
  );
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
