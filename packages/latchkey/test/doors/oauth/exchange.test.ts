/**
 * Attacks on the exchange of codes for tokens: by somebody who has the code without its verifier, by a second use, by a
 * page elsewhere.
 */
import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { operatorPermit } from '../../../src/actions/decision/authorize.ts';
import {
  approveCode,
  approveDevice,
  beginDeviceAuthorization,
  CODE_LIFE_SEC,
  DEVICE_LIFE_SEC,
  deviceByUserCode,
} from '../../../src/actions/tokens/device-authorization.ts';
import { revokeToken } from '../../../src/actions/tokens/tokens.ts';
import { type ConsentChoice, type LoginRequest, readLoginRequest } from '../../../src/rules/login-request.ts';
import { bobsPermit } from '../../causes/bob.ts';
import { causesWorld, type World } from '../../causes/world.ts';

const VERIFIER = 'v'.repeat(43);
const REDIRECT = 'http://127.0.0.1:5555/callback';
const ADDRESS = '127.0.0.1';

function request(fields: Record<string, string> = { scope: 'contents:write', resource_owner: 'acme' }): LoginRequest {
  const read = readLoginRequest(new URLSearchParams(fields));
  if ('error' in read) throw new Error(read.error);
  return read.request;
}

const choice = (given: Partial<ConsentChoice> = {}): ConsentChoice => ({
  name: 'laptop',
  levels: new Map([['contents', 'write']]),
  owners: ['acme'],
  expiresInDays: 7,
  ...given,
});

async function codeFor(world: World, given: Partial<ConsentChoice> = {}): Promise<string> {
  const challenge = createHash('sha256').update(VERIFIER).digest('base64url');
  return (
    await approveCode(
      world.server.context,
      await bobsPermit(world),
      { request: request(), redirectUri: REDIRECT, challenge, address: ADDRESS },
      choice(given),
    )
  ).reveal();
}

async function exchange(world: World, fields: Record<string, string>) {
  const answer = await fetch(`${world.url}/login/oauth/access_token`, {
    method: 'POST',
    body: new URLSearchParams({ client_id: 'latchkey-cli', ...fields }),
  });
  expect(answer.headers.get('cache-control')).toBe('no-store');
  return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
}

const redeem = (world: World, code: string, given: Record<string, string> = {}) =>
  exchange(world, {
    grant_type: 'authorization_code',
    code,
    redirect_uri: REDIRECT,
    code_verifier: VERIFIER,
    ...given,
  });

describe('an authorization code', () => {
  test('gives its token only with the verifier, and nothing beyond what was chosen', async () => {
    const world = await causesWorld();
    const { status, body } = await redeem(world, await codeFor(world));
    expect([status, body]).toEqual([
      200,
      {
        access_token: expect.stringMatching(/^lkf_/),
        token_type: 'bearer',
        scope: 'contents:write',
        username: 'bob+1',
        token_id: 1,
        expires_in: expect.any(Number),
      },
    ]);
    expect(
      await world.git({
        username: 'bob+1',
        secret: String(body['access_token']),
        repository: 'acme/site',
        operation: 'push',
      }),
    ).toMatchObject({ ok: true });
  });

  test.each([
    ['another verifier', { code_verifier: 'w'.repeat(43) }, 'invalid_grant'],
    ['another redirect', { redirect_uri: 'http://127.0.0.1:5556/callback' }, 'invalid_grant'],
    ['no verifier', { code_verifier: '' }, 'invalid_request'],
    ['another client', { client_id: 'somebody' }, 'invalid_client'],
    ['another grant', { grant_type: 'password' }, 'unsupported_grant_type'],
  ])('gives nothing for %s', async (_name, given, error) => {
    const world = await causesWorld();
    const code = await codeFor(world);
    expect((await redeem(world, code, given)).body).toMatchObject({
      error,
      error_description: expect.stringMatching(/\.$/),
    });
    expect((await redeem(world, code)).status, 'and is not spent by it').toBe(200);
  });

  test('that comes a second time gives nothing, and ends the token of the first', async () => {
    const world = await causesWorld();
    const code = await codeFor(world);
    const first = await redeem(world, code);
    expect((await redeem(world, code)).body).toMatchObject({ error: 'invalid_grant' });
    const attempt = {
      username: 'bob',
      secret: String(first.body['access_token']),
      repository: 'acme/site',
      operation: 'clone' as const,
    };
    expect(await world.git(attempt)).toMatchObject({
      ok: false,
      kept: false,
      remote: [
        expect.stringMatching(/^The token "laptop" was revoked on .* \(its sign-in code was used twice\)\.$/),
        expect.anything(),
        expect.anything(),
      ],
    });
  });

  test('is kept as a digest, and is too old after a minute', async () => {
    const world = await causesWorld();
    const code = await codeFor(world);
    const { db } = world.server.context.store;
    const row = await db.selectFrom('logins').selectAll().executeTakeFirstOrThrow();
    expect(JSON.stringify(row)).not.toContain(code);
    expect(row.ends_at - row.created_at).toBe(CODE_LIFE_SEC);
    await db.updateTable('logins').set({ ends_at: row.created_at }).execute();
    expect((await redeem(world, code)).body).toMatchObject({ error: 'invalid_grant' });
  });

  test('carries no level, owner or life beyond the request', async () => {
    const world = await causesWorld();
    const code = await codeFor(world, {
      levels: new Map([
        ['contents', 'admin'],
        ['members', 'write'],
      ]),
      owners: ['acme', 'bob', 'ada'],
      expiresInDays: 300,
    });
    const { body } = await redeem(world, code);
    expect(body['scope']).toBe('contents:write');
    expect(Number(body['expires_in'])).toBeLessThanOrEqual(90 * 86_400);
    const owners = await world.server.context.store.db
      .selectFrom('grants')
      .innerJoin('accounts', 'accounts.id', 'grants.owner_id')
      .select('login')
      .execute();
    expect(owners.map(({ login }) => login)).toEqual(['acme']);
  });
});

