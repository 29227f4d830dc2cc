/**
 * Repositories that somebody may see: public ones, internal ones for anyone with an account, their own, their
 * organizations', and shared ones.
 *
 * This is a superset: an organization may give its members nothing by default. The decision has the last word on each
 * row.
 */
import { sql } from 'kysely';
import type { Visibility } from '../rules/model.ts';
import type { GivenRoles } from '../rules/role.ts';
import { type Account, accountsByIds } from './accounts.ts';
import type { Query } from './db.ts';
import { type Repository, repositoryOf } from './repositories.ts';
import { rolesByTeams } from './team-repositories.ts';

export type RepositoryOrder = 'id' | 'name' | 'path' | 'created_at' | 'updated_at' | 'last_activity_at';

export interface RepositorySearch {
  /** The person who is looking; null = nobody in particular. */
  readonly userId: number | null;
  /** The organizations that they belong to. */
  readonly organizationIds: readonly number[];
  /** Only repositories of this account. */
  readonly ownerId?: number | undefined;
  /** Only repositories that are theirs, their organizations', or shared with them. */
  readonly membership?: boolean | undefined;
  readonly visibility?: Visibility | undefined;
  readonly archived?: boolean | undefined;
  /** A part of the name, ignoring case. */
  readonly search?: string | undefined;
}

export interface VisibleRepository {
  readonly repository: Repository;
  readonly owner: Account;
  readonly given: GivenRoles;
}

/** The most repositories to ask for by their ids; beyond that, all are read. */
const MAX_NAMED = 1_000;

/** At most `limit` of them in the wanted order; equal ones are ordered by id. */
export async function visibleRepositories(
  q: Query,
  search: RepositorySearch,
  order: { by: RepositoryOrder; direction: 'asc' | 'desc' },
  limit: number,
): Promise<VisibleRepository[]> {
  const userId = search.userId ?? 0;
  let query = q
    .selectFrom('repositories as r')
    .leftJoin('collaborators as c', (join) => join.onRef('c.repository_id', '=', 'r.id').on('c.user_id', '=', userId))
    .selectAll('r')
    .select('c.role')
    .where((row) =>
      row.or([
        row('r.owner_id', '=', userId),
        row('c.role', 'is not', null),
        ...(search.organizationIds.length === 0 ? [] : [row('r.owner_id', 'in', search.organizationIds)]),
        ...(search.membership === true
          ? []
          : [row('r.visibility', 'in', search.userId === null ? ['public'] : ['public', 'internal'])]),
      ]),
    );
  if (search.ownerId !== undefined) query = query.where('r.owner_id', '=', search.ownerId);
  if (search.visibility !== undefined) query = query.where('r.visibility', '=', search.visibility);
  if (search.archived !== undefined) query = query.where('r.archived_at', search.archived ? 'is not' : 'is', null);
  if (search.search !== undefined)
    query = query.where(
      sql<boolean>`r.name_key like ${`%${search.search.toLowerCase().replace(/[\\%_]/g, '\\$&')}%`} escape '\\'`,
    );
  const rows = await query
    .orderBy(KEYS[order.by], order.direction)
    .orderBy('r.id', order.direction)
    .limit(limit)
    .execute();
  // Whoever is in a team belongs to its organization, so these are among the rows.
  const ids = rows.length > MAX_NAMED ? null : rows.map(({ id }) => id);
  const byTeams = new Map(
    search.userId === null || search.organizationIds.length === 0
      ? []
      : (await rolesByTeams(q, [search.userId], ids)).map((each) => [each.repositoryId, each.role]),
  );
  const owners = await accountsByIds(q, [...new Set(rows.map((row) => row.owner_id))]);
  return rows.flatMap((row) => {
    const owner = owners.get(row.owner_id);
    const given = { collaboratorRole: row.role, teamRole: byTeams.get(row.id) ?? null };
    return owner === undefined ? [] : [{ repository: repositoryOf(row), owner, given }];
  });
}

const KEYS = {
  id: sql<number>`r.id`,
  name: sql<string>`r.name_key`,
  path: sql<string>`r.name_key`,
  created_at: sql<number>`r.created_at`,
  updated_at: sql<number>`r.updated_at`,
  last_activity_at: sql<number>`coalesce(r.pushed_at, r.created_at)`,
} as const satisfies Record<RepositoryOrder, unknown>;
