/**
 * Signing in by an identity provider: by a link that its owner made, and by nothing else. The provider is a real one;
 * the attacks are those that took over accounts elsewhere.
 */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { operatorPermit } from '../../../src/actions/decision/authorize.ts';
import { addClient } from '../../../src/actions/provisioning/clients.ts';
import { linkPerson, unlinkPerson } from '../../../src/actions/provisioning/links.ts';
import { type Claims, identityProvider, type Lie, providerFiles, type TestProvider } from './identity-provider.ts';
import { type Seen, type Visitor, type WebWorld, webWorld, withTwoFactor } from './visitor.ts';

const PATH = '/settings/security/identities';
const CALLBACK = '/login/sso/work/callback';
const REDIRECTS = ['work', 'other'].map((name) => `http://localhost:7070/login/sso/${name}/callback`);

let provider: TestProvider;
let other: TestProvider;
let files: ReturnType<typeof providerFiles>;
let world: WebWorld;

const entry = (name: string, label: string, issuer: string, more = ''): string =>
  `  - name: ${name}\n    label: ${label}\n    issuer: ${issuer}\n    client-id: latchkey\n` +
  `    client-secret-file: work.secret\n${more}`;
const yaml = (more = ''): string =>
  `providers:\n${entry('work', 'Example', provider.issuer, more)}${entry('other', 'Other', other.issuer)}`;

beforeAll(async () => {
  [provider, other] = await Promise.all([identityProvider(REDIRECTS), identityProvider(REDIRECTS)]);
  provider.people.set('u-1', { email: 'ada@example.org', email_verified: true, name: 'Ada' });
  files = providerFiles(yaml());
});

afterAll(async () => {
  files.remove();
  await Promise.all([provider.close(), other.close()]);
});

beforeEach(async () => {
  files.write(yaml());
  world = await webWorld({ identityProviders: files.path });
});

afterEach(() => {
  vi.useRealTimers();
  provider.lie = null;
  provider.failing = null;
});

/** Where the page leads: to the provider. */
function leadsTo({ headers, text }: Seen): string {
  expect(text).toContain('Continue');
  return String(headers['refresh']).replace('0; url=', '');
}

/** Presses the button of a provider. */
async function press(visitor: Visitor, at = '/login', name = 'work'): Promise<string> {
  return leadsTo(await visitor.send(at, 'provider', { provider: name }));
}

const back = (visitor: Visitor, { pathname, search }: URL): Promise<Seen> => visitor.get(pathname + search);

async function enter(subject = 'u-1', visitor = world.visitor(), at = '/login'): Promise<Seen & { visitor: Visitor }> {
  return { ...(await back(visitor, await provider.signIn(await press(visitor, at), subject))), visitor };
}

/** A person who is linked with an identity, and their browser. */
async function linked(login = 'ada', subject = 'u-1'): Promise<Visitor> {
  await world.addPerson(login);
  const visitor = world.visitor();
  await visitor.signIn(login);
  expect((await enter(subject, visitor, PATH)).location).toBe(PATH);
  return visitor;
}

async function audited(action: string): Promise<unknown[]> {
  const rows = await world.ctx.store.db.selectFrom('audit').selectAll().where('action', '=', action).execute();
  return rows.map(({ user_id, data_json }) => ({ userId: user_id, ...(JSON.parse(data_json) as Claims) }));
}

const failed = (reason: string) => ({ status: 303, location: `/login?notice=${reason}` });
const signedIn = async (visitor: Visitor): Promise<boolean> => (await visitor.get('/settings/profile')).status === 200;

