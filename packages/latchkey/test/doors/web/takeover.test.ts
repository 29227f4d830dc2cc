/**
 * Taking over an account, step by step, by an attacker with a token, a session or a mailbox; and how its owner gets it
 * back.
 */
import { expect, test } from 'vitest';
import { ALARM_SEC } from '../../../src/actions/accounts/alarms.ts';
import { addEmail, removeEmail, removeEmails } from '../../../src/actions/accounts/emails.ts';
import { lockUser, unlockUser } from '../../../src/actions/accounts/locks.ts';
import { mailPasswordLink } from '../../../src/actions/accounts/new-password.ts';
import { welcomeUser } from '../../../src/actions/accounts/welcome.ts';
import { authorize, operatorPermit, type Permit, type Verdict } from '../../../src/actions/decision/authorize.ts';
import { readOutbox } from '../../../src/actions/instance/outbox.ts';
import { createToken } from '../../../src/actions/tokens/tokens.ts';
import type { MaybePromise } from '../../../src/base/maybe-promise.ts';
import type { Secret } from '../../../src/base/secret.ts';
import { emailsOf, verifyEmail } from '../../../src/store/emails.ts';
import { ENGINES } from '../../engines/engines.ts';
import { PASSWORD, type Visitor, type WebWorld, webWorld, withTwoFactor } from './visitor.ts';

const NEXT = 'a passphrase of nobody else';

async function signedIn(world: WebWorld, login: string, password = PASSWORD): Promise<Visitor> {
  const visitor = world.visitor();
  await visitor.signIn(login, password);
  return visitor;
}

/** A token that may change addresses. */
async function narrowToken(world: WebWorld, login: string): Promise<Secret> {
  const { secret } = await createToken(world.ctx, operatorPermit(), {
    userLogin: login,
    kind: 'classic',
    name: 'mail',
    description: '',
    scopes: ['user'],
    grants: [],
  });
  return secret;
}

/** A door's decision about the token: a permit to change addresses, or why not. */
function asks(world: WebWorld, secret: Secret): MaybePromise<Verdict> {
  return authorize(world.ctx, {
    need: { sets: [{ emails: 'write' }], publicRead: false, writes: true },
    target: { kind: 'account', login: null },
    credential: { form: 'bearer', secret },
    address: '203.0.113.9',
    userAgent: null,
    purpose: 'test',
  });
}

async function permitOf(world: WebWorld, secret: Secret): Promise<Permit> {
  const verdict = await asks(world, secret);
  if (!verdict.allowed) throw new Error(verdict.explanation.reason);
  return verdict.permit;
}

/** The mails of one kind, newest first: each with its recipient and the path of its link. */
async function mails(world: WebWorld, template: string): Promise<{ to: string; path: string }[]> {
  const sent = await readOutbox(world.ctx, operatorPermit(), { beforeId: null, limit: 200 });
  const rows = sent.filter((mail) => mail.template === template);
  return rows.map(({ address, text }) => ({ to: address, path: /http:\/\/localhost:7070(\/\S+)/.exec(text)![1]! }));
}

async function newest(world: WebWorld, template: string): Promise<{ to: string; path: string }> {
  return (await mails(world, template))[0]!;
}

test('a token that may write addresses gets no further than an address that is good for nothing', async () => {
  const world = await webWorld();
  const ada = await world.addPerson('ada');
  const permit = await permitOf(world, await narrowToken(world, 'ada'));
  await addEmail(world.ctx, permit, 'eve@example.org');
  const thief = world.visitor('203.0.113.9');
  const { path: verify } = await newest(world, 'email_verification');
  expect((await thief.get(verify)).location, 'without a session').toMatch(/^\/login\?/);
  const { db } = world.ctx.store;
  for (const name of ['eve@example.org', 'ada@example.org', 'ada'])
    await mailPasswordLink(world.ctx, { name, address: 'x' });
  expect((await mails(world, 'password_reset')).map(({ to }) => to)).toEqual(Array(3).fill('ada@example.org'));
  expect((await emailsOf(db, ada.id)).map(({ primary, verifiedAt }) => [primary, verifiedAt !== null])).toEqual([
    [true, true],
    [false, false],
  ]);
  await world.addPerson('eve2');
  const other = await signedIn(world, 'eve2');
  expect((await other.send(verify, 'verify')).text, 'in the thief’s own session').toContain('for another account');
});

