/**
 * A person's e-mail addresses: added, verified by mail, made primary, removed.
 *
 * Invariant: one address is primary. Only a verified address can become primary, and only by a person who has just
 * confirmed their identity. Tokens need a verified address.
 * Invariant: a token may add and remove addresses, but an address that it added is useless until its owner verifies
 * it in a session. Every change is reported to the previous addresses.
 */
import { Problem, problem } from '../../base/errors.ts';
import type { Secret } from '../../base/secret.ts';
import { DAY_SEC, HOUR_SEC } from '../../base/time.ts';
import type { MailFacts } from '../../catalogue/mails/mails.ts';
import { emailProblem, nameKey } from '../../rules/names.ts';
import type { Query } from '../../store/db.ts';
import {
  deleteEmail,
  type Email,
  emailsOf,
  holderOfVerified,
  insertEmail,
  setPrimaryEmail,
  verifyEmail,
} from '../../store/emails.ts';
import { insertLink, linkByDigest, useLink } from '../../store/one-time-links.ts';
import type { Permit } from '../decision/authorize.ts';
import type { Context } from '../ground/context.ts';
import { queueMail } from '../ground/mail.ts';
import { mintSecret } from '../ground/one-time-secrets.ts';
import { record } from '../ground/record.ts';
import { unlessTaken } from './accounts.ts';
import { tellOfChange } from './alarms.ts';
import { limitMails } from './mail-limits.ts';
import { personOf } from './sessions.ts';

export type { Email };

/** How many addresses a person may have. */
export const MAX_EMAILS = 20;
export const VERIFICATION_SEC = DAY_SEC;

/** The person whose addresses a permit is about: its holder, by session or by a token with the permission. */
function holderOf({ actor }: Permit): number {
  if (actor.userId === null) throw new TypeError('only a person has e-mail addresses');
  return actor.userId;
}

/** The person's addresses, the primary one first. */
export function listEmails(ctx: Context, permit: Permit): Promise<Email[]> {
  return emailsOf(ctx.store.db, holderOf(permit));
}

/**
 * Adds an address, and sends the mail to verify it. It makes no difference whether somebody else has it: that would
 * reveal who has an account here.
 * @throws Problem when it isn't an address, is theirs already, or there are too many
 */
export function addEmail(ctx: Context, permit: Permit, address: string): Promise<void> {
  return addEmails(ctx, permit, [address]);
}

/** The same for several, all or none. */
export async function addEmails(ctx: Context, permit: Permit, addresses: readonly string[]): Promise<void> {
  const userId = holderOf(permit);
  const wrong = addresses.flatMap((address) => emailProblem(address) ?? []);
  if (wrong.length > 0) throw new Problem(wrong.map((message) => ({ field: 'email', code: 'invalid', message })));
  const at = ctx.clock.now();
  if ((await emailsOf(ctx.store.db, userId)).length + addresses.length > MAX_EMAILS) throw tooMany();
  for (const to of addresses) await limitMails(ctx, { to, from: permit.actor.address ?? '', userId });
  await unlessTaken('You have this e-mail address already.', 'email', () =>
    ctx.store.transaction(async (tx) => {
      const emails = await emailsOf(tx, userId);
      if (emails.length + addresses.length > MAX_EMAILS) throw tooMany();
      for (const address of addresses) {
        await insertEmail(tx, { userId, address, verifiedAt: null, primary: false, at });
        await record(tx, permit, at, { action: 'user.add_email', userId, data: { email: address } });
        await queueVerification(ctx, tx, userId, address);
        await tell(ctx, tx, permit, { emails, change: 'added', email: address });
      }
    }),
  );
}

function tooMany(): Error {
  return problem('limit_reached', `A person has at most ${MAX_EMAILS} e-mail addresses.`, 'email');
}

/** Writes the verification mail for an address, in the caller's transaction. */
export async function queueVerification(ctx: Context, tx: Query, userId: number, address: string): Promise<void> {
  const at = ctx.clock.now();
  const secret = mintSecret();
  await insertLink(tx, {
    digest: secret.digest(),
    purpose: 'verification',
    userId,
    address,
    createdAt: at,
    endsAt: at + VERIFICATION_SEC,
  });
  await queueMail(ctx, tx, { userId, address }, 'email_verification', {
    address,
    path: `/verify/${secret.reveal()}`,
    hours: VERIFICATION_SEC / HOUR_SEC,
  });
}

/** Sends the mail again. @throws Problem when there is nothing to verify, or too many mails were requested */
export async function resendVerification(ctx: Context, permit: Permit, emailId: number): Promise<void> {
  const userId = personOf(permit);
  const email = await ownEmail(ctx.store.db, userId, emailId);
  if (email.verifiedAt !== null) throw problem('conflict', `${email.address} is verified already.`);
  await limitMails(ctx, { to: email.address, from: permit.actor.address ?? '', userId });
  await ctx.store.transaction((tx) => queueVerification(ctx, tx, userId, email.address));
}

