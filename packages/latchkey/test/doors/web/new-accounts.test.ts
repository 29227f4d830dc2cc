/** Accounts that the first sign-in by a provider makes: for whom, called what, and never one that exists. */
import { expect, it } from 'vitest';
import { operatorPermit } from '../../../src/actions/decision/authorize.ts';
import { addClient } from '../../../src/actions/provisioning/clients.ts';
import type { Claims } from './identity-provider.ts';
import { failed, type ProviderWorld, providerWorlds } from './provider-world.ts';

const world = providerWorlds();
const MAKES = 'create-accounts: true';
const ADA = { email: 'ada@example.org', email_verified: true, name: 'Ada Lovelace', preferred_username: 'ada' };

async function accounts({ ctx: { store } }: ProviderWorld): Promise<unknown[]> {
  return store.db
    .selectFrom('accounts')
    .innerJoin('emails', 'emails.user_id', 'accounts.id')
    .select(['login', 'name', 'admin', 'address', 'password_digest'])
    .select((row) => row.case().when('verified_at', 'is', null).then('no').else('yes').end().as('verified'))
    .orderBy('accounts.id')
    .execute();
}

it('the first sign-in makes the account; the next one finds it by its subject, whatever it is called', async () => {
  const here = await world(MAKES);
  here.provider.people.set('u-1', ADA);
  const first = await here.enter('u-1');
  expect(first).toMatchObject({ status: 303, location: '/' });
  expect((await first.visitor.get('/settings/profile')).text).toContain('Ada Lovelace');
  const made = { login: 'ada', name: 'Ada Lovelace', admin: 0, address: ADA.email, password_digest: null };
  expect(await accounts(here)).toEqual([{ ...made, verified: 'yes' }]);
  here.provider.people.set('u-1', { ...ADA, email: 'ada@king.example', preferred_username: 'countess', name: 'C.' });
  expect(await here.enter('u-1')).toMatchObject({ location: '/' });
  expect(await accounts(here)).toEqual([{ ...made, verified: 'yes' }]);
  expect(await here.audited('user.create')).toMatchObject([{ login: 'ada', by: 'identity provider work' }]);
  expect(await here.audited('external_identity.link')).toMatchObject([{ provider: 'work', name: ADA.email }]);
});

it('nobody gets one where the operator’s file doesn’t say so', async () => {
  const here = await world();
  here.provider.people.set('u-1', ADA);
  expect(await here.enter('u-1')).toMatchObject(failed('not_linked'));
  expect(await accounts(here)).toEqual([]);
});

it('two people with one address get one account: the second is told, and nothing is merged', async () => {
  const here = await world(MAKES);
  here.provider.people.set('u-1', ADA).set('u-2', ADA);
  await here.enter('u-1');
  const second = await here.enter('u-2');
  expect(second).toMatchObject(failed('address_taken'));
  expect((await second.visitor.get(second.location ?? '')).text).toContain('Sign in to it as you did so far');
  expect(await accounts(here)).toHaveLength(1);
});

it('a changed subject is somebody else, and never opens the account of the old one', async () => {
  const here = await world(MAKES);
  here.provider.people.set('u-1', ADA);
  const { visitor } = await here.enter('u-1');
  here.provider.people.set('u-1b', { ...ADA, email: 'ada@other.example' });
  const other = await here.enter('u-1b');
  expect(await accounts(here)).toMatchObject([{ login: 'ada' }, { login: 'ada-2' }]);
  expect((await other.visitor.get('/settings/profile')).text).toContain('ada-2');
  expect((await visitor.get('/settings/profile')).text).not.toContain('ada-2');
});

it('an address that the provider doesn’t verify is a claim: it takes nothing, and gets a mail', async () => {
  const here = await world(MAKES);
  await here.addPerson('ada');
  for (const [subject, email_verified] of [
    ['u-1', false],
    ['u-2', undefined],
    ['u-3', 'false'],
    ['u-4', 1],
  ] as const) {
    here.provider.people.set(subject, { ...ADA, email_verified });
    expect(await here.enter(subject)).toMatchObject({ location: '/' });
  }
  const claims = { address: ADA.email, verified: 'no' };
  expect(await accounts(here)).toMatchObject([
    { login: 'ada', verified: 'yes' },
    ...[2, 3, 4, 5].map((number) => ({ login: `ada-${number}`, ...claims })),
  ]);
  const mails = await here.ctx.store.db.selectFrom('outbox').select('template').execute();
  expect(mails.filter(({ template }) => template === 'email_verification')).toHaveLength(4);
});

it('the operator vouches for the addresses of a provider that verifies none', async () => {
  const here = await world(MAKES, 'trust-addresses: true');
  here.provider.people.set('u-1', { ...ADA, email_verified: false });
  await here.enter('u-1');
  expect(await accounts(here)).toMatchObject([{ verified: 'yes' }]);
});

