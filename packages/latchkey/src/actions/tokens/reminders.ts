/**
 * Reminders: whoever waits for an organization's approval has its owners told again.
 *
 * Invariant: one person reminds one organization at most once a day, of everything that waits there in one mail,
 * however many tokens they have and whatever was cancelled and asked for anew meanwhile.
 */
import { type Problem, problem } from '../../base/errors.ts';
import { present } from '../../base/present.ts';
import { DAY_SEC, spokenInstant, type UnixSeconds } from '../../base/time.ts';
import { requestsPath } from '../../catalogue/refusals/links.ts';
import { accountsByIds } from '../../store/accounts.ts';
import type { Query } from '../../store/db.ts';
import { markReminded, ownersForMembers, ownersOf } from '../../store/memberships.ts';
import { listRequests, type Request, requestById } from '../../store/requests.ts';
import { tokensByIds } from '../../store/tokens.ts';
import type { Permit } from '../decision/authorize.ts';
import { tokenWithin } from '../decision/token-access.ts';
import type { Context } from '../ground/context.ts';
import { queueMail } from '../ground/mail.ts';
import { record } from '../ground/record.ts';

/** The most requests that one mail names. */
const MAX_NAMED = 20;

/**
 * Mails the owners of the organization where the caller's own request is waiting, and returns the time.
 * @throws Problem `not_found` for somebody else's; `conflict` when it is no longer pending, the person has left the
 * organization, or the owners were reminded within a day
 */
export async function remindOwners(ctx: Context, permit: Permit, id: number): Promise<UnixSeconds> {
  return ctx.store.transaction(async (tx) => {
    const at = ctx.clock.now();
    const request = await requestById(tx, id);
    if (request === null) throw problem('not_found', `There is no request ${id}.`, 'id');
    await tokenWithin(tx, permit, request.tokenId, { alive: false });
    const { state, organizationId, userId } = request;
    if (state !== 'pending') throw problem('conflict', `The request ${id} no longer waits: it was ${state} meanwhile.`);
    if (!(await markReminded(tx, request, at - DAY_SEC, at))) throw await notNow(tx, organizationId, userId);
    const filter = { organizationId, userId, state } as const;
    await tell(ctx, tx, permit, await listRequests(tx, filter, { beforeId: null, limit: MAX_NAMED }));
    return at;
  });
}

async function notNow(tx: Query, organizationId: number, userId: number): Promise<Problem> {
  const last = (await ownersForMembers(tx, [organizationId], [userId]))[0]?.remindedAt ?? null;
  if (last === null) return problem('conflict', 'Only members of an organization remind its owners.');
  return problem(
    'conflict',
    `The owners were reminded on ${spokenInstant(last)}. That is done once a day; the next time is from ` +
      `${spokenInstant(last + DAY_SEC)} on.`,
  );
}

/** @param requests newest first, at least one */
async function tell(ctx: Context, tx: Query, permit: Permit, requests: readonly Request[]): Promise<void> {
  const { organizationId, userId, createdAt: since } = present(requests.at(-1), 'a request');
  const accounts = await accountsByIds(tx, [organizationId, userId]);
  const organization = present(accounts.get(organizationId), `organization ${organizationId}`).login;
  const tokens = await tokensByIds(
    tx,
    requests.map(({ tokenId }) => tokenId),
  );
  const facts = {
    organization,
    path: requestsPath(organization),
    login: present(accounts.get(userId), `user ${userId}`).login,
    tokens: [...new Set(requests.map(({ tokenId }) => tokens.get(tokenId)?.name ?? ''))],
    since,
  };
  await record(tx, permit, ctx.clock.now(), {
    action: 'personal_access_token.request_reminded',
    userId,
    organizationId,
    tokenId: requests[0]?.tokenId ?? null,
    data: { request_ids: requests.map(({ id }) => id) },
  });
  for (const owner of await ownersOf(tx, organizationId))
    await queueMail(ctx, tx, { userId: owner }, 'requests_reminder', facts);
}
