/**
 * Changing a password: by the person who knows the old one, or by a mailed link.
 *
 * Invariant: a new password ends every session except the one that changed it, and every device must be trusted
 * again.
 * Invariant: a link is mailed only to the primary address, which only a person who has confirmed their identity can
 * choose.
 * Invariant: requesting the mail reveals nothing about whether an account exists: the look-up is a job that runs
 * after the answer.
 */

import { problem } from '../../base/errors.ts';
import type { Secret } from '../../base/secret.ts';
import { DAY_SEC, HOUR_SEC, MINUTE_SEC, type UnixSeconds } from '../../base/time.ts';
import { setRecovered } from '../../store/account-flags.ts';
import { type Account, accountById, passwordDigestOf, setPasswordDigest } from '../../store/accounts.ts';
import type { Query } from '../../store/db.ts';
import { emailsOf, holderOfVerified, verifyEmail } from '../../store/emails.ts';
import { deleteLinks, insertLink, linkByDigest, useLink } from '../../store/one-time-links.ts';
import { deleteDevices, deleteSessionsOf, rememberDevice, setEnrolment } from '../../store/sessions.ts';
import type { Permit } from '../decision/authorize.ts';
import { accountNamed } from '../ground/account-names.ts';
import { closedBy } from '../ground/closed-accounts.ts';
import type { Actor, Context } from '../ground/context.ts';
import { enqueueJob } from '../ground/jobs.ts';
import { queueMail } from '../ground/mail.ts';
import { mintSecret } from '../ground/one-time-secrets.ts';
import { checkPassword, digestPassword } from '../ground/password.ts';
import { record } from '../ground/record.ts';
import { userNamed } from './accounts.ts';
import { tellOfChange } from './alarms.ts';
import { limitMails } from './mail-limits.ts';
import { newPasswordProblem, passwordOwner } from './password-names.ts';
import { actorOf, type SignedIn, type Visitor } from './sessions.ts';
import { guessed } from './sign-in-limits.ts';

export const RESET_SEC = HOUR_SEC;
/** How long the link works for somebody whose account another person made. */
export const WELCOME_DAYS = 7;

/**
 * Changes the password of somebody who knows the old one; other sessions end.
 * @throws Problem when the old one is wrong, or the new one is not allowed
 */
export async function changePassword(
  ctx: Context,
  permit: Permit,
  { account, session }: SignedIn,
  passwords: { old: Secret; new: Secret },
  device: Secret,
): Promise<void> {
  const attempt = { name: account.login, address: permit.actor.address ?? '', knownDevice: true };
  const known = await passwordDigestOf(ctx.store.db, account.id);
  if (!(await guessed(ctx, attempt, () => checkPassword(known, passwords.old))))
    throw problem('invalid', 'That is not your password.', 'old_password');
  const digest = await digestOfNew(ctx, account, passwords.new);
  await ctx.store.transaction((tx) =>
    replacePassword(ctx, tx, account, { digest, exceptSessionId: session.id, device, by: permit }),
  );
}

async function digestOfNew(ctx: Context, account: Account, password: Secret): Promise<string> {
  const wrong = await newPasswordProblem(ctx, password, await passwordOwner(ctx, account));
  if (wrong !== null) throw problem('invalid', wrong, 'new_password');
  return digestPassword(password);
}

interface Replacement {
  readonly digest: string;
  readonly exceptSessionId: number | null;
  readonly device: Secret;
  readonly by: { readonly actor: Actor };
}

async function replacePassword(
  ctx: Context,
  tx: Query,
  account: Account,
  { digest, exceptSessionId, device, by }: Replacement,
): Promise<void> {
  const at = ctx.clock.now();
  await setPasswordDigest(tx, account.id, digest);
  await deleteSessionsOf(tx, account.id, exceptSessionId);
  if (exceptSessionId !== null) await setEnrolment(tx, exceptSessionId, null);
  await deleteLinks(tx, 'password', account.id);
  await deleteDevices(tx, account.id);
  await rememberDevice(tx, account.id, device.digest(), at);
  await record(tx, by, at, { action: 'user.change_password', userId: account.id });
  await setRecovered(tx, account.id, at);
  const { login, address } = by.actor;
  await tellOfChange(ctx, tx, {
    userId: account.id,
    emails: await emailsOf(tx, account.id),
    template: 'password_changed',
    facts: (alarmPath) => ({ at, by: login, address, alarmPath }),
  });
}

/**
 * Requests the mail with the link. The answer is the same for everybody.
 * @throws Problem when too many were requested
 */
export async function askForPasswordLink(ctx: Context, name: string, visitor: Visitor): Promise<void> {
  if (name === '') throw problem('missing_field', 'Enter your username or e-mail address.', 'login');
  await limitMails(ctx, { to: name, from: visitor.address, userId: null });
  await ctx.store.transaction((tx) =>
    enqueueJob(tx, { kind: 'mail-password-link', payload: { name: name.slice(0, 254), address: visitor.address } }),
  );
}

