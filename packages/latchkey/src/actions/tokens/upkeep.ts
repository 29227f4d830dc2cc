/**
 * What time demands of tokens: notices before they end, the end of those that nobody uses, the daily list of requests
 * for owners.
 *
 * Invariant: each notice and each end happens once, however many nodes there are and however often a run is cut off:
 * what was done is noted in the transaction that does it. Only the daily list may come twice, when the run that sends
 * it is cut off.
 */
import { DAY_SEC, type UnixSeconds } from '../../base/time.ts';
import { accountsByIds } from '../../store/accounts.ts';
import { ownersOf } from '../../store/memberships.ts';
import { listRequests } from '../../store/requests.ts';
import { noteNotice, organizationsWithRequests, tokensToNotice, tokensUnusedSince } from '../../store/token-upkeep.ts';
import { tokenById, tokensByIds } from '../../store/tokens.ts';
import { lastUses } from '../../store/usage.ts';
import { upkeepPermit } from '../decision/authorize.ts';
import { mailed } from '../decision/token-access.ts';
import type { Context } from '../ground/context.ts';
import { queueMail } from '../ground/mail.ts';
import { endOne } from './tokens.ts';

/** How many days before its end the owner of a token hears of it; 0 = that it has ended. */
const NOTICE_DAYS: readonly number[] = [30, 7, 1, 0];
/** An end that lies further back is told no more: the server was away for long, or took over somebody else's tokens. */
const NOTICED_LATE_SEC = 7 * DAY_SEC;
const BATCH = 200;
/** Requests that a daily list names. */
const MAX_NAMED = 10;

/** Tells owners of tokens that end soon, or have ended. */
export async function noticeEnds(ctx: Context, _payload: null, signal: AbortSignal): Promise<void> {
  const at = ctx.clock.now();
  // The nearest first: who hears that a token ends tomorrow need not hear that it ends in 30 days.
  for (const days of NOTICE_DAYS.toReversed()) {
    const notice = {
      days,
      from: days === 0 ? at - NOTICED_LATE_SEC : at,
      to: at + days * DAY_SEC,
      lifeSec: days * DAY_SEC,
    };
    await inBatches(
      (afterId) => tokensToNotice(ctx.store.db, notice, afterId, BATCH),
      (id) => noticeOne(ctx, id, days, at),
      signal,
    );
  }
}

async function noticeOne(ctx: Context, id: number, days: number, at: UnixSeconds): Promise<void> {
  await ctx.store.transaction(async (tx) => {
    if (!(await noteNotice(tx, id, days))) return;
    const token = await tokenById(tx, id);
    if (token === null || token.expiresAt === null) return;
    const to = { userId: token.userId };
    if (days === 0) await queueMail(ctx, tx, to, 'token_ended', { token: mailed(token), endedAt: token.expiresAt });
    else
      await queueMail(ctx, tx, to, 'token_ending', {
        token: mailed(token),
        daysLeft: Math.ceil((token.expiresAt - at) / DAY_SEC),
        endsAt: token.expiresAt,
      });
  });
}

/** Ends tokens that were not used for so long as the setting says; nothing when that is 0. */
export async function endDisused(ctx: Context, _payload: null, signal: AbortSignal): Promise<void> {
  const days = ctx.settings.tokenDisuseDays;
  if (days === 0) return;
  const cutoff = ctx.clock.now() - days * DAY_SEC;
  await ctx.usage.flush();
  await inBatches(
    (afterId) => tokensUnusedSince(ctx.store.db, cutoff, afterId, BATCH),
    (id) => endUnused(ctx, id, days, cutoff),
    signal,
  );
}

async function endUnused(ctx: Context, id: number, days: number, cutoff: UnixSeconds): Promise<void> {
  await ctx.store.transaction(async (tx) => {
    const lastUsedAt = (await lastUses(tx, [id])).get(id)?.usedAt ?? null;
    if (lastUsedAt !== null && lastUsedAt > cutoff) return;
    const ended = await endOne(ctx, tx, upkeepPermit(), id, `not used for ${days} days`);
    if (ended !== null)
      await queueMail(ctx, tx, { userId: ended.userId }, 'token_disused', { token: mailed(ended), lastUsedAt });
  });
}

/** Mails owners of organizations what waits for them: once a day, in one mail. */
export async function digestRequests(ctx: Context, _payload: null, signal: AbortSignal): Promise<void> {
  for (const { organizationId, waiting } of await organizationsWithRequests(ctx.store.db)) {
    if (signal.aborted) return;
    await digestOne(ctx, organizationId, waiting);
  }
}

async function digestOne(ctx: Context, organizationId: number, total: number): Promise<void> {
  await ctx.store.transaction(async (tx) => {
    const requests = await listRequests(tx, { organizationId, state: 'pending' }, { beforeId: null, limit: MAX_NAMED });
    const accounts = await accountsByIds(tx, [organizationId, ...requests.map(({ userId }) => userId)]);
    const tokens = await tokensByIds(
      tx,
      requests.map(({ tokenId }) => tokenId),
    );
    const organization = accounts.get(organizationId);
    if (organization === undefined) return;
    const named = requests.map((request) => ({
      login: accounts.get(request.userId)?.login ?? 'ghost',
      tokenName: tokens.get(request.tokenId)?.name ?? '',
    }));
    const path = `/organizations/${encodeURIComponent(organization.login)}/settings/personal-access-token-requests`;
    const facts = { organization: organization.login, path, requests: named, total };
    for (const userId of await ownersOf(tx, organizationId))
      await queueMail(ctx, tx, { userId }, 'requests_waiting', facts);
  });
}

async function inBatches(
  read: (afterId: number) => Promise<number[]>,
  work: (id: number) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  for (let ids = await read(0); ids.length > 0 && !signal.aborted; ids = await read(ids.at(-1)!)) {
    for (const id of ids) if (!signal.aborted) await work(id);
  }
}