it('only people of a domain come in, by a verified address, at each sign-in', async () => {
  const here = await world(MAKES, 'admits: { domains: [Example.org] }');
  const say = (claims: Claims): void => void here.provider.people.set('u-1', { ...ADA, ...claims });
  for (const claims of [
    { email: 'ada@example.org.evil.example' },
    { email: 'example.org' },
    { email: '"@example.org"@evil.example' },
    { email_verified: false },
    { email: undefined },
    { hd: 'example.org', email: 'ada@gmail.example' },
  ]) {
    say(claims);
    expect(await here.enter('u-1'), JSON.stringify(claims)).toMatchObject(failed('not_admitted'));
  }
  expect(await accounts(here)).toEqual([]);
  say({ email: 'ada@EXAMPLE.org', email_verified: 'true' });
  expect(await here.enter('u-1')).toMatchObject({ location: '/' });
  say({ email: 'ada@elsewhere.example' });
  expect(await here.enter('u-1'), 'who was let in once').toMatchObject(failed('not_admitted'));
});

it('only people of a group come in, to the letter, also with two thousand groups; unknown is not none', async () => {
  const here = await world(MAKES, 'admits: { groups: [/staff/platform] }');
  const say = (groups: unknown): void => void here.provider.people.set('u-1', { ...ADA, groups });
  const many = Array.from({ length: 2000 }, (_, i) => `/groups/of/a/large/company/number-${i}`);
  for (const groups of [
    [],
    '/staff',
    ['/staff/platform/x', 'platform'],
    ['/Staff/Platform'],
    many,
    [['/staff/platform']],
  ]) {
    say(groups);
    expect(await here.enter('u-1')).toMatchObject(failed('not_admitted'));
  }
  for (const groups of [undefined, 7, { '/staff/platform': true }]) {
    say(groups);
    expect(await here.enter('u-1')).toMatchObject(failed('groups_unknown'));
  }
  expect((await here.audited('external_identity.fail')).map(({ reason }) => reason)).toContain('groups_unknown');
  for (const groups of [[...many, '/staff/platform'], '/staff/platform', [{ name: '/staff/platform' }]]) {
    say(groups);
    expect(await here.enter('u-1')).toMatchObject({ location: '/' });
  }
});

it('groups are found where the file says, and what the ID token leaves out is asked of UserInfo', async () => {
  const here = await world(MAKES, 'admits: { groups: [staff] }', 'groups-claim: [groups, roles]');
  here.provider.thin = true;
  here.provider.people.set('u-1', { ...ADA, groups: { roles: ['staff'] } });
  expect(await here.enter('u-1')).toMatchObject({ location: '/' });
  expect(await accounts(here)).toMatchObject([{ login: 'ada', address: ADA.email }]);
  const others = { email: 'b@example.org', email_verified: true, groups: { roles: ['staff'] } };
  for (const [userInfo, reason] of [
    [{ ...others, sub: 'u-1' }, 'provider_misconfigured'],
    [others, 'not_proved'],
  ] as const) {
    here.provider.lie = { userInfo };
    expect(await here.enter('u-2'), 'an answer about somebody else').toMatchObject(failed(reason));
  }
  here.provider.lie = { userInfo: { ...others, sub: 'u-2' } };
  expect(await here.enter('u-2')).toMatchObject({ location: '/' });
});

it('a login is what fits and is free; without an address, or any name, there is none', async () => {
  const here = await world(MAKES);
  const made = async (claims: Claims): Promise<unknown> => {
    here.provider.people.set(`u-${claims['email']}`, { email_verified: true, ...claims });
    return (await here.enter(`u-${claims['email']}`)).location;
  };
  expect(await made({ email: 'admin@example.org' })).toBe('/');
  expect(await made({ email: 'x1@example.org', preferred_username: 'Élodie Martin' })).toBe('/');
  expect(await made({ email: 'x2@example.org', preferred_username: '日本' })).toBe('/');
  expect(await made({ email: '__@example.org' })).toBe('/login?notice=no_name');
  expect(await made({ email: 'nobody' })).toBe('/login?notice=no_address');
  expect(await accounts(here)).toMatchObject([{ login: 'admin-2' }, { login: 'E-lodie-Martin' }, { login: 'x2' }]);
});

it('makes none where a directory provisions for the same provider: it says who has an account', async () => {
  const here = await world(MAKES);
  await addClient(here.ctx, operatorPermit(), { name: 'entra', provider: 'work', trustsAddresses: true });
  here.provider.people.set('u-1', ADA);
  expect(await here.enter('u-1')).toMatchObject(failed('not_linked'));
});

it('two tabs of one person make one account', async () => {
  const here = await world(MAKES);
  here.provider.people.set('u-1', ADA);
  const seen = await Promise.all([here.enter('u-1'), here.enter('u-1'), here.enter('u-1')]);
  expect(seen.map(({ location }) => location)).toEqual(['/', '/', '/']);
  expect(await accounts(here)).toHaveLength(1);
});
