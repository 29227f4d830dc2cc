/** Who is in a team: its own members, and those of the teams below it. */
import type { UnixSeconds } from '../base/time.ts';
import type { TeamRole } from '../rules/model.ts';
import type { Query } from './db.ts';
import { bumpRevision, subjectOf } from './revision.ts';

export interface TeamMember {
  readonly userId: number;
  /** Their role in the team itself; null = they are in a team below it. */
  readonly role: TeamRole | null;
}

/**
 * Adds a member of the organization to a team, or changes their role in it.
 * @throws a foreign-key violation when they are no member of the organization
 */
export async function setTeamMember(
  tx: Query,
  member: { teamId: number; organizationId: number; userId: number; role: TeamRole; at: UnixSeconds },
): Promise<void> {
  await bumpRevision(tx, subjectOf('account', member.userId));
  await tx
    .insertInto('team_members')
    .values({
      team_id: member.teamId,
      user_id: member.userId,
      organization_id: member.organizationId,
      role: member.role,
      created_at: member.at,
    })
    .onConflict((conflict) => conflict.columns(['team_id', 'user_id']).doUpdateSet({ role: member.role }))
    .execute();
}

/** Takes somebody out of a team. False when they weren't in the team itself. */
export async function removeTeamMember(tx: Query, teamId: number, userId: number): Promise<boolean> {
  await bumpRevision(tx, subjectOf('account', userId));
  const removed = await tx
    .deleteFrom('team_members')
    .where('team_id', '=', teamId)
    .where('user_id', '=', userId)
    .returning('user_id')
    .executeTakeFirst();
  return removed !== undefined;
}

/** Somebody's role in the team itself; null = none. */
export async function teamMemberRole(q: Query, teamId: number, userId: number): Promise<TeamRole | null> {
  const row = await q
    .selectFrom('team_members')
    .select('role')
    .where('team_id', '=', teamId)
    .where('user_id', '=', userId)
    .executeTakeFirst();
  return row?.role ?? null;
}

/** True when somebody is in the team or in one below it. */
export async function isInTeam(q: Query, teamId: number, userId: number): Promise<boolean> {
  const row = await q
    .selectFrom('team_members')
    .innerJoin('team_lines', 'team_lines.team_id', 'team_members.team_id')
    .select('team_members.user_id')
    .where('team_members.user_id', '=', userId)
    .where('team_lines.ancestor_id', '=', teamId)
    .limit(1)
    .executeTakeFirst();
  return row !== undefined;
}

/** True when somebody maintains the organization's team with this slug. */
export async function maintainsTeam(q: Query, organizationId: number, slug: string, userId: number): Promise<boolean> {
  const row = await q
    .selectFrom('teams')
    .innerJoin('team_members', 'team_members.team_id', 'teams.id')
    .select('teams.id')
    .where('teams.organization_id', '=', organizationId)
    .where('teams.slug', '=', slug.toLowerCase())
    .where('team_members.user_id', '=', userId)
    .where('team_members.role', '=', 'maintainer')
    .executeTakeFirst();
  return row !== undefined;
}

/**
 * Up to `limit` people of a team and of those below it, by id.
 * @param role only those with this role in the team itself; null = all
 */
export async function listTeamMembers(
  q: Query,
  teamId: number,
  role: TeamRole | null,
  page: { readonly afterId: number; readonly skip: number; readonly limit: number },
): Promise<TeamMember[]> {
  let query = q
    .selectFrom('team_members')
    .innerJoin('team_lines', 'team_lines.team_id', 'team_members.team_id')
    .leftJoin('team_members as own', (join) =>
      join.onRef('own.user_id', '=', 'team_members.user_id').on('own.team_id', '=', teamId),
    )
    .select(['team_members.user_id', 'own.role'])
    .distinct()
    .where('team_lines.ancestor_id', '=', teamId)
    .where('team_members.user_id', '>', page.afterId)
    .orderBy('team_members.user_id')
    .limit(page.limit)
    .offset(page.skip);
  if (role === 'maintainer') query = query.where('own.role', '=', 'maintainer');
  if (role === 'member')
    query = query.where((row) => row.or([row('own.role', 'is', null), row('own.role', '=', 'member')]));
  return (await query.execute()).map((row) => ({ userId: row.user_id, role: row.role }));
}

/** How many people are in a team and in those below it. */
export async function countTeamMembers(q: Query, teamId: number): Promise<number> {
  const { count } = await q
    .selectFrom('team_members')
    .innerJoin('team_lines', 'team_lines.team_id', 'team_members.team_id')
    .select((row) => row.fn.count<number>('team_members.user_id').distinct().as('count'))
    .where('team_lines.ancestor_id', '=', teamId)
    .executeTakeFirstOrThrow();
  return Number(count);
}

/** How many people are in each of these teams itself; a team with none is missing. */
export async function countOwnMembers(q: Query, teamIds: readonly number[]): Promise<ReadonlyMap<number, number>> {
  if (teamIds.length === 0) return new Map();
  const rows = await q
    .selectFrom('team_members')
    .select((row) => ['team_id', row.fn.countAll<number>().as('count')])
    .where('team_id', 'in', teamIds)
    .groupBy('team_id')
    .execute();
  return new Map(rows.map((row) => [row.team_id, Number(row.count)]));
}
