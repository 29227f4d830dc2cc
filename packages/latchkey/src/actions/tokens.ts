/**
 * Tokens: created, listed, revoked.
 *
 * Invariant: a secret leaves this file once, as the result of the call that made it; the store keeps its digest and last eight characters.
 */
import { randomBytes } from 'node:crypto';
import { problem, Problem } from '../base/errors.ts';
import { digestOf, Secret } from '../base/secret.ts';
import { checkDraft, MAX_FINE_GRAINED_TOKENS, type TokenDraft, type TokenPlan } from '../rules/draft.ts';
import { lastEightOf, mintTokenText } from '../rules/token-text.ts';
import type { TokenKind } from '../rules/model.ts';
import type { UnixSeconds } from '../base/time.ts';
import type { Account } from '../store/accounts.ts';
import type { Query } from '../store/db.ts';
import { insertRequest } from '../store/requests.ts';
import { grantsOf } from '../store/grants.ts';
import { countFineGrained, insertToken, isTokenNameTaken, listTokens as readTokens, revokeToken as endToken, tokenById, type Token } from '../store/tokens.ts';
import { lastUses, type TokenUse } from '../store/usage.ts';
import { unlessTaken, userNamed } from './accounts.ts';
import type { Permit } from './authorize.ts';
import type { Context } from './context.ts';
import { draftWorld } from './draft-world.ts';
import { record } from './record.ts';

/** A token as lists show it: never its secret. */
export interface TokenSummary extends Token {
  readonly lastUse: TokenUse | null;
}

export interface CreatedToken {
  /** The one time that it can be seen. */
  readonly secret: Secret;
  readonly token: TokenSummary;
}

/** The name under which each kind is logged, by GitHub's events. */
const EVENT_PREFIX: Readonly<Record<TokenKind, string>> = { 'fine-grained': 'personal_access_token', classic: 'oauth_access', scoped: 'personal_access_token' };

/** The event of GitHub's logs for something that happened to a token of this kind. */
export function tokenEvent(kind: TokenKind, verb: string): string {
  return `${EVENT_PREFIX[kind]}.${verb}`;
}

/** Creates a token. @throws Problem with every complaint at once; then nothing was changed. */
export async function createToken(ctx: Context, permit: Permit, draft: TokenDraft): Promise<CreatedToken> {
  const user = await userNamed(ctx.store.db, draft.userLogin, 'login');
  const checked = checkDraft(draft, await draftWorld(ctx, ctx.store.db, user, draft));
  if (!checked.ok) throw new Problem(checked.complaints);
  const { plan } = checked;
  const text = mintTokenText(plan.kind, randomBytes, ctx.settings.tokenPrefix);
  const at = ctx.clock.now();
  const token = await unlessTaken(`You already have a token named ${plan.name}.`, 'name', () =>
    ctx.store.transaction((tx) => insertPlan(tx, permit, user, plan, text, at)),
  );
  return { secret: new Secret(text), token: { ...token, lastUse: null } };
}

async function insertPlan(tx: Query, permit: Permit, user: Account, plan: TokenPlan, text: string, at: UnixSeconds): Promise<Token> {
  await recheck(tx, user, plan);
  const id = await insertToken(tx, {
    userId: user.id, kind: plan.kind, name: plan.name, description: plan.description, secret: { digest: digestOf(text), lastEight: lastEightOf(text) }, scopes: plan.scopes,
    grants: plan.grants, expiresAt: plan.expiresAt, notBeforeAt: plan.notBeforeAt, allowedAddresses: plan.allowedAddresses, usesLeft: plan.usesLeft, at,
  });
  await record(tx, permit, at, {
    action: tokenEvent(plan.kind, 'create'), userId: user.id, tokenId: id,
    data: { name: plan.name, kind: plan.kind, expires_at: plan.expiresAt, scopes: plan.scopes, grants: plan.grants.map(({ ownerLogin, selection, permissions, state }) => ({ owner: ownerLogin, selection, permissions, state })) },
  });
  const grants = (await grantsOf(tx, [id])).get(id) ?? [];
  for (const grant of grants) {
    const asked = plan.grants.find((one) => one.ownerId === grant.ownerId);
    if (grant.state !== 'pending' || asked === undefined) continue;
    await insertRequest(tx, {
      tokenId: id, grantId: grant.id, organizationId: grant.ownerId, userId: user.id, reason: asked.justification, selection: asked.selection,
      repositoryIds: asked.repositoryIds, permissions: asked.permissions, at,
    });
    await record(tx, permit, at, { action: 'personal_access_token.request_created', userId: user.id, organizationId: grant.ownerId, tokenId: id, data: { name: plan.name, permissions: asked.permissions } });
  }
  const token = await tokenById(tx, id);
  if (token === null) throw new TypeError('a token that was just made is not there');
  return token;
}

/** What may have changed since the draft was checked: asked again inside the transaction, so that two at once can't both slip through. */
async function recheck(tx: Query, user: Account, plan: TokenPlan): Promise<void> {
  if (plan.kind !== 'fine-grained') return;
  if (await isTokenNameTaken(tx, user.id, plan.kind, plan.name)) throw problem('already_exists', `You already have a token named ${plan.name}.`, 'name');
  if ((await countFineGrained(tx, user.id)) >= MAX_FINE_GRAINED_TOKENS) throw problem('limit_reached', `You have ${MAX_FINE_GRAINED_TOKENS} fine-grained tokens, which is the limit.`);
}

/** Most tokens that a list shows at once. */
export const MAX_LISTED_TOKENS = 10_000;

/** Every token of a person, newest first, those that have ended included. */
export async function listTokens(ctx: Context, _permit: Permit, login: string): Promise<TokenSummary[]> {
  const user = await userNamed(ctx.store.db, login);
  const tokens = await readTokens(ctx.store.db, user.id, { revokedToo: true }, { beforeId: null, limit: MAX_LISTED_TOKENS });
  const uses = await lastUses(ctx.store.db, tokens.map((token) => token.id));
  return tokens.map((token) => ({ ...token, lastUse: uses.get(token.id) ?? null }));
}

/**
 * Revokes a token: the next request with it is refused, on every node. A token that is revoked already stays so.
 * @param by who or what it is done by, in words that its owner will read: a login, "operator", "reported as leaked"
 */
export async function revokeToken(ctx: Context, permit: Permit, id: number, by: string = permit.actor.login): Promise<void> {
  const at = ctx.clock.now();
  await ctx.store.transaction(async (tx) => {
    const token = await tokenById(tx, id);
    if (token === null) throw problem('not_found', `There is no token ${id}.`, 'id');
    if ((await endToken(tx, id, by, at)) === null) return;
    await record(tx, permit, at, { action: tokenEvent(token.kind, 'destroy'), userId: token.userId, tokenId: id, data: { name: token.name, explanation: by } });
  });
}
