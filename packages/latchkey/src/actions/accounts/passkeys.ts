/**
 * Passkeys (WebAuthn level 3): as the only sign-in, as a second factor, and for sudo mode.
 *
 * Invariant: a challenge belongs to one browser and one purpose, lasts five minutes, and is answered once.
 * Invariant: on its own, and for sudo mode, the authenticator must have verified its holder (PIN, fingerprint, face);
 * after a password, presence is enough.
 * Never: an account found by a typed name: the authenticator's answer identifies it.
 */
import { problem } from '../../base/errors.ts';
import { digestOf, type Secret } from '../../base/secret.ts';
import { MINUTE_SEC } from '../../base/time.ts';
import { nameTextProblem } from '../../rules/names.ts';
import { type Account, accountById } from '../../store/accounts.ts';
import { beginSubmission } from '../../store/form-submissions.ts';
import {
  deletePasskey,
  insertPasskey,
  notePasskeyUse,
  type Passkey,
  passkeyByCredential,
  passkeysOf,
} from '../../store/passkeys.ts';
import type { Permit } from '../decision/authorize.ts';
import type { Context } from '../ground/context.ts';
import { seal, unseal } from '../ground/one-time-secrets.ts';
import { record } from '../ground/record.ts';
import { unlessTaken } from './accounts.ts';
import { tellHolder } from './alarms.ts';
import { personOf } from './sessions.ts';
import { offIfLast, onIfFirst } from './two-factor.ts';

export type { Passkey };

/** How many passkeys a person may have, and how long the name of one may be, in characters. */
export const MAX_PASSKEYS = 20;
export const MAX_PASSKEY_NAME = 60;
export const CHALLENGE_SEC = 5 * MINUTE_SEC;
/** EdDSA, ES256, RS256 (IANA COSE): what current authenticators use. */
const ALGORITHMS = [-8, -7, -257];

export type PasskeyPurpose = 'add' | 'sign-in' | 'second-factor' | 'sudo';

/** What a page passes to the browser, and gets back with its answer. */
export interface PasskeyQuestion {
  /** JSON for the browser. */
  readonly options: string;
  /** The challenge, sealed for this browser. */
  readonly sealed: string;
}

interface Challenge {
  readonly challenge: string;
  readonly purpose: PasskeyPurpose;
  readonly endsAt: number;
}

/** The browser's answer to a question. */
export interface PasskeyAnswer {
  readonly sealed: string;
  /** JSON of the browser's `PublicKeyCredential`. */
  readonly response: string;
}

const library = () => import('@simplewebauthn/server');
const hostOf = (ctx: Context): string => new URL(ctx.settings.publicUrl).hostname;

/** False where browsers refuse passkeys: without HTTPS, or at an address without a name. */
export function takesPasskeys(ctx: Context): boolean {
  const { protocol, hostname } = new URL(ctx.settings.publicUrl);
  return hostname === 'localhost' || (protocol === 'https:' && !/^[\d.]+$|:/.test(hostname));
}

function sealChallenge(ctx: Context, sender: Secret, purpose: PasskeyPurpose, challenge: string): string {
  return seal(
    sender,
    JSON.stringify({ challenge, purpose, endsAt: ctx.clock.now() + CHALLENGE_SEC } satisfies Challenge),
  );
}

/** Uses up a challenge. @throws Problem when it is old, belongs to another browser or purpose, or was answered */
async function takeChallenge(ctx: Context, sender: Secret, purpose: PasskeyPurpose, sealed: string): Promise<string> {
  const text = unseal(sender, sealed);
  const found = text === null ? null : (JSON.parse(text) as Challenge);
  const at = ctx.clock.now();
  if (found === null || found.purpose !== purpose || found.endsAt < at) throw wrong();
  if (!(await beginSubmission(ctx.store.db, digestOf(`passkey ${found.challenge}`), at))) throw wrong();
  return found.challenge;
}

function wrong(): Error {
  return problem('invalid', 'The passkey was not accepted. Nothing was changed: try again.');
}

/** The challenge for making a passkey. */
export async function askForNewPasskey(ctx: Context, permit: Permit, sender: Secret): Promise<PasskeyQuestion> {
  const { generateRegistrationOptions } = await library();
  const userId = personOf(permit);
  const known = await passkeysOf(ctx.store.db, userId);
  const options = await generateRegistrationOptions({
    rpName: 'Latchkey',
    rpID: hostOf(ctx),
    userName: permit.actor.login,
    userID: new TextEncoder().encode(digestOf(`passkey user ${userId} ${ctx.settings.publicUrl}`)),
    attestationType: 'none',
    excludeCredentials: known.map(({ credentialId }) => ({ id: credentialId })),
    authenticatorSelection: { residentKey: 'required', userVerification: 'required' },
    supportedAlgorithmIDs: ALGORITHMS,
  });
  return { options: JSON.stringify(options), sealed: sealChallenge(ctx, sender, 'add', options.challenge) };
}

/**
 * Adds the passkey that the browser made. An account's first factor turns on two-factor authentication and returns
 * recovery codes, shown only this once; otherwise null.
 * @throws Problem
 */
