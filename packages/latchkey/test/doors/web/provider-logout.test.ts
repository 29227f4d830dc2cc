/** Signing out at the provider from here, and being signed out here by the provider. */
import Fastify from 'fastify';
import { expect, it, onTestFinished } from 'vitest';
import { suspendUser } from '../../../src/actions/accounts/accounts.ts';
import { operatorPermit } from '../../../src/actions/decision/authorize.ts';
import { addClient } from '../../../src/actions/provisioning/clients.ts';
import { linkPerson } from '../../../src/actions/provisioning/links.ts';
import { createToken } from '../../../src/actions/tokens/tokens.ts';
import { githubDoor } from '../../../src/doors/github/door.ts';
import { oauthDoor } from '../../../src/doors/oauth/door.ts';
import { setDisabledByProvider } from '../../../src/store/account-flags.ts';
import type { Claims, Lie } from './identity-provider.ts';
import { failed, type ProviderWorld, providerWorlds } from './provider-world.ts';
import { type Visitor, withTwoFactor } from './visitor.ts';

const world = providerWorlds();
const ADA = { email: 'ada@example.org', email_verified: true, preferred_username: 'ada' };
const MAKES = 'create-accounts: true';

interface Told {
  readonly status: number;
  readonly cache: unknown;
}

/** What the provider calls, and what a token of somebody is told. */
async function doors({ ctx }: ProviderWorld) {
  const app = Fastify({ logger: false });
  await app.register(oauthDoor(ctx));
  await app.register(githubDoor(ctx), { prefix: '/api/v3' });
  onTestFinished(() => app.close());
  const post = async (payload: string, name = 'work'): Promise<Told> => {
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    const url = `/login/sso/${name}/backchannel-logout`;
    const { statusCode, headers: told } = await app.inject({ method: 'POST', url, headers, payload });
    return { status: statusCode, cache: told['cache-control'] };
  };
  const rest = async (token: string): Promise<string> => {
    const headers = { authorization: `Bearer ${token}` };
    const { statusCode, body } = await app.inject({ method: 'GET', url: '/api/v3/user', headers });
    return statusCode === 200 ? 'open' : (JSON.parse(body) as { reason: string }).reason;
  };
  return { post, rest, send: (token: string, name?: string) => post(`logout_token=${token}`, name) };
}

async function tokenOf({ ctx }: ProviderWorld, userLogin: string): Promise<string> {
  const draft = { kind: 'classic', name: 'ci', description: '', scopes: ['read:user'], grants: [] } as const;
  return (await createToken(ctx, operatorPermit(), { ...draft, userLogin })).secret.reveal();
}

const isIn = async (visitor: Visitor): Promise<boolean> => (await visitor.get('/settings/profile')).status === 200;

it('whoever signed in by a provider signs out of it as well: here first, then there, and comes back', async () => {
  const here = await world(MAKES);
  here.provider.people.set('u-1', ADA);
  const there = new Map<string, string>();
  const { visitor } = await here.enter('u-1', here.visitor(), there);
  expect((await visitor.get('/logout')).text).toContain('Sign out here and at Example');
  const { headers } = await visitor.send('/logout', 'sign-out-there');
  expect(await isIn(visitor)).toBe(false);
  const address = String(headers['refresh']).replace('0; url=', '');
  expect(new URL(address).searchParams.get('post_logout_redirect_uri')).toBe('http://localhost:7070/login');
  expect((await here.provider.signOut(address, there)).href).toBe('http://localhost:7070/login');
  const { id_token } = (await here.ctx.store.db
    .selectFrom('provider_sessions')
    .select('id_token')
    .executeTakeFirst()) ?? {
    id_token: '',
  };
  expect(id_token, 'nothing of it is kept').toBe('');
});

it('the ID token is sealed, and a sign-in by a password offers nothing of a provider', async () => {
  const here = await world(MAKES);
  here.provider.people.set('u-1', ADA);
  await here.enter('u-1');
  const rows = await here.ctx.store.db.selectFrom('provider_sessions').select(['id_token', 'sid']).execute();
  expect(rows).toMatchObject([{ id_token: expect.stringMatching(/^sealed\./) as string }]);
  await here.addPerson('grace');
  const grace = here.visitor();
  await grace.signIn('grace');
  expect((await grace.get('/logout')).text).not.toContain('sign-out-there');
});