describe('an identity at a provider', () => {
  it('signs in the account that its owner linked it with, in a new session, and leads back', async () => {
    const ada = await linked();
    expect((await ada.get(PATH)).text).toContain('ada@example.org');
    const seen = await enter('u-1', world.visitor(), '/login?return_to=%2Fsettings%2Fprofile');
    expect(seen).toMatchObject({ status: 303, location: '/settings/profile' });
    expect(await signedIn(seen.visitor)).toBe(true);
    expect(await audited('external_identity.link')).toEqual([
      { userId: 1, provider: 'work', issuer: provider.issuer, name: 'ada@example.org' },
    ]);
    expect(await audited('external_identity.use')).toEqual([{ userId: 1, provider: 'work', issuer: provider.issuer }]);
  });

  it('is told to its owner by mail when it is linked and when it is removed, and signs in no more', async () => {
    const ada = await linked();
    expect(await ada.sendSurely(PATH, 'remove')).toMatchObject({ location: PATH });
    const mails = await world.ctx.store.db.selectFrom('outbox').select('subject').orderBy('id').execute();
    expect(mails.map(({ subject }) => subject).filter((subject) => subject.startsWith('Sign-in with'))).toEqual([
      'Sign-in with Example was added',
      'Sign-in with Example was removed',
    ]);
    expect(await enter()).toMatchObject(failed('not_linked'));
  });

  it('with the verified address of an account does not open it: nobody is found by an address', async () => {
    await world.addPerson('ada');
    const seen = await enter();
    expect(seen).toMatchObject(failed('not_linked'));
    expect((await seen.visitor.get(seen.location ?? '')).text).toContain('No account here is linked');
    expect(await audited('external_identity.fail')).toEqual([{ userId: null, provider: 'work', reason: 'not_linked' }]);
    expect(await signedIn(seen.visitor)).toBe(false);
  });

  it('stays with its account: another one gets neither it, nor a second one of that provider', async () => {
    const ada = await linked();
    await world.addPerson('eve');
    const eve = world.visitor();
    await eve.signIn('eve');
    expect(await enter('u-1', eve, PATH)).toMatchObject({ location: PATH });
    expect((await eve.get(PATH)).text).toContain('is linked with another account');
    const url = await press(eve, PATH);
    expect(await back(ada, await provider.signIn(url, 'u-2')), 'in a session that did not ask').toMatchObject({
      location: PATH,
    });
    expect(await world.ctx.store.db.selectFrom('external_identities').select(['user_id', 'subject']).execute()).toEqual(
      [{ user_id: 1, subject: 'u-1' }],
    );
  });

  it('is no second factor, unless the operator trusts the provider with it', async () => {
    const ada = await linked();
    const code = await withTwoFactor(world, ada);
    world.ctx.clock.advance(60);
    const half = await enter('u-1', world.visitor(), '/login?return_to=%2Fsettings%2Fprofile');
    expect(half.location).toBe('/login/two-factor?return_to=%2Fsettings%2Fprofile');
    expect(await signedIn(half.visitor)).toBe(false);
    expect(await half.visitor.send(half.location ?? '', 'code', { otp: code() })).toMatchObject({
      location: '/settings/profile',
    });
    files.write(yaml('    second-factor: provider\n'));
    world.ctx.identityProviders.reload();
    expect(await enter()).toMatchObject({ status: 303, location: '/' });
  });

  it('opens the account that the directory of the same provider numbered alike, and no administrator’s', async () => {
    const permit = operatorPermit();
    const draft = { name: 'entra', provider: 'work', trustsAddresses: true };
    await addClient(world.ctx, permit, draft);
    await addClient(world.ctx, permit, { ...draft, name: 'okta', provider: 'other' });
    files.write(yaml('    external-id-claim: oid\n'));
    world.ctx.identityProviders.reload();
    provider.lie = { claims: (claims) => ({ ...claims, oid: 'number-7' }) };
    const [given, taken] = [{ userName: 'ada@example.org', externalId: 'number-7' }, 'ada@example.org'] as const;
    await world.addPerson('ada');
    expect(await enter()).toMatchObject(failed('not_linked'));
    await linkPerson(world.ctx, permit, { login: 'ada', client: 'okta', ...given });
    expect(await enter()).toMatchObject(failed('not_linked'));
    await unlinkPerson(world.ctx, permit, 'ada');
    await linkPerson(world.ctx, permit, { login: 'ada', client: 'entra', ...given, externalId: 'Number-7' });
    expect(await enter()).toMatchObject(failed('not_linked'));
    await unlinkPerson(world.ctx, permit, 'ada');
    await linkPerson(world.ctx, permit, { login: 'ada', client: 'entra', ...given });
    await world.ctx.store.db.updateTable('accounts').set({ admin: 1 }).execute();
    expect(await enter()).toMatchObject(failed('not_linked'));
    await world.ctx.store.db.updateTable('accounts').set({ admin: 0 }).execute();
    expect(await enter()).toMatchObject({ status: 303, location: '/' });
    expect(await audited('external_identity.link')).toMatchObject([{ provider: 'work' }]);
    const mails = await world.ctx.store.db.selectFrom('outbox').select(['address', 'template']).execute();
    expect(mails).toContainEqual({ address: taken, template: 'identities_changed' });
    // From then on by the subject, whatever the number says.
    provider.lie = null;
    expect(await enter()).toMatchObject({ status: 303, location: '/' });
  });

  it('never lifts a suspension or a lock', async () => {
    await linked();
    const { db } = world.ctx.store;
    await db.updateTable('accounts').set({ suspended_at: 1 }).where('login', '=', 'ada').execute();
    expect(await enter()).toMatchObject(failed('suspended'));
    await db.updateTable('accounts').set({ disabled_by_provider_at: 1 }).execute();
    expect(await enter()).toMatchObject(failed('suspended'));
    await db.updateTable('accounts').set({ suspended_at: null, locked_at: 1 }).execute();
    expect(await enter()).toMatchObject(failed('disabled_by_provider'));
    await db.updateTable('accounts').set({ disabled_by_provider_at: null }).execute();
    expect(await enter()).toMatchObject(failed('locked'));
    const flags = ['suspended_at', 'disabled_by_provider_at', 'locked_at'] as const;
    expect(await db.selectFrom('accounts').select(flags).execute()).toEqual([
      { suspended_at: null, disabled_by_provider_at: null, locked_at: 1 },
    ]);
  });

  it('that is the only way in is not removed', async () => {
    const ada = await linked();
    await world.ctx.store.db.updateTable('accounts').set({ password_digest: null }).execute();
    expect(await ada.sendSurely(PATH, 'remove')).toMatchObject({
      status: 422,
      text: expect.stringContaining('your only way to sign in') as string,
    });
  });
});

