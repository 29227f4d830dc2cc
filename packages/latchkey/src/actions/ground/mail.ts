/**
 * Mail: written in the transaction of the change that it reports, then handed to a mail server, or kept.
 *
 * Invariant: a mail is sent if and only if its change was committed. Sending is retried for two days.
 * Invariant: in the database a body is sealed. Without a mail server it is in clear text in `<data>/outbox/ID.eml`.
 * Never: a mail to an unverified address, except the one that verifies it.
 */
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Transporter } from 'nodemailer';
import type { Secret } from '../../base/secret.ts';
import { isLoopback } from '../../base/settings/values.ts';
import { DAY_SEC, MINUTE_SEC, type UnixSeconds } from '../../base/time.ts';
import { traced } from '../../base/trace.ts';
import { type MailFacts, type MailTemplate, writeMail } from '../../catalogue/mails/mails.ts';
import { accountById } from '../../store/accounts.ts';
import type { Query } from '../../store/db.ts';
import { emailsOf } from '../../store/emails.ts';
import {
  claimMail,
  deleteMailsBefore,
  insertMail,
  markKept,
  markSent,
  markTried,
  type OutboxMail,
} from '../../store/outbox.ts';
import type { Context } from './context.ts';
import { enqueueJob } from './jobs.ts';

/** A mail with a readable body; '' once it was sent. */
export interface ReadableMail extends Omit<OutboxMail, 'text' | 'html'> {
  readonly text: string;
  readonly html: string;
}

/** A mail with its body. @throws Fault when it was sealed with a key that is missing */
export function openMail({ keys }: Context, mail: OutboxMail): ReadableMail {
  const { address, text, html } = mail;
  return {
    ...mail,
    text: keys.open('outbox.text', address, text).reveal(),
    html: keys.open('outbox.html', address, html).reveal(),
  };
}

/**
 * The recipient of a mail: a person, at their primary verified address; or an address, of a person or of nobody known.
 */
export type Recipient = { readonly userId: number } | { readonly userId: number | null; readonly address: string };

/**
 * Writes a mail to the outbox, in the caller's transaction. Nothing is written for a person without a verified address,
 * since nobody knows who would read it.
 */
export async function queueMail<K extends MailTemplate>(
  ctx: Context,
  tx: Query,
  to: Recipient,
  template: K,
  facts: MailFacts[K],
): Promise<void> {
  const address = 'address' in to ? to.address : await verifiedAddress(tx, to.userId);
  if (address === null) return;
  const account = to.userId === null ? null : await accountById(tx, to.userId);
  const reader = { login: account?.login ?? null, timeZone: account?.timeZone ?? null };
  const written = writeMail(ctx.settings.publicUrl, reader, template, facts);
  const text = ctx.keys.seal('outbox.text', address, written.text);
  const html = ctx.keys.seal('outbox.html', address, written.html);
  await insertMail(tx, { ...written, userId: to.userId, address, template, text, html, at: ctx.clock.now() });
  await enqueueJob(tx, { kind: 'deliver-mail', payload: null, uniqueKey: 'deliver-mail' });
}

async function verifiedAddress(tx: Query, userId: number): Promise<string | null> {
  const verified = (await emailsOf(tx, userId)).filter((email) => email.verifiedAt !== null);
  return (verified.find((email) => email.primary) ?? verified[0])?.address ?? null;
}

/** How long a process may take for one mail before another tries it, too. */
const LEASE_SEC = 2 * MINUTE_SEC;
/** Pauses between tries: about two days in all (RFC 5321 section 4.5.4.1 wants days of retries). */
export const RETRY_AFTER_SEC: readonly number[] = [1, 5, 15, 60, 180, 360, 720, 1440].map(
  (minutes) => minutes * MINUTE_SEC,
);
const CONNECT_TIMEOUT_MS = 10_000;
const SOCKET_TIMEOUT_MS = 30_000;
/** How long mails stay in the outbox after they were sent, stored or given up. */
export const KEEP_MAIL_SEC = 90 * DAY_SEC;

/** Delivers every due mail, one after the other. A failed one doesn't throw: it is retried later. */
export async function deliverMail(ctx: Context): Promise<{ sent: number; kept: number; failed: number }> {
  const count = { sent: 0, kept: 0, failed: 0 };
  for (;;) {
    const at = ctx.clock.now();
    const mail = await claimMail(ctx.store.db, at, at + LEASE_SEC);
    if (mail === null) return count;
    count[await deliverOne(ctx, mail, at)]++;
  }
}

