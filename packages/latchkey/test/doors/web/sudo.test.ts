/**
 * Attacks on sudo mode by somebody who stole a cookie, or only knows the password. Each test tells one attack.
 */
import { expect, test } from 'vitest';
import { SUDO_SEC } from '../../../src/actions/accounts/sessions.ts';
import { FRESH_SEC } from '../../../src/actions/accounts/sudo.ts';
import { PAGES } from '../../../src/doors/web/pages.ts';
import { emailsOf } from '../../../src/store/emails.ts';
import { ENGINES } from '../../engines/engines.ts';
import { formIn, PASSWORD, TWO_FACTOR, type Visitor, type WebWorld, webWorld, withTwoFactor } from './visitor.ts';

const PROTECTED = new Set(['sudo', 'fresh', 'administrator']);
const ASKS = 'Confirm that it is you';

/** Somebody with a copy of the cookies, and nothing else. */
function thiefOf(world: WebWorld, owner: Visitor): Visitor {
  const thief = world.visitor('203.0.113.9');
  for (const [name, value] of owner.cookies) thief.cookies.set(name, value);
  return thief;
}

test('a forged form opens no protected page, however the form is forged', async () => {
  const world = await webWorld();
  await world.addPerson('ada', { admin: true });
  const owner = world.visitor();
  await owner.signIn('ada');
  world.ctx.clock.advance(SUDO_SEC + 1);
  const thief = thiefOf(world, owner);
  const open: string[] = [];
  for (const { path, access, forms = {} } of PAGES.filter((each) => PROTECTED.has(each.access)))
    for (const form of Object.keys(forms))
      for (const token of ['', 'x'.repeat(64)]) {
        const url = path.replaceAll(/:\w+/g, '1');
        const seen = await thief.post(url, new URLSearchParams({ form, token, nonce: 'n' }));
        if (!seen.text.includes(ASKS)) open.push(`${access} ${path} ${form}: ${seen.status}`);
      }
  expect(open).toEqual([]);
});

test('a form token with as many characters as ours, but more bytes, is a forged one and no fault', async () => {
  const world = await webWorld();
  await world.addPerson('ada');
  const visitor = world.visitor();
  const { values } = formIn((await visitor.get('/login')).text, 'sign-in');
  values.set('token', 'é'.repeat(values.get('token')?.length ?? 0));
  values.set('login', 'ada');
  values.set('password', PASSWORD);
  const seen = await visitor.post('/login', values);
  expect([seen.status, seen.text.includes('This page was open too long')]).toEqual([422, true]);
});

test('a form that lost its token is shown again after the confirmation, and submits nothing by itself', async () => {
  const world = await webWorld();
  const ada = await world.addPerson('ada');
  const visitor = world.visitor();
  await visitor.signIn('ada');
  world.ctx.clock.advance(SUDO_SEC + 1);
  const forged = new URLSearchParams({ form: 'add', token: 'x', nonce: 'n', email: 'eve@example.org' });
  const asked = await visitor.post('/settings/emails', forged);
  expect(asked.text).toContain(ASKS);
  const again = formIn(asked.text, 'add').values;
  again.set('sudo_password', PASSWORD);
  const seen = await visitor.post('/settings/emails', again);
  expect([seen.status, seen.text.includes('This page was open too long')]).toEqual([422, true]);
  expect(await emailsOf(world.ctx.store.db, ada.id)).toHaveLength(1);
});

test('five minutes after the sign-in a cookie alone changes neither factor, address nor password', async () => {
  const world = await webWorld();
  const ada = await world.addPerson('ada');
  const owner = world.visitor();
  await owner.signIn('ada');
  await owner.send('/settings/emails', 'add', { email: 'ada@example.com' });
  const [, second] = await emailsOf(world.ctx.store.db, ada.id);
  await world.ctx.store.db.updateTable('emails').set({ verified_at: 1 }).execute();
  await withTwoFactor(world, owner);
  world.ctx.clock.advance(FRESH_SEC + 1);
  const thief = thiefOf(world, owner);
  const { values } = formIn((await thief.get('/settings/emails')).text, 'add');
  const before = await stateOf(world, ada.id);
  for (const [path, form, typed] of [
    ['/settings/emails', 'add', { email: 'eve@example.org' }],
    ['/settings/emails', 'primary', { id: String(second!.id) }],
    ['/settings/emails', 'remove', { id: String(second!.id) }],
    [TWO_FACTOR, 'disable', {}],
    [TWO_FACTOR, 'confirm', { otp: '000000' }],
    ['/settings/security/recovery-codes', 'renew', {}],
    [
      '/settings/security/password',
      'password',
      { old_password: PASSWORD, new_password: 'another one of mine', new_password_again: 'another one of mine' },
    ],
  ] as const) {
    const sent = new URLSearchParams(values);
    sent.set('form', form);
    for (const [name, value] of Object.entries(typed)) sent.set(name, value);
    expect((await thief.post(path, sent)).text, `${path} ${form}`).toContain(ASKS);
  }
  for (const path of [TWO_FACTOR, '/settings/security/recovery-codes', '/settings/security/password'])
    expect((await thief.get(path)).location, path).toMatch(/^\/sudo\?/);
  expect(await stateOf(world, ada.id)).toEqual(before);
});