const LIES: readonly (readonly [what: string, lie: Lie, reason?: string])[] = [
  ['signed by a stranger', { signer: 'stranger' }],
  ['signed with the shared secret', { signer: 'secret', header: { alg: 'HS256' } }],
  ['not signed', { signer: 'nobody', header: { alg: 'none' } }],
  ['of a key that it does not publish', { header: { kid: 'key-99' } }],
  ['of another issuer', { claims: (claims) => ({ ...claims, iss: 'https://evil.example' }) }],
  ['for another program', { claims: (claims) => ({ ...claims, aud: 'another' }) }],
  ['for several programs, of another', { claims: (claims) => ({ ...claims, aud: ['latchkey', 'b'], azp: 'b' }) }],
  ['of another sign-in', { claims: (claims) => ({ ...claims, nonce: 'A'.repeat(43) }) }],
  ['without a nonce', { claims: (claims) => ({ ...claims, nonce: undefined }) }],
  ['without a subject', { claims: (claims) => ({ ...claims, sub: undefined }) }],
  ['with an empty subject', { claims: (claims) => ({ ...claims, sub: '' }) }],
  ['with a subject that is no text', { claims: (claims) => ({ ...claims, sub: 1 }) }],
  ['that has ended', { claims: (claims) => ({ ...claims, exp: Number(claims['iat']) - 90 }) }, 'clocks_differ'],
  ['that is not begun yet', { claims: (claims) => ({ ...claims, nbf: Number(claims['iat']) + 90 }) }, 'clocks_differ'],
];

