/**
 * Signing in from a command: a person says yes in a browser, and the command gets a code, which `code-redemption.ts`
 * exchanges for a token.
 *
 * Sources: RFC 6749 (authorization code), RFC 7636 (PKCE), RFC 8252 (native apps), RFC 8628 (device flow).
 * Invariant: the token has what the person chose on the page, and is checked like any other when it is made.
 * Never: a code in the clear at rest.
 */
import { randomInt } from 'node:crypto';
import { networkOf } from '../../base/address.ts';
import { problem } from '../../base/errors.ts';
import { digestOf, type Secret } from '../../base/secret.ts';
import { MINUTE_SEC } from '../../base/time.ts';
import type { TokenDraft } from '../../rules/draft.ts';
import type { ConsentChoice, LoginRequest } from '../../rules/login-request.ts';
import type { SsoProof } from '../../rules/model.ts';
import {
  type DeviceAuthorization,
  decideDeviceAuthorization,
  deleteDeviceAuthorizationsBefore,
  deviceAuthorizationByUserCode,
  insertDeviceAuthorization,
} from '../../store/device-authorizations.ts';
import type { Permit } from '../decision/authorize.ts';
import type { Context } from '../ground/context.ts';
import { mintSecret } from '../ground/one-time-secrets.ts';
import { consumeRateLimit } from '../ground/rate-limit.ts';
import { draftFor } from './consent.ts';

/** The only known client: this program. It keeps no secret, so it is public (RFC 6749 section 2.1). */
export const LOGIN_CLIENT_ID = 'latchkey-cli';
/** How long an authorization code works, and how long a device may wait for its person. */
export const CODE_LIFE_SEC = MINUTE_SEC;
export const DEVICE_LIFE_SEC = 10 * MINUTE_SEC;
/** How often a device may ask (RFC 8628 section 3.2). */
export const DEVICE_INTERVAL_SEC = 5;
/** Letters that can't be mistaken for others or make words (RFC 8628 section 6.1). */
const USER_CODE_LETTERS = 'BCDFGHJKLMNPQRSTVWXZ';
const USER_CODE_LENGTH = 8;

/** What somebody said yes to, with what their session had proved by then: the token is authorized for that alone. */
interface ApprovedDraft extends TokenDraft {
  readonly proofs?: readonly (readonly [organizationId: number, proof: SsoProof])[];
}

export type PendingAuthorization = DeviceAuthorization<LoginRequest, ApprovedDraft>;

function withProofs(draft: TokenDraft, { bearer }: Permit): ApprovedDraft {
  return bearer?.via === 'session' ? { ...draft, proofs: [...(bearer.proofs ?? [])] } : draft;
}

/** Approves a command that waits on loopback, and returns its code. @throws Problem */
export async function approveCode(
  ctx: Context,
  permit: Permit,
  asked: { request: LoginRequest; redirectUri: string; challenge: string; address: string },
  choice: ConsentChoice,
): Promise<Secret> {
  const draft = withProofs(await draftFor(ctx, permit, asked.request, choice), permit);
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
 * The sign-in that a typed code belongs to; null when there is none.
 * @throws Problem when this person guessed too often
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

/** Approves a device, and returns the token that it gets. @throws Problem */
export async function approveDevice(
  ctx: Context,
  permit: Permit,
  pending: PendingAuthorization,
  choice: ConsentChoice,
): Promise<TokenDraft> {
  const draft = await draftFor(ctx, permit, pending.request, choice);
  await decide(ctx, permit, pending, { state: 'approved', draft: withProofs(draft, permit) });
  return draft;
}

/** Denies a device. @throws Problem when it was decided before */
export async function denyDevice(ctx: Context, permit: Permit, pending: PendingAuthorization): Promise<void> {
  await decide(ctx, permit, pending, { state: 'denied', draft: null });
}

async function decide(
  ctx: Context,
  permit: Permit,
  pending: PendingAuthorization,
  decision: { state: 'approved' | 'denied'; draft: ApprovedDraft | null },
): Promise<void> {
  const userId = permit.actor.userId ?? 0;
  const isDecided = await ctx.store.transaction((tx) =>
    decideDeviceAuthorization(tx, pending.codeDigest, { ...decision, userId }, ctx.clock.now()),
  );
  if (!isDecided)
    throw problem('conflict', 'That code was used already, or is too old. Begin again on the device.', 'user_code');
}

/** Deletes sign-ins that expired long ago. Until then, a second use of a code is noticed. */
export async function deleteOldDeviceAuthorizations(ctx: Context): Promise<void> {
  await ctx.store.transaction((tx) => deleteDeviceAuthorizationsBefore(tx, ctx.clock.now() - DEVICE_LIFE_SEC));
}