async function stateOf(world: WebWorld, userId: number): Promise<unknown> {
  const { db } = world.ctx.store;
  return {
    emails: await emailsOf(db, userId),
    account: await db.selectFrom('accounts').selectAll().where('id', '=', userId).execute(),
    codes: await db.selectFrom('recovery_codes').selectAll().execute(),
  };
}

test('with a second factor on, the password alone opens nothing: the code is required, and accepted once', async () => {
  const world = await webWorld();
  await world.addPerson('ada');
  const owner = world.visitor();
  await owner.signIn('ada');
  const code = await withTwoFactor(world, owner);
  world.ctx.clock.advance(FRESH_SEC + 1);
  const thief = thiefOf(world, owner);
  const prompt = await thief.get('/sudo?return_to=%2Fsettings%2Fsecurity%2Ftwo-factor');
  expect(prompt.text).toContain('name="sudo_code"');
  expect(prompt.text).not.toContain('name="sudo_password"');
  const byPassword = await thief.send('/sudo', 'confirm', { sudo_password: PASSWORD });
  expect(byPassword.status).toBe(422);
  expect((await thief.get(TWO_FACTOR)).location).toMatch(/^\/sudo\?/);
  const used = code();
  expect((await owner.send('/sudo?return_to=%2Fsettings%2Fprofile', 'confirm', { sudo_code: used })).location).toBe(
    '/settings/profile',
  );
  expect((await owner.get(TWO_FACTOR)).status).toBe(200);
  world.ctx.clock.advance(FRESH_SEC + 1);
  expect((await owner.send('/sudo', 'confirm', { sudo_code: used })).status, 'a code of before').toBe(422);
});

test.each(ENGINES)(
  'a cookie that was stolen before ends when its owner confirms that it is them [%s]',
  async (engine) => {
    const world = await webWorld({}, engine);
    await world.addPerson('ada');
    const owner = world.visitor();
    await owner.signIn('ada');
    const thief = thiefOf(world, owner);
    expect((await thief.get('/settings/profile')).status).toBe(200);
    expect((await owner.send('/sudo', 'confirm', { sudo_password: PASSWORD })).status).toBe(303);
    expect(owner.cookies.get('latchkey_session')).not.toBe(thief.cookies.get('latchkey_session'));
    expect((await owner.get('/settings/profile')).status).toBe(200);
    expect((await thief.get('/settings/profile')).location).toContain('session-ended');
  },
);

test('a form that another tab holds is still good after a confirmation', async () => {
  const world = await webWorld();
  await world.addPerson('ada');
  const visitor = world.visitor();
  await visitor.signIn('ada');
  const { values } = formIn((await visitor.get('/settings/profile')).text, 'profile');
  await visitor.send('/sudo', 'confirm', { sudo_password: PASSWORD });
  values.set('name', 'Ada L.');
  expect((await visitor.post('/settings/profile', values)).status).toBe(303);
});

test('confirming is guessed no better than signing in', async () => {
  const world = await webWorld();
  await world.addPerson('ada');
  const owner = world.visitor();
  await owner.signIn('ada');
  const thief = thiefOf(world, owner);
  for (let i = 0; i < 10; i++)
    expect((await thief.send('/sudo', 'confirm', { sudo_password: `guess ${i}` })).text).toContain(
      'That is not your password.',
    );
  expect((await thief.send('/sudo', 'confirm', { sudo_password: PASSWORD })).text).toContain(
    'too many failed attempts',
  );
});
