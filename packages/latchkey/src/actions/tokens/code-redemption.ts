/**
 * The code of a sign-in that was said yes to, exchanged for its token: once, by whoever has the verifier or the device
 * code.
 *
 * Sources: RFC 6749 (authorization code), RFC 7636 (PKCE), RFC 8628 (device flow).
 * Invariant: a code that comes a second time ends the token of the first.
 */
import { createHash } from 'node:crypto';
import { Problem } from '../../base/errors.ts';
import { type Secret, sameDigest } from '../../base/secret.ts';
import type { UnixSeconds } from '../../base/time.ts';
import type { KnownCommand } from '../../catalogue/known-commands.ts';
import type { TokenDraft } from '../../rules/draft.ts';
import type { LoginRequest } from '../../rules/login-request.ts';
import type { SsoProofs } from '../../rules/model.ts';
import { MAX_STEP_SEC } from '../../rules/steady-clock.ts';
import { readUserFacts } from '../../store/decision-facts.ts';
import {
  consumeDeviceAuthorization,
  deviceAuthorizationByCode,
  notePoll,
  noteSecondUse,
  setDeviceAuthorizationToken,
} from '../../store/device-authorizations.ts';
import { authorizeIdentity, type Permit, upkeepPermit } from '../decision/authorize.ts';
import type { Context } from '../ground/context.ts';
import { DEVICE_INTERVAL_SEC, type PendingAuthorization } from './device-authorization.ts';
import { createToken, revokeToken } from './tokens.ts';

/** OAuth's code for why there is no token (RFC 6749 section 5.2, RFC 8628 section 3.5), with a sentence. */
export interface Unredeemed {
  readonly error:
    | 'invalid_grant'
    | 'invalid_target'
    | 'authorization_pending'
    | 'slow_down'
    | 'access_denied'
    | 'expired_token';
  readonly words: string;
}

export interface Redeemed {
  readonly secret: Secret;
  readonly username: string;
  readonly tokenId: number;
  readonly expiresAt: UnixSeconds | null;
  readonly scope: string;
}

const USED_TWICE = 'its sign-in code was used twice';
const NO_CODE: Unredeemed = {
  error: 'invalid_grant',
  words: 'The code is unknown, too old, or was used already. Sign in again.',
};

/** Who exchanges a code, and how it gets its token. */
export interface Redeemer<Given> {
  /** The application; null = a command. */
  readonly applicationId: number | null;
  /** Which command of others; null = this program's own, or an application. */
  readonly command: KnownCommand | null;
  /** Why it gets nothing for what was said yes to; the code stays unused then. */
  objection?(request: LoginRequest): Unredeemed | null;
  /**
   * Makes the token, and says which one it is: a second use of the code ends it.
   * @throws Problem when there can be none
   */
  give(permit: Permit, draft: TokenDraft, request: LoginRequest): Promise<Given & { readonly tokenId: number }>;
}

/** A command gets the token itself. */
function commandRedeemer(ctx: Context, command: KnownCommand | null): Redeemer<Redeemed> {
  return {
    applicationId: null,
    command,
    async give(permit, draft) {
      const { secret, token } = await createToken(ctx, permit, draft);
      return {
        secret,
        username: `${permit.actor.login}+${token.id}`,
        tokenId: token.id,
        expiresAt: token.expiresAt,
        scope: scopeOf(draft),
      };
    },
  };
}

/** Exchanges an authorization code for its token. */
export function redeemCode(ctx: Context, given: GivenCode, from: Visitor): Promise<Redeemed | Unredeemed> {
  return redeemCodeFor(ctx, given, from, commandRedeemer(ctx, null));
}

export interface GivenCode {
  readonly code: Secret;
  readonly redirectUri: string;
  readonly verifier: Secret;
}

/** As `redeemCode`, for whoever the code was given to. */
export async function redeemCodeFor<Given>(
  ctx: Context,
  given: GivenCode,
  from: Visitor,
  redeemer: Redeemer<Given>,
): Promise<Given | Unredeemed> {
  const pending = (await deviceAuthorizationByCode(ctx.store.db, given.code.digest())) as PendingAuthorization | null;
  if (pending === null || pending.challenge === null || !isOf(redeemer, pending)) return NO_CODE;
  const challenge = createHash('sha256').update(given.verifier.reveal()).digest('base64url');
  if (pending.redirectUri !== given.redirectUri || !sameDigest(challenge, pending.challenge))
    return { error: 'invalid_grant', words: 'The code belongs to another sign-in.' };
  return take(ctx, pending, from, redeemer);
}

