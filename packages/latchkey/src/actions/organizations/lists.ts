/**
 * What reaches an organization, and what asks to, as tables for its owners: found by words, narrowed by state, counted,
 * each with its use of thirty days and what it does there in words.
 */
import type { UnixSeconds } from '../../base/time.ts';
import type { PermissionSet } from '../../catalogue/permissions.ts';
import { rightSentence } from '../../rules/right/right-sentence.ts';
import type { Account } from '../../store/accounts.ts';
import {
  REACH_SORTS,
  REACH_TABS,
  REQUEST_TABS,
  type ReachSort,
  type ReachTab,
  type RequestTab,
  reachingTokenIds,
  reachingTokenIdsBelow,
  waitingRequestIds,
} from '../../store/organization-lists.ts';
import { requestsByIds } from '../../store/requests.ts';
import { excludedAmong } from '../../store/token-organizations.ts';
import { organizationNamed } from '../accounts/accounts.ts';
import type { Permit } from '../decision/authorize.ts';
import type { Context } from '../ground/context.ts';
import { dailyOf, ROWS_ON_A_PAGE } from '../tokens/use/lists.ts';
import { type RequestSentences, requestSentences, viewsFor } from './rows.ts';
import { filterOf, type OrganizationTokenFilterInput, type SeenToken, withTokens } from './tokens.ts';

export { REACH_SORTS, REACH_TABS, REQUEST_TABS, type ReachTab, type RequestTab };

/** What owners ask a table for. */
export interface ReachWish<Tab> {
  readonly text: string;
  readonly tab: Tab;
  readonly sort: ReachSort;
  readonly descending: boolean;
  /** From 1. */
  readonly page: number;
  /** Repositories and permissions narrow a list to fine-grained tokens: the others have none of their own. */
  readonly filter: OrganizationTokenFilterInput;
}

export interface ReachTable<Row> {
  readonly rows: readonly Row[];
  /** At most `most` + 1; beyond, the order is the newest first, whatever was asked for. */
  readonly count: number;
  readonly most: number;
}

interface Row extends SeenToken {
  /** Of the request or the token. */
  readonly id: number;
  readonly repositoryNames: readonly string[];
  readonly permissions: PermissionSet;
  /** Uses on each of the last thirty days, today last. */
  readonly daily: readonly number[];
}

export interface ReachingRow extends Row {
  /** What the token does in the organization today. */
  readonly sentence: string;
  /** True when the organization keeps it out; only for classic and scoped ones. */
  readonly excluded: boolean;
}

export interface RequestRow extends Row, RequestSentences {
  readonly reason: string | null;
  readonly askedAt: UnixSeconds;
}

/** The tokens of all kinds that reach the organization. @throws Problem when a filter can't be read */
export async function reachingTable(
  ctx: Context,
  _permit: Permit,
  organizationName: string,
  { filter, tab, text, ...wish }: ReachWish<ReachTab>,
): Promise<ReachTable<ReachingRow>> {
  await ctx.usage.flush();
  const q = ctx.store.db;
  const organization = await organizationNamed(q, organizationName);
  const list = { organizationId: organization.id, filter: await filterOf(q, organization, filter), tab, text };
  const { ids, ...counted } = await reachingTokenIds(q, { ...list, at: ctx.clock.now() }, windowOf(wish));
  return { rows: await reachingRows(ctx, organization, ids), ...counted };
}

/** Rows of tokens that reach an organization, in the order of their ids here. */
async function reachingRows(ctx: Context, organization: Account, ids: readonly number[]): Promise<ReachingRow[]> {
  const q = ctx.store.db;
  const [seen, excluded, daily] = await Promise.all([
    withTokens(
      q,
      ids,
      (id) => id,
      (_id, each) => each,
    ),
    excludedAmong(q, organization.id, ids),
    dailyOf(ctx, ids),
  ]);
  const views = await viewsFor(ctx, seen, organization.id);
  return seen.flatMap((each): ReachingRow[] => {
    const view = views.get(each.token.id);
    if (view === undefined) return [];
    const grant = view.grants.find(({ ownerId }) => ownerId === organization.id);
    return [
      {
        ...each,
        id: view.id,
        repositoryNames: grant?.repositoryNames ?? [],
        permissions: grant?.permissions ?? {},
        sentence: rightSentence(view, 'other', organization.id),
        excluded: excluded.has(view.id),
        daily: daily(view.id),
      },
    ];
  });
}

/** How many rows of everything are read at a time. */
const AT_ONCE = 200;

/** All tokens that reach the organization, the newest first, some at a time. @throws Problem as `reachingTable` does */
export async function* everythingReaching(
  ctx: Context,
  _permit: Permit,
  organizationName: string,
  { filter, tab, text }: Pick<ReachWish<ReachTab>, 'filter' | 'tab' | 'text'>,
): AsyncGenerator<ReachingRow[]> {
  await ctx.usage.flush();
  const q = ctx.store.db;
  const organization = await organizationNamed(q, organizationName);
  const at = ctx.clock.now();
  const list = { organizationId: organization.id, filter: await filterOf(q, organization, filter), tab, text, at };
  for (let beforeId: number | null = null; ; ) {
    const ids = await reachingTokenIdsBelow(q, list, { beforeId, limit: AT_ONCE });
    if (ids.length > 0) yield await reachingRows(ctx, organization, ids);
    if (ids.length < AT_ONCE) return;
    beforeId = ids.at(-1) ?? null;
  }
}

/** The requests that wait for the organization's owners. @throws Problem when a filter can't be read */
export async function requestTable(
  ctx: Context,
  _permit: Permit,
  organizationName: string,
  { filter, tab, text, ...wish }: ReachWish<RequestTab>,
): Promise<ReachTable<RequestRow>> {
  const q = ctx.store.db;
  const organization = await organizationNamed(q, organizationName);
  const list = { organizationId: organization.id, filter: await filterOf(q, organization, filter), tab, text };
  const { ids, ...counted } = await waitingRequestIds(q, { ...list, at: ctx.clock.now() }, windowOf(wish));
  const requests = await requestsByIds(q, ids);
  const seen = await withTokens(
    q,
    ids.flatMap((id) => requests.get(id) ?? []),
    ({ tokenId }) => tokenId,
    (request, each) => ({ ...each, request }),
  );
  const tokenIds = seen.map(({ token }) => token.id);
  const [told, daily] = await Promise.all([requestSentences(ctx, seen), dailyOf(ctx, tokenIds)]);
  const rows = seen.flatMap(({ request, ...rest }): RequestRow[] => {
    const words = told.get(request.id);
    if (words === undefined) return [];
    const { id, permissions, reason, createdAt: askedAt } = request;
    return [{ ...rest, ...words, id, permissions, reason, askedAt, daily: daily(rest.token.id) }];
  });
  return { rows, ...counted };
}

function windowOf({ sort, descending, page }: Pick<ReachWish<unknown>, 'sort' | 'descending' | 'page'>) {
  return { sort, descending, offset: (page - 1) * ROWS_ON_A_PAGE, limit: ROWS_ON_A_PAGE };
}
