/**
 * Two-factor authentication: one-time codes from an authenticator app (TOTP, RFC 6238), and recovery codes for when
 * it is lost.
 *
 * Invariant: a code works once: compare-and-set uses up its time step, and with it every earlier one.
 * Invariant: a key being set up belongs to one session, is sealed with something only its browser has, and is new
 * each time; a change of password discards it.
 * Invariant: recovery codes are known only by digest; each works once. Checking a code takes the app's key, so the
 * key is in the database, sealed with a key that isn't: somebody who reads only the database can compute no code.
 */
import { randomInt } from 'node:crypto';
import { Secret as OtpSecret, TOTP } from 'otpauth';
import { problem } from '../../base/errors.ts';
import { digestOf, type Secret } from '../../base/secret.ts';
import { type Account, accountById, setTwoFactor } from '../../store/accounts.ts';
import type { Query } from '../../store/db.ts';
import { emailsOf } from '../../store/emails.ts';
import { passkeysOf } from '../../store/passkeys.ts';
import {
  authenticatorKeyOf,
  countRecoveryCodes,
  deleteSecondFactor,
  insertAuthenticator,
  replaceRecoveryCodes,
  useRecoveryCode,
  useTimeStep,
} from '../../store/second-factors.ts';
import { deleteSessionsOf, type Session, setEnrolment } from '../../store/sessions.ts';
import type { Permit } from '../decision/authorize.ts';
import type { Context } from '../ground/context.ts';
import { seal, unseal } from '../ground/one-time-secrets.ts';
import { record } from '../ground/record.ts';
import { userNamed } from './accounts.ts';
import { tellOfChange } from './alarms.ts';
import { actorOf, personOf, type Visitor } from './sessions.ts';
import { keepDemandedFactor } from './two-factor-demands.ts';

/**
 * How long a code lasts, in seconds. The one before is accepted, too, since typing takes time (RFC 6238 section 5.2).
 */
const PERIOD_SEC = 30;
const KEY_BYTES = 20;
/** How many recovery codes there are, and their letters: no two look alike. */
const RECOVERY_CODES = 16;
const RECOVERY_ALPHABET = 'abcdefghjkmnpqrstuvwxyz23456789';
/** 24 of 31 letters are 118 bits: more than the 112 that a plain digest needs (ASVS 5.0, 6.5.2). */
const RECOVERY_LENGTH = 24;
const RECOVERY_GROUP = 6;

/** An unconfirmed set-up: the content of the QR code, and the key for typing. */
export interface Enrolment {
  readonly url: string;
  /** Base32 in groups of four. */
  readonly key: string;
}

/** The session that sets up an app. Its key is stored with it, sealed with what only its browser has. */
export interface Enrolling {
  readonly session: Session;
  readonly sender: Secret;
}

/** Begins a set-up with a new key, replacing an earlier one. @throws Problem when there is an app already */
export async function beginTwoFactor(ctx: Context, permit: Permit, { session, sender }: Enrolling): Promise<Enrolment> {
  await refuseSecondApp(ctx, permit);
  const key = new OtpSecret({ size: KEY_BYTES }).base32;
  await setEnrolment(ctx.store.db, session.id, seal(sender, key));
  return enrolmentOf(ctx, permit, key);
}

/** The set-up that this session has begun, to show it again; if there is none, a new one. @throws Problem */
export async function resumeTwoFactor(ctx: Context, permit: Permit, enrolling: Enrolling): Promise<Enrolment> {
  await refuseSecondApp(ctx, permit);
  const key = keyBeingSetUp(enrolling);
  return key === null ? beginTwoFactor(ctx, permit, enrolling) : enrolmentOf(ctx, permit, key);
}

async function refuseSecondApp(ctx: Context, permit: Permit): Promise<void> {
  if ((await authenticatorKeyOf(ctx.store.db, personOf(permit))) !== null)
    throw problem('conflict', 'Two-factor authentication is on already.');
}

function keyBeingSetUp({ session, sender }: Enrolling): string | null {
  return session.enrolment === null ? null : unseal(sender, session.enrolment);
}

