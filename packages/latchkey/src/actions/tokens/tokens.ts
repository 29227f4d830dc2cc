/**
 * Tokens: created, listed, revoked.
 *
 * Invariant: a secret leaves this room once, as the result of the call that made it; the store keeps its digest and
 * last eight characters.
 */

import { randomBytes } from 'node:crypto';
import { Problem, problem } from '../../base/errors.ts';
import { digestOf, Secret } from '../../base/secret.ts';
import {
  checkDraft,
  MAX_FINE_GRAINED_TOKENS,
  NO_TOKEN_LEFT,
  type TokenDraft,
  type TokenPlan,
} from '../../rules/draft.ts';
import type { TokenKind } from '../../rules/model.ts';
import { refRuleLine } from '../../rules/refs/ref-rule-text.ts';
import { rightSentence } from '../../rules/right/right-sentence.ts';
import { lastEightOf, mintTokenText } from '../../rules/token-text.ts';
import type { Account } from '../../store/accounts.ts';
import type { Query } from '../../store/db.ts';
import { grantsOf } from '../../store/grants.ts';
import { organizationOfHolder } from '../../store/machines.ts';
import type { Page } from '../../store/page.ts';
import { cancelRequests } from '../../store/requests.ts';
import { inheritExclusions } from '../../store/token-organizations.ts';
import {
  countTokens,
  descendantsOf,
  revokeToken as endToken,
  insertToken,
  isTokenNameTaken,
  listTokens as readTokens,
  type Token,
  tokenById,
} from '../../store/tokens.ts';
import { holderNamed, unlessTaken, userNamed } from '../accounts/accounts.ts';
import type { Permit } from '../decision/authorize.ts';
import { actingToken, keepWithin, tokenWithin } from '../decision/token-access.ts';
import type { Context } from '../ground/context.ts';
import { type Because, reasonGiven } from '../ground/reason.ts';
import { record } from '../ground/record.ts';
import { tokenEvent } from '../ground/token-events.ts';
import { mailAboutToken } from '../ground/token-mail.ts';
import { draftWorld, tokensLeft } from './draft-world.ts';
import { openGrant } from './grant-requests.ts';
import { authorizeWhereProved } from './single-sign-on.ts';
import { type TokenView, tokenView, tokenViews } from './views.ts';

export interface CreatedToken {
  /** The only time it can be seen. */
  readonly secret: Secret;
  readonly token: TokenView;
}

/**
 * Creates a token. One made with a token stays within that token's limits: rights, targets, addresses, uses, and its
 * life, to which the default is cut.
 * @throws Problem with every complaint at once; then nothing was changed
 */
export async function createToken(ctx: Context, permit: Permit, draft: TokenDraft): Promise<CreatedToken> {
  const { db } = ctx.store;
  return createTokenFor(ctx, permit, await (isOperator(permit) ? holderNamed : userNamed)(db, draft.userLogin), draft);
}

/** What belongs to a new token, written in the transaction that makes it. */
export type AlongWithToken = (tx: Query, token: Token) => Promise<void>;

/** As `createToken`, for a person or machine that the caller may make tokens for. */
export async function createTokenFor(
  ctx: Context,
  permit: Permit,
  user: Account,
  draft: TokenDraft,
  along?: AlongWithToken,
): Promise<CreatedToken> {
  const plan = await planFor(ctx, permit, user, draft);
  const text = mintTokenText(plan.kind, randomBytes, ctx.settings.tokenPrefix);
  const token = await unlessTaken(`You already have a token named ${plan.name}.`, 'name', () =>
    ctx.store.transaction(async (tx) => {
      const made = await insertPlan(ctx, tx, permit, { user, plan, text });
      await along?.(tx, made);
      return made;
    }),
  );
  return { secret: new Secret(text), token };
}

/**
 * Creates a token that nobody gets the secret of: what others are derived from. A machine's, for a rule, has no end of
 * its own, except that of a token that makes it: what is derived from it is short.
 * @param then what belongs to it, in the same transaction
 * @throws Problem as `createToken` does
 */
