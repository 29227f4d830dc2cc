/**
 * New secrets for live tokens: regenerated (the old one ends at once) or rotated (it overlaps for a while).
 *
 * Invariant: a new secret starts a new life, checked again against every policy that binds the token (GitHub docs:
 * policies apply when tokens are created, regenerated or used).
 * Invariant: a token can't be used to get the secret of a token that can do more, nor to extend its own life by more
 * than that life at a time.
 */
import { randomBytes } from 'node:crypto';
import { Problem, problem } from '../../base/errors.ts';
import { digestOf, Secret } from '../../base/secret.ts';
import { DAY_SEC, HOUR_SEC, MINUTE_SEC, type UnixSeconds } from '../../base/time.ts';
import { INSTANCE_OWNER } from '../../rules/model.ts';
import { effectivePolicy, MAX_LIFETIME_DAYS, NO_POLICY } from '../../rules/policy.ts';
import { Complaints, capOf, checkExpiry, checkUses, type ExpiryDraft } from '../../rules/token-limits.ts';
import { MAX_OVERLAP_SEC } from '../../rules/token-state.ts';
import { lastEightOf, mintTokenText } from '../../rules/token-text.ts';
import { accountById, accountsByIds } from '../../store/accounts.ts';
import type { Query } from '../../store/db.ts';
import { organizationOfHolder } from '../../store/machines.ts';
import { storedPolicies } from '../../store/policies.ts';
import { withdrawFromAll } from '../../store/token-organizations.ts';
import { replaceSecret, type Token, updateToken } from '../../store/tokens.ts';
import { tokensOfRules } from '../../store/workload-rules.ts';
import type { Permit } from '../decision/authorize.ts';
import { actingToken, boundsOf, keepWithin, tokenWithin, type WantedToken } from '../decision/token-access.ts';
import type { Context } from '../ground/context.ts';
import { record } from '../ground/record.ts';
import { tokenEvent } from '../ground/token-events.ts';
import { mailAboutToken } from '../ground/token-mail.ts';
import { type CreatedToken } from './tokens.ts';
import { tokenView } from './views.ts';

/** How long the old secret of a rotation works beside the new one: at least, and by default. */
export const MIN_OVERLAP_SEC = MINUTE_SEC;
export const DEFAULT_OVERLAP_SEC = HOUR_SEC;

/** A new life, and, if uses are limited, how many it has. */
export interface RenewalDraft extends ExpiryDraft {
  readonly usesLeft?: number;
}

/**
 * Gives a token a new secret; the old one stops working at once, on every node. By default, the new life is as long as
 * the previous one.
 * @throws Problem
 */
export function regenerateToken(
  ctx: Context,
  permit: Permit,
  wanted: WantedToken,
  draft: RenewalDraft = {},
): Promise<CreatedToken> {
  return renew(ctx, permit, wanted, draft, null);
}

/**
 * Gives a token a new secret; the old one works until the new one is first used, for at most `overlapSec`
 * (`MIN_OVERLAP_SEC` to `MAX_OVERLAP_SEC`). A secret that still overlaps from an earlier rotation ends now.
 * @throws Problem
 */
export function rotateToken(
  ctx: Context,
  permit: Permit,
  wanted: WantedToken,
  draft: RenewalDraft = {},
  overlapSec: number = DEFAULT_OVERLAP_SEC,
): Promise<CreatedToken> {
  if (!Number.isInteger(overlapSec) || overlapSec < MIN_OVERLAP_SEC || overlapSec > MAX_OVERLAP_SEC)
    throw problem('invalid', `An overlap lasts ${MIN_OVERLAP_SEC} to ${MAX_OVERLAP_SEC} seconds.`, 'overlap_seconds');
  return renew(ctx, permit, wanted, draft, overlapSec);
}

async function renew(
  ctx: Context,
  permit: Permit,
  wanted: WantedToken,
  { usesLeft, ...expiry }: RenewalDraft,
  overlapSec: number | null,
): Promise<CreatedToken> {
  const { id, kind } = await tokenWithin(ctx.store.db, permit, wanted);
  const text = mintTokenText(kind, randomBytes, ctx.settings.tokenPrefix);
  const secret = { digest: digestOf(text), lastEight: lastEightOf(text) };
  const token = await ctx.store.transaction(async (tx) => {
    const at = ctx.clock.now();
    const before = await tokenWithin(tx, permit, wanted);
    if ((await tokensOfRules(tx, [id])).size > 0)
      throw problem(
        'unprocessable',
        'Workloads get their tokens by this one, by a rule. Nobody gets its secret.',
        'id',
      );
    const expiresAt = await renewedEnd(tx, permit, before, expiry, at);
    const renewed = await replaceSecret(tx, id, {
      secret,
      expiresAt,
      overlapEndsAt: overlapSec === null ? null : at + overlapSec,
      at,
    });
    if (renewed === null) throw problem('conflict', `The token ${before.name} was revoked meanwhile.`);
    if (usesLeft !== undefined) await updateToken(tx, id, { usesLeft: renewedUses(permit, before, usesLeft) }, at);
    if (kind !== 'fine-grained') await withdrawFromAll(tx, id);
    await record(tx, permit, at, {
      action: tokenEvent(kind, kind === 'classic' ? 'regenerate' : 'credential_regenerated'),
      userId: before.userId,
      organizationId: await organizationOfHolder(tx, before.userId),
      tokenId: id,
      data: {
        name: before.name,
        expires_at: expiresAt,
        old_expires_at: before.expiresAt,
        ...(overlapSec === null ? {} : { overlap_seconds: overlapSec }),
      },
    });
    await mailAboutToken(ctx, tx, renewed, 'token_regenerated', {
      by: permit.actor.login,
      address: permit.actor.address,
    });
    return renewed;
  });
  return {
    secret: new Secret(text),
    token: await tokenView(ctx.store.db, token, ctx.clock.now()),
  };
}