function enrolmentOf(ctx: Context, permit: Permit, key: string): Enrolment {
  const issuer = `Latchkey ${new URL(ctx.settings.publicUrl).host}`;
  return { url: totp(key, issuer, permit.actor.login).toString(), key: key.match(/.{1,4}/g)?.join(' ') ?? key };
}

/**
 * Turns on two-factor authentication with a first code, and returns the recovery codes, which are shown only this once.
 * @throws Problem
 */
export async function confirmTwoFactor(
  ctx: Context,
  permit: Permit,
  code: string,
  enrolling: Enrolling,
): Promise<readonly string[]> {
  const userId = personOf(permit);
  const at = ctx.clock.now();
  await refuseSecondApp(ctx, permit);
  const key = keyBeingSetUp(enrolling);
  if (key === null)
    throw problem('conflict', 'The set-up was begun in another session. Scan the code that is shown now.');
  const step = stepOf(key, code, at);
  if (step === null)
    throw problem(
      'invalid',
      'That code is wrong. Take the one that the app shows now; if it goes on, check the clock of your phone.',
      'otp',
    );
  const codes = newRecoveryCodes();
  await ctx.store.transaction(async (tx) => {
    await insertAuthenticator(tx, userId, { key: ctx.keys.seal('second_factors.secret', userId, key), at, step });
    await setEnrolment(tx, enrolling.session.id, null);
    await replaceRecoveryCodes(tx, userId, codes.map(digestOf));
    await setTwoFactor(tx, userId, at);
    await record(tx, permit, at, { action: 'two_factor_authentication.enabled', userId });
    await tell(ctx, tx, permit, userId, 'on');
  });
  return codes;
}

/** If this is the account's first factor, makes and returns recovery codes; null when it already had one. */
export async function onIfFirst(ctx: Context, tx: Query, permit: Permit): Promise<readonly string[] | null> {
  const userId = personOf(permit);
  if ((await accountById(tx, userId))?.twoFactorAt !== null) return null;
  const at = ctx.clock.now();
  const codes = newRecoveryCodes();
  await replaceRecoveryCodes(tx, userId, codes.map(digestOf));
  await setTwoFactor(tx, userId, at);
  await record(tx, permit, at, { action: 'two_factor_authentication.enabled', userId });
  return codes;
}

/** Without the last factor, two-factor authentication is off. @throws Problem when somebody requires it */
export async function offIfLast(ctx: Context, tx: Query, permit: Permit): Promise<void> {
  const userId = personOf(permit);
  if ((await authenticatorKeyOf(tx, userId)) !== null || (await passkeysOf(tx, userId)).length > 0) return;
  await keepDemandedFactor(ctx, tx, permit);
  await deleteSecondFactor(tx, userId);
  await setTwoFactor(tx, userId, null);
  await record(tx, permit, ctx.clock.now(), { action: 'two_factor_authentication.disabled', userId });
}

/** True when the person has an authenticator app. */
export async function hasAuthenticator(ctx: Context, permit: Permit): Promise<boolean> {
  return (await authenticatorKeyOf(ctx.store.db, personOf(permit))) !== null;
}

/** Turns it off. @throws Problem when it is off, or somebody requires it */
export async function disableTwoFactor(ctx: Context, permit: Permit): Promise<void> {
  await keepDemandedFactor(ctx, ctx.store.db, permit);
  await switchOff(ctx, permit, personOf(permit), false);
}

/**
 * An administrator or the operator removes the second factor of somebody who lost it. Their sessions end.
 * @throws Problem when it is off, or there is no such person
 */
export async function resetTwoFactor(ctx: Context, permit: Permit, login: string): Promise<void> {
  await switchOff(ctx, permit, (await userNamed(ctx.store.db, login)).id, true);
}

async function switchOff(ctx: Context, permit: Permit, userId: number, endSessions: boolean): Promise<void> {
  const at = ctx.clock.now();
  await ctx.store.transaction(async (tx) => {
    if ((await accountById(tx, userId))?.twoFactorAt == null)
      throw problem('conflict', 'The account has no two-factor authentication.');
    await deleteSecondFactor(tx, userId);
    await setTwoFactor(tx, userId, null);
    if (endSessions) await deleteSessionsOf(tx, userId, null);
    await record(tx, permit, at, { action: 'two_factor_authentication.disabled', userId });
    await tell(ctx, tx, permit, userId, 'off');
  });
}