test('nobody learns who has an account by claiming addresses, on a page, by token or at the sign-up', async () => {
  const world = await webWorld({ signUp: 'open' });
  await world.addPerson('ada');
  await world.addPerson('eve');
  const eve = await signedIn(world, 'eve');
  const permit = await permitOf(world, await narrowToken(world, 'eve'));
  const told = async (email: string): Promise<unknown[]> => {
    const before = (await mails(world, 'email_verification')).length;
    const page = await eve.send('/settings/emails', 'add', { email });
    const listed = (await eve.get('/settings/emails')).text.includes(email);
    await removeEmails(world.ctx, permit, [email]);
    const token = await addEmail(world.ctx, permit, email).catch((error: Error) => error.message);
    await removeEmails(world.ctx, permit, [email]);
    const login = email.split('@')[0]!;
    const seen = await world.visitor().send('/signup', 'sign-up', { login: `new-${login}`, email, password: NEXT });
    const sent = await mails(world, 'email_verification');
    const receivers = sent.slice(0, sent.length - before).map(({ to }) => to === email);
    return [page.status, page.location, listed, token, seen.status, seen.location, receivers];
  };
  const ofNobody = await told('xyz@example.org');
  expect(ofNobody).toEqual([303, '/settings/emails', true, undefined, 303, '/settings/emails', [true, true, true]]);
  expect(await told('ada@example.org')).toEqual(ofNobody);
});

test('an address belongs to who reads its mails, and a claim takes nothing from them', async () => {
  const world = await webWorld();
  await world.addPerson('ada', { verified: false });
  await world.addPerson('eve');
  const ada = await signedIn(world, 'ada');
  const eve = await signedIn(world, 'eve');
  await eve.send('/settings/emails', 'add', { email: 'ada@example.org' });
  const { path } = await newest(world, 'email_verification');
  expect((await ada.send(path, 'verify')).text, 'a link of eve’s').toContain('This link is for another account');
  expect((await signedIn(world, 'ada@example.org')).cookies.size, 'ada signs in by her address').toBeGreaterThan(1);
  const owned = (await emailsOf(world.ctx.store.db, 1))[0]!;
  await world.ctx.store.transaction((tx) => verifyEmail(tx, owned.id, world.ctx.clock.now()));
  expect((await eve.send(path, 'verify')).text).toContain('Another account has verified this address');
  expect((await emailsOf(world.ctx.store.db, 2)).map(({ verifiedAt }) => verifiedAt === null)).toEqual([false, true]);
});

test('somebody whom a token made signs in by the mailed link alone, and only then is their address good', async () => {
  const world = await webWorld();
  await welcomeUser(world.ctx, operatorPermit(), { login: 'dora', email: 'dora@example.org' });
  const { to, path } = await newest(world, 'welcome');
  expect(to).toBe('dora@example.org');
  await mailPasswordLink(world.ctx, { name: 'dora', address: '203.0.113.9' });
  expect(await mails(world, 'password_reset'), 'the address is nobody’s yet').toEqual([]);
  expect((await world.visitor().send(path, 'reset', { new_password: NEXT })).location).toContain('password-changed');
  const { db } = world.ctx.store;
  const { id } = await db.selectFrom('accounts').select('id').where('login', '=', 'dora').executeTakeFirstOrThrow();
  expect(await emailsOf(db, id)).toMatchObject([{ primary: true, verifiedAt: world.ctx.clock.now() }]);
  expect((await world.visitor().get(path)).status, 'once').toBe(404);
  const dora = await signedIn(world, 'dora', NEXT);
  expect((await dora.get('/settings/profile')).status).toBe(200);
});

