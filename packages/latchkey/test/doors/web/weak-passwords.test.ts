/** Mallory tries the most common passwords. Nobody can have one, however it was chosen. */
import { expect, test } from 'vitest';
import { addOrganization, addUser } from '../../../src/actions/accounts/accounts.ts';
import { handPasswordLink } from '../../../src/actions/accounts/new-password.ts';
import { invite, makeSetUpLink } from '../../../src/actions/accounts/sign-up.ts';
import { operatorPermit } from '../../../src/actions/decision/authorize.ts';
import { Secret } from '../../../src/base/secret.ts';
import { DAY_SEC, HOUR_SEC } from '../../../src/base/time.ts';
import { PASSWORD, webWorld } from './visitor.ts';

const COMMON = ['password', '12345678', 'qwertyuiop', 'Sunshine', 'latchkey', 'LATCHKEY1'];

test.each(COMMON)(
  'the password %s is refused at the set-up link, a sign-up, an invitation, a reset, a change and for the operator',
  async (password) => {
    const empty = await webWorld();
    const setUp = (await makeSetUpLink(empty.ctx)) ?? '';
    const form = { login: 'grace', email: 'grace@example.org', password };
    expect((await empty.visitor().send(setUp, 'set-up', form)).status).toBe(422);

    const world = await webWorld({ signUp: 'open' });
    await world.addPerson('ada');
    expect((await world.visitor().send('/signup', 'sign-up', form)).status).toBe(422);
    const invitation = await invite(world.ctx, operatorPermit(), null);
    expect((await world.visitor().send(invitation, 'sign-up', form)).status).toBe(422);
    const link = await handPasswordLink(world.ctx, operatorPermit(), 'ada');
    const visitor = world.visitor();
    expect((await visitor.send(link, 'reset', again(password))).status).toBe(422);
    await visitor.signIn('ada');
    const change = { old_password: PASSWORD, ...again(password) };
    expect((await visitor.send('/settings/security/password', 'password', change)).status).toBe(422);
    const draft = { login: 'hal', email: 'hal@example.org', verified: true, admin: false };
    await expect(addUser(world.ctx, operatorPermit(), { ...draft, password: new Secret(password) })).rejects.toThrow(
      /tried first/,
    );
  },
);

test('a person can’t take their organization’s name for a password, and one refused link still works', async () => {
  const world = await webWorld();
  await world.addPerson('ada');
  await addOrganization(world.ctx, operatorPermit(), { name: 'initech', owner: 'ada' });
  const link = await handPasswordLink(world.ctx, operatorPermit(), 'ada');
  const visitor = world.visitor();
  const refused = await visitor.send(link, 'reset', again('Initech-2026'));
  expect(refused.text).toContain('beside initech a password has at least 8 characters');
  expect((await visitor.send(link, 'reset', again('initech is where we all work'))).location).toMatch(/^\/login/);
});

test('a password is changed only with the old one, which is compared as it was typed', async () => {
  const world = await webWorld();
  await world.addPerson('ada');
  const visitor = world.visitor();
  await visitor.signIn('ada');
  const change = (old: string) =>
    visitor.send('/settings/security/password', 'password', { old_password: old, ...again('Tall trees grow slowly ') });
  for (const wrong of ['', 'not mine at all', PASSWORD.toUpperCase(), `${PASSWORD} `, PASSWORD.slice(0, -1)])
    expect((await change(wrong)).status, wrong).toBe(422);
  expect((await change(PASSWORD)).status).toBe(303);
  for (const near of ['tall trees grow slowly ', 'Tall trees grow slowly'])
    expect((await world.visitor().signIn('ada', near)).status, near).toBe(422);
  expect((await world.visitor().signIn('ada', 'Tall trees grow slowly ')).status).toBe(303);
});

test('a password of ten years ago still signs in', async () => {
  const world = await webWorld();
  await world.addPerson('ada');
  world.ctx.clock.advance(3650 * DAY_SEC);
  expect((await world.visitor().signIn('ada')).status).toBe(303);
});

test('the database holds passwords as argon2id, with what OWASP asks for', async () => {
  const world = await webWorld();
  const ada = { login: 'ada', email: 'ada@example.org', verified: true, admin: false };
  await addUser(world.ctx, operatorPermit(), { ...ada, password: new Secret('a password of some length') });
  const rows = await world.ctx.store.db.selectFrom('accounts').select('password_digest').execute();
  const digests = rows.map((row) => row.password_digest).filter((digest) => digest !== null);
  expect(digests).toEqual([expect.stringMatching(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/)]);
});

test('every field for a password hides it, and lets a password manager fill it in', async () => {
  const world = await webWorld({ signUp: 'open' });
  await world.addPerson('ada');
  const link = await handPasswordLink(world.ctx, operatorPermit(), 'ada');
  const visitor = world.visitor();
  const fields: string[] = [];
  const look = async (path: string): Promise<void> => {
    const found = (await visitor.get(path)).text.match(/<input[^>]*\sname="[^"]*password[^"]*"[^>]*>/g) ?? [];
    expect(found, path).not.toEqual([]);
    fields.push(...found);
  };
  for (const path of ['/login', '/signup', link]) await look(path);
  await visitor.signIn('ada');
  await look('/settings/security/password');
  world.ctx.clock.advance(3 * HOUR_SEC);
  await look('/sudo?return_to=%2Fsettings%2Fsecurity');
  for (const field of fields) {
    expect(field).toContain('type="password"');
    expect(field).toMatch(/autocomplete="(?:current|new)-password"/);
  }
});

function again(password: string): Record<string, string> {
  return { new_password: password, new_password_again: password };
}
