/**
 * Reading one's own tokens: one of them, the one that is asking, a page of them, and the extras that only pages show.
 */
import { problem } from '../../base/errors.ts';
import { DAY_SEC, type UnixSeconds } from '../../base/time.ts';
import type { TokenKind } from '../../rules/model.ts';
import type { Page } from '../../store/page.ts';
import { refusalTotals } from '../../store/refusals.ts';
import { lastDenial } from '../../store/requests.ts';
import { descendantsOf, listTokens, type Token, tokensByIds } from '../../store/tokens.ts';
import type { Permit } from '../decision/authorize.ts';
import { actingToken, tokenWithin } from '../decision/token-access.ts';
import type { Context } from '../ground/context.ts';
import { currentDerived, type SeenDerived } from './derivation.ts';
import { type TokenView, tokenView, tokenViews } from './views.ts';

/** A token in a list on a page. */
export interface TokenRow extends TokenView {
  /** Refusals within `LATELY_SEC`. */
  readonly refusedLately: number;
}

/** One token, with what its own page shows in addition. */
export interface OwnToken extends TokenRow {
  /** How many living tokens it made over REST, including those made by these. */
  readonly children: number;
  /** The newest request to each organization that was denied, and not asked again. */
  readonly denials: readonly Denial[];
}

interface Denial {
  readonly organization: string;
  readonly reason: string | null;
  readonly deniedAt: UnixSeconds | null;
}

/** What "lately" means for refusals. */
const LATELY_SEC = 7 * DAY_SEC;
/** Tokens on one page of a list. */
const TOKENS_ON_A_PAGE = 50;

/**
 * A token that the permit reaches, alive or dead, with its last use, including this one.
 * @throws Problem `not_found` when there is no such token
 */
export async function readToken(ctx: Context, permit: Permit, id: number): Promise<TokenView> {
  await ctx.usage.flush();
  return tokenView(ctx.store.db, await tokenWithin(ctx.store.db, permit, id, { alive: false }), ctx.clock.now());
}

/** The token that makes the request. */
export interface CurrentToken extends TokenView {
  /** What it is beside that, when it was derived from another; the rest is what it has itself. */
  readonly derived: SeenDerived | null;
}

/** The token that makes the request. @throws Problem when it isn't made with a token */
export async function readCurrentToken(ctx: Context, permit: Permit): Promise<CurrentToken> {
  const acting = actingToken(permit);
  if (acting === null) throw problem('unprocessable', 'No token was used for this request.');
  const token = (await tokensByIds(ctx.store.db, [acting.id])).get(acting.id);
  if (token === undefined) throw problem('not_found', 'The token is gone.');
  const view = await tokenView(ctx.store.db, token, ctx.clock.now());
  const derived = await currentDerived(ctx, permit);
  if (derived === null) return { ...view, derived };
  const { name, lastEight, scopes, refRules, allowedAddresses, expiresAt, grants } = acting;
  const left = new Map(grants.map(({ id, permissions }) => [id, permissions]));
  const { createdAt } = derived;
  return {
    ...view,
    name,
    lastEight,
    scopes,
    refRules,
    allowedAddresses,
    expiresAt,
    createdAt,
    updatedAt: createdAt,
    issuedAt: createdAt,
    description: '',
    lastUse: null,
    grants: view.grants.map((grant) => ({ ...grant, permissions: left.get(grant.id) ?? {} })),
    derived,
  };
}

/** A page of the caller's tokens, newest first; revoked ones only on request. */
export async function listOwnTokens(
  ctx: Context,
  permit: Permit,
  filter: Parameters<typeof listTokens>[2],
  page: Page,
): Promise<TokenView[]> {
  const { userId } = permit.actor;
  if (userId === null) return [];
  return tokenViews(ctx.store.db, await listTokens(ctx.store.db, userId, filter, page), ctx.clock.now());
}

/** A page of the caller's tokens of a kind that were not revoked, newest first, starting below `beforeId`. */
export async function ownTokenRows(
  ctx: Context,
  permit: Permit,
  kind: TokenKind,
  beforeId: number | null,
): Promise<TokenRow[]> {
  const { userId } = permit.actor;
  if (userId === null) throw new TypeError('only a person has tokens of their own');
  const tokens = await listTokens(ctx.store.db, userId, { kind }, { beforeId, limit: TOKENS_ON_A_PAGE });
  return tokenRows(ctx, tokens);
}

/** The caller's own token of a kind, alive or dead. @throws Problem `not_found` for any other */
export async function ownToken(ctx: Context, permit: Permit, id: number, kind: TokenKind): Promise<OwnToken> {
  const view = await readToken(ctx, permit, id);
  if (view.kind !== kind) throw problem('not_found', `There is no token ${id}.`, 'id');
  const refused = await refusalTotals(ctx.store.db, [id], ctx.clock.now() - LATELY_SEC);
  const children = await tokensByIds(ctx.store.db, await descendantsOf(ctx.store.db, id));
  const denied = await Promise.all(
    view.grants
      .filter(
        ({ ownerKind, state, request }) => ownerKind === 'organization' && request === null && state !== 'revoked',
      )
      .map(async ({ owner, ownerId }) => ({ owner, request: await lastDenial(ctx.store.db, id, ownerId) })),
  );
  return {
    ...view,
    refusedLately: refused.get(id) ?? 0,
    children: [...children.values()].filter(({ revokedAt }) => revokedAt === null).length,
    denials: denied.flatMap(({ owner, request }) =>
      request === null ? [] : [{ organization: owner, reason: request.decisionReason, deniedAt: request.decidedAt }],
    ),
  };
}

/** Everything a page shows about these tokens, in their order. A few hundred tokens at most. */
export async function tokenRows(ctx: Context, tokens: readonly Token[]): Promise<TokenRow[]> {
  const at = ctx.clock.now();
  const ids = tokens.map(({ id }) => id);
  const [views, refused] = await Promise.all([
    tokenViews(ctx.store.db, tokens, at),
    refusalTotals(ctx.store.db, ids, at - LATELY_SEC),
  ]);
  return views.map((view) => ({ ...view, refusedLately: refused.get(view.id) ?? 0 }));
}
