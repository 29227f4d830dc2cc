/**
 * Tokens as lists on pages need them: narrowed by what somebody types and by state, counted, in an order, with how
 * often each was used lately.
 *
 * Invariant: a list reads one page of tokens, and counts at most `MAX_COUNTED` of them, however many there are.
 */
import { type RawBuilder, sql } from 'kysely';
import type { UnixSeconds } from '../base/time.ts';
import type { TokenKind } from '../rules/model.ts';
import { ENDING_SOON, IDLE_SEC } from '../rules/token-health.ts';
import type { Query } from './db.ts';
import { countRows } from './page.ts';
import { type Token, tokenOf } from './tokens.ts';

/** The states that a list is narrowed to. */
export const TOKEN_TABS = ['all', 'active', 'ending', 'waiting', 'unused', 'ended'] as const;
export type TokenTab = (typeof TOKEN_TABS)[number];
export const TOKEN_SORTS = ['used', 'name', 'ends', 'created'] as const;
export type TokenSort = (typeof TOKEN_SORTS)[number];

/** The most that are counted; a page says "more than" beyond. */
export const MAX_COUNTED = 1_000;
/** Later than every end. */
const NEVER = 9_000_000_000_000;

export interface TokenList {
  /** Null = of everybody. */
  readonly userId: number | null;
  /** Null = of every kind. */
  readonly kind: TokenKind | null;
  /** A part of the name, of a repository's name or of a scope, or the secret's last characters; '' = all. */
  readonly text: string;
  readonly tab: TokenTab;
  readonly at: UnixSeconds;
}

/** A page of the list. Rows that are equal in the order go by id, the newest first. */
export async function listedTokens(
  q: Query,
  list: TokenList,
  order: { readonly sort: TokenSort; readonly descending: boolean },
  page: { readonly offset: number; readonly limit: number },
): Promise<Token[]> {
  const rows = await matching(q, list)
    .selectAll('tokens')
    .orderBy(keyOf(order.sort), order.descending ? 'desc' : 'asc')
    .orderBy('tokens.id', 'desc')
    .limit(page.limit)
    .offset(page.offset)
    .execute();
  return rows.map(tokenOf);
}

/** How many tokens of each kind a person has, each at most `MAX_COUNTED` + 1. */
export async function countKinds(q: Query, userId: number): Promise<Record<TokenKind, number>> {
  const count = (kind: TokenKind): Promise<number> => countOf(q, { userId, kind, text: '', tab: 'all', at: 0 });
  const [fineGrained, classic, scoped] = await Promise.all([count('fine-grained'), count('classic'), count('scoped')]);
  return { 'fine-grained': fineGrained, classic, scoped };
}

/** How many tokens a person has that were not revoked, at most `MAX_COUNTED` + 1. */
export function countOwn(q: Query, userId: number): Promise<number> {
  return countOf(q, { userId, kind: null, text: '', tab: 'all', at: 0 });
}

function countOf(q: Query, list: TokenList): Promise<number> {
  return countRows(
    q,
    matching(q, list)
      .select('tokens.id')
      .limit(MAX_COUNTED + 1),
  );
}

/** How many are on each of these tabs, each at most `MAX_COUNTED` + 1; 0 on the others. */
export async function countTabs(
  q: Query,
  list: Omit<TokenList, 'tab'>,
  tabs: readonly TokenTab[],
): Promise<Record<TokenTab, number>> {
  const counts = await Promise.all(tabs.map(async (tab) => [tab, await countOf(q, { ...list, tab })] as const));
  return { all: 0, active: 0, ending: 0, waiting: 0, unused: 0, ended: 0, ...Object.fromEntries(counts) };
}

/** Unused tokens are used last when they were made: a new one stands at the top. */
function keyOf(sort: TokenSort): RawBuilder<number | string> {
  switch (sort) {
    case 'used':
      return sql`coalesce(token_use.last_used_at, tokens.created_at)`;
    case 'name':
      return sql`tokens.name_key`;
    case 'ends':
      return sql`coalesce(tokens.expires_at, ${sql.lit(NEVER)})`;
    case 'created':
      return sql`tokens.id`;
  }
}

