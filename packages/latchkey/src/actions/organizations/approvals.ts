/**
 * What organizations decide about tokens: requests approved or denied, access revoked.
 *
 * Invariant: a request is decided once, and its decision takes effect in the same transaction. If two people decide
 * at the same moment, or one decides while the requester cancels, edits or deletes, one wins and the other gets
 * `conflict`.
 */
import { problem } from '../../base/errors.ts';
import type { UnixSeconds } from '../../base/time.ts';
import { tokensPath } from '../../catalogue/refusals/links.ts';
import { DELETED_ACCOUNT } from '../../rules/names.ts';
import { joinedReach } from '../../rules/reach.ts';
import { rightSentence } from '../../rules/right/right-sentence.ts';
import { type Account, accountsByIds } from '../../store/accounts.ts';
import type { Query } from '../../store/db.ts';
import { deleteGrant, grantById, setGrantReach, setGrantState } from '../../store/grants.ts';
import { ownersOf } from '../../store/memberships.ts';
import { cancelRequests, decideRequest, listRequests, type Request, requestById } from '../../store/requests.ts';
import { type Token, tokenById } from '../../store/tokens.ts';
import { organizationNamed } from '../accounts/accounts.ts';
import type { Permit } from '../decision/authorize.ts';
import { tokenWithin } from '../decision/token-access.ts';
import type { Context } from '../ground/context.ts';
import { queueMail } from '../ground/mail.ts';
import { type Because, reasonGiven } from '../ground/reason.ts';
import { record } from '../ground/record.ts';
import { mailAboutToken } from '../ground/token-mail.ts';
import { tokenView } from '../tokens/views.ts';

/** The most requests or grants in one call: GitHub's. */
export const MAX_DECIDED_AT_ONCE = 100;

export interface Review {
  readonly organization: string;
  readonly requestIds: readonly number[];
  readonly action: 'approve' | 'deny';
  /** For the requester; null = none. */
  readonly reason: string | null;
}

/**
 * Decides requests, all or none. Returns the grants that work only since then: what revoking would undo.
 * @throws Problem `not_found` for one of another organization, `conflict` for one that is no longer pending
 */
export async function reviewRequests(ctx: Context, permit: Permit, review: Review): Promise<number[]> {
  checkDecidedCount(review.requestIds, 'pat_request_ids');
  reasonGiven(review.reason ?? undefined);
  return ctx.store.transaction(async (tx) => {
    const organization = await organizationNamed(tx, review.organization);
    const opened: number[] = [];
    for (const id of new Set(review.requestIds)) {
      const grantId = await reviewOne(ctx, tx, permit, { ...review, organization, id });
      if (grantId !== null) opened.push(grantId);
    }
    return opened;
  });
}

/** The review of one request, after its organization was found. */
interface OneReview extends Pick<Review, 'action' | 'reason'> {
  readonly organization: Account;
  readonly id: number;
}

async function reviewOne(
  ctx: Context,
  tx: Query,
  permit: Permit,
  { organization, id, action, reason }: OneReview,
): Promise<number | null> {
  const at = ctx.clock.now();
  const known = await requestById(tx, id);
  if (known === null || known.organizationId !== organization.id)
    throw problem('not_found', `${organization.login} has no request ${id}.`, 'pat_request_id');
  const words = reason?.trim() || null;
  const decided = await decideRequest(tx, id, {
    state: action === 'approve' ? 'approved' : 'denied',
    by: permit.actor.userId,
    reason: words,
    at,
  });
  const token = decided === null ? null : await tokenById(tx, decided.tokenId);
  if (decided === null || token === null)
    throw problem('conflict', `The request ${id} no longer waits: it was ${known.state} meanwhile.`);
  const opened = action === 'approve' && (await grantAccess(tx, decided, at));
  if (action === 'deny') await setGrantState(tx, decided.grantId, ['pending'], 'denied', at);
  await tell(ctx, tx, permit, { organization, token, request: decided, action, reason: words });
  return opened ? decided.grantId : null;
}

/**
 * Grants everything that waits for an organization that requires no approval any more, and tells both sides. Returns
 * how many requests there were.
 */
export async function admitWaiting(ctx: Context, tx: Query, permit: Permit, organizationId: number): Promise<number> {
  const organization = (await accountsByIds(tx, [organizationId])).get(organizationId);
  if (organization === undefined) return 0;
  const admitted: { login: string; tokenName: string }[] = [];
  const at = ctx.clock.now();
  for (;;) {
    const page = await listRequests(
      tx,
      { organizationId, state: 'pending' },
      { beforeId: null, limit: ADMITTED_AT_ONCE },
    );
    if (page.length === 0) break;
    const people = await accountsByIds(tx, [...new Set(page.map(({ userId }) => userId))]);
    for (const { id } of page) {
      const decided = await decideRequest(tx, id, { state: 'approved', by: permit.actor.userId, reason: null, at });
      const token = decided === null ? null : await tokenById(tx, decided.tokenId);
      if (decided === null || token === null) continue;
      await grantAccess(tx, decided, at);
      await tell(ctx, tx, permit, { organization, token, request: decided, action: 'admit', reason: null });
      admitted.push({ login: people.get(token.userId)?.login ?? DELETED_ACCOUNT, tokenName: token.name });
    }
  }
  if (admitted.length > 0)
    for (const userId of await ownersOf(tx, organizationId))
      await queueMail(ctx, tx, { userId }, 'requests_admitted', {
        organization: organization.login,
        path: tokensPath(organization.login),
        by: permit.actor.login,
        requests: admitted.slice(0, MAX_NAMED),
        total: admitted.length,
      });
  return admitted.length;
}