test('even a verified second address gets no link for a new password', async () => {
  const world = await webWorld();
  const ada = await world.addPerson('ada');
  const owner = await signedIn(world, 'ada');
  await owner.send('/settings/emails', 'add', { email: 'ada@example.com' });
  const { path } = await newest(world, 'email_verification');
  expect((await owner.send(path, 'verify')).location).toBe('/settings/emails');
  expect((await emailsOf(world.ctx.store.db, ada.id)).every(({ verifiedAt }) => verifiedAt !== null)).toBe(true);
  await mailPasswordLink(world.ctx, { name: 'ada@example.com', address: 'x' });
  expect((await mails(world, 'password_reset')).map(({ to }) => to)).toEqual(['ada@example.org']);
});

test('every change to how somebody signs in is mailed to every previous address', async () => {
  const world = await webWorld();
  const ada = await world.addPerson('ada');
  const owner = await signedIn(world, 'ada');
  await owner.send('/settings/emails', 'add', { email: 'ada@example.com' });
  const { path } = await newest(world, 'email_verification');
  await owner.send(path, 'verify');
  const [, second] = await emailsOf(world.ctx.store.db, ada.id);
  await owner.send('/settings/emails', 'primary', { id: String(second!.id) });
  await removeEmail(world.ctx, await permitOf(world, await narrowToken(world, 'ada')), 1);
  expect(
    (await mails(world, 'emails_changed')).map(({ to }) => to).reverse(),
    'added, verified, made primary, removed',
  ).toEqual([
    'ada@example.org',
    'ada@example.org',
    'ada@example.org',
    'ada@example.com',
    'ada@example.com',
    'ada@example.org',
  ]);
  await withTwoFactor(world, owner);
  await owner.sendSurely('/settings/security/recovery-codes', 'renew');
  const change = { old_password: PASSWORD, new_password: NEXT, new_password_again: NEXT };
  await owner.send('/settings/security/password', 'password', change);
  for (const template of ['two_factor_changed', 'recovery_codes_changed', 'password_changed']) {
    const [mail] = await mails(world, template);
    expect(mail, template).toMatchObject({
      to: 'ada@example.com',
      path: expect.stringMatching(/^\/not-me\//) as string,
    });
  }
});

test.each(ENGINES)(
  '"This wasn’t me" ends sessions, freezes tokens, and leads through recovery [%s]',
  async (engine) => {
    const world = await webWorld({}, engine);
    await world.addPerson('ada');
    const thief = await signedIn(world, 'ada');
    const token = await narrowToken(world, 'ada');
    await thief.send('/settings/emails', 'add', { email: 'eve@example.org' });
    const { path: alarm } = await newest(world, 'emails_changed');
    const owner = world.visitor('198.51.100.7');
    const looked = await owner.get(alarm);
    expect(looked.text).toContain('Lock your account?');
    expect((await thief.get('/settings/profile')).status, 'looking at the link locks nothing').toBe(200);
    expect((await owner.send(alarm, 'lock')).location).toBe('/locked');
    expect((await owner.get(alarm)).status, 'once').toBe(404);
    expect((await thief.get('/settings/profile')).location).toContain('session-ended');
    const verdict = await asks(world, token);
    expect(verdict.allowed ? null : [verdict.explanation.reason, verdict.explanation.sentence]).toEqual([
      'account_locked',
      'The account ada is locked, because somebody else may have been in it. Its tokens are frozen until its ' +
        'owner has reviewed them.',
    ]);
    expect((await world.visitor().signIn('ada')).text).toContain('This account is locked');
    expect((await world.visitor().signIn('ada', 'wrong')).text, 'a stranger hears nothing').not.toContain('locked');

    const [recovery] = await mails(world, 'account_locked');
    expect(recovery!.to).toBe('ada@example.org');
    expect((await owner.send(recovery!.path, 'reset', { new_password: NEXT })).location).toContain('password-changed');
    expect((await owner.signIn('ada', NEXT)).location).toBe('/');
    const home = await owner.get('/settings/profile');
    expect(home.text).toContain('Your account is locked: your tokens are frozen.');
    expect((await asks(world, token)).allowed, 'before the look').toBe(false);
    const unlock = await owner.get('/settings/unlock');
    expect(unlock.text).toContain('>mail<');
    expect((await owner.send('/settings/unlock', 'unlock')).location).toBe('/settings/security');
    expect((await asks(world, token)).allowed).toBe(true);
    expect((await owner.get('/settings/profile')).text).not.toContain('Your account is locked');
  },
);

test('a thief who put an address of theirs in front gets no link from the lock', async () => {
  const world = await webWorld();
  const ada = await world.addPerson('ada');
  await world.addPerson('root', { admin: true });
  const thief = await signedIn(world, 'ada');
  await thief.send('/settings/emails', 'add', { email: 'eve@example.org' });
  const { path: verify } = await newest(world, 'email_verification');
  await thief.send(verify, 'verify');
  const [, mine] = await emailsOf(world.ctx.store.db, ada.id);
  await thief.send('/settings/emails', 'primary', { id: String(mine!.id) });
  const told = (await mails(world, 'emails_changed')).filter(({ to }) => to === 'ada@example.org');
  const owner = world.visitor('198.51.100.7');
  expect((await owner.send(told[0]!.path, 'lock')).location).toBe('/locked?ask=administrator');
  expect((await owner.get('/locked?ask=administrator')).text).toContain('Ask an administrator');
  expect(await mails(world, 'account_locked')).toEqual([]);
  await mailPasswordLink(world.ctx, { name: 'ada', address: 'x' });
  await mailPasswordLink(world.ctx, { name: 'eve@example.org', address: 'x' });
  expect(await mails(world, 'password_reset'), 'nor by asking for one').toEqual([]);
  expect((await mails(world, 'account_locked_notice')).map(({ to }) => to)).toEqual(['root@example.org']);
  const admin = await signedIn(world, 'root');
  await admin.send('/instance/people', 'password-link', { login: 'ada' });
  const link = /value="http:\/\/localhost:7070(\/password_reset\/[\w-]{43})"/.exec(
    (await admin.get('/instance/people')).text,
  )![1]!;
  await owner.send(link, 'reset', { new_password: NEXT });
  expect((await owner.signIn('ada', NEXT)).location).toBe('/');
});

test('the link of a mail locks for two weeks, and gives nobody anything', async () => {
  const world = await webWorld();
  await world.addPerson('ada');
  const owner = await signedIn(world, 'ada');
  await owner.send('/settings/emails', 'add', { email: 'ada@example.com' });
  const { path } = await newest(world, 'emails_changed');
  world.ctx.clock.advance(ALARM_SEC - 1);
  const stranger = world.visitor('203.0.113.9');
  const seen = await stranger.get(path);
  expect([seen.status, stranger.cookies.has('latchkey_session')]).toEqual([200, false]);
  world.ctx.clock.advance(1);
  expect((await stranger.get(path)).status).toBe(404);
});

test('a lock asks for the second factor again: neither it nor the new password skips it', async () => {
  const world = await webWorld();
  await world.addPerson('ada');
  const owner = await signedIn(world, 'ada');
  const code = await withTwoFactor(world, owner);
  const { path } = await newest(world, 'two_factor_changed');
  await owner.send(path, 'lock');
  const [recovery] = await mails(world, 'account_locked');
  await owner.send(recovery!.path, 'reset', { new_password: NEXT });
  world.ctx.clock.advance(60);
  expect((await owner.signIn('ada', NEXT)).location).toBe('/login/two-factor');
  expect((await owner.send('/login/two-factor', 'code', { otp: code() })).location).toBe('/');
});

test('an administrator locks, unlocks, and ends sessions; a suspended person keeps none', async () => {
  const world = await webWorld();
  const ada = await world.addPerson('ada');
  await world.addPerson('root', { admin: true });
  const admin = await signedIn(world, 'root');
  const sessions = async (): Promise<number> =>
    (await world.ctx.store.db.selectFrom('sessions').select('id').where('user_id', '=', ada.id).execute()).length;
  const token = await narrowToken(world, 'ada');
  const visitor = await signedIn(world, 'ada');
  await admin.sendSurely('/instance/people', 'end-sessions', { login: 'ada' });
  expect([await sessions(), (await visitor.get('/settings/profile')).status]).toEqual([0, 303]);
  await visitor.signIn('ada');
  await admin.sendSurely('/instance/people', 'lock', { login: 'ada' });
  expect([await sessions(), (await asks(world, token)).allowed]).toEqual([0, false]);
  expect((await admin.get('/instance/people')).text).toContain('>locked<');
  await admin.send('/instance/people', 'unlock', { login: 'ada' });
  expect((await asks(world, token)).allowed).toBe(true);
  expect((await visitor.signIn('ada')).status).toBe(303);
  await admin.sendSurely('/instance/people', 'suspend', { login: 'ada' });
  expect(await sessions()).toBe(0);
  await expect(lockUser(world.ctx, operatorPermit(), 'nobody')).rejects.toThrow('There is no user nobody.');
  await expect(unlockUser(world.ctx, operatorPermit(), 'ada')).rejects.toThrow('The account is not locked.');
});

test('one limit of mails holds for every way of asking: page, token, sign-up, invitation', async () => {
  const world = await webWorld({ signUp: 'open' });
  await world.addPerson('ada', { admin: true });
  const owner = await signedIn(world, 'ada');
  const permit = await permitOf(world, await narrowToken(world, 'ada'));
  const victim = 'victim@example.net';
  const byToken = async (): Promise<void> => {
    await addEmail(world.ctx, permit, victim);
    const added = (await emailsOf(world.ctx.store.db, permit.actor.userId!)).find(({ address }) => address === victim);
    await removeEmail(world.ctx, permit, added!.id);
  };
  for (let i = 0; i < 5; i++) await byToken();
  await expect(byToken()).rejects.toThrow('Too many such mails were asked for.');
  const refused = 'Too many such mails were asked for.';
  expect((await owner.send('/settings/emails', 'add', { email: victim })).text).toContain(refused);
  expect((await owner.send('/instance/invitations', 'invite', { email: victim })).text).toContain(refused);
  const stranger = world.visitor('203.0.113.9');
  const form = { login: 'bob', email: victim, password: PASSWORD };
  expect((await stranger.send('/signup', 'sign-up', form)).text).toContain(refused);
  expect((await stranger.send('/password_reset', 'ask', { login: victim })).text).toContain(refused);
  expect((await mails(world, 'email_verification')).filter(({ to }) => to === victim)).toHaveLength(5);
});

test('one person has at most twenty such mails an hour sent, to whatever addresses', async () => {
  const world = await webWorld();
  await world.addPerson('ada');
  const permit = await permitOf(world, await narrowToken(world, 'ada'));
  for (let i = 0; i < 20; i++) {
    await addEmail(world.ctx, permit, `v${i}@example.net`);
    const added = (await emailsOf(world.ctx.store.db, permit.actor.userId!)).find(({ primary }) => !primary);
    await removeEmail(world.ctx, permit, added!.id);
  }
  await expect(addEmail(world.ctx, permit, 'v21@example.net')).rejects.toThrow('Too many such mails were asked for.');
});
