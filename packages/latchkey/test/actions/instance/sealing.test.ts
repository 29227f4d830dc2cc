/** A stolen database, and the key that is not in it. */

import { chmod, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Secret as OtpSecret, TOTP } from 'otpauth';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { addUser } from '../../../src/actions/accounts/accounts.ts';
import { askForPasswordLink, mailPasswordLink } from '../../../src/actions/accounts/new-password.ts';
import { invite } from '../../../src/actions/accounts/sign-up.ts';
import { takeCode } from '../../../src/actions/accounts/two-factor.ts';
import { operatorPermit } from '../../../src/actions/decision/authorize.ts';
import { deliverMail } from '../../../src/actions/ground/mail.ts';
import { openContext } from '../../../src/actions/instance/open.ts';
import { readOutbox } from '../../../src/actions/instance/outbox.ts';
import { rotateKey, sealWhatIsStale } from '../../../src/actions/instance/sealing.ts';
import { addRepository } from '../../../src/actions/repositories/repositories.ts';
import { makeLog } from '../../../src/base/log.ts';
import { KEY_FILE_NAME, KeyFile, SEALED_COLUMNS } from '../../../src/base/sealing/key-file.ts';
import { newKeyText, type Sealed } from '../../../src/base/sealing/sealed-text.ts';
import { exposedFiles } from '../../../src/base/settings/secret-files.ts';
import { loadSettings } from '../../../src/base/settings/settings.ts';
import { type Account, setTwoFactor } from '../../../src/store/accounts.ts';
import { authenticatorKeyOf, insertAuthenticator } from '../../../src/store/second-factors.ts';
import { insertWebhook, webhookById } from '../../../src/store/webhooks.ts';
import { ENGINES } from '../../engines/engines.ts';
import { contextWith, type TestContext } from '../context.ts';

const TOTP_KEY = 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP';
const HOOK_SECRET = 'shared-with-the-receiver';
const VISITOR = { address: '192.0.2.7', userAgent: 'test' };
const page = { beforeId: null, limit: 20 };

async function personWithFactor(ctx: TestContext, login: string): Promise<Account> {
  const draft = { login, email: `${login}@example.org`, verified: true, admin: false, password: null };
  const account = await addUser(ctx, operatorPermit(), draft);
  await ctx.store.transaction(async (tx) => {
    const key = ctx.keys.seal('second_factors.secret', account.id, TOTP_KEY);
    await insertAuthenticator(tx, account.id, { key, at: ctx.clock.now(), step: 0 });
    await setTwoFactor(tx, account.id, ctx.clock.now());
  });
  return account;
}

/** ada with a second factor, a pending link for a new password, and a webhook with a secret. */
async function furnish(ctx: TestContext): Promise<{ ada: Account; repositoryId: number }> {
  const ada = await personWithFactor(ctx, 'ada');
  await mailPasswordLink(ctx, { name: 'ada', address: VISITOR.address });
  await invite(ctx, operatorPermit(), 'grace@example.org');
  const { id: repositoryId } = await addRepository(ctx, operatorPermit(), {
    owner: 'ada',
    name: 'notes',
    visibility: 'private',
  });
  const secret = ctx.keys.seal('webhooks.secret', repositoryId, HOOK_SECRET);
  const config = { url: 'https://ci.example.org/hook', contentType: 'json', secret, insecureSsl: false } as const;
  await insertWebhook(ctx.store.db, repositoryId, { config, events: ['push'], active: true }, ctx.clock.now());
  return { ada, repositoryId };
}

/** The code that the app shows. Each call takes a later one, since a code works once. */
function nextCode(ctx: TestContext): string {
  ctx.clock.advance(60);
  return new TOTP({ secret: OtpSecret.fromBase32(TOTP_KEY) }).generate({ timestamp: ctx.clock.now() * 1000 });
}

async function dump({ store: { db } }: TestContext): Promise<string> {
  const tables = ['outbox', 'second_factors', 'webhooks', 'jobs', 'one_time_links', 'audit', 'sealing'] as const;
  return JSON.stringify(await Promise.all(tables.map((table) => db.selectFrom(table).selectAll().execute())));
}

/** The same database, opened by another node with these settings. */
async function openAgain(
  ctx: TestContext,
  flags: Record<string, unknown> = {},
  keyIsLost = false,
): Promise<TestContext> {
  const { data, database } = ctx.settings;
  const settings = loadSettings({ flags: { data, database: database?.reveal(), ...flags }, env: {} });
  const again = await openContext(settings, makeLog('silent'), { clock: ctx.clock }, { keyIsLost });
  onTestFinished(() => again.close());
  return { ...again, clock: ctx.clock };
}

