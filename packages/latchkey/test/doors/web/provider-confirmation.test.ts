/** Sensitive pages for people who have no password here: they confirm who they are at their provider, anew. */
import { expect, it } from 'vitest';
import { failed, type ProviderWorld, providerWorlds } from './provider-world.ts';
import { type Visitor, withTwoFactor } from './visitor.ts';

const world = providerWorlds();
const MAKES = 'create-accounts: true';
const ADA = { email: 'ada@example.org', email_verified: true, preferred_username: 'ada' };
const SENSITIVE = '/settings/security/identities';
const SUDO = `/sudo?${new URLSearchParams({ return_to: SENSITIVE })}`;

/** Presses the button; where the browser is sent. */
async function press(visitor: Visitor): Promise<string> {
  const { headers } = await visitor.send(SUDO, 'provider', { provider: 'work' });
  return String(headers['refresh']).replace('0; url=', '');
}

async function confirm(here: ProviderWorld, visitor: Visitor, subject: string, there = new Map<string, string>()) {
  const answer = await here.provider.signIn(await press(visitor), subject, there);
  return visitor.get(answer.pathname + answer.search);
}

async function ada(here: ProviderWorld, there = new Map<string, string>()): Promise<Visitor> {
  here.provider.people.set('u-1', ADA).set('u-2', { ...ADA, email: 'b@example.org', preferred_username: 'bob' });
  const { visitor } = await here.enter('u-1', here.visitor(), there);
  here.ctx.clock.advance(3 * 3600);
  expect((await visitor.get(SENSITIVE)).location, 'the sign-in is too long ago').toBe(SUDO);
  return visitor;
}

it('opens them, in a session with a new secret, and leads back', async () => {
  const here = await world(MAKES);
  const visitor = await ada(here);
  const { text } = await visitor.get(SUDO);
  expect(
    [text.includes('Confirm with Example'), text.includes('type="password"')],
    'no password that they lack',
  ).toEqual([true, false]);
  const before = visitor.cookies.get('latchkey_session');
  const asked = new URL(await press(visitor)).searchParams;
  expect([asked.get('prompt'), asked.get('max_age')]).toEqual(['login', '0']);
  expect(await confirm(here, visitor, 'u-1')).toMatchObject({ status: 303, location: SENSITIVE });
  expect((await visitor.get(SENSITIVE)).status).toBe(200);
  expect(visitor.cookies.get('latchkey_session')).not.toBe(before);
});

it('not by another identity, linked with somebody else or nobody, nor by a proof from before', async () => {
  const here = await world(MAKES);
  const there = new Map<string, string>();
  const visitor = await ada(here, there);
  await here.enter('u-2');
  for (const subject of ['u-2', 'u-3']) {
    await confirm(here, visitor, subject);
    expect((await visitor.get(SENSITIVE)).location, subject).toBe(SUDO);
  }
  const old = Math.floor(Date.now() / 1000) - 7 * 60;
  for (const auth_time of [old, undefined, 'now']) {
    here.provider.lie = { claims: (claims) => ({ ...claims, auth_time }) };
    await confirm(here, visitor, 'u-1', there);
    expect((await visitor.get(SENSITIVE)).location, `proved at ${auth_time}`).toBe(SUDO);
  }
  here.provider.lie = null;
  expect(await confirm(here, visitor, 'u-1', there)).toMatchObject({ location: SENSITIVE });
});

it('not in another session, and an answer for it signs nobody in', async () => {
  const here = await world(MAKES);
  const visitor = await ada(here);
  const [other, stranger] = [(await here.enter('u-1')).visitor, here.visitor()];
  const answer = await here.provider.signIn(await press(visitor), 'u-1');
  await other.get(answer.pathname + answer.search);
  expect(await stranger.get(answer.pathname + answer.search)).toMatchObject(failed('started_elsewhere'));
  expect((await visitor.get(SENSITIVE)).location).toBe(SUDO);
  expect((await stranger.get('/settings/profile')).status).not.toBe(200);
});

it('not where the account has a second factor, unless the operator trusts the provider with it', async () => {
  const here = await world(MAKES);
  here.provider.people.set('u-1', ADA);
  const { visitor } = await here.enter('u-1');
  await withTwoFactor(here, visitor);
  here.ctx.clock.advance(3 * 3600);
  expect((await visitor.get(SUDO)).text).not.toContain('Confirm with Example');
  here.operator(MAKES, 'second-factor: provider');
  expect((await visitor.get(SUDO)).text).toContain('Confirm with Example');
  const url = await press(visitor);
  here.operator(MAKES);
  const answer = await here.provider.signIn(url, 'u-1');
  await visitor.get(answer.pathname + answer.search);
  expect((await visitor.get(SENSITIVE)).location, 'the trust was taken back meanwhile').toBe(SUDO);
});
