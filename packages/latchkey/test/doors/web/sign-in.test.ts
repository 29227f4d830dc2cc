/**
 * Attacks on signing in: guessing, finding out who exists, keeping a stolen session, using a code twice.
 */
import { expect, test } from 'vitest';
import { addUser, suspendUser } from '../../../src/actions/accounts/accounts.ts';
import { IDLE_SESSION_SEC, MAX_SESSION_SEC } from '../../../src/actions/accounts/sessions.ts';
import { authorize, operatorPermit } from '../../../src/actions/decision/authorize.ts';
import { deliverMail } from '../../../src/actions/ground/mail.ts';
import { readOutbox } from '../../../src/actions/instance/outbox.ts';
import { Secret } from '../../../src/base/secret.ts';
import { HOUR_SEC } from '../../../src/base/time.ts';
import { MAX_PASSWORD_LENGTH } from '../../../src/rules/password.ts';
import { ENGINES } from '../../engines/engines.ts';
import { formIn, PASSWORD, type Visitor, webWorld, withTwoFactor } from './visitor.ts';

const WRONG = 'The name or the password is wrong.';
const TOO_MANY = 'There were too many failed attempts.';

test('the answer is the same whether the account exists or not', async () => {
  const world = await webWorld();
  await world.addPerson('ada');
  await addUser(world.ctx, operatorPermit(), {
    login: 'robot',
    email: 'robot@example.org',
    verified: true,
    admin: false,
    password: null,
  });
  for (const [login, password] of [
    ['ada', 'wrong password'],
    ['nobody', 'wrong password'],
    ['robot', 'wrong password'],
    ['nobody@example.org', 'x'],
    ['ada', 'x'.repeat(MAX_PASSWORD_LENGTH + 1)],
  ] as const) {
    const seen = await world.visitor().signIn(login, password);
    expect([seen.status, seen.text.includes(WRONG)], login).toEqual([422, true]);
  }
});

test.each([
  ['', PASSWORD, 'Enter your username or e-mail address.'],
  ['ada', '', 'Enter your password.'],
])('a sign-in with %j and %j says what is missing', async (login, password, words) => {
  const seen = await (await webWorld()).visitor().signIn(login, password);
  expect([seen.status, seen.text.includes(words)]).toEqual([422, true]);
});

test('a suspended person can neither sign in nor go on', async () => {
  const world = await webWorld();
  await world.addPerson('ada');
  const visitor = world.visitor();
  await visitor.signIn('ada');
  await suspendUser(world.ctx, operatorPermit(), 'ada');
  expect((await visitor.get('/settings/profile')).location).toContain('/login?');
  expect((await world.visitor().signIn('ada')).text).toContain('This account is suspended.');
});

test('an administrator and a provider close an account apart: each flag stays until its own is lifted', async () => {
  const world = await webWorld();
  await world.addPerson('ada');
  const root = world.visitor();
  await world.addPerson('root', { admin: true });
  await root.signIn('root');
  const visitor = world.visitor();
  await visitor.signIn('ada');
  await suspendUser(world.ctx, operatorPermit(), 'ada');
  await world.ctx.store.db
    .updateTable('accounts')
    .set({ disabled_by_provider_at: 1 })
    .where('login', '=', 'ada')
    .execute();
  expect((await world.visitor().signIn('ada')).text).toContain('This account is suspended.');
  const people = await root.get('/instance/people');
  expect(people.text).toContain('>suspended<');
  expect(people.text).toContain('>disabled by provider<');
  await root.send('/instance/people', 'restore', { login: 'ada' });
  expect((await world.visitor().signIn('ada')).text).toContain('disabled by its identity provider');
  expect((await visitor.get('/settings/profile')).location).toContain('/login?');
  await root.send('/instance/people', 'lift-provider-flag', { login: 'ada' });
  expect((await world.visitor().signIn('ada')).status).toBe(303);
});

async function guess(visitor: Visitor, login: string, times: number): Promise<string> {
  let text = '';
  for (let i = 0; i < times; i++) ({ text } = await visitor.signIn(login, `guess number ${i}`));
  return text;
}