/** The address that a link verifies; null when it was used or has ended. */
export async function readVerification(ctx: Context, link: Secret): Promise<string | null> {
  return (await linkByDigest(ctx.store.db, 'verification', link.digest(), ctx.clock.now()))?.address ?? null;
}

/**
 * Verifies the address of a link, in its owner's session: somebody else may be reading the mail.
 * @throws Problem when it was used or has ended, or belongs to somebody else
 */
export async function verifyByLink(ctx: Context, permit: Permit, link: Secret): Promise<void> {
  const at = ctx.clock.now();
  const userId = personOf(permit);
  await ctx.store.transaction(async (tx) => {
    const found = await linkByDigest(tx, 'verification', link.digest(), at);
    if (found !== null && found.userId !== userId)
      throw problem('unprocessable', 'This link is for another account. Sign out, and sign in to that one.');
    if (found === null || !(await useLink(tx, link.digest())))
      throw problem('not_found', 'This link was used already, or has ended. Ask for another.');
    const before = await emailsOf(tx, userId);
    const email = before.find((one) => one.address === found.address);
    if (email === undefined) throw problem('not_found', 'That address was removed meanwhile.');
    if (((await holderOfVerified(tx, email.address)) ?? userId) !== userId)
      throw problem('already_exists', 'Another account has verified this address: remove it there first.');
    if (!(await verifyEmail(tx, email.id, at))) return;
    await record(tx, permit, at, { action: 'user.verify_email', userId, data: { email: email.address } });
    await tell(ctx, tx, permit, { emails: before, change: 'verified', email: email.address });
  });
}

interface Change {
  /** As they were before. */
  readonly emails: readonly Email[];
  readonly change: MailFacts['emails_changed']['change'];
  readonly email: string;
}

function tell(ctx: Context, tx: Query, permit: Permit, { emails, change, email }: Change): Promise<void> {
  const { login: by, address } = permit.actor;
  const facts = { at: ctx.clock.now(), by, address, change, email };
  return tellOfChange(ctx, tx, {
    userId: holderOf(permit),
    emails,
    template: 'emails_changed',
    facts: (alarmPath) => ({ ...facts, alarmPath }),
  });
}

/** Makes an address the one that gets mail. @throws Problem when it is not verified */
export async function makePrimary(ctx: Context, permit: Permit, emailId: number): Promise<void> {
  const userId = personOf(permit);
  await ctx.store.transaction(async (tx) => {
    const email = await ownEmail(tx, userId, emailId);
    if (email.verifiedAt === null) throw problem('unprocessable', `Verify ${email.address} first.`);
    const emails = await emailsOf(tx, userId);
    await setPrimaryEmail(tx, userId, emailId);
    await record(tx, permit, ctx.clock.now(), {
      action: 'user.change_primary_email',
      userId,
      data: { email: email.address },
    });
    await tell(ctx, tx, permit, { emails, change: 'made primary', email: email.address });
  });
}

/** Removes an address. @throws Problem when it is the primary one */
export async function removeEmail(ctx: Context, permit: Permit, emailId: number): Promise<void> {
  await ctx.store.transaction(async (tx) => remove(ctx, tx, permit, await ownEmail(tx, holderOf(permit), emailId)));
}

/** Removes addresses by their text, all or none. @throws Problem when one is the primary one, or not the person's */
export async function removeEmails(ctx: Context, permit: Permit, addresses: readonly string[]): Promise<void> {
  await ctx.store.transaction(async (tx) => {
    const own = await emailsOf(tx, holderOf(permit));
    for (const address of new Set(addresses.map(nameKey))) {
      const email = own.find((one) => nameKey(one.address) === address);
      if (email === undefined) throw problem('not_found', 'That is none of your addresses.');
      await remove(ctx, tx, permit, email);
    }
  });
}

async function remove(ctx: Context, tx: Query, permit: Permit, email: Email): Promise<void> {
  const emails = await emailsOf(tx, email.userId);
  if (!(await deleteEmail(tx, email.userId, email.id)))
    throw problem('unprocessable', `${email.address} is your primary address: make another one primary first.`);
  await record(tx, permit, ctx.clock.now(), {
    action: 'user.remove_email',
    userId: email.userId,
    data: { email: email.address },
  });
  await tell(ctx, tx, permit, { emails, change: 'removed', email: email.address });
}

async function ownEmail(q: Query, userId: number, emailId: number): Promise<Email> {
  const email = (await emailsOf(q, userId)).find(({ id }) => id === emailId);
  if (email === undefined) throw problem('not_found', 'That is none of your addresses.');
  return email;
}
