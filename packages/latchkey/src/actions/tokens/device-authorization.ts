/**
 * Signing in from a command: a person says yes in a browser, and the command gets a token.
 *
 * Sources: RFC 6749 (authorization code), RFC 7636 (PKCE), RFC 8252 (native apps), RFC 8628 (device flow).
 * Invariant: the token has what the person chose on the page, and is checked like any other when it is made; the code
 * gives it once, to whoever has the verifier. A code that comes a second time ends the token of the first.
 * Never: a code in the clear at rest.
 */
import { createHash, randomInt } from 'node:crypto';
import { networkOf } from '../../base/address.ts';
import { Problem, problem } from '../../base/errors.ts';
import { digestOf, Secret, sameDigest } from '../../base/secret.ts';
import { MINUTE_SEC, type UnixSeconds } from '../../base/time.ts';
import type { TokenDraft } from '../../rules/draft.ts';
import {
  type ConsentChoice,
  type LoginRequest,
  longestFor,
  narrowed,
  preselected,
  requestedOwners,
} from '../../rules/login-request.ts';
import { readUserFacts } from '../../store/decision-facts.ts';
import {
  consumeDeviceAuthorization,
  type DeviceAuthorization,
  decideDeviceAuthorization,
  deleteDeviceAuthorizationsBefore,
  deviceAuthorizationByCode,
  deviceAuthorizationByUserCode,
  insertDeviceAuthorization,
  notePoll,
  setDeviceAuthorizationToken,
} from '../../store/device-authorizations.ts';
import { authorizeIdentity, type Permit, upkeepPermit } from '../decision/authorize.ts';
import type { Context } from '../ground/context.ts';
import { mintSecret } from '../ground/one-time-secrets.ts';
import { consumeRateLimit } from '../ground/rate-limit.ts';
import { type FormOwner, formFacts, freeTokenName, tryDraft } from './form.ts';
import { createToken, revokeToken } from './tokens.ts';

/** The one client that is known: this program. It keeps no secret, so it is public (RFC 6749 section 2.1). */
export const LOGIN_CLIENT_ID = 'latchkey-cli';
/** How long an authorization code is good for, and how long a device may wait for its person. */
export const CODE_LIFE_SEC = MINUTE_SEC;
export const DEVICE_LIFE_SEC = 10 * MINUTE_SEC;
/** How often a device may ask (RFC 8628 section 3.2). */
export const DEVICE_INTERVAL_SEC = 5;
/** Letters that can't be read as others or make words (RFC 8628 section 6.1). */
const USER_CODE_LETTERS = 'BCDFGHJKLMNPQRSTVWXZ';
const USER_CODE_LENGTH = 8;

export type PendingAuthorization = DeviceAuthorization<LoginRequest, TokenDraft>;

/** What the consent page shows. */
export interface Consent {
  readonly login: string;
  readonly request: LoginRequest;
  /** The resource owners of the request that this person may have tokens for. */
  readonly owners: readonly FormOwner[];
  /** Those of them that are chosen at first, and how many days they allow. */
  readonly chosen: readonly FormOwner[];
  readonly days: number;
  /** A name that is free. */
  readonly name: string;
}

/** What a login request means for a person. */
export async function consentFor(ctx: Context, permit: Permit, request: LoginRequest): Promise<Consent> {
  const facts = await formFacts(ctx, permit);
  const owners = requestedOwners(request, facts.owners);
  const chosen = preselected(request, owners);
  return {
    login: facts.login,
    request,
    owners,
    chosen,
    days: longestFor(chosen, request.expiresInDays),
    name: await freeTokenName(ctx, permit, request.name),
  };
}

/** The draft that a choice makes. @throws Problem with everything that is wrong with it */
async function draftFor(
  ctx: Context,
  permit: Permit,
  request: LoginRequest,
  choice: ConsentChoice,
): Promise<TokenDraft> {
  const { login, owners } = await consentFor(ctx, permit, request);
  const draft = narrowed(login, request, choice, owners);
  if (draft.grants.length === 0)
    throw problem('missing_field', 'Choose at least one permission and one resource owner, or cancel.', null);
  const { complaints } = await tryDraft(ctx, permit, draft);
  if (complaints.length > 0) throw new Problem(complaints);
  return draft;
}