async function keyFile(ctx: TestContext, name: string, ...keys: string[]): Promise<string> {
  const path = join(ctx.settings.data, name);
  await writeFile(path, keys.map((key) => `${key}\n`).join(''), { mode: 0o600 });
  return path;
}

describe.each(ENGINES)('a database that Mallory has copied [%s]', (engine) => {
  let ctx: TestContext;
  beforeEach(async () => {
    ctx = await contextWith({}, engine);
  });

  test('holds no link to follow, no key of one-time codes and no secret to sign with', async () => {
    await furnish(ctx);
    const mails = await readOutbox(ctx, operatorPermit(), page);
    const links = mails.flatMap(({ text }) => /\/(?:password_reset|signup)\/([\w-]{43})/.exec(text)?.[1] ?? []);
    expect(links).toHaveLength(2);
    const stolen = await dump(ctx);
    for (const secret of [...links, TOTP_KEY, HOOK_SECRET]) expect(stolen).not.toContain(secret);
    expect(stolen, 'nor the key').not.toContain((await readFile(ctx.keys.path, 'utf8')).trim().split('\n').at(-1));
  });

  test('cannot be made to take his own second factor for hers', async () => {
    const { ada } = await furnish(ctx);
    const mallory = await personWithFactor(ctx, 'mallory');
    const his = (await authenticatorKeyOf(ctx.store.db, mallory.id)) ?? undefined;
    await ctx.store.db.updateTable('second_factors').set({ secret: his }).where('user_id', '=', ada.id).execute();
    await expect(takeCode(ctx, ada, nextCode(ctx), VISITOR)).rejects.toThrow('can’t be opened');
    expect(await takeCode(ctx, mallory, nextCode(ctx), VISITOR)).toBe(true);
  });

  test('is sealed at the first start, if it comes from a release that kept secrets in clear', async () => {
    const { ada } = await furnish(ctx);
    const { db } = ctx.store;
    await db
      .updateTable('second_factors')
      .set({ secret: TOTP_KEY as Sealed })
      .execute();
    await db
      .updateTable('webhooks')
      .set({ secret: HOOK_SECRET as Sealed })
      .execute();
    await db
      .updateTable('outbox')
      .set({ text: 'a link in clear' as Sealed, html: '<p>a link in clear' as Sealed })
      .execute();
    await db.deleteFrom('sealing').execute();
    const upgraded = await openAgain(ctx);
    const stolen = await dump(ctx);
    for (const secret of [TOTP_KEY, HOOK_SECRET, 'a link in clear']) expect(stolen).not.toContain(secret);
    expect(await takeCode(upgraded, ada, nextCode(ctx), VISITOR)).toBe(true);
    expect((await readOutbox(upgraded, operatorPermit(), page)).map(({ text }) => text)).toContain('a link in clear');
  });

  test('opens for no node that has another key, and the node says what to do', async () => {
    await furnish(ctx);
    const other = await keyFile(ctx, 'other.key', newKeyText().reveal());
    await expect(openAgain(ctx, { secretKeyFile: other })).rejects.toThrow(
      new RegExp(`sealed with the key ${ctx.keys.ids[0]}, which is not in .*other\\.key`),
    );
    await expect(openAgain(ctx, { secretKeyFile: join(ctx.settings.data, 'none.key') })).rejects.toThrow('none.key');
    const bad = await keyFile(ctx, 'bad.key', 'hunter2');
    await expect(openAgain(ctx, { secretKeyFile: bad })).rejects.toThrow('one key a line');
    await rm(ctx.keys.path);
    await expect(openAgain(ctx), 'no new key is made in place of a lost one').rejects.toThrow('which is not in');
  });

  test('is sealed with a new key at a rotation, which running processes follow', async () => {
    const { ada, repositoryId } = await furnish(ctx);
    const running = await openAgain(ctx);
    const [old] = ctx.keys.ids;
    const done = await rotateKey(ctx, operatorPermit(), { onlyNode: true, lost: false });
    expect(done).toMatchObject({ wasPrepared: false, lost: 0, sealed: 6 });
    const stolen = await dump(ctx);
    expect(stolen.match(new RegExp(`"sealed\\.${old}\\.`))).toBeNull();
    expect(await takeCode(running, ada, nextCode(ctx), VISITOR)).toBe(true);
    const hook = await webhookById(ctx.store.db, repositoryId, 1);
    expect(running.keys.open('webhooks.secret', repositoryId, hook?.config.secret ?? '').reveal()).toBe(HOOK_SECRET);
    await invite(running, operatorPermit(), 'hal@example.org');
    expect(await dump(ctx), 'also what the running process writes').not.toContain(`"sealed.${old}.`);
    expect((await stat(ctx.keys.path)).mode & 0o777).toBe(0o600);
  });

  test('is sealed with a key that the operator put first on every node', async () => {
    const { ada } = await furnish(ctx);
    const next = newKeyText().reveal();
    await writeFile(ctx.keys.path, `${next}\n${await readFile(ctx.keys.path, 'utf8')}`);
    expect(await rotateKey(ctx, operatorPermit(), { onlyNode: false, lost: false })).toMatchObject({
      wasPrepared: true,
    });
    const elsewhere = await openAgain(ctx, { secretKeyFile: await keyFile(ctx, 'elsewhere.key', next) });
    expect(await takeCode(elsewhere, ada, nextCode(ctx), VISITOR)).toBe(true);
  });

  test('keeps a node that has not heard of the new key from leaving texts behind', async () => {
    const { ada } = await furnish(ctx);
    const [old] = ctx.keys.ids;
    const late = await openAgain(ctx, { secretKeyFile: await keyFile(ctx, 'late.key', await lastLine(ctx)) });
    await rotateKey(ctx, operatorPermit(), { onlyNode: true, lost: false });
    await mailPasswordLink(late, { name: ada.login, address: VISITOR.address });
    await sealWhatIsStale(late);
    expect(await dump(ctx)).toContain(`"sealed.${old}.`);
    await sealWhatIsStale(ctx);
    expect(await dump(ctx)).not.toContain(`"sealed.${old}.`);
  });

  test('stays closed when the key is lost, and the instance goes on', async () => {
    const { ada } = await furnish(ctx);
    await rm(ctx.keys.path);
    const again = await openAgain(ctx, {}, true);
    const done = await rotateKey(again, operatorPermit(), { onlyNode: true, lost: true });
    expect(done).toMatchObject({ sealed: 0, lost: 6 });
    await expect(takeCode(again, ada, nextCode(ctx), VISITOR)).rejects.toThrow('can’t be opened');
    expect(await deliverMail(again)).toMatchObject({ sent: 0, kept: 0, failed: 2 });
    const [mail] = await readOutbox(again, operatorPermit(), page);
    expect(mail?.text).toBe('This mail is sealed with a key that is not here.');
    const next = await openAgain(ctx);
    await askForPasswordLink(next, 'ada', VISITOR);
    await mailPasswordLink(next, { name: 'ada', address: VISITOR.address });
    expect((await readOutbox(next, operatorPermit(), page))[0]?.text).toContain('/password_reset/');
  });
});