test('a sign-in that asked for ref rules gives a token that keeps them, whatever the person chooses', async () => {
  const world = await causesWorld();
  const { context } = world.server;
  const asked = request({ scope: 'contents:write', resource_owner: 'acme', ref_rules: 'main: none;{token}/**' });
  const begun = (await beginDeviceAuthorization(context, asked, ADDRESS))!;
  const permit = await bobsPermit(world);
  const pending = (await deviceByUserCode(context, permit, begun.userCode))!;
  await approveDevice(context, permit, pending, choice({ name: 'My Laptop' }));
  const { body } = await exchange(world, {
    grant_type: 'urn:ietf:params:oauth:grant-type:device_code',
    device_code: begun.deviceCode.reveal(),
  });
  expect(body).toMatchObject({ token_id: 1 });
  const [row] = await context.store.db.selectFrom('tokens').select('ref_rules_json').execute();
  expect(JSON.parse(row!.ref_rules_json!)).toEqual([
    { pattern: 'refs/heads/main', allow: [] },
    { pattern: 'refs/heads/my-laptop/**', allow: ['create', 'update'] },
  ]);
});

describe('a device code', () => {
  const poll = (world: World, code: string) =>
    exchange(world, { grant_type: 'urn:ietf:params:oauth:grant-type:device_code', device_code: code });

  test('waits for its person, is slowed down, and gives its token once', async () => {
    const world = await causesWorld();
    const { context } = world.server;
    const begun = (await beginDeviceAuthorization(context, request(), ADDRESS))!;
    const code = begun.deviceCode.reveal();
    expect((await poll(world, code)).body).toMatchObject({ error: 'authorization_pending' });
    expect((await poll(world, code)).body).toMatchObject({ error: 'slow_down' });
    const permit = await bobsPermit(world);
    const pending = (await deviceByUserCode(context, permit, begun.userCode.toLowerCase()))!;
    await approveDevice(context, permit, pending, choice());
    expect(await deviceByUserCode(context, permit, begun.userCode)).toBeNull();
    expect(await poll(world, code)).toMatchObject({ status: 200, body: { username: 'bob+1' } });
    expect((await poll(world, code)).body).toMatchObject({ error: 'invalid_grant' });
  });

  test('ends after ten minutes', async () => {
    const world = await causesWorld();
    const { context } = world.server;
    const begun = (await beginDeviceAuthorization(context, request(), ADDRESS))!;
    await context.store.db
      .updateTable('logins')
      .set((row) => ({ ends_at: row('ends_at', '-', DEVICE_LIFE_SEC) }))
      .execute();
    expect((await poll(world, begun.deviceCode.reveal())).body).toMatchObject({ error: 'expired_token' });
    expect(await deviceByUserCode(context, await bobsPermit(world), begun.userCode)).toBeNull();
  });

  test('is not issued endlessly to one address', async () => {
    const world = await causesWorld();
    const asked = async () => (await beginDeviceAuthorization(world.server.context, request(), '192.0.2.1')) !== null;
    const answers = [];
    for (let i = 0; i < 31; i++) answers.push(await asked());
    expect(answers.indexOf(false)).toBe(30);
  });
});

test.each([
  [{ scope: '' }, 'scope names no permission, such as contents:write'],
  [{ scope: 'contents:own' }, 'scope names "contents:own", which is no permission with one of its levels'],
  [{ scope: 'contents:read', expires_in_days: '0' }, 'expires_in_days must be 1 to 366'],
  [{ scope: 'contents:read', expires_in_days: '367' }, 'expires_in_days must be 1 to 366'],
  [
    { scope: 'contents:read', ref_rules: 'agent/**: own;refs/replace/**' },
    'ref_rules: The rule for "agent/**" can\'t allow "own": it allows create, update, force, delete, or none; ' +
      'or it asks: ask. ' +
      'The pattern "refs/replace/**" names refs that no rule opens',
  ],
])('a request of %j is refused in words', (fields, error) => {
  expect(readLoginRequest(new URLSearchParams(fields as Record<string, string>))).toEqual({ error });
});

test('the operator can end what came of a sign-in like any other token', async () => {
  const world = await causesWorld();
  await redeem(world, await codeFor(world));
  await revokeToken(world.server.context, operatorPermit(), 1, 'ada');
  expect(await world.server.context.store.db.selectFrom('tokens').select('revoked_by').execute()).toEqual([
    { revoked_by: 'ada' },
  ]);
});
