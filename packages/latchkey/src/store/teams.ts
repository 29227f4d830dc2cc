/**
 * Teams of an organization and their tree.
 *
 * Invariant: `team_lines` has each team with itself and with every team above it, so nothing walks the tree to decide.
 * Whatever changes a tree raises the revision of the organization: everything remembered about what it owns is read
 * anew.
 */
import type { Selectable } from 'kysely';
import type { UnixSeconds } from '../base/time.ts';
import type { Query } from './db.ts';
import { bumpRevision, subjectOf } from './revision.ts';
import type { TeamsTable } from './schema.ts';

export interface Team {
  readonly id: number;
  readonly organizationId: number;
  readonly name: string;
  readonly slug: string;
  readonly description: string;
  readonly isSecret: boolean;
  readonly parentId: number | null;
  readonly externalId: string | null;
  readonly createdAt: UnixSeconds;
  readonly updatedAt: UnixSeconds;
}

function teamOf(row: Selectable<TeamsTable>): Team {
  return {
    id: row.id,
    organizationId: row.organization_id,
    name: row.name,
    slug: row.slug,
    description: row.description,
    isSecret: row.is_secret === 1,
    parentId: row.parent_id,
    externalId: row.external_id,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}

/**
 * Makes a team.
 * @throws a unique violation when the organization has a team with this slug
 */
export async function insertTeam(
  tx: Query,
  team: Pick<Team, 'organizationId' | 'name' | 'slug' | 'description' | 'isSecret' | 'parentId'> & { at: UnixSeconds },
): Promise<Team> {
  const row = await tx
    .insertInto('teams')
    .values({
      organization_id: team.organizationId,
      name: team.name,
      slug: team.slug,
      description: team.description,
      is_secret: team.isSecret ? 1 : 0,
      parent_id: team.parentId,
      external_id: null,
      created_at: team.at,
      updated_at: team.at,
    })
    .returningAll()
    .executeTakeFirstOrThrow();
  await linkBelow(tx, row.id, team.parentId);
  await bumpRevision(tx, subjectOf('account', team.organizationId));
  return teamOf(row);
}

/**
 * Changes a team's own columns.
 * @throws a unique violation when the organization has another team with this slug
 */
export async function updateTeam(
  tx: Query,
  team: Team,
  change: Partial<Pick<Team, 'name' | 'slug' | 'description' | 'isSecret'>>,
  at: UnixSeconds,
): Promise<Team> {
  const { name, slug, description, isSecret } = { ...team, ...change };
  await bumpRevision(tx, subjectOf('account', team.organizationId));
  const row = await tx
    .updateTable('teams')
    .set({ name, slug, description, is_secret: isSecret ? 1 : 0, updated_at: at })
    .where('id', '=', team.id)
    .returningAll()
    .executeTakeFirstOrThrow();
  return teamOf(row);
}

/** Moves a team, with everything below it, under another one; null = to the top. The caller has ruled out a cycle. */
export async function setTeamParent(tx: Query, team: Team, parentId: number | null, at: UnixSeconds): Promise<void> {
  await bumpRevision(tx, subjectOf('account', team.organizationId));
  const below = await idsBelow(tx, team.id);
  const above = (await linesOf(tx, team.id)).filter((id) => id !== team.id);
  if (above.length > 0)
    await tx.deleteFrom('team_lines').where('team_id', 'in', below).where('ancestor_id', 'in', above).execute();
  await tx.updateTable('teams').set({ parent_id: parentId, updated_at: at }).where('id', '=', team.id).execute();
  if (parentId === null) return;
  const ancestors = await linesOf(tx, parentId);
  await insertLines(
    tx,
    below.flatMap((teamId) => ancestors.map((ancestorId) => ({ team_id: teamId, ancestor_id: ancestorId }))),
  );
}

/** Rows in one statement: PostgreSQL binds at most 65,535 values. */
const LINES_AT_ONCE = 1_000;

async function insertLines(tx: Query, lines: readonly { team_id: number; ancestor_id: number }[]): Promise<void> {
  for (let from = 0; from < lines.length; from += LINES_AT_ONCE)
    await tx
      .insertInto('team_lines')
      .values(lines.slice(from, from + LINES_AT_ONCE))
      .execute();
}

async function linkBelow(tx: Query, id: number, parentId: number | null): Promise<void> {
  const ancestors = parentId === null ? [] : await linesOf(tx, parentId);
  await insertLines(
    tx,
    [id, ...ancestors].map((ancestorId) => ({ team_id: id, ancestor_id: ancestorId })),
  );
}

/** The ids of a team and of every team above it. */
export async function linesOf(q: Query, id: number): Promise<number[]> {
  const rows = await q.selectFrom('team_lines').select('ancestor_id').where('team_id', '=', id).execute();
  return rows.map((row) => row.ancestor_id);
}

/** The ids of a team and of every team below it. */
export async function idsBelow(q: Query, id: number): Promise<number[]> {
  const rows = await q.selectFrom('team_lines').select('team_id').where('ancestor_id', '=', id).execute();
  return rows.map((row) => row.team_id);
}

/** How many levels a team and those below it have, itself included. */
export async function heightOf(q: Query, id: number): Promise<number> {
  const below = await idsBelow(q, id);
  const rows = await q
    .selectFrom('team_lines as down')
    .innerJoin('team_lines as up', 'up.team_id', 'down.team_id')
    .select((row) => ['down.team_id', row.fn.countAll<number>().as('depth')])
    .where('down.ancestor_id', '=', id)
    .where('up.ancestor_id', 'in', below)
    .groupBy('down.team_id')
    .execute();
  return Math.max(1, ...rows.map(({ depth }) => Number(depth)));
}

/** Deletes a team with every team below it; returns them, this one first. */
export async function deleteTeam(tx: Query, team: Team): Promise<Team[]> {
  await bumpRevision(tx, subjectOf('account', team.organizationId));
  const rows = await tx
    .deleteFrom('teams')
    .where('id', 'in', await idsBelow(tx, team.id))
    .returningAll()
    .execute();
  return rows.map(teamOf).toSorted((a, b) => Number(b.id === team.id) - Number(a.id === team.id) || a.id - b.id);
}

export async function teamBySlug(q: Query, organizationId: number, slug: string): Promise<Team | null> {
  const row = await q
    .selectFrom('teams')
    .selectAll()
    .where('organization_id', '=', organizationId)
    .where('slug', '=', slug.toLowerCase())
    .executeTakeFirst();
  return row === undefined ? null : teamOf(row);
}

/** Teams by their ids; those that are gone are missing. A few thousand ids at most. */
export async function teamsByIds(q: Query, ids: readonly number[]): Promise<ReadonlyMap<number, Team>> {
  if (ids.length === 0) return new Map();
  const rows = await q.selectFrom('teams').selectAll().where('id', 'in', ids).execute();
  return new Map(rows.map((row) => [row.id, teamOf(row)]));
}

export async function countTeams(q: Query, organizationId: number): Promise<number> {
  const { count } = await q
    .selectFrom('teams')
    .select((row) => row.fn.countAll<number>().as('count'))
    .where('organization_id', '=', organizationId)
    .executeTakeFirstOrThrow();
  return Number(count);
}

/** Which teams to list. */
export interface TeamFilter {
  readonly organizationId: number;
  /** Only those directly below this team; null = only those at the top; left out = on every level. */
  readonly parentId?: number | null;
  /** Only those that this person may know of: no secret ones, except their own. Null = all. */
  readonly seenBy: number | null;
  /** A part of the name, ignoring case. */
  readonly words?: string;
}

/** Up to `limit` teams by slug, after one slug. */
export async function listTeams(
  q: Query,
  { organizationId, parentId, seenBy, words = '' }: TeamFilter,
  page: { readonly after: string; readonly skip: number; readonly limit: number },
): Promise<Team[]> {
  let query = q
    .selectFrom('teams')
    .selectAll()
    .where('organization_id', '=', organizationId)
    .where('slug', '>', page.after)
    .orderBy('slug')
    .limit(page.limit)
    .offset(page.skip);
  if (parentId !== undefined)
    query = parentId === null ? query.where('parent_id', 'is', null) : query.where('parent_id', '=', parentId);
  if (seenBy !== null)
    query = query.where((row) =>
      row.or([
        row('is_secret', '=', 0),
        row('id', 'in', row.selectFrom('team_members').select('team_id').where('user_id', '=', seenBy)),
      ]),
    );
  if (words !== '') {
    const part = `%${words.toLowerCase().replaceAll(/[\\%_]/g, '')}%`;
    query = query.where((row) => row.or([row('slug', 'like', part), row(row.fn('lower', ['name']), 'like', part)]));
  }
  return (await query.execute()).map(teamOf);
}

/** Up to `limit` teams that somebody is in themselves, by id. @param among only in these organizations; null = all */
export async function listTeamsOf(
  q: Query,
  userId: number,
  page: { readonly afterId: number; readonly skip: number; readonly limit: number },
  among: readonly number[] | null = null,
): Promise<Team[]> {
  if (among?.length === 0) return [];
  let query = q
    .selectFrom('team_members')
    .innerJoin('teams', 'teams.id', 'team_members.team_id')
    .selectAll('teams')
    .where('team_members.user_id', '=', userId)
    .where('teams.id', '>', page.afterId)
    .orderBy('teams.id')
    .limit(page.limit)
    .offset(page.skip);
  if (among !== null) query = query.where('teams.organization_id', 'in', among);
  return (await query.execute()).map(teamOf);
}