function isOf({ applicationId, command }: Redeemer<unknown>, { request }: PendingAuthorization): boolean {
  return (request.application?.id ?? null) === applicationId && request.command?.name === command?.name;
}

/**
 * Exchanges a device code for its token, once its person has approved it.
 * @param command which of others asks; null = this program's own
 */
export function redeemDevice(
  ctx: Context,
  deviceCode: Secret,
  from: Visitor,
  command: KnownCommand | null = null,
): Promise<Redeemed | Unredeemed> {
  return redeemDeviceFor(ctx, deviceCode, from, commandRedeemer(ctx, command));
}

/** As `redeemDevice`, for whoever the code was given to. */
export async function redeemDeviceFor<Given>(
  ctx: Context,
  deviceCode: Secret,
  from: Visitor,
  redeemer: Redeemer<Given>,
): Promise<Given | Unredeemed> {
  const pending = (await deviceAuthorizationByCode(ctx.store.db, deviceCode.digest())) as PendingAuthorization | null;
  if (pending === null || pending.challenge !== null || !isOf(redeemer, pending)) return NO_CODE;
  const at = ctx.clock.now();
  if (pending.state === 'denied') return { error: 'access_denied', words: 'The person said no.' };
  if ((pending.endsAt <= at || pending.createdAt > at + MAX_STEP_SEC) && pending.state !== 'used')
    return { error: 'expired_token', words: 'Nobody entered the code in time. Begin again.' };
  if (pending.state === 'waiting') {
    const mayAsk = await ctx.store.transaction((tx) => notePoll(tx, pending.codeDigest, DEVICE_INTERVAL_SEC, at));
    return mayAsk
      ? { error: 'authorization_pending', words: 'Nobody has entered the code yet.' }
      : { error: 'slow_down', words: `Ask every ${DEVICE_INTERVAL_SEC} seconds.` };
  }
  return take(ctx, pending, from, redeemer);
}

export interface Visitor {
  readonly address: string;
  readonly userAgent: string | null;
}

async function take<Given>(
  ctx: Context,
  pending: PendingAuthorization,
  from: Visitor,
  redeemer: Redeemer<Given>,
): Promise<Given | Unredeemed> {
  const objection = redeemer.objection?.(pending.request) ?? null;
  if (objection !== null) return objection;
  const taken = (await ctx.store.transaction((tx) =>
    consumeDeviceAuthorization(tx, pending.codeDigest, ctx.clock.now()),
  )) as PendingAuthorization | null;
  if (taken === null || taken.userId === null || taken.draft === null) {
    // Somebody has the code who should not have it (RFC 6749 section 4.1.2).
    const tokenId = await ctx.store.transaction((tx) => noteSecondUse(tx, pending.codeDigest));
    if (tokenId !== null) await revokeToken(ctx, upkeepPermit(), tokenId, USED_TWICE);
    return NO_CODE;
  }
  const { proofs, ...draft } = taken.draft;
  const permit = await permitOf(ctx, taken.userId, new Map(proofs), from);
  if (permit === null) return { error: 'access_denied', words: 'The account can not be used.' };
  try {
    const given = await redeemer.give(permit, draft, taken.request);
    const isOnlyUse = await ctx.store.transaction((tx) =>
      setDeviceAuthorizationToken(tx, taken.codeDigest, given.tokenId),
    );
    if (isOnlyUse) return given;
    await revokeToken(ctx, upkeepPermit(), given.tokenId, USED_TWICE);
    return NO_CODE;
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    return { error: 'access_denied', words: error.message };
  }
}

/** The permit of the person who approved, with their rights of today. */
async function permitOf(ctx: Context, userId: number, proofs: SsoProofs, from: Visitor): Promise<Permit | null> {
  const facts = await readUserFacts(ctx.store.db, userId);
  if (facts === null) return null;
  const verdict = await authorizeIdentity(
    ctx,
    {
      need: { sets: [], publicRead: false, writes: true },
      target: { kind: 'account', login: null },
      address: from.address,
      userAgent: from.userAgent,
      purpose: 'sign in',
    },
    { bearer: { via: 'session', user: facts.user, proofs }, facts, endsOverlap: false },
  );
  return verdict.allowed ? verdict.permit : null;
}

function scopeOf({ grants }: Pick<TokenDraft, 'grants'>): string {
  return [
    ...new Set(
      grants.flatMap(({ permissions }) => Object.entries(permissions).map(([name, level]) => `${name}:${level}`)),
    ),
  ].join(' ');
}
