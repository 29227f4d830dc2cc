/** Mallory tries the most common passwords. Nobody can have one, however it was chosen. */
import { expect, test } from 'vitest';
import { addOrganization, addUser } from '../../../src/actions/accounts/accounts.ts';
import { handPasswordLink } from '../../../src/actions/accounts/new-password.ts';
import { invite, makeSetUpLink } from '../../../src/actions/accounts/sign-up.ts';
import { operatorPermit } from '../../../src/actions/decision/authorize.ts';
import { Secret } from '../../../src/base/secret.ts';
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

function again(password: string): Record<string, string> {
  return { new_password: password, new_password_again: password };
}