/** Requests read at a time, and those that a mail names. */
const ADMITTED_AT_ONCE = 100;
const MAX_NAMED = 20;

/**
 * A pending grant becomes what was requested; an active one gets the request in addition. True when it works only
 * since now.
 */
async function grantAccess(tx: Query, request: Request, at: UnixSeconds): Promise<boolean> {
  const grant = await grantById(tx, request.grantId);
  if (grant === null) throw problem('conflict', `What the request ${request.id} was for was taken away meanwhile.`);
  await setGrantReach(tx, grant.id, grant.state === 'active' ? joinedReach(grant, request) : request, at);
  if (grant.state === 'active') return false;
  await setGrantState(tx, grant.id, [grant.state], 'active', at);
  return true;
}

interface Decided extends Pick<Review, 'reason'> {
  /** `admit`: approval isn't required any more. */
  readonly action: Review['action'] | 'admit';
  readonly organization: Account;
  readonly token: Token;
  readonly request: Request;
}

/** Reports it in the log, and to the token's owner. */
async function tell(
  ctx: Context,
  tx: Query,
  permit: Permit,
  { organization, token, request, action, reason }: Decided,
): Promise<void> {
  const at = ctx.clock.now();
  await record(tx, permit, at, {
    action: action === 'deny' ? 'personal_access_token.request_denied' : 'personal_access_token.access_granted',
    userId: token.userId,
    organizationId: organization.id,
    tokenId: token.id,
    data: {
      request_id: request.id,
      name: token.name,
      permissions: request.permissions,
      selection: request.selection,
      reason,
    },
  });
  const right = rightSentence(await tokenView(tx, token, at), 'owner', organization.id);
  const facts = { organization: organization.login, by: permit.actor.login, right };
  if (action === 'approve') await mailAboutToken(ctx, tx, token, 'token_approved', facts);
  else if (action === 'admit') await mailAboutToken(ctx, tx, token, 'token_admitted', facts);
  else await mailAboutToken(ctx, tx, token, 'token_denied', { ...facts, reason });
}

/** Withdraws the caller's own request. What it would have opened is dropped; what is in force stays. @throws Problem */
export async function cancelRequest(ctx: Context, permit: Permit, id: number): Promise<void> {
  await ctx.store.transaction(async (tx) => {
    const at = ctx.clock.now();
    const request = await requestById(tx, id);
    if (request === null) throw problem('not_found', `There is no request ${id}.`, 'id');
    const token = await tokenWithin(tx, permit, request.tokenId, { alive: false });
    const cancelled = await cancelRequests(tx, { grantId: request.grantId }, at);
    if (!cancelled.includes(id))
      throw problem('conflict', `The request ${id} no longer waits: it was ${request.state} meanwhile.`);
    const grant = await grantById(tx, request.grantId);
    if (grant?.state === 'pending') await deleteGrant(tx, grant.id);
    await record(tx, permit, at, {
      action: 'personal_access_token.request_cancelled',
      userId: token.userId,
      organizationId: request.organizationId,
      tokenId: token.id,
      data: { request_id: id, name: token.name },
    });
  });
}

/**
 * Withdraws what tokens reach in an organization, all or none; the tokens live on (GitHub docs, "Reviewing and revoking
 * personal access tokens").
 * @param grantIds GitHub's `pat_id`s
 * @throws Problem `not_found` for one of another organization, `conflict` for one that no longer reaches it
 */
export async function revokeAccess(
  ctx: Context,
  permit: Permit,
  organizationName: string,
  grantIds: readonly number[],
  reason?: string,
): Promise<void> {
  checkDecidedCount(grantIds, 'pat_ids');
  const because = reasonGiven(reason);
  await ctx.store.transaction(async (tx) => {
    const organization = await organizationNamed(tx, organizationName);
    for (const id of new Set(grantIds)) await revokeOne(ctx, tx, permit, { organization, grantId: id, because });
  });
}

async function revokeOne(
  ctx: Context,
  tx: Query,
  permit: Permit,
  { organization, grantId, because }: Readonly<{ organization: Account; grantId: number; because: Because }>,
): Promise<void> {
  const at = ctx.clock.now();
  const grant = await grantById(tx, grantId);
  const token = grant === null || grant.ownerId !== organization.id ? null : await tokenById(tx, grant.tokenId);
  if (grant === null || token === null)
    throw problem('not_found', `${organization.login} has no token ${grantId}.`, 'pat_id');
  if (!(await setGrantState(tx, grantId, ['active'], 'revoked', at)))
    throw problem('conflict', `The token ${grantId} no longer reaches ${organization.login}.`);
  await cancelRequests(tx, { grantId }, at);
  await record(tx, permit, at, {
    action: 'personal_access_token.access_revoked',
    userId: token.userId,
    organizationId: organization.id,
    tokenId: token.id,
    data: { name: token.name, permissions: grant.permissions, ...because },
  });
  await mailAboutToken(ctx, tx, token, 'access_revoked', {
    organization: organization.login,
    by: permit.actor.login,
    ...because,
  });
}

/** @throws Problem for none, or more than can be decided at once */
export function checkDecidedCount(ids: readonly number[], field: string): void {
  if (ids.length < 1 || ids.length > MAX_DECIDED_AT_ONCE)
    throw problem('invalid', `${field} names 1 to ${MAX_DECIDED_AT_ONCE} of them.`, field);
}