it('a provider that is away keeps nobody from signing out here', async () => {
  const here = await world(MAKES);
  here.provider.people.set('u-1', ADA);
  const { visitor } = await here.enter('u-1');
  here.ctx.identityProviders.reload();
  here.provider.failing = 503;
  expect(await visitor.send('/logout', 'sign-out-there')).toMatchObject({ location: '/login?notice=signed-out' });
  expect(await isIn(visitor)).toBe(false);
});

it('signing out at the provider ends what began with that session there, by the provider’s own word', async () => {
  const here = await world(MAKES);
  const { post } = await doors(here);
  const told: Promise<Told>[] = [];
  here.provider.deliver = async (body) => {
    told.push(post(body));
    return (await told.at(-1))?.status ?? 0;
  };
  here.provider.people.set('u-1', ADA);
  const there = new Map<string, string>();
  const { visitor } = await here.enter('u-1', here.visitor(), there);
  const elsewhere = (await here.enter('u-1')).visitor;
  const { headers } = await (await here.enter('u-1', here.visitor(), there)).visitor.send('/logout', 'sign-out-there');
  await here.provider.signOut(String(headers['refresh']).replace('0; url=', ''), there);
  expect(await Promise.all(told)).toEqual([{ status: 200, cache: 'no-store' }]);
  expect([await isIn(visitor), await isIn(elsewhere)]).toEqual([false, true]);
  expect(await here.audited('external_identity.logout')).toEqual([{ provider: 'work', sessions: 1, frozen: false }]);
});

it('a logout of the whole person ends every session by the provider, and nobody else’s', async () => {
  const here = await world(MAKES);
  const { send, rest } = await doors(here);
  here.provider.people.set('u-1', ADA).set('u-2', { ...ADA, email: 'b@example.org', preferred_username: 'bob' });
  const [one, two, bob] = [await here.enter('u-1'), await here.enter('u-1'), await here.enter('u-2')];
  const token = await tokenOf(here, 'ada');
  expect(await send(here.provider.logoutToken({ sub: 'u-1' }))).toMatchObject({ status: 200 });
  expect(await Promise.all([one, two, bob].map(({ visitor }) => isIn(visitor)))).toEqual([false, false, true]);
  expect(await rest(token), 'tokens go on').toBe('open');
  expect(await send(here.provider.logoutToken({ sub: 'u-9' })), 'of somebody unknown').toMatchObject({ status: 200 });
});

it('a sign-in that owes its second factor ends as well, and keeps its name there when it is finished', async () => {
  const here = await world(MAKES);
  const { send } = await doors(here);
  here.provider.people.set('u-1', ADA);
  const first = await here.enter('u-1');
  const code = await withTwoFactor(here, first.visitor);
  here.ctx.clock.advance(60);
  const [half, whole] = [await here.enter('u-1'), await here.enter('u-1')];
  await whole.visitor.send(whole.location ?? '', 'code', { otp: code() });
  expect(await isIn(whole.visitor)).toBe(true);
  await send(here.provider.logoutToken({ sub: 'u-1' }));
  expect(await isIn(whole.visitor)).toBe(false);
  here.ctx.clock.advance(60);
  expect((await half.visitor.get(half.location ?? '')).location).toMatch(/^\/login/);
});

const LIES: readonly (readonly [what: string, claims: Claims, lie?: Lie])[] = [
  ['signed by a stranger', {}, { signer: 'stranger' }],
  ['signed with the shared secret', {}, { signer: 'secret', header: { alg: 'HS256' } }],
  ['not signed', {}, { signer: 'nobody', header: { alg: 'none' } }],
  ['of a key that it does not publish', {}, { header: { kid: 'key-99' } }],
  ['of another issuer', { iss: 'https://evil.example' }],
  ['for another program', { aud: 'another' }],
  ['from three minutes and a half ago', { iat: Math.floor(Date.now() / 1000) - 210 }],
  ['from the future', { iat: Math.floor(Date.now() / 1000) + 120 }],
  ['with a nonce, as an ID token has', { nonce: 'x' }],
  ['without the event', { events: {} }],
  ['with another event', { events: { 'http://schemas.openid.net/event/other': {} } }],
  ['without a number of its own', { jti: undefined }],
  ['of nobody', { sub: undefined }],
  ['of somebody who is no text', { sub: 1, sid: 'x' }],
  ['of another kind', {}, { header: { typ: 'at+jwt' } }],
];

