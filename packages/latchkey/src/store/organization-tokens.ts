/**
 * The tokens that reach an organization, and those that ask to, found by their owners' filters.
 *
 * A page is found by the id of the previous row, so it costs the same however deep it is; filtering by last use,
 * which no index covers, reads the rows that it skips.
 */
import { type ExpressionBuilder, type RawBuilder, sql } from 'kysely';
import type { UnixSeconds } from '../base/time.ts';
import { LEVELS, type Level, type PermissionName } from '../catalogue/permissions.ts';
import type { Query } from './db.ts';
import type { Database } from './schema.ts';

/** Each given field narrows the list. */
export interface OrganizationTokenFilter {
  readonly userIds?: readonly number[];
  readonly tokenIds?: readonly number[];
  /** Tokens that reach this repository: by name, or because they reach all. */
  readonly repositoryId?: number;
  /** Tokens with this permission, at this level or a higher one. */
  readonly permission?: { readonly name: PermissionName; readonly level: Level };
  readonly usedBefore?: UnixSeconds;
  readonly usedAfter?: UnixSeconds;
}

/** A page by id in either direction. */
export interface DirectedPage {
  /** The id to continue after; null = from the beginning, after `skip` rows. */
  readonly afterId: number | null;
  readonly limit: number;
  readonly skip: number;
  readonly ascending: boolean;
}

/** Ids of the active grants for an organization, of tokens that are not revoked. */
export async function activeGrantIds(
  q: Query,
  organizationId: number,
  filter: OrganizationTokenFilter,
  page: DirectedPage,
): Promise<number[]> {
  // A person has few of the organization's tokens. SQLite reads the tables of a cross join in the order given.
  const joined =
    filter.userIds === undefined
      ? q.selectFrom('grants').innerJoin('tokens', 'tokens.id', 'grants.token_id')
      : q.selectFrom('tokens').crossJoin('grants').whereRef('grants.token_id', '=', 'tokens.id');
  let query = joined
    .select('grants.id')
    .where('grants.owner_id', '=', organizationId)
    .where('grants.state', '=', 'active')
    .where('tokens.revoked_at', 'is', null)
    .where((row) => narrowed(row as unknown as Rows, filter, 'grants.permissions_json'));
  query = query.where((row) => inRepository(row as unknown as Rows, filter.repositoryId));
  if (page.afterId !== null) query = query.where('grants.id', page.ascending ? '>' : '<', page.afterId);
  const rows = await query
    .orderBy('grants.id', page.ascending ? 'asc' : 'desc')
    .limit(page.limit)
    .offset(page.skip)
    .execute();
  return rows.map((row) => row.id);
}

/** Ids of the requests that wait for the owners of an organization. */
export async function pendingRequestIds(
  q: Query,
  organizationId: number,
  filter: OrganizationTokenFilter,
  page: DirectedPage,
): Promise<number[]> {
  let query = q
    .selectFrom('requests')
    .innerJoin('tokens', 'tokens.id', 'requests.token_id')
    .select('requests.id')
    .where('requests.organization_id', '=', organizationId)
    .where('requests.state', '=', 'pending')
    .where((row) => narrowed(row as unknown as Rows, filter, 'requests.permissions_json'));
  if (filter.repositoryId !== undefined) {
    query = query.where(askedIn(filter.repositoryId));
  }
  if (page.afterId !== null) query = query.where('requests.id', page.ascending ? '>' : '<', page.afterId);
  const rows = await query
    .orderBy('requests.id', page.ascending ? 'asc' : 'desc')
    .limit(page.limit)
    .offset(page.skip)
    .execute();
  return rows.map((row) => row.id);
}

export type Rows = ExpressionBuilder<Database, 'tokens' | 'grants' | 'requests'>;

/** A request that names this repository, or all. */
export function askedIn(repositoryId: number): RawBuilder<boolean> {
  const places = [`[${repositoryId}]`, `[${repositoryId},%`, `%,${repositoryId},%`, `%,${repositoryId}]`];
  const named = places.map((place) => sql`requests.repository_ids_json like ${place}`);
  return sql<boolean>`(requests.selection = 'all' or ${sql.join(named, sql` or `)})`;
}

/** A grant that reaches this repository; undefined = any. */
export function inRepository(row: Rows, repositoryId: number | undefined) {
  if (repositoryId === undefined) return row.and([]);
  return row.or([
    row('grants.selection', '=', 'all'),
    row.exists(
      row
        .selectFrom('grant_repositories as chosen')
        .select('chosen.grant_id')
        .whereRef('chosen.grant_id', '=', 'grants.id')
        .where('chosen.repository_id', '=', repositoryId),
    ),
  ]);
}

/** A token of one of these people; undefined = of anybody. */
export function hasPerson(row: Rows, userIds: readonly number[] | undefined) {
  return userIds === undefined ? row.and([]) : row('tokens.user_id', 'in', [-1, ...userIds]);
}

