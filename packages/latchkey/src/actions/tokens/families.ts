/**
 * Rotation as GitLab does it: a new token replaces the previous one, in one transaction; both belong to a family.
 *
 * Source: GitLab docs "Personal access tokens API", "Rotate a personal access token" and "Automatic reuse detection".
 * Invariant: of two simultaneous rotations exactly one happens. Beyond GitLab: a value that was rotated away raises
 * the alert wherever it comes back (`actions/decision/token-uses`); it ends the family only where tokens are rotated,
 * and not within `REUSE_GRACE_SEC`, when it is more likely a retry after a lost answer than a stolen copy.
 */
import { randomBytes } from 'node:crypto';
import { problem } from '../../base/errors.ts';
import { digestOf, Secret } from '../../base/secret.ts';
import { DAY_SEC, MINUTE_SEC, type UnixSeconds } from '../../base/time.ts';
import { effectivePolicy } from '../../rules/policy.ts';
import { capOf, type ExpiryDraft } from '../../rules/token-limits.ts';
import { isExpired, isRotatedAway } from '../../rules/token-state.ts';
import { lastEightOf, mintTokenText } from '../../rules/token-text.ts';
import type { Query } from '../../store/db.ts';
import { livingOf, retireToken } from '../../store/token-families.ts';
import { inheritExclusions } from '../../store/token-organizations.ts';
import { insertToken, type Token, tokenById } from '../../store/tokens.ts';
import { userNamed } from '../accounts/accounts.ts';
import { type Permit, upkeepPermit } from '../decision/authorize.ts';
import { policyOf } from '../decision/targets.ts';
import { actingToken, tokenWithin } from '../decision/token-access.ts';
import type { Context } from '../ground/context.ts';
import { record } from '../ground/record.ts';
import { tokenEvent } from '../ground/token-events.ts';
import { mailAboutToken } from '../ground/token-mail.ts';
import { regenerateToken, renewedEnd } from './secrets.ts';
import { type CreatedToken, endOne } from './tokens.ts';
import { tokenView } from './views.ts';

/** How long after a rotation the old value may be rotated again without ending the family. */
export const REUSE_GRACE_SEC = MINUTE_SEC;
/** What the owner of an ended family reads. */
const BY_REUSE = 'reuse of a rotated token';

/**
 * Rotates a token. A scoped one gets a successor: same name, description, scopes and limits, another id. Others keep
 * their id and get another secret. By default, the new life is as long as the previous one.
 * @throws Problem; then nothing was changed
 */
export async function rotateToSuccessor(
  ctx: Context,
  permit: Permit,
  id: number,
  expiry: ExpiryDraft,
): Promise<CreatedToken> {
  const { kind } = await living(ctx, ctx.store.db, permit, id);
  if (kind !== 'scoped') return regenerateToken(ctx, permit, id, expiry);
  const text = mintTokenText(kind, randomBytes, ctx.settings.tokenPrefix);
  const token = await ctx.store.transaction(async (tx) => {
    const at = ctx.clock.now();
    const before = await living(ctx, tx, permit, id);
    const expiresAt = wholeDays(await renewedEnd(tx, permit, before, expiry, at), at);
    if ((await retireToken(tx, id, at)) === null) throw problem('conflict', 'Token already revoked');
    const successor = await succeed(tx, before, text, expiresAt, at);
    await record(tx, permit, at, {
      action: tokenEvent(kind, 'credential_regenerated'),
      userId: before.userId,
      tokenId: successor.id,
      data: { name: before.name, previous_id: id, expires_at: expiresAt, old_expires_at: before.expiresAt },
    });
    await mailAboutToken(ctx, tx, successor, 'token_regenerated', {
      by: permit.actor.login,
      address: permit.actor.address,
    });
    return successor;
  });
  return { secret: new Secret(text), token: await tokenView(ctx.store.db, token, ctx.clock.now()) };
}

async function living(ctx: Context, q: Query, permit: Permit, id: number): Promise<Token> {
  const token = await tokenWithin(q, permit, id, { alive: false });
  if (token.revokedAt !== null) throw problem('conflict', 'Token already revoked');
  if (isExpired(token, ctx.clock.now())) throw problem('conflict', 'Token already expired');
  return token;
}

async function succeed(
  tx: Query,
  before: Token,
  text: string,
  expiresAt: UnixSeconds | null,
  at: UnixSeconds,
): Promise<Token> {
  const id = await insertToken(tx, {
    ...before,
    secret: { digest: digestOf(text), lastEight: lastEightOf(text) },
    expiresAt,
    familyId: before.familyId ?? before.id,
    at,
  });
  await inheritExclusions(tx, before.id, id);
  const successor = await tokenById(tx, id);
  if (successor === null) throw new TypeError('a token that was just made is not there');
  return successor;
}

/** Tokens of this kind end at 00:00 UTC: the last one within the requested life, if there is one. */
function wholeDays(expiresAt: UnixSeconds | null, at: UnixSeconds): UnixSeconds | null {
  const midnight = expiresAt === null ? 0 : expiresAt - (expiresAt % DAY_SEC);
  return midnight > at ? midnight : expiresAt;
}

/**
 * A rotated value was rotated again: ends the living token of its family, except during the grace time. Returns the id
 * that was ended.
 */
export async function reportRotatedUse(ctx: Context, tokenId: number): Promise<number | null> {
  return ctx.store.transaction(async (tx) => {
    const token = await tokenById(tx, tokenId);
    if (
      token === null ||
      token.revokedAt === null ||
      !isRotatedAway(token) ||
      ctx.clock.now() - token.revokedAt <= REUSE_GRACE_SEC
    )
      return null;
    const live = await livingOf(tx, token.familyId ?? token.id);
    const ended = live === null ? null : await endOne(ctx, tx, upkeepPermit(), { id: live.id, by: BY_REUSE });
    if (ended === null) return null;
    await mailAboutToken(ctx, tx, ended, 'token_revoked', { by: BY_REUSE });
    return ended.id;
  });
}

/**
 * When a scoped token ends by default: never, unless a policy or the token that makes it ends earlier; then at the last
 * 00:00 UTC that they allow.
 */
export async function latestEnd(ctx: Context, permit: Permit, userLogin: string): Promise<UnixSeconds | null> {
  const at = ctx.clock.now();
  const user = await userNamed(ctx.store.db, userLogin);
  const capDays = capOf('scoped', [effectivePolicy(await policyOf(ctx, 0), null)], user.admin);
  const ends = [capDays === null ? null : at + capDays * DAY_SEC, actingToken(permit)?.expiresAt ?? null].filter(
    (end) => end !== null,
  );
  return ends.length === 0 ? null : wholeDays(Math.min(...ends), at);
}