function matching(q: Query, { userId, kind, text, tab, at }: TokenList) {
  let query = q
    .selectFrom('tokens')
    .leftJoin('token_use', 'token_use.token_id', 'tokens.id')
    .where('tokens.revoked_at', 'is', null);
  if (userId !== null) query = query.where('tokens.user_id', '=', userId);
  if (kind !== null) query = query.where('tokens.kind', '=', kind);
  if (text !== '') query = query.where(saying(text));
  return tab === 'all' ? query : query.where(inState(tab, at));
}

/** A token on this tab. */
export function inState(tab: Exclude<TokenTab, 'all'>, at: UnixSeconds): RawBuilder<boolean> {
  const live = sql<boolean>`(tokens.expires_at is null or tokens.expires_at > ${at})
    and (tokens.uses_left is null or tokens.uses_left > 0)`;
  switch (tab) {
    case 'active':
      return live;
    case 'ended':
      return sql<boolean>`(tokens.expires_at <= ${at} or tokens.uses_left <= 0)`;
    case 'unused':
      return sql<boolean>`${live}
        and coalesce(token_use.last_used_at, tokens.created_at) < ${at - IDLE_SEC}`;
    case 'waiting':
      return sql<boolean>`exists (select 1 from requests where requests.token_id = tokens.id
        and requests.state = 'pending')`;
    case 'ending':
      return sql<boolean>`${live} and ${endingSoon(at)}`;
  }
}

/** `endsSoon` of the rules, for a token that lives. */
function endingSoon(at: UnixSeconds): RawBuilder<boolean> {
  const { mostSec, leastSec, parts, partsOfShort } = ENDING_SOON;
  const within = (share: number): RawBuilder<boolean> =>
    sql`(tokens.expires_at - ${at}) * ${share} <= tokens.expires_at - tokens.issued_at`;
  return sql<boolean>`tokens.expires_at <= ${at + mostSec}
    and (${within(parts)} or (tokens.expires_at <= ${at + leastSec} and ${within(partsOfShort)}))`;
}

function saying(text: string): RawBuilder<boolean> {
  const part = `%${text.toLowerCase().replace(/[\\%_]/g, '\\$&')}%`;
  const end = `%${text.replace(/[\\%_]/g, '\\$&')}`;
  return sql<boolean>`(tokens.name_key like ${part} escape '\\'
    or tokens.last_eight like ${end} escape '\\'
    or lower(tokens.scopes_json) like ${part} escape '\\'
    or exists (select 1 from grants
      where grants.token_id = tokens.id and lower(grants.permissions_json) like ${part} escape '\\')
    or exists (select 1 from grants
      join grant_repositories on grant_repositories.grant_id = grants.id
      join repositories on repositories.id = grant_repositories.repository_id
      where grants.token_id = tokens.id and repositories.name_key like ${part} escape '\\'))`;
}

/**
 * How often each token was used on each day since `sinceAt` (00:00 UTC); days without a use are left out. A request
 * that needs several permissions is counted under each, so a repository's highest count of a day is taken.
 */
export async function dailyUses(
  q: Query,
  tokenIds: readonly number[],
  sinceAt: UnixSeconds,
): Promise<Map<number, Map<UnixSeconds, number>>> {
  const highest = q
    .selectFrom('token_days')
    .select((row) => ['token_id', 'day_at', row.fn.max('times').as('times')])
    .where('token_id', 'in', [-1, ...tokenIds])
    .where('day_at', '>=', sinceAt)
    .groupBy(['token_id', 'day_at', 'repository_id'])
    .as('highest');
  const rows = await q
    .selectFrom(highest)
    .select((row) => ['token_id', 'day_at', row.fn.sum<number>('times').as('times')])
    .groupBy(['token_id', 'day_at'])
    .execute();
  const found = new Map<number, Map<UnixSeconds, number>>();
  for (const { token_id, day_at, times } of rows) {
    const days = found.get(token_id) ?? new Map<UnixSeconds, number>();
    days.set(day_at, Number(times));
    found.set(token_id, days);
  }
  return found;
}
