/**
 * What reaches an organization, and what asks to, as lists on pages need it: all kinds of tokens in one list, narrowed
 * by what somebody types and by state, counted, in an order.
 *
 * Invariant: a list reads the short rows that it counts, and those up to its page, however many there are. With more
 * than it counts it is not sorted: it stays as it is read, the newest first.
 */
import { type RawBuilder, type SelectQueryBuilder, sql } from 'kysely';
import type { UnixSeconds } from '../base/time.ts';
import type { Query } from './db.ts';
import {
  askedIn,
  hasPerson,
  inRepository,
  narrowed,
  type OrganizationTokenFilter,
  peopleOf,
  type Rows,
  usedInside,
} from './organization-tokens.ts';
import { countRows } from './page.ts';
import type { Database } from './schema.ts';
import { inState, MAX_COUNTED } from './token-lists.ts';

export const REACH_TABS = ['all', 'fine-grained', 'classic', 'ending', 'unused', 'revoked'] as const;
export type ReachTab = (typeof REACH_TABS)[number];
export const REQUEST_TABS = ['all', 'first', 'more'] as const;
export type RequestTab = (typeof REQUEST_TABS)[number];
/** `created`: when it was made, or asked. */
export const REACH_SORTS = ['created', 'person', 'name', 'used', 'ends'] as const;
export type ReachSort = (typeof REACH_SORTS)[number];

interface OrganizationList<Tab> {
  readonly organizationId: number;
  readonly filter: OrganizationTokenFilter;
  /** A part of the token's name, of its owner's login or name, or the secret's last characters; '' = all. */
  readonly text: string;
  readonly tab: Tab;
  readonly at: UnixSeconds;
}

export interface ListWindow {
  readonly sort: ReachSort;
  readonly descending: boolean;
  readonly offset: number;
  readonly limit: number;
}

export interface ListedIds {
  readonly ids: readonly number[];
  /** At most `most` + 1. */
  readonly count: number;
  /** How far this list is counted, and sorted. */
  readonly most: number;
}

/** A filter by permission reads the text of every grant that it passes: such a list is counted less far. */
const MAX_FILTERED = 100;

function mostOf({ permission, repositoryId }: OrganizationTokenFilter): number {
  return permission === undefined && repositoryId === undefined ? MAX_COUNTED : MAX_FILTERED;
}

/** What a list is sorted by. */
interface Keys {
  readonly id: number;
  readonly created: number;
  readonly person: string;
  readonly name: string;
  readonly used: number | null;
  readonly ends: number | null;
}

/** Ids of tokens that reach the organization; with the tab `revoked`, of those that it keeps out. */
export async function reachingTokenIds(
  q: Query,
  list: OrganizationList<ReachTab>,
  window: ListWindow,
): Promise<ListedIds> {
  const most = mostOf(list.filter);
  const keys = await reaching(q, list)
    .select(['tokens.id', 'tokens.created_at as created', 'tokens.expires_at as ends', 'tokens.name_key as name'])
    .select(['accounts.login_key as person', 'token_use.last_used_at as used'])
    .limit(rowsFor(window, most))
    .execute();
  return inWindow(keys, window, most);
}

/** The same, all of them: the newest first, those below an id. */
export async function reachingTokenIdsBelow(
  q: Query,
  list: OrganizationList<ReachTab>,
  { beforeId, limit }: { readonly beforeId: number | null; readonly limit: number },
): Promise<number[]> {
  let query = reaching(q, list).select('tokens.id').clearOrderBy().orderBy('tokens.id', 'desc').limit(limit);
  if (beforeId !== null) query = query.where('tokens.id', '<', beforeId);
  return [...new Set((await query.execute()).map(({ id }) => id))];
}

/** Ids of the requests that wait for the organization's owners. */
export async function waitingRequestIds(
  q: Query,
  list: OrganizationList<RequestTab>,
  window: ListWindow,
): Promise<ListedIds> {
  const most = mostOf(list.filter);
  const keys = await waiting(q, list)
    .select(['requests.id', 'requests.created_at as created', 'tokens.expires_at as ends', 'tokens.name_key as name'])
    .select(['accounts.login_key as person', 'token_use.last_used_at as used'])
    .orderBy('requests.id', 'desc')
    .limit(rowsFor(window, most))
    .execute();
  return inWindow(keys, window, most);
}

/** Menus count this far. */
export const MAX_IN_MENU = 100;

/**
 * How many tokens of all kinds reach the organization, as its list counts them; at most `MAX_IN_MENU` + 1. Read from
 * the organization's side and in no order, so that it is quick however many other tokens there are.
 */
export async function countReaching(q: Query, organizationId: number): Promise<number> {
  const most = MAX_IN_MENU + 1;
  const byGrants = await countRows(
    q,
    q
      .selectFrom('grants')
      .innerJoin('tokens', 'tokens.id', 'grants.token_id')
      .select('grants.id')
      .where('grants.owner_id', '=', organizationId)
      .where('grants.state', '=', 'active')
      .where('tokens.revoked_at', 'is', null)
      .limit(most),
  );
  if (byGrants >= most) return most;
  const others = q
    .selectFrom('tokens')
    .select('tokens.id')
    .where('tokens.kind', 'in', ['classic', 'scoped'])
    .where('tokens.revoked_at', 'is', null)
    .limit(most);
  const [ofPeople, inside] = await Promise.all([
    others.where('tokens.user_id', 'in', (row) => peopleOf(row, organizationId)).execute(),
    others.where('tokens.id', 'in', (row) => usedInside(row, organizationId)).execute(),
  ]);
  return Math.min(most, byGrants + new Set([...ofPeople, ...inside].map(({ id }) => id)).size);
}

