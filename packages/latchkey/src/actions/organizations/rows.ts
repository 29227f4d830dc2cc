/** What waits for an organization and what reaches it, as its owners see it: in words. */
import { refRuleWords } from '../../rules/refs/ref-rule-text.ts';
import { askedWords } from '../../rules/right/reach-words.ts';
import { approvalOf } from '../../rules/right/request-words.ts';
import { rightSentence } from '../../rules/right/right-sentence.ts';
import { organizationNamed } from '../accounts/accounts.ts';
import type { Context } from '../ground/context.ts';
import { type TokenView, tokenViews } from '../tokens/views.ts';
import type { SeenRequest, SeenToken } from './tokens.ts';

/** What a request says to whoever decides. */
export interface RequestSentences {
  /** What it asks for. */
  readonly asks: string;
  /** What the token can do in the organization today; null where it can do nothing there yet. */
  readonly has: string | null;
  /** What would work if it were approved. */
  readonly approved: string;
  readonly repositoryNames: readonly string[];
}

/** What these requests say to whoever decides, by their ids. */
export async function requestSentences(
  ctx: Context,
  seen: readonly SeenRequest[],
): Promise<Map<number, RequestSentences>> {
  const views = await viewsFor(ctx, seen);
  return new Map(
    seen.flatMap(({ request: { id, grantId, tokenId, organizationId } }) => {
      const view = views.get(tokenId);
      const grant = view?.grants.find((each) => each.id === grantId);
      if (view === undefined || grant?.request == null) return [];
      const { request, ...without } = grant;
      const pushes = refRuleWords(view.refRules);
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