export async function createUnheldToken<Made>(
  ctx: Context,
  permit: Permit,
  holder: Account,
  draft: TokenDraft,
  then: (tx: Query, token: Token) => Promise<Made>,
): Promise<Made> {
  const plan = await planFor(ctx, permit, holder, draft, holder.kind !== 'machine');
  const text = mintTokenText(plan.kind, randomBytes, ctx.settings.tokenPrefix);
  return unlessTaken(`${holder.login} already has a token or a rule named ${plan.name}.`, 'name', () =>
    ctx.store.transaction(async (tx) => then(tx, await insertPlan(ctx, tx, permit, { user: holder, plan, text }))),
  );
}

/** @throws Problem with every complaint at once */
async function planFor(ctx: Context, permit: Permit, user: Account, draft: TokenDraft, hasEnd = true) {
  if (user.kind === 'machine') demandForMachine(draft);
  const world = await draftWorld(ctx, ctx.store.db, user, draft);
  const checked = checkDraft(draft, isOperator(permit) ? { ...world, tokensLeft: Infinity } : world);
  if (!checked.ok) throw new Problem(checked.complaints);
  const plan = withMakersDefaults(permit, draft, hasEnd ? checked.plan : { ...checked.plan, expiresAt: null });
  keepWithin(permit, plan, { isOfMachine: user.kind === 'machine' });
  return plan;
}

/** Other kinds reach whatever their holder reaches, and wait for single sign-on, at which a machine never is. */
function demandForMachine({ kind }: TokenDraft): void {
  if (kind !== 'fine-grained')
    throw problem('unprocessable', 'A machine account has fine-grained tokens only.', 'kind');
}

/** Whoever has a shell decides: the limit on tokens doesn't bind the operator. */
function isOperator({ bearer }: Permit): boolean {
  return bearer === null;
}

/** Fields that weren't chosen come from the token that makes the new one, where that has a limit. */
function withMakersDefaults(permit: Permit, draft: TokenDraft, plan: TokenPlan): TokenPlan {
  const maker = actingToken(permit);
  if (maker === null) return plan;
  const isOpen = draft.expiresInDays === undefined && draft.expiresAt === undefined;
  return {
    ...plan,
    expiresAt:
      isOpen && maker.expiresAt !== null
        ? Math.min(maker.expiresAt, plan.expiresAt ?? maker.expiresAt)
        : plan.expiresAt,
    allowedAddresses: plan.allowedAddresses ?? maker.allowedAddresses,
    refRules: plan.refRules ?? maker.refRules,
  };
}

async function insertPlan(
  ctx: Context,
  tx: Query,
  permit: Permit,
  { user, plan, text }: { readonly user: Account; readonly plan: TokenPlan; readonly text: string },
): Promise<TokenView> {
  const at = ctx.clock.now();
  const maker = actingToken(permit);
  if (!isOperator(permit) && (await tokensLeft(ctx, tx, user.id)) <= 0) throw problem('limit_reached', NO_TOKEN_LEFT);
  await recheck(tx, user, plan);
  const id = await insertToken(tx, {
    userId: user.id,
    kind: plan.kind,
    name: plan.name,
    description: plan.description,
    secret: { digest: digestOf(text), lastEight: lastEightOf(text) },
    scopes: plan.scopes,
    grants: plan.grants,
    expiresAt: plan.expiresAt,
    notBeforeAt: plan.notBeforeAt,
    allowedAddresses: plan.allowedAddresses,
    usesLeft: plan.usesLeft,
    refRules: plan.refRules,
    parentId: maker?.id ?? null,
    at,
  });
  if (maker !== null) await inheritExclusions(tx, maker.id, id);
  await record(tx, permit, at, {
    action: tokenEvent(plan.kind, 'create'),
    userId: user.id,
    organizationId: await organizationOfHolder(tx, user.id),
    tokenId: id,
    data: {
      name: plan.name,
      kind: plan.kind,
      expires_at: plan.expiresAt,
      scopes: plan.scopes,
      ...(plan.refRules === null ? {} : { ref_rules: plan.refRules.map(refRuleLine) }),
      grants: plan.grants.map(({ ownerLogin, selection, permissions, state }) => ({
        owner: ownerLogin,
        selection,
        permissions,
        state,
      })),
    },
  });
  const token = await tokenById(tx, id);
  if (token === null) throw new TypeError('a token that was just made is not there');
  for (const grant of (await grantsOf(tx, [id])).get(id) ?? []) {
    const asked = plan.grants.find((one) => one.ownerId === grant.ownerId);
    if (asked !== undefined) await openGrant(tx, permit, { token, grantId: grant.id, plan: asked }, at);
  }
  if (plan.kind === 'fine-grained')
    await authorizeWhereProved(
      tx,
      permit,
      token,
      plan.grants.map(({ ownerId }) => ownerId),
      at,
    );
  const view = await tokenView(tx, token, at);
  await mailAboutToken(ctx, tx, token, 'token_created', {
    by: permit.actor.login,
    address: permit.actor.address,
    right: rightSentence(view, 'owner'),
  });
  return view;
}

