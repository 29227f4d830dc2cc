/**
 * Roles of teams in repositories. What a team may do, everybody in it may, and in the teams below it.
 *
 * Invariant: a team has roles only in repositories of its organization; a repository that moves to another owner leaves
 * its teams behind (`moveRepository`).
 */
import type { UnixSeconds } from '../base/time.ts';
import { higherRole, type RepositoryRole } from '../catalogue/roles.ts';
import type { Query } from './db.ts';
import { type Repository, repositoryOf } from './repositories.ts';
import { bumpRevision, subjectOf } from './revision.ts';

/**
 * Who is in which team, with the roles of that team and of those above it: `team_members`, `team_lines` and
 * `team_repositories`, joined.
 */
export function rolesByTeam(q: Query) {
  return q
    .selectFrom('team_members')
    .innerJoin('team_lines', 'team_lines.team_id', 'team_members.team_id')
    .innerJoin('team_repositories', 'team_repositories.team_id', 'team_lines.ancestor_id');
}

/** Gives a team a role in a repository, or changes it. */
export async function setTeamRole(
  tx: Query,
  given: { teamId: number; repositoryId: number; role: RepositoryRole; at: UnixSeconds },
): Promise<void> {
  await bumpRevision(tx, subjectOf('repository', given.repositoryId));
  await tx
    .insertInto('team_repositories')
    .values({
      repository_id: given.repositoryId,
      team_id: given.teamId,
      role: given.role,
      created_at: given.at,
    })
    .onConflict((conflict) => conflict.columns(['repository_id', 'team_id']).doUpdateSet({ role: given.role }))
    .execute();
}

/** Takes a team's role in a repository away. False when it had none of its own. */
export async function removeTeamRole(tx: Query, teamId: number, repositoryId: number): Promise<boolean> {
  await bumpRevision(tx, subjectOf('repository', repositoryId));
  const removed = await tx
    .deleteFrom('team_repositories')
    .where('repository_id', '=', repositoryId)
    .where('team_id', '=', teamId)
    .returning('team_id')
    .executeTakeFirst();
  return removed !== undefined;
}

/** A team's role in a repository, its own and with what it has from the teams above it; null = none. */
export async function teamRoleIn(
  q: Query,
  teamId: number,
  repositoryId: number,
): Promise<{ readonly own: RepositoryRole | null; readonly role: RepositoryRole | null }> {
  const rows = await q
    .selectFrom('team_repositories')
    .innerJoin('team_lines', 'team_lines.ancestor_id', 'team_repositories.team_id')
    .select(['team_repositories.team_id', 'team_repositories.role'])
    .where('team_lines.team_id', '=', teamId)
    .where('team_repositories.repository_id', '=', repositoryId)
    .execute();
  return {
    own: rows.find((row) => row.team_id === teamId)?.role ?? null,
    role: rows.reduce<RepositoryRole | null>((highest, row) => higherRole(highest, row.role), null),
  };
}

export interface TeamRepository {
  readonly repository: Repository;
  /** The highest of its own and those of the teams above it. */
  readonly role: RepositoryRole;
  /** True when it has none of its own there. */
  readonly isInherited: boolean;
}

/** Up to `limit` repositories in which a team, or one above it, has a role, by id. */
export async function listTeamRepositories(
  q: Query,
  teamId: number,
  page: { readonly afterId: number; readonly skip: number; readonly limit: number },
): Promise<TeamRepository[]> {
  const lines = q.selectFrom('team_lines').select('ancestor_id').where('team_id', '=', teamId);
  const rows = await q
    .selectFrom('repositories')
    .selectAll()
    .where('id', 'in', (row) =>
      row.selectFrom('team_repositories').select('repository_id').where('team_id', 'in', lines),
    )
    .where('id', '>', page.afterId)
    .orderBy('id')
    .limit(page.limit)
    .offset(page.skip)
    .execute();
  if (rows.length === 0) return [];
  const roles = await q
    .selectFrom('team_repositories')
    .select(['repository_id', 'team_id', 'role'])
    .where('team_id', 'in', lines)
    .where(
      'repository_id',
      'in',
      rows.map(({ id }) => id),
    )
    .execute();
  const byRepository = Map.groupBy(roles, (row) => row.repository_id);
  return rows.flatMap((row) => {
    const given = byRepository.get(row.id) ?? [];
    const role = given.reduce<RepositoryRole | null>((highest, one) => higherRole(highest, one.role), null);
    if (role === null) return [];
    return [{ repository: repositoryOf(row), role, isInherited: !given.some((one) => one.team_id === teamId) }];
  });
}