/**
 * Replaces the recovery codes with new ones, shown only this once.
 * @throws Problem when two-factor authentication is off
 */
export async function renewRecoveryCodes(ctx: Context, permit: Permit): Promise<readonly string[]> {
  const userId = personOf(permit);
  const codes = newRecoveryCodes();
  await ctx.store.transaction(async (tx) => {
    if ((await accountById(tx, userId))?.twoFactorAt == null)
      throw problem('conflict', 'Two-factor authentication is off.');
    await replaceRecoveryCodes(tx, userId, codes.map(digestOf));
    await record(tx, permit, ctx.clock.now(), {
      action: 'two_factor_authentication.recovery_codes_regenerated',
      userId,
    });
    await tell(ctx, tx, permit, userId, 'codes');
  });
  return codes;
}

async function tell(
  ctx: Context,
  tx: Query,
  { actor }: Permit,
  userId: number,
  change: 'on' | 'off' | 'codes',
): Promise<void> {
  const facts = { at: ctx.clock.now(), by: actor.login, address: actor.address };
  const told = { userId, emails: await emailsOf(tx, userId) };
  if (change === 'codes')
    await tellOfChange(ctx, tx, {
      ...told,
      template: 'recovery_codes_changed',
      facts: (alarmPath) => ({ ...facts, alarmPath }),
    });
  else
    await tellOfChange(ctx, tx, {
      ...told,
      template: 'two_factor_changed',
      facts: (alarmPath) => ({ ...facts, on: change === 'on', alarmPath }),
    });
}

/** How many recovery codes the person has left, and how many of them are of the earlier, short kind. */
export function recoveryCodesLeft(ctx: Context, permit: Permit): Promise<{ left: number; short: number }> {
  return countRecoveryCodes(ctx.store.db, personOf(permit));
}

/** Uses up a one-time code or a recovery code. False when it is neither, or was used. */
export async function takeCode(ctx: Context, account: Account, typed: string, visitor: Visitor): Promise<boolean> {
  const code = plainCode(typed);
  const at = ctx.clock.now();
  if (/^\d{6}$/.test(code)) {
    const sealed = await authenticatorKeyOf(ctx.store.db, account.id);
    if (sealed === null) return false;
    const step = stepOf(ctx.keys.open('second_factors.secret', account.id, sealed).reveal(), code, at);
    return (
      step !== null && ctx.store.transaction((tx) => useTimeStep(tx, account.id, step, Math.floor(at / PERIOD_SEC)))
    );
  }
  return ctx.store.transaction(async (tx) => {
    if (!(await useRecoveryCode(tx, account.id, digestOf(code), at))) return false;
    await record(tx, actorOf(account, visitor), at, {
      action: 'two_factor_authentication.recovery_code_used',
      userId: account.id,
    });
    return true;
  });
}

function totp(secret: string, issuer = '', label = ''): TOTP {
  return new TOTP({
    issuer,
    label,
    secret: OtpSecret.fromBase32(secret),
    period: PERIOD_SEC,
    digits: 6,
    algorithm: 'SHA1',
  });
}

/** The time step of a code, the current or the previous one; null when it belongs to neither. */
function stepOf(key: string, code: string, at: number): number | null {
  const token = code.replace(/\s/g, '');
  const now = Math.floor(at / PERIOD_SEC);
  return (
    [now, now - 1].find(
      (step) => totp(key).validate({ token, timestamp: step * PERIOD_SEC * 1000, window: 0 }) === 0,
    ) ?? null
  );
}

/** A typed code as it was made: without what makes it readable. */
export function plainCode(typed: string): string {
  return typed.toLowerCase().replace(/[\s-]/g, '');
}

/** Recovery codes: of a person, or of an organization. */
export function newRecoveryCodes(): string[] {
  return Array.from({ length: RECOVERY_CODES }, () =>
    Array.from({ length: RECOVERY_LENGTH }, () => RECOVERY_ALPHABET[randomInt(RECOVERY_ALPHABET.length)]).join(''),
  );
}

/** A recovery code as people read it: in groups. */
export function spacedCode(code: string): string {
  return code.match(new RegExp(`.{1,${RECOVERY_GROUP}}`, 'g'))?.join('-') ?? code;
}