async function deliverOne(ctx: Context, sealed: OutboxMail, at: UnixSeconds): Promise<'sent' | 'kept' | 'failed'> {
  const { id, template, attempts } = sealed;
  try {
    const mail = openMail(ctx, sealed);
    if (ctx.settings.smtp === null) {
      await keep(ctx, mail);
      await markKept(ctx.store.db, id, at);
      ctx.metrics.happened('mail', 'kept');
      return 'kept';
    }
    const transport = await smtpTransport(ctx.settings.smtp.reveal());
    await traced('send mail', 'client', { 'latchkey.mail.template': template }, () => send(transport, ctx, mail));
    await markSent(ctx.store.db, id, at);
    ctx.metrics.happened('mail', 'sent');
    return 'sent';
  } catch (error) {
    const failure = (error instanceof Error ? error.message : String(error)).slice(0, 500);
    const wait = isFinal(error) ? undefined : RETRY_AFTER_SEC[attempts - 1];
    ctx.metrics.happened('mail', wait === undefined ? 'given_up' : 'failed');
    ctx.log.warn(
      { mailId: id, template, attempts, failure, givenUp: wait === undefined },
      'a mail could not be delivered',
    );
    await markTried(ctx.store.db, id, failure, wait === undefined ? null : at + wait, at);
    return 'failed';
  }
}

/**
 * True when the mail server will never accept it: a permanent answer (5yz, RFC 5321 section 4.2.1) about the recipient.
 */
function isFinal(error: unknown): boolean {
  const { responseCode, command } = error as { responseCode?: number; command?: string };
  return command === 'RCPT TO' && responseCode !== undefined && responseCode >= 500;
}

async function smtpTransport(url: string): Promise<Transporter> {
  const { createTransport } = await nodemailer();
  return createTransport({
    url,
    connectionTimeout: CONNECT_TIMEOUT_MS,
    greetingTimeout: CONNECT_TIMEOUT_MS,
    socketTimeout: SOCKET_TIMEOUT_MS,
    tls: tlsTowards(url),
  });
}

/** What a mail server's refusal means, by nodemailer's codes. */
const MAIL_REFUSALS: Readonly<Record<string, string>> = {
  EDNS: 'has no address',
  ECONNECTION: 'ends the connection',
  ETIMEDOUT: 'does not answer',
  ESOCKET: 'ends the connection, or has no certificate that is trusted',
  ETLS: 'fails to begin TLS',
  EAUTH: 'refuses the user or the password',
  EPROTOCOL: 'does not speak SMTP',
};

/** Connects and signs in, and sends nothing. Null when that worked; otherwise the rest of a sentence about the host. */
export async function tryMailServer(smtp: Secret): Promise<string | null> {
  const transport = await smtpTransport(smtp.reveal());
  try {
    await transport.verify();
    return null;
  } catch (error) {
    const { code, syscall } = error as NodeJS.ErrnoException;
    if (code === 'ESOCKET' && syscall === 'connect') return 'takes no connection';
    return MAIL_REFUSALS[code ?? ''] ?? `can't be used (${code ?? 'no reason was given'})`;
  } finally {
    transport.close();
  }
}

/**
 * A relay on this machine may show any certificate: those of Debian's Exim and Postfix name nobody, and the connection
 * crosses no network. All others need a valid one.
 */
export function tlsTowards(smtpUrl: string): { readonly rejectUnauthorized: boolean } {
  return { rejectUnauthorized: !isLoopback(new URL(smtpUrl).hostname.replace(/^\[(.*)\]$/, '$1')) };
}

/** Loaded with the first mail, because it is large and a start doesn't need it. */
const nodemailer = () => import('nodemailer');

async function send(transport: Transporter, ctx: Context, mail: ReadableMail): Promise<{ message?: unknown }> {
  const host = new URL(ctx.settings.publicUrl).hostname;
  try {
    return await transport.sendMail({
      from: ctx.settings.mailFrom ?? `Latchkey <latchkey@${host}>`,
      to: mail.address,
      subject: mail.subject,
      text: mail.text,
      html: mail.html,
      date: new Date(mail.createdAt * 1000),
      messageId: `<latchkey.${mail.id}.${mail.createdAt}@${host}>`,
      headers: { 'Auto-Submitted': 'auto-generated', 'X-Latchkey-Mail': mail.template },
      disableFileAccess: true,
      disableUrlAccess: true,
    });
  } finally {
    transport.close();
  }
}

/** The folder of stored mails. */
function outboxFolder(ctx: Context): string {
  return join(ctx.settings.data, 'outbox');
}

/** Writes the mail as it would have been sent (RFC 5322), whole or not at all, for the server's user only. */
async function keep(ctx: Context, mail: ReadableMail): Promise<void> {
  const folder = outboxFolder(ctx);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const { createTransport } = await nodemailer();
  const { message } = await send(createTransport({ streamTransport: true, buffer: true, newline: 'unix' }), ctx, mail);
  const path = join(folder, `${mail.id}.eml`);
  await writeFile(`${path}.new`, message as Buffer, { mode: 0o600 });
  await rename(`${path}.new`, path);
}

/** Removes mails that were finished 90 days ago, on disk too. */
export async function deleteOldMail(ctx: Context): Promise<void> {
  const ids = await deleteMailsBefore(ctx.store.db, ctx.clock.now() - KEEP_MAIL_SEC);
  for (const id of ids) await rm(join(outboxFolder(ctx), `${id}.eml`), { force: true });
}