/** Says yes to a command that waits on loopback; gives the code for it. @throws Problem */
export async function approveCode(
  ctx: Context,
  permit: Permit,
  asked: { request: LoginRequest; redirectUri: string; challenge: string; address: string },
  choice: ConsentChoice,
): Promise<Secret> {
  const draft = await draftFor(ctx, permit, asked.request, choice);
  const code = mintSecret();
  const at = ctx.clock.now();
  await ctx.store.transaction((tx) =>
    insertDeviceAuthorization(tx, {
      codeDigest: code.digest(),
      userCodeDigest: null,
      state: 'approved',
      userId: permit.actor.userId,
      redirectUri: asked.redirectUri,
      challenge: asked.challenge,
      request: asked.request,
      draft,
      address: asked.address,
      createdAt: at,
      endsAt: at + CODE_LIFE_SEC,
    }),
  );
  return code;
}

export interface DeviceCodes {
  readonly deviceCode: Secret;
  readonly userCode: string;
}

/** Begins the sign-in of a machine without a browser. Null when that address began too many. */
export async function beginDeviceAuthorization(
  ctx: Context,
  request: LoginRequest,
  address: string,
): Promise<DeviceCodes | null> {
  const allowance = await consumeRateLimit(ctx, 'device-codes', networkOf(address));
  if (allowance !== null && !allowance.allowed) return null;
  const deviceCode = mintSecret();
  const letters = Array.from(
    { length: USER_CODE_LENGTH },
    () => USER_CODE_LETTERS[randomInt(USER_CODE_LETTERS.length)],
  ).join('');
  const at = ctx.clock.now();
  await ctx.store.transaction((tx) =>
    insertDeviceAuthorization(tx, {
      codeDigest: deviceCode.digest(),
      userCodeDigest: digestOf(letters),
      state: 'waiting',
      userId: null,
      redirectUri: null,
      challenge: null,
      request,
      draft: null,
      address,
      createdAt: at,
      endsAt: at + DEVICE_LIFE_SEC,
    }),
  );
  return { deviceCode, userCode: `${letters.slice(0, 4)}-${letters.slice(4)}` };
}

/**
 * The sign-in that a typed code belongs to; null when there is none. @throws Problem when this person guessed too often
 */
export async function deviceByUserCode(
  ctx: Context,
  permit: Permit,
  typed: string,
): Promise<PendingAuthorization | null> {
  const allowance = await consumeRateLimit(ctx, 'device-guesses', permit.actor.userId ?? 0);
  if (allowance !== null && !allowance.allowed)
    throw problem('limit_reached', 'That were too many codes. Try again in some minutes.', 'user_code');
  const letters = typed.toUpperCase().replace(/[^A-Z]/g, '');
  return (await deviceAuthorizationByUserCode(
    ctx.store.db,
    digestOf(letters),
    ctx.clock.now(),
  )) as PendingAuthorization | null;
}

/** Says yes to a device; gives the token that it gets. @throws Problem */
export async function approveDevice(
  ctx: Context,
  permit: Permit,
  pending: PendingAuthorization,
  choice: ConsentChoice,
): Promise<TokenDraft> {
  const draft = await draftFor(ctx, permit, pending.request, choice);
  await decide(ctx, permit, pending, { state: 'approved', draft });
  return draft;
}

/** Says no to a device. @throws Problem when it was decided before */
export async function denyDevice(ctx: Context, permit: Permit, pending: PendingAuthorization): Promise<void> {
  await decide(ctx, permit, pending, { state: 'denied', draft: null });
}

async function decide(
  ctx: Context,
  permit: Permit,
  pending: PendingAuthorization,
  decision: { state: 'approved' | 'denied'; draft: TokenDraft | null },
): Promise<void> {
  const userId = permit.actor.userId ?? 0;
  const isDecided = await ctx.store.transaction((tx) =>
    decideDeviceAuthorization(tx, pending.codeDigest, { ...decision, userId }, ctx.clock.now()),
  );
  if (!isDecided)
    throw problem('conflict', 'That code was used already, or is too old. Begin again on the device.', 'user_code');
}

/** OAuth's word for why there is no token (RFC 6749 section 5.2, RFC 8628 section 3.5), with a sentence. */
export interface Unredeemed {
  readonly error: 'invalid_grant' | 'authorization_pending' | 'slow_down' | 'access_denied' | 'expired_token';
  readonly words: string;
}