/**
 * What may have changed since the draft was checked: checked again inside the transaction, so that two at once can't
 * both get through.
 */
async function recheck(tx: Query, user: Account, plan: TokenPlan): Promise<void> {
  if (plan.kind !== 'fine-grained') return;
  if (await isTokenNameTaken(tx, user.id, plan.kind, plan.name))
    throw problem('already_exists', `You already have a token named ${plan.name}.`, 'name');
  if ((await countTokens(tx, user.id, 'fine-grained')) >= MAX_FINE_GRAINED_TOKENS)
    throw problem('limit_reached', `You have ${MAX_FINE_GRAINED_TOKENS} fine-grained tokens, which is the limit.`);
}

/** The most tokens that a list shows at once. */
const MAX_LISTED_TOKENS = 10_000;

/** Every token of a person, newest first, including ended ones. */
export async function listTokens(
  ctx: Context,
  _permit: Permit,
  login: string,
  page: Page = { beforeId: null, limit: MAX_LISTED_TOKENS },
  filter: { kind?: TokenKind; revokedToo?: boolean } = { revokedToo: true },
): Promise<TokenView[]> {
  const user = await holderNamed(ctx.store.db, login);
  return tokenViews(ctx.store.db, await readTokens(ctx.store.db, user.id, filter, page), ctx.clock.now());
}

/**
 * Revokes one of the caller's tokens, or any token as operator: the next request with it is refused, on every node.
 * Pending requests are cancelled; deploy keys made with it are deleted. A token that is already revoked stays as it is.
 * Returns the ids revoked by this call.
 * @param by who or what does it, in words that its owner will read: a login, "operator", "reported as leaked"
 * @param withChildren true to also revoke the tokens that it made, and those that they made
 */
export async function revokeToken(
  ctx: Context,
  permit: Permit,
  id: number,
  by: string = permit.actor.login,
  { withChildren = false, reason }: { readonly withChildren?: boolean; readonly reason?: string | undefined } = {},
): Promise<number[]> {
  const because = reasonGiven(reason);
  return ctx.store.transaction(async (tx) => {
    const token = await tokenWithin(tx, permit, id, { alive: false });
    const ids = [token.id, ...(withChildren ? await descendantsOf(tx, token.id) : [])];
    const ended: number[] = [];
    for (const each of ids) {
      const revoked = await endOne(ctx, tx, permit, { id: each, by, because });
      if (revoked === null) continue;
      ended.push(each);
      if (permit.actor.userId !== revoked.userId)
        await mailAboutToken(ctx, tx, revoked, 'token_revoked', { by, ...because });
    }
    return ended;
  });
}

/**
 * Revokes one token in the caller's transaction, no matter whose; null when it was revoked before. The caller decides
 * what its owner is told.
 */
export async function endOne(
  ctx: Context,
  tx: Query,
  permit: Pick<Permit, 'actor'>,
  { id, by, because = {} }: { readonly id: number; readonly by: string; readonly because?: Because },
): Promise<Token | null> {
  const at = ctx.clock.now();
  const ended = await endToken(tx, id, by, at);
  if (ended === null) return null;
  const cancelled = await cancelRequests(tx, { tokenId: id }, at);
  const requests = cancelled.length === 0 ? {} : { cancelled_requests: cancelled };
  const isOwner = permit.actor.userId === ended.userId;
  await record(tx, permit, at, {
    action: tokenEvent(ended.kind, isOwner ? 'destroy' : ended.kind === 'classic' ? 'revoke' : 'credential_revoked'),
    userId: ended.userId,
    organizationId: await organizationOfHolder(tx, ended.userId),
    tokenId: id,
    data: { name: ended.name, explanation: by, ...requests, ...because },
  });
  return ended;
}