test.each(ENGINES)('guessing is stopped where it comes from, and nowhere else [%s]', async (engine) => {
  const world = await webWorld({}, engine);
  await world.addPerson('ada');
  await world.addPerson('bob');
  const attacker = world.visitor('203.0.113.9');
  expect(await guess(attacker, 'ada', 10)).toContain(WRONG);
  expect((await attacker.signIn('ada')).text, 'the right password, too').toContain(TOO_MANY);
  expect((await attacker.signIn('ADA')).text, 'in any spelling').toContain(TOO_MANY);
  // An address is counted by itself: it must not tell whose it is.
  expect(await guess(attacker, 'ada@example.org', 10)).toContain(WRONG);
  expect((await attacker.signIn('ada@example.org')).text, 'by an address').toContain(TOO_MANY);
  expect((await world.visitor('203.0.113.9').signIn('bob')).status, 'another account').toBe(303);
  expect((await world.visitor('198.51.100.7').signIn('ada')).status, 'from elsewhere').toBe(303);
  world.ctx.clock.advance(HOUR_SEC);
  expect((await attacker.signIn('ada')).status, 'later').toBe(303);
});

test('guesses from many places hold up strangers, not the browser that the person has used', async () => {
  const world = await webWorld();
  await world.addPerson('ada');
  const own = world.visitor('198.51.100.7');
  await own.signIn('ada');
  await own.send('/logout', 'sign-out');
  for (let i = 0; i < 5; i++) await guess(world.visitor(`203.0.113.${i}`), 'ada', 10);
  expect((await world.visitor('203.0.113.77').signIn('ada')).text).toContain(TOO_MANY);
  expect((await own.signIn('ada')).status).toBe(303);
});

test('signing in begins a new session, and signing out ends it for good', async () => {
  const world = await webWorld();
  await world.addPerson('ada');
  const visitor = world.visitor();
  visitor.cookies.set('latchkey_session', 'A'.repeat(43));
  await visitor.signIn('ada');
  const stolen = visitor.cookies.get('latchkey_session')!;
  expect(stolen).not.toBe('A'.repeat(43));
  await visitor.send('/logout', 'sign-out');
  expect(visitor.cookies.has('latchkey_session')).toBe(false);
  visitor.cookies.set('latchkey_session', stolen);
  expect((await visitor.get('/settings/profile')).location).toContain('session-ended');
});

test('the database holds no secret of a session, a browser, a link or a form', async () => {
  const world = await webWorld();
  await world.addPerson('ada', { verified: false });
  const visitor = world.visitor();
  await visitor.signIn('ada');
  await visitor.send('/settings/emails', 'resend', { id: '1' });
  const { db } = world.ctx.store;
  const rows = await Promise.all(
    (['sessions', 'devices', 'one_time_links', 'form_submissions', 'jobs'] as const).map((table) =>
      db.selectFrom(table).selectAll().execute(),
    ),
  );
  const dump = JSON.stringify(rows);
  expect(rows.slice(0, 4).every((table) => table.length > 0)).toBe(true);
  for (const secret of visitor.cookies.values()) expect(dump).not.toContain(secret);
  const [mail] = await readOutbox(world.ctx, operatorPermit(), { beforeId: null, limit: 1 });
  expect(dump).not.toContain(/\/verify\/([\w-]{43})/.exec(mail!.text)![1]);
});

test('an unused session ends, and in the end so does one in use', async () => {
  const world = await webWorld();
  await world.addPerson('ada');
  const visitor = world.visitor();
  await visitor.signIn('ada');
  const end = world.ctx.clock.now() + MAX_SESSION_SEC;
  while (world.ctx.clock.now() < end - IDLE_SESSION_SEC) {
    world.ctx.clock.advance(IDLE_SESSION_SEC - 1);
    expect((await visitor.get('/settings/profile')).status).toBe(200);
  }
  world.ctx.clock.advance(IDLE_SESSION_SEC);
  expect((await visitor.get('/settings/profile')).status).toBe(303);
});

