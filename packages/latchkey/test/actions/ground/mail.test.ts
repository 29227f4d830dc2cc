/**
 * Mail: written together with its change, delivered to a real mail server on loopback, or kept where the operator can
 * read it.
 */
import { readdir, readFile, stat } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { SMTPServer } from 'smtp-server';
import { expect, onTestFinished, test } from 'vitest';
import { addUser } from '../../../src/actions/accounts/accounts.ts';
import { operatorPermit } from '../../../src/actions/decision/authorize.ts';
import {
  deleteOldMail,
  deliverMail,
  KEEP_MAIL_SEC,
  queueMail,
  RETRY_AFTER_SEC,
  tlsTowards,
} from '../../../src/actions/ground/mail.ts';
import { readOutbox } from '../../../src/actions/instance/outbox.ts';
import { writeMail } from '../../../src/catalogue/mails/mails.ts';
import { ENGINES } from '../../engines/engines.ts';
import { once } from '../../waits.ts';
import { contextWith, type TestContext } from '../context.ts';

const TOKEN = { name: 'ci <b>"release"</b>', lastEight: 'AbCdEfGh', path: '/settings/personal-access-tokens/7' };

async function personIn(ctx: TestContext, verified = true): Promise<number> {
  return (
    await addUser(ctx, operatorPermit(), {
      login: 'ada',
      email: 'ada@example.org',
      verified,
      admin: false,
      password: null,
    })
  ).id;
}

async function mailTo(ctx: TestContext, userId: number): Promise<void> {
  await ctx.store.transaction((tx) =>
    queueMail(ctx, tx, { userId }, 'token_created', {
      token: TOKEN,
      by: 'ada',
      address: '127.0.0.1',
      right: 'Can read code.',
    }),
  );
}

/** A mail server; `answer` tells a recipient what a real one would. */
async function mailServer(
  answer: () => Error | null = () => null,
  disabledCommands: string[] = ['STARTTLS'],
): Promise<{ url: string; received: string[] }> {
  const received: string[] = [];
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands,
    onRcptTo: (_address, _session, done) => done(answer() ?? undefined),
    onData: (stream, _session, done) => {
      let text = '';
      stream.on('data', (chunk: Buffer) => (text += chunk.toString('utf8')));
      stream.on('end', () => {
        received.push(text);
        done();
      });
    },
  });
  server.listen(0, '127.0.0.1');
  await once(server.server, 'listening');
  onTestFinished(() => new Promise((resolve) => server.close(() => resolve())));
  return { url: `smtp://127.0.0.1:${(server.server.address() as AddressInfo).port}`, received };
}

test('a relay on this machine may show a certificate that names nobody, as distributions install it', async () => {
  const { url, received } = await mailServer(() => null, []);
  const ctx = await contextWith({ smtp: url }, 'sqlite');
  await mailTo(ctx, await personIn(ctx));
  expect(await deliverMail(ctx)).toEqual({ sent: 1, kept: 0, failed: 0 });
  expect(received).toHaveLength(1);
});

test.each([
  ['smtp://127.0.0.1:25', false],
  ['smtp://[::1]:25', false],
  ['smtp://localhost', false],
  ['smtp://mail.example.org:587', true],
  ['smtps://user:secret@127.0.0.1.example.org', true],
  ['smtps://10.0.0.1', true],
])('a mail server at %s must show a certificate that holds: %s', (url, mustHold) => {
  expect(tlsTowards(url)).toEqual({ rejectUnauthorized: mustHold });
});

const page = { beforeId: null, limit: 10 };

test.each(ENGINES)('a mail reaches the mail server once, and its body is deleted afterwards [%s]', async (engine) => {
  const { url, received } = await mailServer();
  const ctx = await contextWith(
    { smtp: url, mailFrom: 'Keys <keys@example.org>', publicUrl: 'http://127.0.0.1:7070' },
    engine,
  );
  await mailTo(ctx, await personIn(ctx));
  await Promise.all([deliverMail(ctx), deliverMail(ctx)]);
  expect(received).toHaveLength(1);
  expect(received[0]).toContain('To: ada@example.org');
  expect(received[0]).toContain('From: Keys <keys@example.org>');
  expect(received[0]).toContain('multipart/alternative');
  expect(received[0]!.replaceAll('=\r\n', '')).toContain('http://127.0.0.1:7070/settings/personal-access-tokens/7');
  expect(await readOutbox(ctx, operatorPermit(), page)).toMatchObject([
    { state: 'sent', attempts: 1, text: '', html: '', template: 'token_created' },
  ]);
});

