/** Attacks on sign-ins of OAuth applications: by other applications, by pages elsewhere, by whoever saw a code. */
import { describe, expect, test } from 'vitest';
import { suspendUser } from '../../../src/actions/accounts/accounts.ts';
import { operatorPermit } from '../../../src/actions/decision/authorize.ts';
import {
  type ApplicationWorld,
  applicationWorld,
  CALLBACK,
  CHALLENGE,
  LOOPBACK,
  VERIFIER,
} from './application-world.ts';

const TOKEN = '/login/oauth/access_token';

async function codeFor(world: ApplicationWorld, clientId: string): Promise<string> {
  return world.answerIn(await world.ada.send(world.wish(clientId), 'approve')).get('code') ?? '';
}

const redeem = (world: ApplicationWorld, client_id: string, code: string, more: Record<string, string> = {}) =>
  world.call(TOKEN, {
    grant_type: 'authorization_code',
    client_id,
    code,
    redirect_uri: LOOPBACK,
    code_verifier: VERIFIER,
    ...more,
  });

describe('the authorization endpoint', () => {
  test('sends nobody to an address that isn’t registered, and says so on its own page', async () => {
    const world = await applicationWorld();
    const { clientId } = await world.register();
    const path = (query: string) => `/login/oauth/authorize?${query}`;
    const good = new URLSearchParams(world.wish(clientId).split('?')[1]);
    const wrong: string[] = [];
    for (const redirect_uri of [
      '',
      'https://evil.example/callback',
      'https://app.example.org.evil.example/callback',
      'https://app.example.org/callback/../x',
      'https://app.example.org@evil.example/callback',
      '//evil.example/callback',
      'javascript:alert(1)',
      'http://127.0.0.1:5555/other',
    ]) {
      const query = new URLSearchParams(good);
      query.set('redirect_uri', redirect_uri);
      wrong.push(path(String(query)));
    }
    // Two addresses, two clients, two of anything: whichever was checked, the other could be used.
    for (const [name, value] of [
      ['redirect_uri', 'https://evil.example/'],
      ['client_id', 'latchkey-cli'],
      ['scope', 'repo'],
      ['state', 'other'],
      ['code_challenge', 'B'.repeat(43)],
    ] as const)
      wrong.push(path(`${good}&${new URLSearchParams({ [name]: value })}`));
    wrong.push(world.wish('nobody'), world.wish(''), world.wish(clientId, { state: 'x'.repeat(2_001) }));
    for (const each of wrong) {
      const seen = await world.ada.get(each);
      expect([each, seen.status, seen.location]).toEqual([each, 400, null]);
      expect(seen.headers['refresh']).toBeUndefined();
      expect(seen.text).not.toContain('href="javascript');
    }
  });

  test('tells the application what is wrong with the rest, with its state and who says it', async () => {
    const world = await applicationWorld();
    const { clientId } = await world.register();
    for (const [given, error] of [
      [{ response_type: 'token' }, 'unsupported_response_type'],
      [{ response_mode: 'fragment' }, 'invalid_request'],
      [{ code_challenge_method: 'plain' }, 'invalid_request'],
      [{ code_challenge: '' }, 'invalid_request'],
      [{ code_challenge: 'short' }, 'invalid_request'],
      [{ prompt: 'none' }, 'consent_required'],
      [{ request: 'e30.e30.' }, 'request_not_supported'],
      [{ request_uri: 'https://evil.example/r' }, 'request_uri_not_supported'],
      [{ scope: 'everything' }, 'invalid_scope'],
      [{ scope: '' }, 'invalid_scope'],
      [{ resource: 'https://evil.example/' }, 'invalid_target'],
    ] as const) {
      const answer = world.answerIn(await world.ada.get(world.wish(clientId, given)));
      expect([given, answer.get('error'), answer.get('state'), answer.get('iss'), answer.has('code')]).toEqual([
        given,
        error,
        's&1',
        world.ctx.settings.publicUrl,
        false,
      ]);
    }
  });

  test('asks who is there first, and gives nothing to a form from elsewhere or from a frame', async () => {
    const world = await applicationWorld();
    const { clientId } = await world.register();
    const path = world.wish(clientId);
    const seen = await world.visitor().get(path);
    expect([seen.status, seen.location]).toEqual([303, expect.stringContaining('/login?return_to=%2Flogin%2Foauth')]);
    const page = await world.ada.get(path);
    expect(page.headers['x-frame-options']).toBe('DENY');
    expect(page.headers['content-security-policy']).toContain("frame-ancestors 'none'");
    expect(page.headers['content-security-policy']).toContain("form-action 'self' http://127.0.0.1:5555;");
    const forged = await world.ada.post(path, 'form=approve&name=x&days=90&owner=acme&level.contents=read');
    expect([forged.status, forged.location]).toEqual([422, null]);
    const elsewhere = await world.ada.send(path, 'approve', {}, { 'sec-fetch-site': 'cross-site' });
    expect([elsewhere.status, elsewhere.location]).toEqual([403, null]);
  });

  test('shows names of applications as text, however they are written', async () => {
    const world = await applicationWorld();
    const { ada } = world;
    const name = 'Tool <b>"bold"</b> & שלום, with a name as long as they get ♥';
    const { clientId } = await world.register({ name });
    const page = await ada.get(world.wish(clientId));
    expect([page.status, page.text.includes('<b>'), page.text.includes('Tool &lt;b>')]).toEqual([200, false, true]);
    const given = await world.signIn(clientId);
    expect([given.status, given.body.token_type]).toEqual([200, 'bearer']);
    for (const unseen of ['Safe\u202egnp.exe', 'Tool\u200b', 'Tool\u0007', ' '])
      expect((await ada.send('/settings/applications', 'add', { name: unseen })).status).toBe(422);
  });

  test('knows no application whose maker is suspended', async () => {
    const world = await applicationWorld();
    const { clientId } = await world.register();
    await world.addPerson('hal');
    const hal = world.visitor();
    await hal.signIn('hal');
    const { refresh_token } = (await world.signIn(clientId)).body;
    await suspendUser(world.ctx, operatorPermit(), 'ada');
    expect((await hal.get(world.wish(clientId))).text).toContain('is suspended');
    const form = { grant_type: 'refresh_token', client_id: clientId, refresh_token };
    expect((await world.call(TOKEN, form)).status).toBe(401);
  });
});

