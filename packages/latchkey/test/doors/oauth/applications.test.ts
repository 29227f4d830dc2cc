/** OAuth applications: registered on pages, let in by a person, and what they get for how long. */
import { expect, test } from 'vitest';
import { ACCESS_TOKEN_SEC, MAX_SIGN_INS, REFRESH_TOKEN_SEC } from '../../../src/actions/applications/sign-ins.ts';
import { type ApplicationWorld, applicationWorld, CALLBACK, VERIFIER } from './application-world.ts';

const TOKEN = '/login/oauth/access_token';
const refresh = (world: ApplicationWorld, client_id: string, refresh_token: string, more = {}) =>
  world.call(TOKEN, { grant_type: 'refresh_token', client_id, refresh_token, ...more });

test('an application gets what a person lets it have, until they sign it out on their page', async () => {
  const world = await applicationWorld();
  const { ada, ctx } = world;
  const { clientId, secret } = await world.register();
  expect([clientId, secret]).toEqual([expect.stringMatching(/^[0-9a-f]{20}$/), '']);
  const page = await ada.get(world.wish(clientId));
  const words = page.text.replace(/<[^>]*>/g, ' ').replace(/\s+/g, ' ');
  for (const each of ['Let “Charts” sign in?', 'ada made it.', 'app.example.org', 'a program on your machine'])
    expect(words).toContain(each);
  expect(words).toContain('contents:read : Clone and fetch');
  const given = await world.signIn(clientId, { state: 'x' });
  expect([given.status, given.body]).toEqual([
    200,
    {
      access_token: expect.stringMatching(/^lk/),
      token_type: 'bearer',
      expires_in: ACCESS_TOKEN_SEC,
      refresh_token: expect.stringMatching(/^[\w-]{43}$/),
      refresh_token_expires_in: REFRESH_TOKEN_SEC,
      scope: 'contents:read metadata:read',
      username: 'ada',
    },
  ]);
  expect([given.headers['cache-control'], given.headers['access-control-allow-origin']]).toEqual(['no-store', '*']);
  const { access_token: access } = given.body;
  expect((await world.api('/repos/acme/site', access)).status).toBe(200);
  expect((await world.api('/repos/acme/site/hooks', access)).body.message).toContain('not accessible');
  const listed = (await ada.get('/settings/applications')).text;
  expect(listed).toContain('Sign out Charts');
  expect((await ada.get('/settings/personal-access-tokens')).text).toContain('Charts');
  expect((await ada.sendSurely('/settings/applications', 'end', { id: '1' })).status).toBe(303);
  expect((await world.api('/repos/acme/site', access)).status).toBe(401);
  expect((await refresh(world, clientId, given.body.refresh_token)).body.error).toBe('invalid_grant');
  expect((await ada.get('/settings/applications')).text).toContain('No application may use your account');
  const actions = (await ctx.store.db.selectFrom('audit').select('action').orderBy('id').execute()).map(
    ({ action }) => action,
  );
  expect(actions).toContain('oauth_authorization.create');
  expect(actions.at(-1)).toBe('personal_access_token.destroy');
});

test('a refresh token gives the next ones once; its second use ends the sign-in', async () => {
  const world = await applicationWorld();
  const { clientId } = await world.register();
  const first = (await world.signIn(clientId)).body;
  const second = await refresh(world, clientId, first.refresh_token, { scope: 'metadata:read' });
  expect([second.status, second.body.scope]).toEqual([200, 'metadata:read']);
  expect((await world.api('/repos/acme/site', second.body.access_token)).status).toBe(200);
  expect((await world.api('/repos/acme/site/contents/', second.body.access_token)).status).not.toBe(200);
  const more = await refresh(world, clientId, second.body.refresh_token, { scope: 'contents:write' });
  expect(more.body.error, 'never more than was given').toBe('invalid_scope');
  const third = (await refresh(world, clientId, second.body.refresh_token)).body;
  expect(third.scope, 'all again').toBe('contents:read metadata:read');
  expect((await refresh(world, clientId, first.refresh_token)).body.error).toBe('invalid_grant');
  expect((await world.api('/repos/acme/site', third.access_token)).status).toBe(401);
  expect((await refresh(world, clientId, third.refresh_token)).body.error).toBe('invalid_grant');
});

test('two at once with one refresh token: one is answered, and the sign-in ends', async () => {
  const world = await applicationWorld();
  const { clientId } = await world.register();
  const first = (await world.signIn(clientId)).body;
  const answers = await Promise.all([1, 2, 3].map(() => refresh(world, clientId, first.refresh_token)));
  const given = answers.filter(({ status }) => status === 200);
  expect(given.length).toBe(1);
  expect((await world.api('/repos/acme/site', given[0]!.body.access_token)).status).toBe(401);
});

