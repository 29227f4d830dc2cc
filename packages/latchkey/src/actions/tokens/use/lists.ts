/** Lists of tokens as pages show them: a page of rows, what there is on each tab, and the use of thirty days. */
import { DAY_SEC } from '../../../base/time.ts';
import type { TokenKind } from '../../../rules/model.ts';
import { dailyRefusals } from '../../../store/refusals.ts';
import {
  countKinds,
  countTabs,
  dailyUses,
  listedTokens,
  MAX_COUNTED,
  TOKEN_SORTS,
  TOKEN_TABS,
  type TokenSort,
  type TokenTab,
} from '../../../store/token-lists.ts';
import type { Token } from '../../../store/tokens.ts';
import { userNamed } from '../../accounts/accounts.ts';
import type { Permit } from '../../decision/authorize.ts';
import type { Context } from '../../ground/context.ts';
import { type TokenRow, tokenRows } from '../own-tokens.ts';

export { MAX_COUNTED, TOKEN_SORTS, TOKEN_TABS, type TokenTab };

/** Rows on one page of a table. */
export const ROWS_ON_A_PAGE = 25;
/** Days of a sparkline, today included. */
const SPARK_DAYS = 30;
/** The furthest page: what lies behind is found by words or another order. */
export const MAX_PAGE = 400;

/** What somebody asked a table for. */
export interface TableWish {
  readonly text: string;
  readonly tab: TokenTab;
  readonly sort: TokenSort;
  readonly descending: boolean;
  /** From 1. */
  readonly page: number;
}

export interface ListedToken extends TokenRow {
  /** Uses on each of the last `SPARK_DAYS` days, today last. */
  readonly daily: readonly number[];
  /** Refusals on the same days. */
  readonly dailyRefused: readonly number[];
}

export interface TokenTable {
  readonly rows: readonly ListedToken[];
  /** At most `MAX_COUNTED` + 1 each. */
  readonly counts: Readonly<Record<TokenTab, number>>;
}

/** A person's own tokens, with how many they have of each kind. */
export interface OwnTokenTable extends TokenTable {
  /** At most `MAX_COUNTED` + 1 each. */
  readonly kinds: Readonly<Record<TokenKind, number>>;
}

/** The caller's tokens. @param kind null = of every kind */
export async function ownTokenTable(
  ctx: Context,
  permit: Permit,
  kind: TokenKind | null,
  wish: TableWish,
): Promise<OwnTokenTable> {
  const { userId } = permit.actor;
  if (userId === null) throw new TypeError('only a person has tokens of their own');
  const [own, kinds] = await Promise.all([table(ctx, { userId, kind }, wish), countKinds(ctx.store.db, userId)]);
  return { ...own, kinds };
}

/**
 * The tokens of everybody on the instance, of which only the tab asked for is counted, or of one person.
 * @throws Problem when there is no such person
 */
export async function allTokenTable(
  ctx: Context,
  _permit: Permit,
  login: string | null,
  wish: TableWish,
): Promise<TokenTable> {
  if (login === null) return table(ctx, { userId: null, kind: null }, wish, [wish.tab]);
  const { id } = await userNamed(ctx.store.db, login, 'owner');
  return table(ctx, { userId: id, kind: null }, wish);
}

async function table(
  ctx: Context,
  whose: { readonly userId: number | null; readonly kind: TokenKind | null },
  { text, tab, page, ...order }: TableWish,
  counted: readonly TokenTab[] = TOKEN_TABS,
): Promise<TokenTable> {
  await Promise.all([ctx.usage.flush(), ctx.refusals.flush()]);
  const { db } = ctx.store;
  const at = ctx.clock.now();
  const list = { ...whose, text, at };
  const [tokens, counts] = await Promise.all([
    listedTokens(db, { ...list, tab }, order, { offset: (page - 1) * ROWS_ON_A_PAGE, limit: ROWS_ON_A_PAGE }),
    countTabs(db, list, counted),
  ]);
  return { rows: await withUse(ctx, tokens), counts };
}

/** The caller's tokens that live, those used last first; new ones count as used. */
export async function recentTokens(ctx: Context, permit: Permit, limit: number): Promise<readonly ListedToken[]> {
  const { userId } = permit.actor;
  if (userId === null) throw new TypeError('only a person has tokens of their own');
  await Promise.all([ctx.usage.flush(), ctx.refusals.flush()]);
  const list = { userId, kind: null, text: '', tab: 'active', at: ctx.clock.now() } as const;
  const order = { sort: 'used', descending: true } as const;
  return withUse(ctx, await listedTokens(ctx.store.db, list, order, { offset: 0, limit }));
}

async function withUse(ctx: Context, tokens: readonly Token[]): Promise<ListedToken[]> {
  const rows = await tokenRows(ctx, tokens);
  const ids = rows.map(({ id }) => id);
  const [daily, refused] = await Promise.all([dailyOf(ctx, ids), dailyOf(ctx, ids, dailyRefusals)]);
  return rows.map((row) => ({ ...row, daily: daily(row.id), dailyRefused: refused(row.id) }));
}

/** The use of thirty days of these tokens, by id, or their refusals. */
export async function dailyOf(
  ctx: Context,
  ids: readonly number[],
  read: typeof dailyUses | typeof dailyRefusals = dailyUses,
): Promise<(id: number) => number[]> {
  const now = ctx.clock.now();
  const since = now - (now % DAY_SEC) - (SPARK_DAYS - 1) * DAY_SEC;
  const uses = await read(ctx.store.db, ids, since);
  return (id) => Array.from({ length: SPARK_DAYS }, (_, day) => uses.get(id)?.get(since + day * DAY_SEC) ?? 0);
}
