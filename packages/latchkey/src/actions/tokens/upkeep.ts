/**
 * What time demands of tokens: notices before they expire, ending unused ones and undoing that, the daily list of
 * requests for owners. `ctx.clock` is the database's here (`ground/steady-time`), except where people ask.
 *
 * Invariant: each notice and each end happens once, however many nodes there are and however often a run is cut off:
 * it is recorded in the transaction that does it. Only the daily list may come twice, if the run that sends it is cut
 * off.
 */
import { problem } from '../../base/errors.ts';
import { DAY_SEC, type UnixSeconds } from '../../base/time.ts';
import { requestsPath } from '../../catalogue/refusals/links.ts';
import { DELETED_ACCOUNT } from '../../rules/names.ts';
import { rightSentence } from '../../rules/right/right-sentence.ts';
import { accountsByIds } from '../../store/accounts.ts';
import { ownersOf } from '../../store/memberships.ts';
import { listRequests } from '../../store/requests.ts';
import {
  countLiving,
  keepUndo,
  markDisused,
  noteNotice,
  organizationsWithRequests,
  readUndo,
  tokensToNotice,
  tokensUnusedSince,
  undoableTokens,
  undoEnd,
  unmarkUsed,
} from '../../store/token-upkeep.ts';
import { type Token, tokenById, tokensByIds } from '../../store/tokens.ts';
import { lastUses } from '../../store/usage.ts';
import { unlessTaken } from '../accounts/accounts.ts';
import { type Permit, upkeepPermit } from '../decision/authorize.ts';
import type { Context } from '../ground/context.ts';
import { queueMail } from '../ground/mail.ts';
import { record } from '../ground/record.ts';
import { tokenEvent } from '../ground/token-events.ts';
import { mailAboutToken } from '../ground/token-mail.ts';
import { endOne } from './tokens.ts';
import { tokenView } from './views.ts';

/** How many days before its end the owner of a token is told; 0 = that it has ended. */
const NOTICE_DAYS: readonly number[] = [30, 7, 1, 0];
/**
 * An end further back than this is no longer reported: the server was down for long, or took over somebody else's
 * tokens.
 */
const NOTICED_LATE_SEC = 7 * DAY_SEC;
const BATCH = 200;
/** The most requests that a daily list names. */
const MAX_NAMED = 10;

/** Mails owners of tokens that end soon, or have ended. */
export async function noticeEnds(ctx: Context, _payload: null, signal: AbortSignal): Promise<void> {
  const at = ctx.clock.now();
  // The nearest first: an owner who is told that a token ends tomorrow need not be told that it ends in 30 days.
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
    if (days === 0) await mailAboutToken(ctx, tx, token, 'token_ended', { endedAt: token.expiresAt });
    else
      await mailAboutToken(ctx, tx, token, 'token_ending', {
        daysLeft: Math.ceil((token.expiresAt - at) / DAY_SEC),
        endsAt: token.expiresAt,
      });
  });
}

/**
 * The longest time before the end at which the owner of an unused token is told; otherwise it is half the time of
 * disuse.
 */
const MAX_GRACE_SEC = 7 * DAY_SEC;
/** The largest share of all living tokens that one run ends, and the number it may end in any case. */
const MAX_ENDED_PART = 0.1;
const MIN_ENDED = 5;

/**
 * Ends tokens that were unused for as long as the setting says; does nothing when that is 0. Each was marked before,
 * and its owner told. One run ends only a few, so that people notice a mistake before much harm is done.
 */
