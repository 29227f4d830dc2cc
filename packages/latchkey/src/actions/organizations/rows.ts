/** What waits for an organization and what reaches it, as its owners see it: with names and in words. */
import type { UnixSeconds } from '../../base/time.ts';
import type { PermissionSet } from '../../catalogue/permissions.ts';
import { refRuleWords } from '../../rules/refs/ref-rule-text.ts';
import { askedWords } from '../../rules/right/reach-words.ts';
import { approvalOf } from '../../rules/right/request-words.ts';
import { isForPushing, rightSentence } from '../../rules/right/right-sentence.ts';
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
  type SeenRequest,
  type SeenToken,
} from './tokens.ts';

/** Rows on one page of a list. */
const ROWS_ON_A_PAGE = 50;

interface Row extends SeenToken {
  /** The id of the request or the grant. */
  readonly id: number;
  readonly repositoryNames: readonly string[];
  readonly permissions: PermissionSet;
}

export interface RequestRow extends Row, RequestSentences {
  readonly reason: string | null;
  readonly askedAt: UnixSeconds;
}

/** What a request says to whoever decides. */
export interface RequestSentences {
  /** What it asks for. */
  readonly asks: string;
  /** What the token can do in the organization today; null where it can do nothing there yet. */
  readonly has: string | null;
  /** What would work if it were approved. */
  readonly approved: string;
}

interface ReachingRow extends Row {
  readonly grantedAt: UnixSeconds | null;
  /** What the token does in the organization today. */
  readonly sentence: string;
}

interface MemberTokenRow extends SeenMemberToken {
  /** What the token does in the organization today. */
  readonly sentence: string;
}

function pageAfter(afterId: number | null) {
  return { afterId, limit: ROWS_ON_A_PAGE, skip: 0, ascending: false };
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
  const told = await requestSentences(ctx, seen);
  return seen.flatMap(({ request, ...rest }) => {
    const words = told.get(request.id);
    if (words === undefined) return [];
    const { id, permissions, reason, createdAt: askedAt } = request;
    return [{ ...rest, ...words, id, permissions, reason, askedAt }];
  });
}

/** What these requests say to whoever decides, by their ids. */
export async function requestSentences(
  ctx: Context,
  seen: readonly SeenRequest[],
): Promise<Map<number, RequestSentences & Pick<Row, 'repositoryNames'>>> {
  const views = await viewsFor(ctx, seen);
  return new Map(
    seen.flatMap(({ request: { id, grantId, tokenId, organizationId } }) => {
      const view = views.get(tokenId);
      const grant = view?.grants.find((each) => each.id === grantId);
      if (view === undefined || grant?.request == null) return [];
      const { request, ...without } = grant;
      const pushes = isForPushing(grant) ? refRuleWords(view.refRules) : null;
      const has = { ...view, grants: [{ ...without, request: null }] };
      const words = {
        asks: `Asks to ${askedWords(grant, request)}${pushes === null ? '' : `; ${pushes}`}.`,
        has: grant.state === 'active' ? rightSentence(has, 'other', organizationId) : null,
        approved: approvalOf(view, grant, 'other') ?? '',
        repositoryNames: request.repositoryNames,
      };
      return [[id, words] as const];
    }),
  );
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

/** What each of these tokens does in the organization today, by the tokens' ids. */
export async function sentencesIn(
  ctx: Context,
  organization: string,
  seen: readonly SeenToken[],
): Promise<Map<number, string>> {
  const { id } = await organizationNamed(ctx.store.db, organization);
  const views = await viewsFor(ctx, seen, id);
  return new Map([...views].map(([tokenId, view]) => [tokenId, rightSentence(view, 'other', id)]));
}

/** A page of the members' classic and scoped tokens, newest first. */
export async function memberTokenRows(
  ctx: Context,
  permit: Permit,
  organization: string,
  afterId: number | null,
): Promise<MemberTokenRow[]> {
  const seen = await listMemberTokens(ctx, permit, organization, pageAfter(afterId));
  const told = await sentencesIn(ctx, organization, seen);
  return seen.flatMap((row) => {
    const sentence = told.get(row.token.id);
    return sentence === undefined ? [] : [{ ...row, sentence }];
  });
}

/**
 * The tokens of these rows in full, by id: the sentence about one needs all that it depends on.
 * @param ownerId who is asked about, though a token's owner may have no place there
 */
export async function viewsFor(
  ctx: Context,
  seen: readonly SeenToken[],
  ownerId: number | null = null,
): Promise<Map<number, TokenView>> {
  const tokens = new Map(seen.map(({ token }) => [token.id, token]));
  const also = { ownerIds: ownerId === null ? [] : [ownerId] };
  const views = await tokenViews(ctx.store.db, [...tokens.values()], ctx.clock.now(), also);
  return new Map(views.map((view) => [view.id, view]));
}
