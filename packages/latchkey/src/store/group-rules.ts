/** What groups of providers and directories stand for, and whom they put where. */
import type { Selectable } from 'kysely';
import type { UnixSeconds } from '../base/time.ts';
import type { GroupRule, Place, PlaceRole } from '../rules/groups/places.ts';
import type { Query } from './db.ts';
import type { GroupRulesTable } from './schema.ts';

export interface StoredGroupRule extends GroupRule {
  readonly createdAt: UnixSeconds;
}

function ruleOf(row: Selectable<GroupRulesTable>): StoredGroupRule {
  return {
    id: row.id,
    source: row.source,
    group: row.group_name,
    organizationId: row.organization_id,
    role: row.role,
    team: row.team_id === null ? null : { id: row.team_id, role: row.team_role ?? 'member' },
    createdAt: row.created_at,
  };
}

export async function insertGroupRule(tx: Query, rule: Omit<StoredGroupRule, 'id'>): Promise<StoredGroupRule> {
  const row = await tx
    .insertInto('group_rules')
    .values({
      source: rule.source,
      group_name: rule.group,
      organization_id: rule.organizationId,
      role: rule.role,
      team_id: rule.team?.id ?? null,
      team_role: rule.team?.role ?? null,
      created_at: rule.createdAt,
    })
    .returningAll()
    .executeTakeFirstOrThrow();
  return ruleOf(row);
}

/** Deletes a rule of an organization. Null when it has none of that id. */
export async function deleteGroupRule(tx: Query, organizationId: number, id: number): Promise<StoredGroupRule | null> {
  const row = await tx
    .deleteFrom('group_rules')
    .where('id', '=', id)
    .where('organization_id', '=', organizationId)
    .returningAll()
    .executeTakeFirst();
  return row === undefined ? null : ruleOf(row);
}

/** The rules of an organization, by group. */
export async function groupRulesFor(q: Query, organizationId: number): Promise<StoredGroupRule[]> {
  const rows = await q
    .selectFrom('group_rules')
    .selectAll()
    .where('organization_id', '=', organizationId)
    .orderBy('source')
    .orderBy('group_name')
    .orderBy('id')
    .execute();
  return rows.map(ruleOf);
}

/** The rules about groups of one source. @param groups only those about one of these; left out = all */
export async function groupRulesOf(q: Query, source: string, groups?: readonly string[]): Promise<StoredGroupRule[]> {
  if (groups?.length === 0) return [];
  let query = q.selectFrom('group_rules').selectAll().where('source', '=', source).orderBy('id');
  if (groups !== undefined) query = query.where('group_name', 'in', groups);
  return (await query.execute()).map(ruleOf);
}

/** A place that a source gave somebody. */
export interface GivenPlace extends Place {
  readonly userId: number;
  readonly source: string;
  readonly role: PlaceRole;
}

/** What sources gave these people, at most a few hundred. */
export async function placesGiven(q: Query, userIds: readonly number[]): Promise<GivenPlace[]> {
  if (userIds.length === 0) return [];
  const rows = await q.selectFrom('group_places').selectAll().where('user_id', 'in', userIds).execute();
  return rows.map((row) => ({
    userId: row.user_id,
    organizationId: row.organization_id,
    teamId: row.team_id,
    source: row.source,
    role: row.role,
  }));
}

/** Notes what sources give somebody at a place, in the stead of what they gave. */
export async function setPlaces(
  tx: Query,
  { userId, organizationId, teamId }: Place & { readonly userId: number },
  given: ReadonlyMap<string, PlaceRole>,
): Promise<void> {
  await tx
    .deleteFrom('group_places')
    .where('user_id', '=', userId)
    .where('organization_id', '=', organizationId)
    .where('team_id', '=', teamId)
    .execute();
  if (given.size === 0) return;
  const place = { user_id: userId, organization_id: organizationId, team_id: teamId };
  await tx
    .insertInto('group_places')
    .values([...given].map(([source, role]) => ({ ...place, source, role })))
    .execute();
}

/** Who has a place in an organization from a source. */
export async function peopleGiven(q: Query, source: string, organizationId: number): Promise<number[]> {
  const rows = await q
    .selectFrom('group_places')
    .select('user_id')
    .distinct()
    .where('source', '=', source)
    .where('organization_id', '=', organizationId)
    .execute();
  return rows.map((row) => row.user_id);
}

/** How many people are in an organization, or in its teams, because of groups: by the source. */
export async function countGiven(q: Query, organizationId: number): Promise<ReadonlyMap<string, number>> {
  const rows = await q
    .selectFrom('group_places')
    .select((row) => ['source', row.fn.count<number>('user_id').distinct().as('count')])
    .where('organization_id', '=', organizationId)
    .groupBy('source')
    .execute();
  return new Map(rows.map(({ source, count }) => [source, Number(count)]));
}

/** The roles that people have now: in organizations, and in teams of these (`teamId` 0 = the organization). */
export async function rolesNow(
  q: Query,
  userIds: readonly number[],
  organizationIds: readonly number[],
): Promise<Omit<GivenPlace, 'source'>[]> {
  if (userIds.length === 0 || organizationIds.length === 0) return [];
  const [memberships, teams] = await Promise.all([
    q
      .selectFrom('memberships')
      .select(['user_id', 'organization_id', 'role'])
      .where('user_id', 'in', userIds)
      .where('organization_id', 'in', organizationIds)
      .execute(),
    q
      .selectFrom('team_members')
      .select(['user_id', 'organization_id', 'team_id', 'role'])
      .where('user_id', 'in', userIds)
      .where('organization_id', 'in', organizationIds)
      .execute(),
  ]);
  return [
    ...memberships.map((row) => ({
      userId: row.user_id,
      organizationId: row.organization_id,
      teamId: 0,
      role: row.role as PlaceRole,
    })),
    ...teams.map((row) => ({
      userId: row.user_id,
      organizationId: row.organization_id,
      teamId: row.team_id,
      role: row.role as PlaceRole,
    })),
  ];
}

/** Forgets a source that is gone: its rules, and that it gave anything. */
export async function forgetSource(tx: Query, source: string): Promise<void> {
  await tx.deleteFrom('group_rules').where('source', '=', source).execute();
  await tx.deleteFrom('group_places').where('source', '=', source).execute();
}