/** The job behind it: mails a link to the person's primary address if it is verified, and to no other. */
export async function mailPasswordLink(
  ctx: Context,
  asked: { readonly name: string; readonly address: string },
): Promise<void> {
  const account = await accountNamed(ctx.store.db, asked.name);
  if (account === null || closedBy(account) !== null) return;
  const to = await recoveryAddress(ctx.store.db, account);
  if (to === null) return;
  await ctx.store.transaction(async (tx) => {
    const path = await makePasswordLink(ctx, tx, account, { address: to });
    const facts = { path, minutes: RESET_SEC / MINUTE_SEC, address: asked.address };
    await queueMail(ctx, tx, { userId: account.id, address: to }, 'password_reset', facts);
  });
}

/**
 * Mails a link for a new password to the owner of an account that was just locked. False when they have no address for
 * it.
 */
export async function mailRecoveryLink(ctx: Context, tx: Query, account: Account, by: string): Promise<boolean> {
  const to = await recoveryAddress(tx, account);
  if (to === null) return false;
  const path = await makePasswordLink(ctx, tx, account, { address: to });
  const facts = { by: by === account.login ? null : by, path, minutes: RESET_SEC / MINUTE_SEC };
  await queueMail(ctx, tx, { userId: account.id, address: to }, 'account_locked', facts);
  return true;
}

/** The one address that a link for a new password may go to. */
async function recoveryAddress(q: Query, account: Account): Promise<string | null> {
  const primary = (await emailsOf(q, account.id)).find((email) => email.primary && email.verifiedAt !== null);
  return primary?.address ?? null;
}

/**
 * A link for somebody without such an address, which the operator or an administrator passes on. Returns its path.
 * @throws Problem when there is no such person
 */
export async function handPasswordLink(ctx: Context, permit: Permit, login: string): Promise<string> {
  return ctx.store.transaction(async (tx) => {
    const account = await userNamed(tx, login);
    await record(tx, permit, ctx.clock.now(), {
      action: 'user.password_link',
      userId: account.id,
      data: { login: account.login },
    });
    return makePasswordLink(ctx, tx, account, { address: null });
  });
}

interface MailedTo {
  /** Null = passed on by hand. */
  readonly address: string | null;
  /** True for the first link of an account that somebody else made: it works longer. */
  readonly welcomes?: boolean;
}

/** Makes the person's link, replaces any earlier one, and returns its path. */
export async function makePasswordLink(
  ctx: Context,
  tx: Query,
  account: Account,
  { address, welcomes = false }: MailedTo,
): Promise<string> {
  const at = ctx.clock.now();
  const secret = mintSecret();
  await deleteLinks(tx, 'password', account.id);
  await insertLink(tx, {
    digest: secret.digest(),
    purpose: 'password',
    userId: account.id,
    address,
    createdAt: at,
    endsAt: at + (welcomes ? WELCOME_DAYS * DAY_SEC : RESET_SEC),
  });
  return `/password_reset/${secret.reveal()}`;
}

/** The person whose password a link sets; null when it was used or has ended. */
export async function readPasswordLink(ctx: Context, link: Secret): Promise<Account | null> {
  const found = await linkByDigest(ctx.store.db, 'password', link.digest(), ctx.clock.now());
  return found?.userId == null ? null : accountById(ctx.store.db, found.userId);
}

/**
 * Sets the password with a link: every session ends, and this browser becomes a known one. The second factor is still
 * required.
 * @throws Problem
 */
export async function resetPassword(
  ctx: Context,
  link: Secret,
  password: Secret,
  device: Secret,
  visitor: Visitor,
): Promise<void> {
  const account = await readPasswordLink(ctx, link);
  if (account === null) throw linkIsOver();
  const digest = await digestOfNew(ctx, account, password);
  await ctx.store.transaction(async (tx) => {
    const found = await linkByDigest(tx, 'password', link.digest(), ctx.clock.now());
    if (!(await useLink(tx, link.digest()))) throw linkIsOver();
    await verifyMailed(tx, account, found?.address ?? null, ctx.clock.now());
    await replacePassword(ctx, tx, account, { digest, exceptSessionId: null, device, by: actorOf(account, visitor) });
  });
}

/** A person who follows a link reads the mail of the address it was sent to. */
async function verifyMailed(tx: Query, account: Account, address: string | null, at: UnixSeconds): Promise<void> {
  const email = (await emailsOf(tx, account.id)).find((one) => one.address === address);
  if (email !== undefined && (await holderOfVerified(tx, email.address)) === null) await verifyEmail(tx, email.id, at);
}

function linkIsOver(): Error {
  return problem('not_found', 'This link was used already, or has ended. Ask for another.');
}