/** In how many repositories a team, or one above it, has a role. */
export async function countTeamRepositories(q: Query, teamId: number): Promise<number> {
  const { count } = await q
    .selectFrom('team_repositories')
    .innerJoin('team_lines', 'team_lines.ancestor_id', 'team_repositories.team_id')
    .select((row) => row.fn.count<number>('team_repositories.repository_id').distinct().as('count'))
    .where('team_lines.team_id', '=', teamId)
    .executeTakeFirstOrThrow();
  return Number(count);
}

/** How many repositories a team has a role of its own in, for each of these; a team with none is missing. */
export async function countOwnRepositories(q: Query, teamIds: readonly number[]): Promise<ReadonlyMap<number, number>> {
  if (teamIds.length === 0) return new Map();
  const rows = await q
    .selectFrom('team_repositories')
    .select((row) => ['team_id', row.fn.countAll<number>().as('count')])
    .where('team_id', 'in', teamIds)
    .groupBy('team_id')
    .execute();
  return new Map(rows.map((row) => [row.team_id, Number(row.count)]));
}

/** The teams with a role of their own in a repository, by slug. */
export async function teamsOfRepository(
  q: Query,
  repositoryId: number,
): Promise<readonly { readonly teamId: number; readonly role: RepositoryRole }[]> {
  const rows = await q
    .selectFrom('team_repositories')
    .innerJoin('teams', 'teams.id', 'team_repositories.team_id')
    .select(['team_repositories.team_id', 'team_repositories.role'])
    .where('team_repositories.repository_id', '=', repositoryId)
    .orderBy('teams.slug')
    .execute();
  return rows.map((row) => ({ teamId: row.team_id, role: row.role }));
}

/** Somebody's role in a repository by a team that they are in. */
export interface RoleByTeam {
  readonly userId: number;
  readonly repositoryId: number;
  readonly role: RepositoryRole;
}

/**
 * The highest role that teams give each of these people in each repository, for those repositories alone or for all
 * (null). A few thousand ids at most.
 */
export async function rolesByTeams(
  q: Query,
  userIds: readonly number[],
  repositoryIds: readonly number[] | null = null,
): Promise<RoleByTeam[]> {
  if (userIds.length === 0 || repositoryIds?.length === 0) return [];
  let query = rolesByTeam(q)
    .select(['team_members.user_id', 'team_repositories.repository_id', 'team_repositories.role'])
    .distinct()
    .where('team_members.user_id', 'in', userIds)
    .orderBy('team_repositories.repository_id');
  if (repositoryIds !== null) query = query.where('team_repositories.repository_id', 'in', repositoryIds);
  const highest = new Map<string, RoleByTeam>();
  for (const { user_id: userId, repository_id: repositoryId, role } of await query.execute()) {
    const key = `${userId} ${repositoryId}`;
    const known = highest.get(key);
    if (known === undefined || higherRole(known.role, role) !== known.role)
      highest.set(key, { userId, repositoryId, role });
  }
  return [...highest.values()];
}

/** Ids of people to whom teams give a role in a repository. */
export function peopleByTeams(q: Query, repositoryId: number) {
  return rolesByTeam(q).select('team_members.user_id').where('team_repositories.repository_id', '=', repositoryId);
}
