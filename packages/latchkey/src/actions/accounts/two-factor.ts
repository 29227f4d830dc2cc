/**
 * Two-factor authentication: one-time codes of an authenticator app (TOTP, RFC 6238), and recovery codes for when it is
 * lost.
 *
 * Invariant: a code works once: its time step is used up by compare-and-set, and with it every earlier one.
 * Invariant: recovery codes are known by digest alone; each works once. The key of the app must be known to check a
 * code, so it lies in the database as it is, like everywhere: whoever reads the database can compute codes, but not
 * passwords.
 */
import { randomInt } from 'node:crypto';
import { Secret as OtpSecret, TOTP } from 'otpauth';
import { problem } from '../../base/errors.ts';
import { digestOf } from '../../base/secret.ts';
import { type Account, accountById, setTwoFactor } from '../../store/accounts.ts';
import {
  beginSecondFactor,
  confirmSecondFactor,
  countRecoveryCodes,
  deleteSecondFactor,
  replaceRecoveryCodes,
  secondFactorOf,
  useRecoveryCode,
  useTimeStep,
} from '../../store/second-factors.ts';
import { deleteSessionsOf } from '../../store/sessions.ts';
import type { Permit } from '../decision/authorize.ts';
import type { Context } from '../ground/context.ts';
import { queueMail } from '../ground/mail.ts';
import { record } from '../ground/record.ts';
import { userNamed } from './accounts.ts';
import { actorOf, personOf, type Visitor } from './sessions.ts';

/** Seconds that a code lasts (RFC 6238 section 5.2), and how many steps a clock may be off, each way. */
const PERIOD_SEC = 30;
const WINDOW_STEPS = 1;
const KEY_BYTES = 20;
/** How many recovery codes there are, and the letters they are made of: none that looks like another. */
const RECOVERY_CODES = 16;
const RECOVERY_ALPHABET = 'abcdefghjkmnpqrstuvwxyz23456789';
const RECOVERY_LENGTH = 10;

/** A set-up that is not confirmed yet: what the QR code says, and the key for those who type. */
export interface Enrolment {
  readonly url: string;
  /** Base32 in groups of four. */
  readonly key: string;
}

/** The set-up of the person, begun now or before. @throws Problem when two-factor authentication is on. */
export async function beginTwoFactor(ctx: Context, permit: Permit): Promise<Enrolment> {
  const userId = personOf(permit);
  const { db } = ctx.store;
  const known = await secondFactorOf(db, userId);
  if (known !== null && known.confirmedAt !== null)
    throw problem('conflict', 'Two-factor authentication is on already.');
  const secret = known?.secret ?? new OtpSecret({ size: KEY_BYTES }).base32;
  if (known === null) await ctx.store.transaction((tx) => beginSecondFactor(tx, userId, secret));
  const issuer = `Latchkey ${new URL(ctx.settings.publicUrl).host}`;
  return { url: totp(secret, issuer, permit.actor.login).toString(), key: secret.match(/.{1,4}/g)!.join(' ') };
}

/**
 * Switches two-factor authentication on with a first code, and gives the recovery codes, which are shown this once.
 * @throws Problem
 */
export async function confirmTwoFactor(ctx: Context, permit: Permit, code: string): Promise<readonly string[]> {
  const userId = personOf(permit);
  const at = ctx.clock.now();
  const factor = await secondFactorOf(ctx.store.db, userId);
  if (factor === null || factor.confirmedAt !== null)
    throw problem('conflict', 'Begin the set-up of two-factor authentication first.');
  const step = stepOf(factor.secret, code, at);
  if (step === null)
    throw problem(
      'invalid',
      'That code is wrong. Take the one that the app shows now; if it goes on, check the clock of your phone.',
      'otp',
    );
  const codes = newRecoveryCodes();
  await ctx.store.transaction(async (tx) => {
    if (!(await useTimeStep(tx, userId, step)))
      throw problem('invalid', 'That code was used already. Wait for the next one.', 'otp');
    await confirmSecondFactor(tx, userId, at);
    await replaceRecoveryCodes(tx, userId, codes.map(digestOf));
    await setTwoFactor(tx, userId, at);
    await record(tx, permit, at, { action: 'two_factor_authentication.enabled', userId });
    await queueMail(ctx, tx, { userId }, 'two_factor_changed', {
      at,
      on: true,
      by: permit.actor.login,
      address: permit.actor.address,
    });
  });
  return codes;
}

/** Switches it off. @throws Problem when it is off. */
export async function disableTwoFactor(ctx: Context, permit: Permit): Promise<void> {
  await switchOff(ctx, permit, personOf(permit), false);
}

/**
 * An administrator or the operator takes a person's second factor away, who lost it. Their sessions end. @throws
 * Problem when it is off, or there is no such person.
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
    await queueMail(ctx, tx, { userId }, 'two_factor_changed', {
      at,
      on: false,
      by: permit.actor.login,
      address: permit.actor.address,
    });
  });
}

/**
 * New recovery codes in place of the old ones, shown this once. @throws Problem when two-factor authentication is off.
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
  });
  return codes;
}

/** How many recovery codes the person has left. */
export function recoveryCodesLeft(ctx: Context, permit: Permit): Promise<number> {
  return countRecoveryCodes(ctx.store.db, personOf(permit));
}

/** Uses up a one-time code or a recovery code. False when it is neither, or was used. */
export async function takeCode(ctx: Context, account: Account, typed: string, visitor: Visitor): Promise<boolean> {
  const code = typed.toLowerCase().replace(/[\s-]/g, '');
  const at = ctx.clock.now();
  const factor = await secondFactorOf(ctx.store.db, account.id);
  if (factor === null || factor.confirmedAt === null) return false;
  if (/^\d{6}$/.test(code)) {
    const step = stepOf(factor.secret, code, at);
    return step !== null && ctx.store.transaction((tx) => useTimeStep(tx, account.id, step));
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

/** The time step that a code belongs to; null when it belongs to none of these minutes. */
function stepOf(secret: string, code: string, at: number): number | null {
  const delta = totp(secret).validate({ token: code.replace(/\s/g, ''), timestamp: at * 1000, window: WINDOW_STEPS });
  return delta === null ? null : Math.floor(at / PERIOD_SEC) + delta;
}

function newRecoveryCodes(): string[] {
  return Array.from({ length: RECOVERY_CODES }, () =>
    Array.from({ length: RECOVERY_LENGTH }, () => RECOVERY_ALPHABET[randomInt(RECOVERY_ALPHABET.length)]).join(''),
  );
}

/** A recovery code as people read it: two groups. */
export function spacedCode(code: string): string {
  return `${code.slice(0, RECOVERY_LENGTH / 2)}-${code.slice(RECOVERY_LENGTH / 2)}`;
}