test('a confidential application shows its secret, in the header or in the form', async () => {
  const world = await applicationWorld();
  const { clientId, secret, page } = await world.register({ kind: 'confidential' });
  expect(secret).toMatch(/^[\w-]{43}$/);
  expect((await world.ada.get(page)).text).not.toContain(secret);
  expect(JSON.stringify(await world.ctx.store.db.selectFrom('applications').selectAll().execute())).not.toContain(
    secret,
  );
  const none = await world.signIn(clientId);
  expect([none.status, none.body.error]).toEqual([401, 'invalid_client']);
  const given = await world.signIn(clientId, { client_secret: secret });
  expect(given.status).toBe(200);
  const basic = (id: string, text: string) => ({ authorization: `Basic ${btoa(`${id}:${text}`)}` });
  const form = { grant_type: 'refresh_token', refresh_token: given.body.refresh_token };
  const wrong = await world.call(TOKEN, form, basic(clientId, 'x'));
  expect([wrong.status, wrong.headers['www-authenticate']]).toEqual([401, 'Basic realm="Latchkey"']);
  const twice = await world.call(TOKEN, { ...form, client_secret: secret }, basic(clientId, secret));
  expect(twice.body.error).toBe('invalid_request');
  expect((await world.call(TOKEN, form, basic(clientId, secret))).status).toBe(200);
  expect((await world.ada.sendSurely(page, 'secret')).status).toBe(303);
  const renewed = /<code id="new-secret">([^<]+)</.exec((await world.ada.get(page)).text)?.[1] ?? '';
  expect((await world.signIn(clientId, { client_secret: secret })).status).toBe(401);
  expect((await world.signIn(clientId, { client_secret: renewed })).status).toBe(200);
});

test('an application ends what it has, and nothing else', async () => {
  const world = await applicationWorld();
  const one = await world.register();
  const other = await world.register({ name: 'Other' });
  const revoke = (client_id: string, token: string) => world.call('/oauth/revoke', { client_id, token });
  const { access_token, refresh_token } = (await world.signIn(one.clientId)).body;
  expect((await revoke(other.clientId, access_token)).status).toBe(200);
  expect((await revoke(other.clientId, refresh_token)).status).toBe(200);
  expect((await world.api('/repos/acme/site', access_token)).status, 'of another application').toBe(200);
  expect((await refresh(world, other.clientId, refresh_token)).body.error).toBe('invalid_grant');
  expect((await revoke(one.clientId, access_token)).status).toBe(200);
  expect((await world.api('/repos/acme/site', access_token)).status).toBe(401);
  const next = await refresh(world, one.clientId, refresh_token);
  expect(next.status, 'the sign-in stays').toBe(200);
  expect((await revoke(one.clientId, next.body.refresh_token)).status).toBe(200);
  expect((await world.api('/repos/acme/site', next.body.access_token)).status).toBe(401);
  expect((await revoke(one.clientId, 'nothing')).status).toBe(200);
});

test('deleting an application ends every sign-in with it', async () => {
  const world = await applicationWorld();
  const { clientId, page } = await world.register({ kind: 'public' });
  const { access_token } = (await world.signIn(clientId)).body;
  expect((await world.ada.sendSurely(page, 'delete')).location).toBe('/settings/applications');
  expect((await world.api('/repos/acme/site', access_token)).status).toBe(401);
  expect((await world.ada.get(world.wish(clientId))).status).toBe(400);
});

test('GitHub’s scopes ask for the permissions that they stand for; a person takes some out', async () => {
  const world = await applicationWorld();
  const { clientId } = await world.register();
  const page = await world.ada.get(world.wish(clientId, { scope: 'repo,read:org', redirect_uri: CALLBACK }));
  expect(page.text).toContain('Read and change all repositories that you can reach');
  expect(page.text).toContain('Read memberships, teams and projects');
  const answer = await world.ada.send(world.wish(clientId, { scope: 'repo', redirect_uri: CALLBACK }), 'approve', {
    'level.administration': '',
  });
  expect(answer.status, 'a page that leads on').toBe(200);
  const code = world.answerIn(answer).get('code') ?? '';
  const form = { grant_type: 'authorization_code', client_id: clientId, code, code_verifier: VERIFIER };
  const { scope } = (await world.call(TOKEN, { ...form, redirect_uri: CALLBACK })).body;
  expect(scope).toContain('contents:write');
  expect(scope).not.toContain('administration');
});

test('the eleventh sign-in of one person with one application ends the first', async () => {
  const world = await applicationWorld();
  const { clientId } = await world.register();
  const given: string[] = [];
  for (let i = 0; i <= MAX_SIGN_INS; i++) given.push((await world.signIn(clientId)).body.access_token);
  expect((await world.api('/repos/acme/site', given[0]!)).status).toBe(401);
  expect((await world.api('/repos/acme/site', given[1]!)).status).toBe(200);
});

test('an answer says who gives it, a no as well', async () => {
  const world = await applicationWorld();
  const { clientId } = await world.register();
  const answer = world.answerIn(await world.ada.send(world.wish(clientId), 'approve'));
  expect([answer.get('state'), answer.get('iss')]).toEqual(['s&1', world.ctx.settings.publicUrl]);
  const denied = world.answerIn(await world.ada.send(world.wish(clientId), 'deny'));
  expect(Object.fromEntries(denied)).toEqual({
    error: 'access_denied',
    error_description: 'The person said no.',
    state: 's&1',
    iss: world.ctx.settings.publicUrl,
  });
});