describe('the token endpoint', () => {
  test('takes a code once: the second time ends what the first one gave', async () => {
    const world = await applicationWorld();
    const { clientId } = await world.register();
    const code = await codeFor(world, clientId);
    const { access_token, refresh_token } = (await redeem(world, clientId, code)).body;
    expect((await world.api('/repos/acme/site', access_token)).status).toBe(200);
    expect((await redeem(world, clientId, code)).body.error).toBe('invalid_grant');
    expect((await world.api('/repos/acme/site', access_token)).status).toBe(401);
    const form = { grant_type: 'refresh_token', client_id: clientId, refresh_token };
    expect((await world.call(TOKEN, form)).body.error).toBe('invalid_grant');
  });

  test('gives nothing that works to several at once with the same code', async () => {
    const world = await applicationWorld();
    const { clientId } = await world.register();
    const code = await codeFor(world, clientId);
    const answers = await Promise.all([1, 2, 3].map(() => redeem(world, clientId, code)));
    const given = answers.filter(({ status }) => status === 200);
    expect(given.length).toBeLessThanOrEqual(1);
    for (const { body } of given) expect((await world.api('/repos/acme/site', body.access_token)).status).toBe(401);
  });

  test('takes a code only from the application, the address and the verifier it is for', async () => {
    const world = await applicationWorld();
    const one = await world.register();
    const other = await world.register({ name: 'Other' });
    const code = await codeFor(world, one.clientId);
    for (const [client, more] of [
      [other.clientId, {}],
      ['latchkey-cli', {}],
      [one.clientId, { redirect_uri: CALLBACK }],
      [one.clientId, { redirect_uri: 'http://127.0.0.1:5556/callback' }],
      [one.clientId, { code_verifier: 'w'.repeat(64) }],
      [one.clientId, { code_verifier: CHALLENGE }],
    ] as const)
      expect([more, (await redeem(world, client, code, more)).body.error]).toEqual([more, 'invalid_grant']);
    expect((await redeem(world, one.clientId, code, { code_verifier: '' })).body.error).toBe('invalid_request');
    expect((await redeem(world, one.clientId, code)).status, 'it was not used up').toBe(200);
  });

  test('refuses what is sent twice, what is too long, and what it does not know', async () => {
    const world = await applicationWorld();
    const { clientId } = await world.register();
    const twice = await world.call(
      TOKEN,
      `client_id=${clientId}&grant_type=refresh_token&refresh_token=a&refresh_token=b`,
    );
    expect([twice.status, twice.body.error_description]).toEqual([400, 'refresh_token was sent more than once.']);
    const large = await world.call(TOKEN, `client_id=${clientId}&refresh_token=${'x'.repeat(1024 * 1024)}`);
    expect([large.status, large.body.error]).toEqual([413, 'invalid_request']);
    for (const grant_type of ['password', 'client_credentials', 'constructor', ''])
      expect((await world.call(TOKEN, { client_id: clientId, grant_type })).body.error).toBe('unsupported_grant_type');
    for (const refresh_token of ['x', '\u0000'.repeat(43), 'A'.repeat(43)])
      expect(
        (await world.call(TOKEN, { client_id: clientId, grant_type: 'refresh_token', refresh_token })).body.error,
      ).toBe('invalid_grant');
    const json = await world.call(TOKEN, '{}', { 'content-type': 'application/json' });
    expect([json.status, json.body.error]).toEqual([415, 'invalid_request']);
  });

  test('gives nothing for a code to a person who was suspended since', async () => {
    const world = await applicationWorld();
    const { clientId } = await world.register();
    await world.addPerson('hal');
    const hal = world.visitor();
    await hal.signIn('hal');
    const answer = world.answerIn(await hal.send(world.wish(clientId), 'approve', { owner: 'hal' }));
    await suspendUser(world.ctx, operatorPermit(), 'hal');
    expect((await redeem(world, clientId, answer.get('code') ?? '')).body.error).toBe('access_denied');
  });
});
