/**
 * Tokens found by the parameters of GitLab's list: state, name, times of creation, use and expiry, in eight orders,
 * counted.
 *
 * Invariant: rows that are equal in the chosen order go by id, so pages by number neither repeat nor skip a row that
 * stays.
 */
import { sql } from 'kysely';
import type { UnixSeconds } from '../base/time.ts';
import type { Query } from './db.ts';
import { type Token, tokenOf } from './tokens.ts';

export const TOKEN_ORDERS = [
  'created_asc',
  'created_desc',
  'expires_asc',
  'expires_desc',
  'last_used_asc',
  'last_used_desc',
  'name_asc',
  'name_desc',
] as const;
export type TokenOrder = (typeof TOKEN_ORDERS)[number];

/** Undefined fields don't narrow the search. Bounds are inclusive. */
export interface TokenSearch {
  readonly userId?: number | undefined;
  /**
   * `inactive`: over for good at `at`, as `isOver` in `rules/token-state.ts` says: revoked, replaced, ended, used up.
   */
  readonly state?: 'active' | 'inactive' | undefined;
  readonly revoked?: boolean | undefined;
  /** A part of the name, ignoring case. */
  readonly search?: string | undefined;
  readonly createdAfter?: UnixSeconds | undefined;
  readonly createdBefore?: UnixSeconds | undefined;
  readonly lastUsedAfter?: UnixSeconds | undefined;
  readonly lastUsedBefore?: UnixSeconds | undefined;
  readonly expiresAfter?: UnixSeconds | undefined;
  readonly expiresBefore?: UnixSeconds | undefined;
  readonly at: UnixSeconds;
}

/** Later than every end: the place of tokens without an end in an order. */
const NEVER = 9_000_000_000_000;

/** A page of the matching tokens, and the number of all matches. */
export async function searchTokens(
  q: Query,
  search: TokenSearch,
  order: TokenOrder,
  page: { offset: number; limit: number },
): Promise<{ tokens: Token[]; total: number }> {
  const found = matching(q, search);
  const { count } = await found.select((row) => row.fn.countAll<number>().as('count')).executeTakeFirstOrThrow();
  const direction = order.endsWith('_asc') ? 'asc' : 'desc';
  const rows = await found
    .selectAll('tokens')
    .orderBy(keyOf(order), direction)
    .orderBy('tokens.id', direction)
    .limit(page.limit)
    .offset(page.offset)
    .execute();
  return { tokens: rows.map(tokenOf), total: Number(count) };
}

/**
 * The key of an order. On both engines, tokens that were never used come before all others, and tokens that never end
 * after all others.
 */
function keyOf(order: TokenOrder) {
  if (order.startsWith('created')) return sql<number>`tokens.created_at`;
  if (order.startsWith('expires')) return sql<number>`coalesce(tokens.expires_at, ${sql.lit(NEVER)})`;
  if (order.startsWith('last_used')) return sql<number>`coalesce(token_use.last_used_at, 0)`;
  return sql<string>`tokens.name_key`;
}

function matching(q: Query, search: TokenSearch) {
  let query = q.selectFrom('tokens').leftJoin('token_use', 'token_use.token_id', 'tokens.id');
  const { at, state, revoked } = search;
  if (search.userId !== undefined) query = query.where('tokens.user_id', '=', search.userId);
  if (revoked !== undefined) query = query.where('tokens.revoked_at', revoked ? 'is not' : 'is', null);
  if (state === 'active')
    query = query
      .where('tokens.revoked_at', 'is', null)
      .where((row) => row.or([row('tokens.expires_at', 'is', null), row('tokens.expires_at', '>', at)]))
      .where((row) => row.or([row('tokens.uses_left', 'is', null), row('tokens.uses_left', '>', 0)]));
  if (state === 'inactive')
    query = query.where((row) =>
      row.or([
        row('tokens.revoked_at', 'is not', null),
        row('tokens.expires_at', '<=', at),
        row('tokens.uses_left', '<=', 0),
      ]),
    );
  if (search.search !== undefined)
    query = query.where(
      sql<boolean>`tokens.name_key like ${`%${search.search.toLowerCase().replace(/[\\%_]/g, '\\$&')}%`} escape '\\'`,
    );
  if (search.createdAfter !== undefined) query = query.where('tokens.created_at', '>=', search.createdAfter);
  if (search.createdBefore !== undefined) query = query.where('tokens.created_at', '<=', search.createdBefore);
  if (search.lastUsedAfter !== undefined) query = query.where('token_use.last_used_at', '>=', search.lastUsedAfter);
  if (search.lastUsedBefore !== undefined) query = query.where('token_use.last_used_at', '<=', search.lastUsedBefore);
  if (search.expiresAfter !== undefined) query = query.where('tokens.expires_at', '>=', search.expiresAfter);
  if (search.expiresBefore !== undefined) query = query.where('tokens.expires_at', '<=', search.expiresBefore);
  return query;
}