test.each(ENGINES)(
  'a code opens once: not again, not by two at the same time, and no older one after it [%s]',
  async (engine) => {
    const world = await webWorld({}, engine);
    await world.addPerson('ada');
    const owner = world.visitor();
    await owner.signIn('ada');
    const code = await withTwoFactor(world, owner);
    const [one, two, late] = [world.visitor(), world.visitor(), world.visitor()];
    for (const visitor of [one, two, late]) expect((await visitor.signIn('ada')).location).toBe('/login/two-factor');
    expect((await one.send('/login/two-factor', 'code', { otp: code() })).status, 'the code of the set-up').toBe(422);
    world.ctx.clock.advance(30);
    const older = code();
    world.ctx.clock.advance(30);
    const newer = code();
    const both = await Promise.all(
      [one, two].map((visitor) => visitor.send('/login/two-factor', 'code', { otp: newer })),
    );
    expect(both.map(({ status }) => status).toSorted()).toEqual([303, 422]);
    expect((await late.send('/login/two-factor', 'code', { otp: older })).status, 'an older code').toBe(422);
  },
);

test('a session that owes its code opens nothing, and not for long', async () => {
  const world = await webWorld();
  await world.addPerson('ada');
  const owner = world.visitor();
  await owner.signIn('ada');
  const code = await withTwoFactor(world, owner);
  const half = world.visitor();
  await half.signIn('ada');
  expect((await half.get('/settings/profile')).status).toBe(303);
  const { values } = formIn((await half.get('/login/two-factor')).text, 'code');
  world.ctx.clock.advance(601);
  values.set('otp', code());
  expect((await half.post('/login/two-factor', values)).location).toBe('/login');
});

test('codes are guessed no better than passwords', async () => {
  const world = await webWorld();
  await world.addPerson('ada');
  const owner = world.visitor('198.51.100.7');
  await owner.signIn('ada');
  await withTwoFactor(world, owner);
  const thief = world.visitor('203.0.113.9');
  await thief.signIn('ada');
  for (let i = 0; i < 10; i++)
    expect((await thief.send('/login/two-factor', 'code', { otp: '000000' })).text).toContain('That code is wrong');
  expect((await thief.send('/login/two-factor', 'code', { otp: '000000' })).text).toContain(TOO_MANY);
});

const ASK = {
  need: { sets: [], publicRead: false, writes: false },
  target: { kind: 'account', login: null },
  userAgent: 'git/2',
  purpose: 'test',
} as const;

test('Git is told that a second factor is on only for the right password, and only a few times', async () => {
  const world = await webWorld();
  await world.addPerson('ada');
  await world.addPerson('bob');
  const owner = world.visitor();
  await owner.signIn('ada');
  await withTwoFactor(world, owner);
  const reason = async (username: string, password: string, address = '192.0.2.44'): Promise<string> => {
    const verdict = await authorize(world.ctx, {
      ...ASK,
      credential: { form: 'basic', username, secret: new Secret(password) },
      address,
    });
    return verdict.allowed ? 'allowed' : verdict.explanation.reason;
  };
  expect(await reason('ada', PASSWORD)).toBe('password_with_two_factor');
  expect(await reason('ada@example.org', PASSWORD)).toBe('password_with_two_factor');
  expect(await reason('ada', 'wrong password')).toBe('password_not_accepted');
  expect(await reason('bob', PASSWORD), 'no second factor').toBe('password_not_accepted');
  expect(await reason('nobody', PASSWORD)).toBe('password_not_accepted');
  for (let i = 0; i < 10; i++) await reason('ada', `guess ${i}`, '203.0.113.9');
  expect(await reason('ada', PASSWORD, '203.0.113.9'), 'guessed too often').toBe('password_not_accepted');
  expect((await world.visitor('203.0.113.9').signIn('ada')).status, 'the sign-in page counts apart').toBe(303);
});

test('asking for a new password reveals nobody’s existence, and is limited', async () => {
  const world = await webWorld();
  await world.addPerson('ada', { verified: false });
  const visitor = world.visitor();
  for (const login of ['ada', 'nobody', 'nobody@example.org'])
    expect((await visitor.send('/password_reset', 'ask', { login })).location).toBe('/login?notice=mail-sent');
  await deliverMail(world.ctx);
  expect(
    await readOutbox(world.ctx, operatorPermit(), { beforeId: null, limit: 9 }),
    'not to an address that is not verified',
  ).toEqual([]);
  for (let i = 0; i < 4; i++) await visitor.send('/password_reset', 'ask', { login: 'ada' });
  expect((await visitor.send('/password_reset', 'ask', { login: 'ada' })).text).toContain(
    'Too many such mails were asked for.',
  );
});

