/** A server on which people sign in by a provider, and an administrator by a password for when it is away. */
import { expect, it } from 'vitest';
import { invite } from '../../../src/actions/accounts/sign-up.ts';
import { operatorPermit } from '../../../src/actions/decision/authorize.ts';
import { Problem } from '../../../src/base/errors.ts';
import { SettingsProblem } from '../../../src/base/settings/problem.ts';
import { contextWith } from '../../actions/context.ts';
import { providerWorlds } from './provider-world.ts';
import { PASSWORD, type Visitor } from './visitor.ts';

const world = providerWorlds({ localSignIn: ['Root'] });
const LOCAL = '/login?local=1';
const isIn = async (visitor: Visitor): Promise<boolean> => (await visitor.get('/settings/profile')).status === 200;

it('the page has the provider’s button, no password, and one answer for right, wrong and nobody’s', async () => {
  const here = await world('create-accounts: true');
  await here.addPerson('ada');
  await here.addPerson('root');
  const page = await here.visitor().get('/login');
  expect([page.text.includes('Sign in with Example'), page.text.includes('type="password"')]).toEqual([true, false]);
  const told: unknown[] = [];
  for (const [login, password] of [
    ['ada', PASSWORD],
    ['ada', 'wrong, and long enough'],
    ['ada@example.org', PASSWORD],
    ['nobody', PASSWORD],
    ['root', 'wrong, and long enough'],
    ['root@example.org', 'wrong, and long enough'],
  ] as const) {
    const visitor = here.visitor();
    const { status, text } = await visitor.send(LOCAL, 'sign-in', { login, password });
    told.push([status, text.includes('or you sign in by your identity provider'), await isIn(visitor)]);
  }
  expect(told).toEqual(Array.from({ length: 6 }, () => [422, true, false]));
  here.provider.people.set('u-1', { email: 'b@example.org', email_verified: true });
  expect(await here.enter('u-1')).toMatchObject({ location: '/' });
});

it('who is named signs in by a password, also with the provider away; others come by no invitation', async () => {
  const here = await world();
  await here.addPerson('root', { admin: true });
  here.ctx.identityProviders.reload();
  here.provider.failing = 503;
  const root = here.visitor();
  expect((await root.get('/login')).text).toContain(LOCAL);
  expect(await root.send(LOCAL, 'sign-in', { login: 'root', password: PASSWORD })).toMatchObject({ status: 303 });
  expect(await isIn(root)).toBe(true);
  await expect(invite(here.ctx, operatorPermit(), null)).rejects.toThrow(Problem);
});

it('a server without a provider does not start so', async () => {
  await expect(contextWith({ localSignIn: ['root'] })).rejects.toThrow(SettingsProblem);
});