/** As many as are counted, and those of a page behind them. */
function rowsFor({ offset, limit }: ListWindow, most: number): number {
  return Math.max(most + 1, offset + limit);
}

function inWindow(rows: readonly Keys[], { sort, descending, offset, limit }: ListWindow, most: number): ListedIds {
  const order = [...rows];
  if (rows.length <= most) {
    const sign = descending ? -1 : 1;
    const keys = new Map(rows.map((row) => [row.id, keyOf(row, sort)]));
    order.sort((one, other) => {
      const [a, b] = [keys.get(one.id) ?? 0, keys.get(other.id) ?? 0];
      return a === b ? other.id - one.id : a < b ? -sign : sign;
    });
  }
  const ids = order.slice(offset, offset + limit).map(({ id }) => id);
  return { ids, count: Math.min(rows.length, most + 1), most };
}

function keyOf(row: Keys, sort: ReachSort): number | string {
  if (sort === 'ends') return row.ends ?? Number.POSITIVE_INFINITY;
  return sort === 'used' ? (row.used ?? 0) : row[sort];
}

function reaching(q: Query, { organizationId, filter, text, tab, at }: OrganizationList<ReachTab>) {
  const { userIds, ...reach } = filter;
  const grants = q
    .selectFrom('grants')
    .where('grants.owner_id', '=', organizationId)
    .where('grants.state', '=', 'active')
    .where((row) => narrowed(row as unknown as Rows, reach, 'grants.permissions_json'))
    .where((row) => inRepository(row as unknown as Rows, filter.repositoryId));
  // What classic and scoped tokens reach is what their owners do: no permission and no repository narrows them.
  const isByGrant = filter.permission !== undefined || filter.repositoryId !== undefined;
  // SQLite reads the tables of a cross join in the order given, here by the index of grants, and stops at the limit.
  const byGrants = grants
    .crossJoin('tokens')
    .whereRef('tokens.id', '=', 'grants.token_id')
    .orderBy('grants.id', 'desc');
  const from = isByGrant
    ? (byGrants as unknown as SelectQueryBuilder<Database, 'tokens', object>)
    : q.selectFrom('tokens').orderBy('tokens.id', 'desc');
  let query = from
    .innerJoin('accounts', 'accounts.id', 'tokens.user_id')
    .leftJoin('token_use', 'token_use.token_id', 'tokens.id')
    .where('tokens.revoked_at', 'is', null)
    .where((row) => hasPerson(row as unknown as Rows, userIds));
  if (!isByGrant)
    query = query.where((row) => {
      const byGrant = row.exists(grants.select('grants.id').whereRef('grants.token_id', '=', sql.ref('tokens.id')));
      const byPerson = row.and([
        row('tokens.kind', 'in', ['classic', 'scoped']),
        row.or([
          row('tokens.user_id', 'in', peopleOf(row, organizationId)),
          row('tokens.id', 'in', usedInside(row, organizationId)),
        ]),
      ]);
      if (tab === 'fine-grained') return byGrant;
      return tab === 'classic' || tab === 'revoked' ? byPerson : row.or([byGrant, byPerson]);
    });
  if (text !== '') query = query.where(saying(text));
  if (tab === 'ending' || tab === 'unused') query = query.where(inState(tab, at));
  if (tab === 'revoked')
    query = query.where(sql<boolean>`exists (select 1 from token_exclusions
      where token_exclusions.token_id = tokens.id and token_exclusions.organization_id = ${organizationId})`);
  return query;
}

function waiting(q: Query, { organizationId, filter, text, tab }: OrganizationList<RequestTab>) {
  let query = q
    .selectFrom('requests')
    .innerJoin('tokens', 'tokens.id', 'requests.token_id')
    .innerJoin('accounts', 'accounts.id', 'tokens.user_id')
    .leftJoin('token_use', 'token_use.token_id', 'tokens.id')
    .where('requests.organization_id', '=', organizationId)
    .where('requests.state', '=', 'pending')
    .where((row) => narrowed(row as unknown as Rows, filter, 'requests.permissions_json'));
  const { repositoryId } = filter;
  if (repositoryId !== undefined) query = query.where(askedIn(repositoryId));
  if (text !== '') query = query.where(saying(text));
  if (tab === 'all') return query;
  return query.where('requests.grant_id', 'in', (row) =>
    row
      .selectFrom('grants')
      .select('grants.id')
      .where('grants.owner_id', '=', organizationId)
      .where('grants.state', tab === 'more' ? '=' : '<>', 'active'),
  );
}

function saying(text: string): RawBuilder<boolean> {
  const part = `%${text.toLowerCase().replace(/[\\%_]/g, '\\$&')}%`;
  const end = `%${text.replace(/[\\%_]/g, '\\$&')}`;
  return sql<boolean>`(tokens.name_key like ${part} escape '\\'
    or accounts.login_key like ${part} escape '\\'
    or lower(accounts.name) like ${part} escape '\\'
    or tokens.last_eight like ${end} escape '\\')`;
}