/** @throws Problem for an invalid number, or where a token would give uses */
function renewedUses(permit: Permit, { usesLeft }: Token, wanted: number): number | null {
  const complaints = new Complaints();
  const uses = checkUses(wanted, complaints);
  if (usesLeft === null) complaints.add('uses_left', 'unprocessable', 'This token has no limit of uses.');
  if (actingToken(permit) !== null)
    complaints.add('uses_left', 'unprocessable', 'Only a person gives a token more uses.');
  if (complaints.list.length > 0) throw new Problem(complaints.list);
  return uses;
}

/**
 * The longest life in days that a renewed token may have, by every policy that binds it; null = no limit.
 * @throws Problem
 */
export async function renewalCap(ctx: Context, permit: Permit, wanted: WantedToken): Promise<number | null> {
  return capFor(ctx.store.db, await tokenWithin(ctx.store.db, permit, wanted, { alive: false }));
}

/** When the renewed token ends. @throws Problem when a policy, or the token that renews it, doesn't allow this end */
export async function renewedEnd(
  tx: Query,
  permit: Permit,
  token: Token,
  expiry: ExpiryDraft,
  at: UnixSeconds,
): Promise<UnixSeconds | null> {
  const cap = await capFor(tx, token);
  const complaints = new Complaints();
  const isOpen = expiry.expiresInDays === undefined && expiry.expiresAt === undefined;
  const acting = actingToken(permit);
  const isItself = acting?.id === token.id;
  const expiresAt = isOpen
    ? noLaterThan(asBefore(token, cap, at), isItself ? null : (acting?.expiresAt ?? null))
    : checkExpiry(expiry, cap, at, complaints);
  const span = spanOf(token);
  if (isItself && !isOpen && span !== null && (expiresAt === null || expiresAt - at > span))
    complaints.add('expires_in', 'unprocessable', "A token can't give itself a longer life than it has.");
  if (complaints.list.length > 0) throw new Problem(complaints.list);
  const isOfMachine = (await accountById(tx, token.userId))?.kind === 'machine';
  keepWithin(permit, { ...(await boundsOf(tx, token)), expiresAt }, { isItself, isOfMachine });
  return expiresAt;
}

/** An end that wasn't chosen is cut to the end of the token that renews another. */
function noLaterThan(expiresAt: UnixSeconds | null, latest: UnixSeconds | null): UnixSeconds | null {
  return expiresAt === null || latest === null ? (expiresAt ?? latest) : Math.min(expiresAt, latest);
}

function spanOf({ expiresAt, issuedAt }: Token): number | null {
  return expiresAt === null ? null : expiresAt - issuedAt;
}

/** The same life again, cut to what policies allow today. */
function asBefore(token: Token, capDays: number | null, at: UnixSeconds): UnixSeconds | null {
  const longest = capDays === null ? null : capDays * DAY_SEC;
  const span = spanOf(token) ?? longest;
  return span === null ? null : at + Math.min(span, longest ?? MAX_LIFETIME_DAYS * DAY_SEC);
}

/** The shortest cap of the instance and of every organization that the token reaches or has requested. */
async function capFor(tx: Query, token: Token): Promise<number | null> {
  const ownerIds = (await boundsOf(tx, token)).grants.map((grant) => grant.ownerId).filter((id) => id > INSTANCE_OWNER);
  const [user, owners, policies] = await Promise.all([
    accountById(tx, token.userId),
    accountsByIds(tx, ownerIds),
    storedPolicies(tx, [INSTANCE_OWNER, ...ownerIds]),
  ]);
  const instance = policies.get(INSTANCE_OWNER) ?? NO_POLICY;
  const organizations = [...owners.values()].filter((owner) => owner.kind === 'organization');
  const effective = organizations.map((owner) => effectivePolicy(instance, policies.get(owner.id) ?? NO_POLICY));
  return capOf(token.kind, [effectivePolicy(instance, null), ...effective], user?.admin === true);
}