describe('an answer of a provider', () => {
  it('is asked for with a code, PKCE, state and nonce, at an address of its own, and by a form alone', async () => {
    const { searchParams } = new URL(await press(world.visitor(), '/login?login_hint=ada%40example.org'));
    expect(Object.fromEntries(searchParams)).toMatchObject({
      response_type: 'code',
      redirect_uri: REDIRECTS[0],
      scope: 'openid profile email',
      code_challenge_method: 'S256',
      code_challenge: expect.stringMatching(/^[\w-]{43}$/) as string,
      nonce: expect.stringMatching(/^[\w-]{43}$/) as string,
      login_hint: 'ada@example.org',
    });
    expect(await world.visitor().get('/login/sso/work')).toMatchObject({ status: 404 });
  });

  it('counts once, in the browser that asked, for ten minutes, and without anything changed', async () => {
    await linked();
    const [owner, thief] = [world.visitor(), world.visitor()];
    const answer = await provider.signIn(await press(owner), 'u-1');
    await press(thief);
    expect(await back(thief, answer), 'in another browser').toMatchObject(failed('started_elsewhere'));
    const bent = new URL(answer);
    bent.searchParams.set('state', `${bent.searchParams.get('state')!.slice(0, -2)}AA`);
    expect(await back(owner, bent), 'with another state').toMatchObject(failed('started_elsewhere'));
    expect(await back(owner, answer)).toMatchObject({ location: '/' });
    owner.cookies.delete('latchkey_session');
    expect(await back(owner, answer), 'once more').toMatchObject(failed('started_elsewhere'));
    const late = await provider.signIn(await press(thief), 'u-1');
    world.ctx.clock.advance(10 * 60 + 1);
    expect(await back(thief, late), 'too late').toMatchObject(failed('started_elsewhere'));
  });

  it('with somebody else’s code signs nobody in: the code is bound to the browser that asked', async () => {
    await linked();
    const [owner, thief] = [world.visitor(), world.visitor()];
    const stolen = await provider.signIn(await press(owner), 'u-1');
    const own = await provider.signIn(await press(thief), 'u-9');
    own.searchParams.set('code', stolen.searchParams.get('code')!);
    expect(await back(thief, own)).toMatchObject(failed('not_proved'));
    expect(await signedIn(thief)).toBe(false);
  });

  it('of one provider does not pass for one of another', async () => {
    await linked();
    const visitor = world.visitor();
    const answer = await provider.signIn(await press(visitor), 'u-1');
    answer.pathname = '/login/sso/other/callback';
    expect(await back(visitor, answer), 'at the address of the other').toMatchObject(failed('started_elsewhere'));
    for (const iss of [other.issuer, null]) {
      const mixed = await provider.signIn(await press(visitor), 'u-1');
      if (iss === null) mixed.searchParams.delete('iss');
      else mixed.searchParams.set('iss', iss);
      expect(await back(visitor, mixed), `iss ${iss}`).toMatchObject(failed('not_proved'));
    }
  });

  it('with an ID token that was forged, or is for something else, signs nobody in', async () => {
    await linked();
    provider.lie = {};
    expect(await enter(), 'what the tests change, without a change').toMatchObject({ location: '/' });
    for (const [what, lie, reason = 'not_proved'] of LIES) {
      provider.lie = lie;
      const seen = await enter();
      expect(seen, what).toMatchObject(failed(reason));
      expect(await signedIn(seen.visitor), what).toBe(false);
      expect((await audited('external_identity.fail')).at(-1)).toEqual({ userId: null, provider: 'work', reason });
    }
  });

  it('that says no is told in words of ours', async () => {
    const visitor = world.visitor();
    const answerWith = async (error: string): Promise<Seen> => {
      const { searchParams } = new URL(await press(visitor));
      const told = {
        state: searchParams.get('state')!,
        iss: provider.issuer,
        error,
        error_description: '<b>Gotcha</b>',
      };
      return visitor.get(`${CALLBACK}?${new URLSearchParams(told)}`);
    };
    expect(await answerWith('access_denied')).toMatchObject(failed('denied'));
    expect(await answerWith('<script>')).toMatchObject({ status: 303 });
    const seen = await answerWith('temporarily_unavailable');
    expect(seen).toMatchObject(failed('provider_down'));
    const { text } = await visitor.get(seen.location ?? '');
    expect(text).toContain('The other service doesn’t answer.');
    expect(text).not.toContain('Gotcha');
  });

  it('leads to no other site, and to no sign-out', async () => {
    await linked();
    for (const to of ['https://evil.example/', '//evil.example', '/\\evil.example', '/logout'])
      expect((await enter('u-1', world.visitor(), `/login?${new URLSearchParams({ return_to: to })}`)).location).toBe(
        '/',
      );
  });
});

describe('a provider', () => {
  it('that is down leaves the other ways in, and is found again when it is back', async () => {
    await linked();
    // What was asked of it before is forgotten.
    world.ctx.identityProviders.reload();
    provider.failing = 503;
    const visitor = world.visitor();
    expect(await visitor.send('/login', 'provider', { provider: 'work' })).toMatchObject({
      status: 422,
      text: expect.stringContaining('The other service doesn’t answer.') as string,
    });
    expect(await visitor.signIn('ada')).toMatchObject({ status: 303 });
    provider.failing = null;
    expect(await enter()).toMatchObject({ location: '/' });
  });

  it('that changes its keys goes on working', async () => {
    await linked();
    provider.rotate();
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 5 * 60_000 + 1_000 });
    expect(await enter()).toMatchObject({ status: 303, location: '/' });
  });

  it('that calls itself otherwise than the file, if only by a slash, is told to the administrator', async () => {
    files.write(yaml().replace(provider.issuer, `${provider.issuer}/`));
    world.ctx.identityProviders.reload();
    expect(await world.visitor().send('/login', 'provider', { provider: 'work' })).toMatchObject({
      status: 422,
      text: expect.stringContaining('not set up correctly') as string,
    });
  });

  it('that is gone from the file opens nothing, and its identities are shown with their issuer', async () => {
    const ada = await linked();
    const visitor = world.visitor();
    const answer = await provider.signIn(await press(visitor), 'u-1');
    files.write(`providers:\n${entry('other', 'Other', other.issuer)}`);
    world.ctx.identityProviders.reload();
    expect(await back(visitor, answer)).toMatchObject(failed('started_elsewhere'));
    expect((await ada.get(PATH)).text).toContain(provider.issuer);
  });
});
