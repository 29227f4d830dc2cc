/** Tokens found where they should not be: revoked, and their owners told. */
import { digestOf } from '../../base/secret.ts';
import { isExpired, isSecretOver } from '../../rules/token-state.ts';
import { parseTokenText } from '../../rules/token-text.ts';
import { type DerivedToken, derivedByDigest } from '../../store/derived-tokens.ts';
import { type StoredToken, tokenByDigest } from '../../store/presented-tokens.ts';
import type { PushedLeak } from '../../store/push-intents.ts';
import type { Permit } from '../decision/authorize.ts';
import type { Context } from '../ground/context.ts';
import { mailAboutToken } from '../ground/token-mail.ts';
import { endOneDerived } from './derivation.ts';
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
    if (found !== null && (await endLeaked(ctx, permit, found, null))) revoked++;
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
    if (found !== null) await endLeaked(ctx, by, found, where);
  }
}

/** The working token in a text; null when it isn't ours, or no longer works. */
export async function liveToken(ctx: Context, text: string): Promise<FoundToken | null> {
  if (parseTokenText(text).form !== 'valid') return null;
  return openedBy(ctx, digestOf(text));
}

/** What a leaked text opens: a person's token, or one derived from it. */
interface FoundToken {
  readonly token: StoredToken;
  readonly derived: DerivedToken | null;
}

async function openedBy(ctx: Context, digest: string): Promise<FoundToken | null> {
  const derived = await derivedByDigest(ctx.store.db, digest);
  const token = await tokenByDigest(ctx.store.db, derived?.secretDigest ?? digest);
  const at = ctx.clock.now();
  if (token === null || token.revokedAt !== null || isExpired(token, at) || isSecretOver(token, at)) return null;
  return derived !== null && (derived.revokedAt !== null || isExpired(derived, at)) ? null : { token, derived };
}

function endLeaked(
  ctx: Context,
  permit: Pick<Permit, 'actor'>,
  { token, derived }: FoundToken,
  where: string | null,
): Promise<boolean> {
  const words = where === null ? 'reported as leaked' : `found in ${where}`;
  return ctx.store.transaction(async (tx) => {
    const isEnded =
      derived === null
        ? (await endOne(ctx, tx, permit, { id: token.id, by: words })) !== null
        : await endOneDerived(ctx, tx, permit, derived, words);
    const told = derived === null ? token : { ...token, name: derived.name, lastEight: derived.lastEight };
    if (isEnded) await mailAboutToken(ctx, tx, told, 'token_leaked', { where });
    return isEnded;
  });
}
