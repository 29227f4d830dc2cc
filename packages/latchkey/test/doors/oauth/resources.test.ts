/** Sign-ins of applications for one service alone (RFC 8707): asked for, told to the person, kept to at every door. */
import { rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { operatorPermit } from '../../../src/actions/decision/authorize.ts';
import { addResourceServer } from '../../../src/actions/questions/resource-servers.ts';
import { makeForwardDoor } from '../../../src/doors/forward/routes.ts';
import { askDoor } from '../forward/door.ts';
import { type ApplicationWorld, applicationWorld, LOOPBACK, VERIFIER } from './application-world.ts';

const MAP = `services:
  - name: memory
    title: Team memory
    owner: acme
    hosts: [tools.example.org]
    prefix: /mcp
    permissions: [{ name: graph, title: Knowledge graph, levels: [read, write], members: write }]
    routes:
      - { method: POST, path: /, needs: { graph: read } }
      - { method: DELETE, path: /, needs: { graph: write } }
  - name: other
    owner: acme
    hosts: [tools.example.org]
    prefix: /other
    permissions: [{ name: graph, title: Other graph, members: write }]
    routes: [{ method: POST, path: /, needs: { graph: read } }]
  - name: anywhere
    routes: [{ method: POST, path: "/repos/{owner}/{repo}", needs: { metadata: read } }]
`;
const MEMORY = 'https://tools.example.org/mcp';
const HOME = 'http://localhost:7070';
const TOKEN = '/login/oauth/access_token';
const LOOKED_AT = { scope: 'memory:graph:read other:graph:read metadata:read' };

interface ServiceWorld extends ApplicationWorld {
  /** `may`, or why the service behind the proxy is kept from the token. */
  at(token: string, path: string): Promise<string>;
}

async function serviceWorld(): Promise<ServiceWorld> {
  const path = join(tmpdir(), `resources-${process.pid}-${Math.random()}.yaml`);
  await writeFile(path, MAP);
  onTestFinished(() => rm(path));
  const world = await applicationWorld({ routeMap: path });
  const door = makeForwardDoor(world.ctx);
  return {
    ...world,
    async at(token, uri) {
      const rawHeaders = Object.entries({
        'X-Forwarded-Method': 'POST',
        'X-Forwarded-Uri': uri,
        'X-Forwarded-Host': 'tools.example.org',
        Authorization: `Bearer ${token}`,
      }).flat();
      const asked = { method: 'GET', url: '/forward-auth', rawHeaders, body: [] };
      const { status, headers } = await askDoor(door, asked, '127.0.0.1');
      return status === 200 ? 'may' : `${status} ${headers['x-latchkey-reason']}`;
    },
  };
}

test('a token for a service opens that one alone, and the page says so before', async () => {
  const world = await serviceWorld();
  const { clientId } = await world.register();
  const page = (await world.ada.get(world.wish(clientId, { ...LOOKED_AT, resource: MEMORY }))).text;
  expect(page.replace(/<[^>]*>/g, '')).toContain(`Only at Team memory (${MEMORY}).`);
  const { status, body } = await world.signIn(clientId, { ...LOOKED_AT, resource: MEMORY });
  expect([status, body.resource]).toEqual([200, MEMORY]);
  expect(await world.at(body.access_token, '/mcp')).toBe('may');
  for (const elsewhere of ['/other', '/repos/acme/site'])
    expect([elsewhere, await world.at(body.access_token, elsewhere)]).toEqual([
      elsewhere,
      '401 token_for_other_resource',
    ]);
  const here = await world.api('/user', body.access_token);
  expect([here.status, here.body.reason]).toEqual([403, 'token_for_other_resource']);
  expect(JSON.stringify(here.body)).toContain(`only for ${MEMORY}`);
  const next = await world.call(TOKEN, {
    grant_type: 'refresh_token',
    client_id: clientId,
    refresh_token: body.refresh_token,
  });
  expect(next.body.resource, 'the next one, too').toBe(MEMORY);
  expect(await world.at(next.body.access_token, '/mcp')).toBe('may');
  expect(await world.at(next.body.access_token, '/other')).toBe('401 token_for_other_resource');
});

test('a token for this server is none for a service; one without a resource is for all', async () => {
  const world = await serviceWorld();
  const { clientId } = await world.register();
  const { body: own } = await world.signIn(clientId, { ...LOOKED_AT, resource: `${HOME}/` });
  expect(own.resource).toBe(HOME);
  expect((await world.api('/user', own.access_token)).status).toBe(200);
  expect(await world.at(own.access_token, '/mcp')).toBe('401 token_for_other_resource');
  const { body: whole } = await world.signIn(clientId, LOOKED_AT);
  expect(whole.resource).toBeUndefined();
  expect((await world.api('/user', whole.access_token)).status).toBe(200);
  expect([await world.at(whole.access_token, '/mcp'), await world.at(whole.access_token, '/other')]).toEqual([
    'may',
    'may',
  ]);
});

test('an address below a service stands for it, however spelled; without a scope, all of it is asked for', async () => {
  const world = await serviceWorld();
  const { clientId } = await world.register();
  for (const resource of [`${MEMORY}/`, 'HTTPS://Tools.Example.org:443/mcp', `${MEMORY}/sessions/1`]) {
    const { body } = await world.signIn(clientId, { resource, scope: '' });
    expect([resource, body.resource, body.scope]).toEqual([resource, MEMORY, 'memory:graph:write metadata:read']);
  }
});

test('what is no resource here, or more than one, is an invalid target at both ends', async () => {
  const world = await serviceWorld();
  const { clientId } = await world.register();
  const wrong = [
    'https://evil.example/',
    'https://tools.example.org',
    'https://tools.example.org/mcpx',
    'https://tools.example.org/mcp/../other',
    `${MEMORY}#part`,
    `${MEMORY}?x=1`,
    'https://ada@tools.example.org/mcp',
    'http://tools.example.org/mcp',
    `${HOME}.evil.example`,
    'tools.example.org/mcp',
    'x'.repeat(600),
    '',
  ];
  for (const resource of wrong) {
    const answer = world.answerIn(await world.ada.get(world.wish(clientId, { ...LOOKED_AT, resource })));
    expect([resource, answer.get('error'), answer.has('code')]).toEqual([resource, 'invalid_target', false]);
  }
  const two = `${world.wish(clientId, { ...LOOKED_AT, resource: MEMORY })}&resource=${encodeURIComponent(HOME)}`;
  expect(world.answerIn(await world.ada.get(two)).get('error')).toBe('invalid_target');
  const answer = await world.ada.send(world.wish(clientId, { ...LOOKED_AT, resource: MEMORY }), 'approve');
  const redeem = (resource: string) =>
    world.call(TOKEN, {
      grant_type: 'authorization_code',
      client_id: clientId,
      code: world.answerIn(answer).get('code') ?? '',
      redirect_uri: LOOPBACK,
      code_verifier: VERIFIER,
      resource,
    });
  for (const other of [HOME, 'https://tools.example.org/other', ...wrong])
    expect([other, (await redeem(other)).body.error]).toEqual([other, 'invalid_target']);
  const given = (await redeem(MEMORY)).body;
  expect(given.resource, 'the code was not used up').toBe(MEMORY);
  const form = { grant_type: 'refresh_token', client_id: clientId, refresh_token: given.refresh_token };
  expect((await world.call(TOKEN, { ...form, resource: HOME })).body.error).toBe('invalid_target');
  expect((await world.call(TOKEN, { ...form, resource: MEMORY })).body.resource).toBe(MEMORY);
});

test('a yes for everything gives tokens for one service each, where they are asked for', async () => {
  const world = await serviceWorld();
  const { clientId } = await world.register();
  const { body: whole } = await world.signIn(clientId, LOOKED_AT);
  const form = { grant_type: 'refresh_token', client_id: clientId, refresh_token: whole.refresh_token };
  const { body: one } = await world.call(TOKEN, { ...form, resource: MEMORY });
  expect([await world.at(one.access_token, '/mcp'), await world.at(one.access_token, '/other')]).toEqual([
    'may',
    '401 token_for_other_resource',
  ]);
  const { body: next } = await world.call(TOKEN, { ...form, refresh_token: one.refresh_token });
  expect(next.resource, 'the yes stays whole').toBeUndefined();
});

test('the way to sign in keeps the resource', async () => {
  const world = await serviceWorld();
  const { clientId } = await world.register();
  const seen = await world.visitor().get(world.wish(clientId, { ...LOOKED_AT, resource: MEMORY }));
  const back = new URL(seen.location ?? '', HOME).searchParams.get('return_to') ?? '';
  expect(new URL(back, HOME).searchParams.get('resource')).toBe(MEMORY);
});

test('a resource server learns of a token for one service only as that service', async () => {
  const world = await serviceWorld();
  const { ctx } = world;
  const { clientId } = await world.register();
  const { access_token: token } = (await world.signIn(clientId, { ...LOOKED_AT, resource: MEMORY })).body;
  const secret = (await addResourceServer(ctx, operatorPermit(), 'memory')).secret.reveal();
  const authorization = `Bearer ${secret}`;
  const introspect = async (more: Readonly<Record<string, string>>) =>
    (await world.call('/oauth/introspect', { token, ...more }, { authorization })).body;
  expect(await introspect({})).toEqual({ active: false });
  expect(await introspect({ resource: HOME })).toEqual({ active: false });
  expect((await introspect({ resource: 'https://evil.example' })).error).toBe('invalid_target');
  expect(await introspect({ resource: `${MEMORY}/` })).toMatchObject({ active: true, aud: MEMORY });
  const check = async (asked: object) => {
    const checks = [{ permissions: { 'memory:graph': 'read' }, organization: 'acme' }];
    const headers = { authorization, 'content-type': 'application/json' };
    const { body } = await world.call('/api/latchkey/check', JSON.stringify({ token, checks, ...asked }), headers);
    return body.checks[0].reason ?? body.checks[0].allowed;
  };
  expect(await check({})).toBe('token_for_other_resource');
  expect(await check({ resource: MEMORY })).toBe(true);
  const route = { method: 'POST', host: 'tools.example.org', path: '/mcp' };
  expect(await check({ checks: [route] })).toBe(true);
  expect(await check({ checks: [{ ...route, path: '/other' }] })).toBe('token_for_other_resource');
});

test('a token for one service narrows no further at this server, and its person sees where it works', async () => {
  const world = await serviceWorld();
  const { clientId } = await world.register();
  const { access_token: token } = (await world.signIn(clientId, { ...LOOKED_AT, resource: MEMORY })).body;
  const derived = await world.call('/login/oauth/access_token', {
    grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
    subject_token_type: 'urn:ietf:params:oauth:token-type:access_token',
    subject_token: token,
  });
  expect([derived.status, derived.body.error]).toEqual([400, 'invalid_request']);
  const page = (await world.ada.get('/settings/applications')).text;
  const href = /href="(\/settings\/personal-access-tokens\/\d+)"/.exec(page)?.[1] ?? '';
  expect((await world.ada.get(href)).text).toContain(`only at ${MEMORY}`);
  const { data_json: data } = await world.ctx.store.db
    .selectFrom('audit')
    .select('data_json')
    .where('action', '=', 'personal_access_token.derive')
    .executeTakeFirstOrThrow();
  expect(JSON.parse(data)).toMatchObject({ resource: MEMORY });
});
