/** Tokens found where they should not be: revoked, and their owners told. */
import { digestOf } from '../../base/secret.ts';
import { isExpired, isSecretOver } from '../../rules/token-state.ts';
import { parseTokenText } from '../../rules/token-text.ts';
import { type StoredToken, tokenByDigest } from '../../store/presented-tokens.ts';
import type { PushedLeak } from '../../store/push-intents.ts';
import type { Permit } from '../decision/authorize.ts';
import type { Context } from '../ground/context.ts';
import { queueMail } from '../ground/mail.ts';
import { mailed } from '../ground/token-names.ts';
import { endOne } from './tokens.ts';

/** The most credentials in one report: GitHub's. */
export const MAX_REPORTED = 1_000;

/**
 * Revokes every text that is a working token of ours; others, and tokens that no longer work, are skipped. Returns how
 * many were revoked. Don't tell a stranger.
 */
export async function revokeLeaked(ctx: Context, permit: Permit, texts: readonly string[]): Promise<number> {
  let revoked = 0;
  for (const text of new Set(texts)) {
    const found = await liveToken(ctx, text.trim());
    if (found !== null && (await endLeaked(ctx, permit, found.id, null))) revoked++;
  }
  return revoked;
}

/** Revokes what these open now. Doing it again does no harm. */
export async function revokePushed(
  ctx: Context,
  by: Pick<Permit, 'actor'>,
  leaks: readonly PushedLeak[],
): Promise<void> {
  for (const { digest, where } of leaks) {
    const found = await openedBy(ctx, digest);
    if (found !== null) await endLeaked(ctx, by, found.id, where);
  }
}

/** The working token in a text; null when it isn't ours, or no longer works. */
export async function liveToken(ctx: Context, text: string): Promise<StoredToken | null> {
  if (parseTokenText(text).form !== 'valid') return null;
  return openedBy(ctx, digestOf(text));
}

async function openedBy(ctx: Context, digest: string): Promise<StoredToken | null> {
  const found = await tokenByDigest(ctx.store.db, digest);
  const at = ctx.clock.now();
  return found === null || found.revokedAt !== null || isExpired(found, at) || isSecretOver(found, at) ? null : found;
}

function endLeaked(ctx: Context, permit: Pick<Permit, 'actor'>, id: number, where: string | null): Promise<boolean> {
  return ctx.store.transaction(async (tx) => {
    const ended = await endOne(ctx, tx, permit, id, where === null ? 'reported as leaked' : `found in ${where}`);
    if (ended !== null)
      await queueMail(ctx, tx, { userId: ended.userId }, 'token_leaked', { token: mailed(ended), where });
    return ended !== null;
  });
}