export async function addPasskey(
  ctx: Context,
  permit: Permit,
  sender: Secret,
  { name, ...answer }: PasskeyAnswer & { readonly name: string },
): Promise<readonly string[] | null> {
  const userId = personOf(permit);
  if (name === '') throw problem('missing_field', 'Enter a name by which you will know it again.', 'name');
  if (name.length > MAX_PASSKEY_NAME)
    throw problem('invalid', `A name has at most ${MAX_PASSKEY_NAME} characters.`, 'name');
  const unseen = nameTextProblem('A name', name);
  if (unseen !== null) throw problem('invalid', unseen, 'name');
  const expectedChallenge = await takeChallenge(ctx, sender, 'add', answer.sealed);
  const made = readAnswer(answer.response);
  if (made === null) throw wrong();
  const { verifyRegistrationResponse } = await library();
  const { origin } = new URL(ctx.settings.publicUrl);
  const verified = await verifyRegistrationResponse({
    response: made as never,
    expectedChallenge,
    expectedOrigin: origin,
    expectedRPID: hostOf(ctx),
    requireUserVerification: true,
    supportedAlgorithmIDs: ALGORITHMS,
  }).catch(() => null);
  if (verified === null || !verified.verified) throw wrong();
  const { credential, credentialDeviceType } = verified.registrationInfo;
  const at = ctx.clock.now();
  return unlessTaken('That passkey is here already.', 'name', () =>
    ctx.store.transaction(async (tx) => {
      if ((await passkeysOf(tx, userId)).length >= MAX_PASSKEYS)
        throw problem('limit_reached', `A person has at most ${MAX_PASSKEYS} passkeys.`);
      await insertPasskey(tx, {
        userId,
        credentialId: credential.id,
        publicKey: Buffer.from(credential.publicKey).toString('base64url'),
        counter: credential.counter,
        transports: credential.transports ?? [],
        synced: credentialDeviceType === 'multiDevice',
        name,
        createdAt: at,
      });
      await record(tx, permit, at, { action: 'passkey.register', userId, data: { name } });
      await tellHolder(ctx, tx, permit, 'passkeys_changed', { name, added: true });
      return onIfFirst(ctx, tx, permit);
    }),
  );
}

export function listPasskeys(ctx: Context, permit: Permit): Promise<Passkey[]> {
  return passkeysOf(ctx.store.db, personOf(permit));
}

/** True when the account has a passkey. */
export async function hasPasskeys(ctx: Context, account: Account): Promise<boolean> {
  return (await passkeysOf(ctx.store.db, account.id)).length > 0;
}

/** Removes a passkey. Without the last factor, two-factor authentication is off. @throws Problem when there is none */
export async function removePasskey(ctx: Context, permit: Permit, id: number): Promise<void> {
  const userId = personOf(permit);
  await ctx.store.transaction(async (tx) => {
    const key = (await passkeysOf(tx, userId)).find((one) => one.id === id);
    if (key === undefined || !(await deletePasskey(tx, userId, id)))
      throw problem('not_found', 'That passkey was removed already.');
    await record(tx, permit, ctx.clock.now(), { action: 'passkey.remove', userId, data: { name: key.name } });
    await tellHolder(ctx, tx, permit, 'passkeys_changed', { name: key.name, added: false });
    await offIfLast(ctx, tx, permit);
  });
}

/** The challenge for a passkey. @param account whose passkeys may answer; null = anyone's */
export async function askForPasskey(
  ctx: Context,
  sender: Secret,
  purpose: Exclude<PasskeyPurpose, 'add'>,
  account: Account | null,
): Promise<PasskeyQuestion> {
  const { generateAuthenticationOptions } = await library();
  const known = account === null ? [] : await passkeysOf(ctx.store.db, account.id);
  const options = await generateAuthenticationOptions({
    rpID: hostOf(ctx),
    allowCredentials: known.map(({ credentialId, transports }) => ({
      id: credentialId,
      transports: [...transports] as never,
    })),
    userVerification: purpose === 'second-factor' ? 'preferred' : 'required',
  });
  return { options: JSON.stringify(options), sealed: sealChallenge(ctx, sender, purpose, options.challenge) };
}

/** The person whose passkey answered. @throws Problem when none did, or one of another account did */
export async function takePasskey(
  ctx: Context,
  sender: Secret,
  purpose: Exclude<PasskeyPurpose, 'add'>,
  { sealed, response }: PasskeyAnswer,
): Promise<Account> {
  const expectedChallenge = await takeChallenge(ctx, sender, purpose, sealed);
  const answer = readAnswer(response);
  const key = answer === null ? null : await passkeyByCredential(ctx.store.db, answer.id);
  if (answer === null || key === null) throw wrong();
  const { verifyAuthenticationResponse } = await library();
  const verified = await verifyAuthenticationResponse({
    response: answer as never,
    expectedChallenge,
    expectedOrigin: new URL(ctx.settings.publicUrl).origin,
    expectedRPID: hostOf(ctx),
    credential: { id: key.credentialId, publicKey: Buffer.from(key.publicKey, 'base64url'), counter: key.counter },
    requireUserVerification: purpose !== 'second-factor',
  }).catch(() => null);
  if (verified === null || !verified.verified) throw wrong();
  if (!(await notePasskeyUse(ctx.store.db, key, verified.authenticationInfo.newCounter, ctx.clock.now())))
    throw wrong();
  const account = await accountById(ctx.store.db, key.userId);
  if (account === null) throw wrong();
  return account;
}

function readAnswer(response: string): { readonly id: string } | null {
  try {
    const read = JSON.parse(response) as { readonly id?: unknown } | null;
    return typeof read?.id === 'string' ? { ...read, id: read.id } : null;
  } catch {
    return null;
  }
}