test.each([
  ['login', { login: '' }, 'A name is needed.'],
  ['login', { login: 'x'.repeat(40) }, 'A name has at most 39 characters.'],
  ['login', { login: 'settings' }, 'The name settings is reserved.'],
  ['login', { login: 'ADA' }, 'The name ADA is taken.'],
  ['email', { email: 'no address' }, 'That is not an e-mail address.'],
  ['email', { email: `${'x'.repeat(250)}@example.org` }, 'An e-mail address has at most 254 characters.'],
  ['password', { password: '1234567' }, 'A password has at least 8 characters.'],
  ['password', { password: 'x'.repeat(257) }, 'A password has at most 256 characters.'],
  ['password', { password: 'Password' }, 'This password is among those that are tried first.'],
  ['password', { password: 'bob-2026!' }, 'Names are tried first: beside bob a password has at least 8 characters.'],
])('a sign-up with a bad %s says so at the field: %j', async (field, given, words) => {
  const world = await webWorld({ signUp: 'open' });
  await world.addPerson('ada');
  const seen = await world
    .visitor()
    .send('/signup', 'sign-up', { login: 'bob', email: 'bob@example.org', password: PASSWORD, ...given });
  expect(seen.status).toBe(422);
  expect(seen.text).toMatch(new RegExp(`id="sign-up-${field}-error">${words.replaceAll('.', '\\.')}`));
  expect((await world.visitor().signIn('bob')).status).toBe(422);
});

test('without an invitation nobody signs up where the setting asks for one, and each works once', async () => {
  const world = await webWorld();
  await world.addPerson('root', { admin: true });
  const admin = world.visitor();
  await admin.signIn('root');
  expect((await world.visitor().get('/signup')).text).toContain('Accounts here are by invitation.');
  expect((await world.visitor().get(`/signup/${'A'.repeat(43)}`)).status).toBe(404);
  await admin.send('/instance/invitations', 'invite', { email: '' });
  const link = /value="http:\/\/localhost:7070(\/signup\/[\w-]{43})"/.exec(
    (await admin.get('/instance/invitations')).text,
  )![1]!;
  expect((await admin.get('/instance/invitations')).text, 'shown once').not.toContain(link);
  const person = { email: 'x@example.org', password: PASSWORD };
  const answers = await Promise.all(
    ['bob', 'eve'].map(async (login) =>
      world.visitor().send(link, 'sign-up', { ...person, login, email: `${login}@example.org` }),
    ),
  );
  expect(answers.map(({ status }) => status).toSorted()).toEqual([303, 422]);
});

test('after an open sign-up no token is made until the mailed link is confirmed by hand, and then one is', async () => {
  const world = await webWorld({ signUp: 'open' });
  const visitor = world.visitor();
  expect(
    (await visitor.send('/signup', 'sign-up', { login: 'bob', email: 'bob@example.org', password: PASSWORD })).location,
  ).toBe('/settings/emails');
  const token = { name: 'laptop', expires_in: '30', scopes: 'repo' };
  const refused = await visitor.send('/settings/tokens/new', 'classic', token);
  expect([refused.status, /verif/i.test(refused.text)]).toEqual([422, true]);
  const [mail] = await readOutbox(world.ctx, operatorPermit(), { beforeId: null, limit: 1 });
  expect(mail).toMatchObject({ template: 'email_verification', address: 'bob@example.org' });
  const path = /\/verify\/[\w-]{43}/.exec(mail!.text)![0];
  const elsewhere = world.visitor();
  await elsewhere.get(path);
  await elsewhere.get(path);
  expect((await visitor.get('/settings/emails')).text, 'looking at the link verifies nothing').toContain('Unverified');
  expect((await elsewhere.get(path)).location, 'nor does anybody without the session').toMatch(/^\/login\?/);
  expect((await visitor.send(path, 'verify')).location).toBe('/settings/emails');
  expect((await visitor.get(path)).status).toBe(404);
  const made = await visitor.send('/settings/tokens/new', 'classic', token);
  expect([made.status, made.location]).toEqual([303, '/settings/tokens/1/created']);
  const shown = await visitor.get('/settings/tokens/1/created');
  expect(shown.text).toMatch(/lkc_[A-Za-z0-9]{36}/);
  expect((await visitor.get('/settings/tokens/1/created')).text).not.toMatch(/lkc_[A-Za-z0-9]{36}/);
});