async function lastLine(ctx: TestContext): Promise<string> {
  return (await readFile(ctx.keys.path, 'utf8')).trim().split('\n').at(-1) ?? '';
}

test('a key file is created for the server’s user alone, and wider modes are reported', async () => {
  const ctx = await contextWith();
  const path = join(ctx.settings.data, KEY_FILE_NAME);
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  expect(exposedFiles(ctx.settings, {})).toEqual([]);
  await chmod(path, 0o644);
  expect(exposedFiles(ctx.settings, {})).toEqual([path]);
});

test('with PostgreSQL a rotation is refused until every node can have the key', async () => {
  const ctx = await contextWith({}, 'postgres');
  await expect(rotateKey(ctx, operatorPermit(), { onlyNode: false, lost: false })).rejects.toThrow('--only-node');
});

test('a sealed text that was changed by a single letter opens nowhere, in no column but its own', async () => {
  const ctx = await contextWith();
  const keys = new KeyFile(ctx.keys.path);
  for (const column of SEALED_COLUMNS) {
    const sealed = keys.seal(column, 7, 'text');
    expect(keys.open(column, 7, sealed).reveal()).toBe('text');
    const other = SEALED_COLUMNS.find((each) => each !== column) ?? column;
    const last = sealed.at(-2) === 'A' ? 'B' : 'A';
    const changed = `${sealed.slice(0, -2)}${last}${sealed.at(-1)}`;
    for (const attempt of [
      () => keys.open(other, 7, sealed),
      () => keys.open(column, 8, sealed),
      () => keys.open(column, 7, changed),
    ])
      expect(attempt).toThrow('can’t be opened');
  }
});
