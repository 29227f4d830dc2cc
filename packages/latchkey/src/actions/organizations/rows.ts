/** What waits for an organization and what reaches it, as its owners see it: with names and in words. */
import type { UnixSeconds } from '../../base/time.ts';
import type { PermissionSet } from '../../catalogue/permissions.ts';
import { refRuleWords } from '../../rules/refs/ref-rule-text.ts';
import type { RefRule } from '../../rules/refs/ref-rules.ts';
import { grantWords } from '../../rules/right/reach-words.ts';
import { rightSentence } from '../../rules/right/right-sentence.ts';
import { repositoriesByIds } from '../../store/repositories.ts';
import { organizationNamed } from '../accounts/accounts.ts';
import type { Permit } from '../decision/authorize.ts';
import type { Context } from '../ground/context.ts';
import { type TokenView, tokenViews } from '../tokens/views.ts';
import {
  listMemberTokens,
  listOrganizationRequests,
  listOrganizationTokens,
  type OrganizationTokenFilterInput,
  type SeenMemberToken,
  type SeenToken,
} from './tokens.ts';

/** Rows on one page of a list. */
export const ROWS_ON_A_PAGE = 50;

interface Row extends SeenToken {
  /** The id of the request or the grant. */
  readonly id: number;
  /** What the token may do in the organization, or requests to do. */
  readonly words: string;
  readonly repositoryNames: readonly string[];
  readonly permissions: PermissionSet;
}

export interface RequestRow extends Row {
  readonly reason: string | null;
  readonly askedAt: UnixSeconds;
}

export interface ReachingRow extends Omit<Row, 'words'> {
  readonly grantedAt: UnixSeconds | null;
  /** What the token does in the organization today. */
  readonly sentence: string;
}

export interface MemberTokenRow extends SeenMemberToken {
  /** What the token does in the organization today. */
  readonly sentence: string;
}

type Reach = {
  readonly selection: 'public' | 'all' | 'selected';
  readonly repositoryIds: Iterable<number>;
  readonly permissions: PermissionSet;
};

function pageAfter(afterId: number | null) {
  return { afterId, limit: ROWS_ON_A_PAGE, skip: 0, ascending: false };
}

/** Names of the repositories that rows select, in one query. */
async function wordsFor(
  ctx: Context,
  organization: string,
  reaches: readonly Reach[],
): Promise<(reach: Reach, rules: readonly RefRule[] | null) => Pick<Row, 'words' | 'repositoryNames' | 'permissions'>> {
  const known = await repositoriesByIds(ctx.store.db, [
    ...new Set(reaches.flatMap(({ repositoryIds }) => [...repositoryIds])),
  ]);
  return ({ selection, repositoryIds, permissions }, rules) => {
    const repositoryNames = [...repositoryIds].flatMap((id) => known.get(id)?.name ?? []).sort();
    const facts = { owner: organization, ownerKind: 'organization', selection, repositoryNames, permissions } as const;
    const pushes = refRuleWords(rules);
    return {
      repositoryNames,
      permissions,
      words: `${grantWords(facts)}${pushes === null ? '' : `; ${pushes}`}`,
    };
  };
}

/** A page of pending requests, newest first. @throws Problem when a filter can't be read */
export async function requestRows(
  ctx: Context,
  permit: Permit,
  organization: string,
  input: OrganizationTokenFilterInput,
  afterId: number | null,
): Promise<RequestRow[]> {
  const seen = await listOrganizationRequests(ctx, permit, organization, input, pageAfter(afterId));
  const words = await wordsFor(
    ctx,
    organization,
    seen.map(({ request }) => request),
  );
  return seen.map(({ request, ...rest }) => ({
    ...rest,
    ...words(request, rest.token.refRules),
    id: request.id,
    reason: request.reason,
    askedAt: request.createdAt,
  }));
}

/**
 * A page of the fine-grained tokens that reach the organization, newest first.
 * @throws Problem when a filter can't be read
 */
export async function reachingRows(
  ctx: Context,
  permit: Permit,
  organization: string,
  input: OrganizationTokenFilterInput,
  afterId: number | null,
): Promise<ReachingRow[]> {
  await ctx.usage.flush();
  const seen = await listOrganizationTokens(ctx, permit, organization, input, pageAfter(afterId));
  const views = await viewsFor(ctx, seen);
  return seen.flatMap(({ grant, ...rest }) => {
    const view = views.get(grant.tokenId);
    const named = view?.grants.find(({ id }) => id === grant.id);
    if (view === undefined || named === undefined) return [];
    return [
      {
        ...rest,
        repositoryNames: named.repositoryNames,
        permissions: grant.permissions,
        sentence: rightSentence(view, 'other', grant.ownerId),
        id: grant.id,
        grantedAt: grant.accessGrantedAt,
      },
    ];
  });
}

/** A page of the members' classic and scoped tokens, newest first. */
export async function memberTokenRows(
  ctx: Context,
  permit: Permit,
  organization: string,
  afterId: number | null,
): Promise<MemberTokenRow[]> {
  const seen = await listMemberTokens(ctx, permit, organization, pageAfter(afterId));
  const [views, { id }] = await Promise.all([viewsFor(ctx, seen), organizationNamed(ctx.store.db, organization)]);
  return seen.flatMap((row) => {
    const view = views.get(row.token.id);
    return view === undefined ? [] : [{ ...row, sentence: rightSentence(view, 'other', id) }];
  });
}

/** The tokens of these rows in full, by id: the sentence about one needs all that it depends on. */
async function viewsFor(ctx: Context, seen: readonly SeenToken[]): Promise<Map<number, TokenView>> {
  const tokens = new Map(seen.map(({ token }) => [token.id, token]));
  const views = await tokenViews(ctx.store.db, [...tokens.values()], ctx.clock.now());
  return new Map(views.map((view) => [view.id, view]));
}
