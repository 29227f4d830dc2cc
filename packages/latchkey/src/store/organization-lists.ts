/**
 * What reaches an organization, and what asks to, as lists on pages need it: all kinds of tokens in one list, narrowed
 * by what somebody types and by state, counted, in an order.
 *
 * Invariant: a list reads at most `MAX_COUNTED` + 1 short rows and one page of ids, however many there are. With more
 * it is not sorted: it stays in the order in which it is read, the newest first.
 */
import { type RawBuilder, sql } from 'kysely';
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
  /** At most `MAX_COUNTED` + 1. */
  readonly count: number;
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
  const matching = reaching(q, list);
  const keys = await matching
    .select(['tokens.id', 'tokens.created_at as created', 'tokens.expires_at as ends', 'tokens.name_key as name'])
    .select(['accounts.login_key as person', 'token_use.last_used_at as used'])
    .orderBy('tokens.id', 'desc')
    .limit(MAX_COUNTED + 1)
    .execute();
  if (keys.length <= MAX_COUNTED) return sorted(keys, window);
  const page = await matching
    .select('tokens.id')
    .orderBy('tokens.id', 'desc')
    .limit(window.limit)
    .offset(window.offset)
    .execute();
  return { ids: page.map(({ id }) => id), count: keys.length };
}

/** Ids of the requests that wait for the organization's owners. */
export async function waitingRequestIds(
  q: Query,
  list: OrganizationList<RequestTab>,
  window: ListWindow,
): Promise<ListedIds> {
  const matching = waiting(q, list);
  const keys = await matching
    .select(['requests.id', 'requests.created_at as created', 'tokens.expires_at as ends', 'tokens.name_key as name'])
    .select(['accounts.login_key as person', 'token_use.last_used_at as used'])
    .orderBy('requests.id', 'desc')
    .limit(MAX_COUNTED + 1)
    .execute();
  if (keys.length <= MAX_COUNTED) return sorted(keys, window);
  const page = await matching
    .select('requests.id')
    .orderBy('requests.id', 'desc')
    .limit(window.limit)
    .offset(window.offset)
    .execute();
  return { ids: page.map(({ id }) => id), count: keys.length };
}

function sorted(rows: readonly Keys[], { sort, descending, offset, limit }: ListWindow): ListedIds {
  const keyOf = (row: Keys): number | string => {
    if (sort === 'ends') return row.ends ?? Number.POSITIVE_INFINITY;
    if (sort === 'used') return row.used ?? 0;
    return row[sort];
  };
  const order = rows.map((row) => ({ id: row.id, key: keyOf(row) }));
  const sign = descending ? -1 : 1;
  order.sort((one, other) => (one.key === other.key ? other.id - one.id : one.key < other.key ? -sign : sign));
  return { ids: order.slice(offset, offset + limit).map(({ id }) => id), count: rows.length };
}

function reaching(q: Query, { organizationId, filter, text, tab, at }: OrganizationList<ReachTab>) {
  let query = q
    .selectFrom('tokens')
    .innerJoin('accounts', 'accounts.id', 'tokens.user_id')
    .leftJoin('token_use', 'token_use.token_id', 'tokens.id')
    .where('tokens.revoked_at', 'is', null)
    .where((row) => {
      const byGrant = row.exists(
        row
          .selectFrom('grants')
          .select('grants.id')
          .whereRef('grants.token_id', '=', 'tokens.id')
          .where('grants.owner_id', '=', organizationId)
          .where('grants.state', '=', 'active')
          .where((inner) => narrowed(inner as unknown as Rows, filter, 'grants.permissions_json'))
          .where((inner) => inRepository(inner as unknown as Rows, filter.repositoryId)),
      );
      // What classic and scoped tokens reach is what their owners do: no permission and no repository narrows them.
      const byPerson = row.and([
        row('tokens.kind', 'in', ['classic', 'scoped']),
        hasPerson(row as unknown as Rows, filter.userIds),
        row.or([
          row('tokens.user_id', 'in', peopleOf(row, organizationId)),
          row('tokens.id', 'in', usedInside(row, organizationId)),
        ]),
      ]);
      if (tab === 'fine-grained' || filter.permission !== undefined || filter.repositoryId !== undefined)
        return byGrant;
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
  return query.where(
    'requests.grant_id',
    'in',
    sql<number>`(select grants.id from grants where grants.owner_id = ${organizationId}
      and grants.state ${sql.raw(tab === 'more' ? "= 'active'" : "<> 'active'")})`,
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