/** What the filter says of tokens and permissions; repositories are for `inRepository` and `askedIn`. */
export function narrowed(
  row: Rows,
  filter: OrganizationTokenFilter,
  permissionsColumn: 'grants.permissions_json' | 'requests.permissions_json',
) {
  const { userIds, tokenIds, permission, usedBefore, usedAfter } = filter;
  const all = [hasPerson(row, userIds)];
  if (tokenIds !== undefined) all.push(row('tokens.id', 'in', [-1, ...tokenIds]));
  if (usedBefore !== undefined || usedAfter !== undefined) {
    let used = row
      .selectFrom('token_use')
      .select('token_use.token_id')
      .whereRef('token_use.token_id', '=', 'tokens.id');
    if (usedBefore !== undefined) used = used.where('token_use.last_used_at', '<', usedBefore);
    if (usedAfter !== undefined) used = used.where('token_use.last_used_at', '>', usedAfter);
    all.push(row.exists(used));
  }
  // The JSON has each permission in quotes, so no name matches part of another. If the lowest level is wanted, any will
  // do.
  if (permission !== undefined) {
    const enough =
      permission.level === LEVELS[0]
        ? ['']
        : LEVELS.slice(LEVELS.indexOf(permission.level)).map((level) => `"${level}"`);
    all.push(row.or(enough.map((level) => row(permissionsColumn, 'like', `%"${permission.name}":${level}%`))));
  }
  return row.and(all);
}

/**
 * A page of the classic and scoped tokens that reach an organization: those of its members, of people with a role of
 * their own in one of its repositories, and of anybody who used one in an internal repository of it lately. Each
 * reaches what its owner reaches there.
 * @param among only tokens with these ids; left out = all
 */
export async function memberTokenIds(
  q: Query,
  organizationId: number,
  page: DirectedPage,
  among?: readonly number[],
): Promise<number[]> {
  const [ofPeople, used] = await Promise.all([
    living(q, page, among)
      .where('tokens.user_id', 'in', (row) => peopleOf(row, organizationId))
      .execute(),
    living(q, page, among)
      .where('tokens.id', 'in', (row) => usedInside(row, organizationId))
      .execute(),
  ]);
  const ids = [...new Set([...ofPeople, ...used].map(({ id }) => id))];
  return ids.sort((a, b) => (page.ascending ? a - b : b - a)).slice(page.skip, page.skip + page.limit);
}

/** How these tokens reach the organization: active grants of fine-grained ones, and the other ones by their ids. */
export async function reachingAmong(
  q: Query,
  organizationId: number,
  tokenIds: readonly number[],
): Promise<{ readonly grantIds: readonly number[]; readonly otherIds: readonly number[] }> {
  const page = { afterId: null, limit: tokenIds.length, skip: 0, ascending: true };
  const [grantIds, otherIds] = await Promise.all([
    activeGrantIds(q, organizationId, { tokenIds }, page),
    memberTokenIds(q, organizationId, page, tokenIds),
  ]);
  return { grantIds, otherIds };
}

/** True for a token that was used in an internal repository of the organization, by whomever. */
export async function wasUsedInside(q: Query, organizationId: number, tokenId: number): Promise<boolean> {
  const row = await q
    .selectFrom('tokens')
    .select('tokens.id')
    .where('tokens.id', '=', tokenId)
    .where('tokens.id', 'in', (inner) => usedInside(inner, organizationId))
    .executeTakeFirst();
  return row !== undefined;
}

function living(q: Query, page: DirectedPage, among: readonly number[] | undefined) {
  let query = q
    .selectFrom('tokens')
    .select('tokens.id')
    .where('tokens.kind', 'in', ['classic', 'scoped'])
    .where('tokens.revoked_at', 'is', null);
  if (among !== undefined) query = query.where('tokens.id', 'in', [-1, ...among]);
  if (page.afterId !== null) query = query.where('tokens.id', page.ascending ? '>' : '<', page.afterId);
  return query.orderBy('tokens.id', page.ascending ? 'asc' : 'desc').limit(page.skip + page.limit);
}

export function usedInside(row: ExpressionBuilder<Database, 'tokens'>, organizationId: number) {
  return row
    .selectFrom('repositories')
    .innerJoin('token_days', 'token_days.repository_id', 'repositories.id')
    .select('token_days.token_id')
    .where('repositories.owner_id', '=', organizationId)
    .where('repositories.visibility', '=', 'internal');
}

export function peopleOf(row: ExpressionBuilder<Database, 'tokens'>, organizationId: number) {
  return row
    .selectFrom('memberships')
    .select('memberships.user_id')
    .where('memberships.organization_id', '=', organizationId)
    .union(
      row
        .selectFrom('collaborators')
        .innerJoin('repositories', 'repositories.id', 'collaborators.repository_id')
        .select('collaborators.user_id')
        .where('repositories.owner_id', '=', organizationId),
    );
}