test('without a mail server a mail lies in the data folder, for the server alone to read', async () => {
  const ctx = await contextWith();
  await mailTo(ctx, await personIn(ctx));
  expect(await deliverMail(ctx)).toEqual({ sent: 0, kept: 1, failed: 0 });
  const folder = join(ctx.settings.data, 'outbox');
  const [name] = await readdir(folder);
  expect(name).toBe('1.eml');
  expect((await stat(join(folder, name!))).mode & 0o777).toBe(0o600);
  expect(await readFile(join(folder, name!), 'utf8')).toContain('Auto-Submitted: auto-generated');
  const [mail] = await readOutbox(ctx, operatorPermit(), page);
  expect(mail).toMatchObject({ state: 'kept', subject: 'A personal access token was created: ci <b>"release"</b>' });
  expect(mail!.html).toContain('ci &lt;b&gt;&quot;release&quot;&lt;/b&gt;');
  ctx.clock.advance(KEEP_MAIL_SEC + 1);
  await deleteOldMail(ctx);
  expect(await readdir(folder)).toEqual([]);
  expect(await readOutbox(ctx, operatorPermit(), page)).toEqual([]);
});

test('a mail leaves only with its change', async () => {
  const ctx = await contextWith();
  const userId = await personIn(ctx);
  const change = ctx.store.transaction(async (tx) => {
    await queueMail(ctx, tx, { userId }, 'token_created', {
      token: TOKEN,
      by: 'ada',
      address: null,
      right: 'Can read code.',
    });
    throw new Error('the change failed');
  });
  await expect(change).rejects.toThrow('the change failed');
  expect(await readOutbox(ctx, operatorPermit(), page)).toEqual([]);
});

test('nobody gets mail at an address that was not verified', async () => {
  const ctx = await contextWith();
  await mailTo(ctx, await personIn(ctx, false));
  expect(await readOutbox(ctx, operatorPermit(), page)).toEqual([]);
});

test('a mail that a server puts off is tried again later, and is given up in the end', async () => {
  const { url, received } = await mailServer(() => Object.assign(new Error('mailbox is busy'), { responseCode: 450 }));
  const ctx = await contextWith({ smtp: url });
  await mailTo(ctx, await personIn(ctx));
  for (const wait of RETRY_AFTER_SEC) {
    expect(await deliverMail(ctx)).toEqual({ sent: 0, kept: 0, failed: 1 });
    expect(await deliverMail(ctx)).toEqual({ sent: 0, kept: 0, failed: 0 });
    ctx.clock.advance(wait);
  }
  await deliverMail(ctx);
  const [mail] = await readOutbox(ctx, operatorPermit(), page);
  expect(mail).toMatchObject({ state: 'failed', attempts: RETRY_AFTER_SEC.length + 1 });
  expect(mail!.failure).toContain('mailbox is busy');
  expect(received).toEqual([]);
});

test('a mailbox that does not exist is not tried again', async () => {
  const { url } = await mailServer(() => Object.assign(new Error('no such user'), { responseCode: 550 }));
  const ctx = await contextWith({ smtp: url });
  await mailTo(ctx, await personIn(ctx));
  await deliverMail(ctx);
  expect(await readOutbox(ctx, operatorPermit(), page)).toMatchObject([{ state: 'failed', attempts: 1 }]);
});

test('what people typed can forge neither a header nor a line', () => {
  const name = 'x\r\nBcc: eve@example.org\u202Egnp';
  const mail = writeMail('https://keys.example.org', { login: 'ada', timeZone: null }, 'token_denied', {
    token: { ...TOKEN, name },
    organization: 'acme',
    by: 'bob',
    reason: '<script>alert(1)</script>',
    right: 'Can read public repositories.',
  });
  expect(mail.subject).toBe('acme denied your personal access token x Bcc: eve@example.org gnp');
  expect(mail.html).not.toContain('<script>');
  expect(mail.text).toContain('https://keys.example.org/settings/personal-access-tokens/7');
});