export interface Redeemed {
  readonly secret: Secret;
  readonly username: string;
  readonly tokenId: number;
  readonly expiresAt: UnixSeconds | null;
  readonly scope: string;
}

const NO_CODE: Unredeemed = {
  error: 'invalid_grant',
  words: 'The code is unknown, too old, or was used already. Sign in again.',
};

/** Exchanges an authorization code for its token. */
export async function redeemCode(
  ctx: Context,
  given: { code: Secret; redirectUri: string; verifier: Secret },
  from: Visitor,
): Promise<Redeemed | Unredeemed> {
  const pending = (await deviceAuthorizationByCode(ctx.store.db, given.code.digest())) as PendingAuthorization | null;
  if (pending === null || pending.challenge === null) return NO_CODE;
  const challenge = createHash('sha256').update(given.verifier.reveal()).digest('base64url');
  if (pending.redirectUri !== given.redirectUri || !sameDigest(challenge, pending.challenge))
    return { error: 'invalid_grant', words: 'The code belongs to another sign-in.' };
  return take(ctx, pending, from);
}

/** Exchanges a device code for its token, once its person said yes. */
export async function redeemDevice(ctx: Context, deviceCode: Secret, from: Visitor): Promise<Redeemed | Unredeemed> {
  const pending = (await deviceAuthorizationByCode(ctx.store.db, deviceCode.digest())) as PendingAuthorization | null;
  if (pending === null || pending.challenge !== null) return NO_CODE;
  const at = ctx.clock.now();
  if (pending.state === 'denied') return { error: 'access_denied', words: 'The person said no.' };
  if (pending.endsAt <= at && pending.state !== 'used')
    return { error: 'expired_token', words: 'Nobody entered the code in time. Begin again.' };
  if (pending.state === 'waiting') {
    const mayAsk = await ctx.store.transaction((tx) => notePoll(tx, pending.codeDigest, DEVICE_INTERVAL_SEC, at));
    return mayAsk
      ? { error: 'authorization_pending', words: 'Nobody has entered the code yet.' }
      : { error: 'slow_down', words: `Ask every ${DEVICE_INTERVAL_SEC} seconds.` };
  }
  return take(ctx, pending, from);
}

interface Visitor {
  readonly address: string;
  readonly userAgent: string | null;
}

async function take(ctx: Context, pending: PendingAuthorization, from: Visitor): Promise<Redeemed | Unredeemed> {
  const taken = (await ctx.store.transaction((tx) =>
    consumeDeviceAuthorization(tx, pending.codeDigest, ctx.clock.now()),
  )) as PendingAuthorization | null;
  if (taken === null || taken.userId === null || taken.draft === null) {
    // Somebody has the code who should not (RFC 6749 section 4.1.2).
    if (pending.state === 'used' && pending.tokenId !== null)
      await revokeToken(ctx, upkeepPermit(), pending.tokenId, 'its sign-in code was used twice');
    return NO_CODE;
  }
  const permit = await permitOf(ctx, taken.userId, from);
  if (permit === null) return { error: 'access_denied', words: 'The account can not be used.' };
  try {
    const { secret, token } = await createToken(ctx, permit, taken.draft);
    await ctx.store.transaction((tx) => setDeviceAuthorizationToken(tx, taken.codeDigest, token.id));
    return {
      secret,
      username: `${permit.actor.login}+${token.id}`,
      tokenId: token.id,
      expiresAt: token.expiresAt,
      scope: scopeOf(taken.draft),
    };
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    return { error: 'access_denied', words: error.message };
  }
}

/** The permit of the person who said yes, as they stand now. */
async function permitOf(ctx: Context, userId: number, from: Visitor): Promise<Permit | null> {
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
    { bearer: { via: 'session', user: facts.user }, facts, endsOverlap: false },
  );
  return verdict.allowed ? verdict.permit : null;
}

function scopeOf({ grants }: TokenDraft): string {
  return [
    ...new Set(
      grants.flatMap(({ permissions }) => Object.entries(permissions).map(([name, level]) => `${name}:${level}`)),
    ),
  ].join(' ');
}

/** Forgets sign-ins whose time has long been over; until then a second use of a code is noticed. */
export async function deleteOldDeviceAuthorizations(ctx: Context): Promise<void> {
  await ctx.store.transaction((tx) => deleteDeviceAuthorizationsBefore(tx, ctx.clock.now() - DEVICE_LIFE_SEC));
}
