/**
 * What using a token changes: a limited use is spent, an overlap ends, reuse of a replaced secret is reported.
 *
 * Invariant: a token without limit and overlap, as nearly all are, costs nothing here: no query, no promise.
 * Invariant: one compare-and-set takes a limited use in the store before the answer, so all nodes together never
 * exceed the limit.
 */

import type { MaybePromise } from '../../base/maybe-promise.ts';
import { MINUTE_SEC } from '../../base/time.ts';
import type { Refusal } from '../../rules/decide.ts';
import type { Question, TokenRecord } from '../../rules/model.ts';
import { appendAudit } from '../../store/audit.ts';
import { noteReuse, spendUse } from '../../store/presented-tokens.ts';
import { endOverlap } from '../../store/token-secrets.ts';
import type { Context } from '../ground/context.ts';
import { mailAboutToken } from '../ground/token-mail.ts';
import type { Identity } from './authenticate.ts';

/** Records an allowed use. Returns a refusal when another request took the last use meanwhile. */
export function useToken(ctx: Context, identity: Identity): MaybePromise<Refusal | null> {
  const { bearer, endsOverlap } = identity;
  if (bearer.via !== 'token' || (bearer.token.usesLeft === null && !endsOverlap)) return null;
  return takeUse(ctx, bearer.token, endsOverlap);
}

async function takeUse(ctx: Context, { id, usesLeft }: TokenRecord, endsOverlap: boolean): Promise<Refusal | null> {
  return ctx.store.transaction(async (tx): Promise<Refusal | null> => {
    if (usesLeft !== null && (await spendUse(tx, id)) === null) return { reason: 'token_used_up' };
    if (endsOverlap) await endOverlap(tx, id, ctx.clock.now());
    return null;
  });
}

/** The owner of a token hears at most this often that its replaced secret is still used. */
export const ALERT_EVERY_SEC = 15 * MINUTE_SEC;

/**
 * A replaced secret was used: its owner sees it in the security log and by mail. Of all uses on all nodes, one per
 * `ALERT_EVERY_SEC` is reported.
 */
export async function reportReuse(
  ctx: Context,
  { bearer, at, address }: Question,
  purpose: string,
  userAgent: string | null,
): Promise<void> {
  if (bearer.via !== 'token') return;
  const { token, user } = bearer;
  try {
    await ctx.store.transaction(async (tx) => {
      if (!(await noteReuse(tx, token.id, at - ALERT_EVERY_SEC, at))) return;
      await appendAudit(tx, {
        at,
        action: 'personal_access_token.replaced_credential_used',
        actorId: null,
        actorLogin: null,
        userId: user.id,
        organizationId: null,
        repositoryId: null,
        tokenId: token.id,
        actorTokenId: token.id,
        address,
        userAgent,
        data: { name: token.name, purpose },
      });
      await mailAboutToken(ctx, tx, token, 'old_secret_used', {
        replacedAt: token.secretEndsAt ?? at,
        address,
        purpose,
      });
    });
  } catch (error) {
    ctx.log.warn({ err: error, tokenId: token.id }, 'the reuse of a replaced secret could not be reported');
  }
}