export async function endDisused(ctx: Context, _payload: null, signal: AbortSignal): Promise<void> {
  const days = ctx.settings.tokenDisuseDays;
  if (days === 0) return;
  const at = ctx.clock.now();
  const graceSec = Math.min(MAX_GRACE_SEC, (days * DAY_SEC) / 2);
  const endCutoff = at - days * DAY_SEC;
  const markCutoff = endCutoff + graceSec;
  await ctx.usage.flush();
  await ctx.store.transaction((tx) => unmarkUsed(tx, markCutoff, at));
  const most = Math.max(MIN_ENDED, Math.floor((await countLiving(ctx.store.db)) * MAX_ENDED_PART));
  const due = await tokensUnusedSince(ctx.store.db, { cutoff: endCutoff, markedBy: at - graceSec }, 0, most + 1);
  for (const id of due.slice(0, most)) if (!signal.aborted) await endUnused(ctx, id, days, endCutoff);
  if (due.length > most) ctx.log.warn({ ended: most }, 'more unused tokens are left for the next run');
  await inBatches(
    (afterId) => tokensUnusedSince(ctx.store.db, { cutoff: markCutoff, markedBy: null }, afterId, BATCH),
    (id) => markUnused(ctx, id, at + graceSec),
    signal,
  );
}

async function markUnused(ctx: Context, id: number, endsAt: UnixSeconds): Promise<void> {
  await ctx.store.transaction(async (tx) => {
    if (!(await markDisused(tx, id, ctx.clock.now()))) return;
    const token = await tokenById(tx, id);
    if (token === null) return;
    const lastUsedAt = (await lastUses(tx, [id])).get(id)?.usedAt ?? null;
    await mailAboutToken(ctx, tx, token, 'token_unused', { lastUsedAt, endsAt });
  });
}

async function endUnused(ctx: Context, id: number, days: number, cutoff: UnixSeconds): Promise<void> {
  await ctx.store.transaction(async (tx) => {
    const lastUsedAt = (await lastUses(tx, [id])).get(id)?.usedAt ?? null;
    if (lastUsedAt !== null && lastUsedAt > cutoff) return;
    const undo = await readUndo(tx, id);
    const ended = await endOne(ctx, tx, upkeepPermit(), { id, by: `not used for ${days} days` });
    if (ended === null) return;
    await keepUndo(tx, id, undo);
    await mailAboutToken(ctx, tx, ended, 'token_disused', { lastUsedAt });
  });
}

/**
 * Brings back a token that was ended for disuse, whether by a wrong clock or rightly, or that is in doubt after a
 * restoration.
 * @throws Problem when there is no such token, it ended in another way, or its name was taken meanwhile
 */
export async function restoreToken(ctx: Context, permit: Permit, id: number): Promise<Token> {
  return unlessTaken('Its owner has another token of that name by now: rename that one first.', 'name', () =>
    ctx.store.transaction(async (tx) => {
      const at = ctx.clock.now();
      const undone = await undoEnd(tx, id, at);
      if (undone === null)
        throw problem(
          'not_found',
          (await tokenById(tx, id)) === null
            ? `There is no token ${id}.`
            : `The token ${id} was not ended for disuse, and is in no doubt. What was revoked on purpose stays so.`,
        );
      const { token, wasInDoubt } = undone;
      await record(tx, permit, at, {
        action: tokenEvent(token.kind, 'restore'),
        userId: token.userId,
        tokenId: id,
        data: { name: token.name },
      });
      await mailAboutToken(ctx, tx, token, wasInDoubt ? 'token_confirmed' : 'token_restored', {
        by: permit.actor.login,
        right: rightSentence(await tokenView(tx, token, at), 'owner'),
      });
      return token;
    }),
  );
}

/** Ids of the tokens that were ended for disuse, in order: `restoreToken` can bring them back. */
export function restorableTokens(ctx: Context, _permit: Permit): Promise<number[]> {
  return undoableTokens(ctx.store.db);
}

/** Mails organization owners their pending requests: one mail a day. */
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
      login: accounts.get(request.userId)?.login ?? DELETED_ACCOUNT,
      tokenName: tokens.get(request.tokenId)?.name ?? '',
    }));
    const path = requestsPath(organization.login);
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
  for (let ids = await read(0); ids.length > 0 && !signal.aborted; ids = await read(ids.at(-1) ?? 0)) {
    for (const id of ids) if (!signal.aborted) await work(id);
  }
}