it('a logout token that is forged, old, used, or for something else ends nothing', async () => {
  const here = await world(MAKES);
  const { send, post } = await doors(here);
  here.provider.people.set('u-1', ADA);
  const { visitor } = await here.enter('u-1');
  for (const [what, claims, lie] of LIES)
    expect(await send(here.provider.logoutToken({ sub: 'u-1', ...claims }, lie)), what).toMatchObject({ status: 400 });
  const good = here.provider.logoutToken({ sub: 'u-1' });
  for (const payload of ['', 'logout_token=', 'logout_token=x', `logout_token=${good}&logout_token=${good}`])
    expect(await post(payload), payload).toMatchObject({ status: 400 });
  expect(await send(good, 'other'), 'at another address').toMatchObject({ status: 400 });
  expect(await isIn(visitor)).toBe(true);
  expect(await here.audited('external_identity.logout')).toEqual([]);
  expect(await send(good)).toMatchObject({ status: 200 });
  const again = await here.enter('u-1');
  expect(await send(good), 'once more').toMatchObject({ status: 400 });
  expect(await isIn(again.visitor)).toBe(true);
});

it('where the operator says so it freezes the account, until the next sign-in by that provider', async () => {
  const here = await world(MAKES, 'freeze-at-logout: true');
  const { send, rest } = await doors(here);
  here.provider.people.set('u-1', ADA);
  await here.enter('u-1');
  const token = await tokenOf(here, 'ada');
  await send(here.provider.logoutToken({ sub: 'u-1', sid: 'one-session' }));
  expect(await rest(token), 'one session says nothing of the person').toBe('open');
  await send(here.provider.logoutToken({ sub: 'u-1' }));
  expect(await rest(token)).toBe('owner_disabled_by_provider');
  expect(await here.enter('u-1')).toMatchObject({ location: '/' });
  expect(await rest(token)).toBe('open');
  expect((await here.audited('external_identity.logout')).map(({ frozen }) => frozen)).toEqual([false, true]);

  await send(here.provider.logoutToken({ sub: 'u-1' }));
  await suspendUser(here.ctx, operatorPermit(), 'ada');
  expect(await here.enter('u-1'), 'never what an administrator did').toMatchObject(failed('suspended'));
  await here.ctx.store.db.updateTable('accounts').set({ suspended_at: null }).execute();
  const { id } = await here.ctx.store.db.selectFrom('accounts').select('id').executeTakeFirstOrThrow();
  await here.ctx.store.transaction((tx) => setDisabledByProvider(tx, id, 1));
  expect(await here.enter('u-1'), 'nor what a directory did').toMatchObject(failed('disabled_by_provider'));
  await send(here.provider.logoutToken({ sub: 'u-1' }));
  expect(await here.enter('u-1'), 'also when it came first').toMatchObject(failed('disabled_by_provider'));
});

it('the last administrator is signed out, and not frozen', async () => {
  const here = await world(MAKES, 'freeze-at-logout: true');
  const { send, rest } = await doors(here);
  here.provider.people.set('u-1', ADA);
  const { visitor } = await here.enter('u-1');
  await here.ctx.store.db.updateTable('accounts').set({ admin: 1 }).execute();
  const token = await tokenOf(here, 'ada');
  await send(here.provider.logoutToken({ sub: 'u-1' }));
  expect([await isIn(visitor), await rest(token)]).toEqual([false, 'open']);
});

it('what a directory lifts is lifted, whoever set it', async () => {
  const here = await world('freeze-at-logout: true');
  const { send, rest } = await doors(here);
  const permit = operatorPermit();
  await addClient(here.ctx, permit, { name: 'entra', provider: 'work', trustsAddresses: true });
  await here.addPerson('ada');
  await linkPerson(here.ctx, permit, { login: 'ada', client: 'entra', userName: 'ada@example.org', externalId: 'u-1' });
  expect(await here.enter('u-1')).toMatchObject({ location: '/' });
  const token = await tokenOf(here, 'ada');
  await send(here.provider.logoutToken({ sub: 'u-1' }));
  expect(await rest(token)).toBe('owner_disabled_by_provider');
  const { id } = await here.ctx.store.db.selectFrom('accounts').select('id').executeTakeFirstOrThrow();
  await here.ctx.store.transaction((tx) => setDisabledByProvider(tx, id, null));
  expect(await rest(token)).toBe('open');
});
