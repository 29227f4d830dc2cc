/** Policies, logs and the instance's own API, for owners and administrators and their tokens. */
import { rm } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { operatorPermit } from '../../../src/actions/decision/authorize.ts';
import { JOB_HANDLERS } from '../../../src/actions/instance/job-handlers.ts';
import { beginAnew } from '../../../src/actions/instance/restoration.ts';
import { type ApiWorld, apiWorld, grant } from './api.ts';

const POLICY = '/orgs/Acme/personal-access-token-policy';

/** An administrator's token with these permissions on the instance. */
function rootToken({ token }: ApiWorld, permissions: Record<string, string>, login = 'Root') {
  return token(login, { grants: [grant({ owner: 'instance', permissions })] });
}

function ownerToken({ token }: ApiWorld, permissions: Record<string, string>) {
  return token('Ada', {
    grants: [grant({ owner: 'Acme', selection: 'all', permissions: { contents: 'read', ...permissions } })],
  });
}

describe("an organization's policy", () => {
  it('holds from the next request on, and is in the log under the names of GitHub', async () => {
    const world = await apiWorld();
    const { secret: token } = await ownerToken(world, {
      organization_administration: 'write',
      organization_audit_log: 'read',
    });
    expect((await world.ask(`GET ${POLICY}`, { token })).body).toMatchObject({
      requires_approval: null,
      in_force: { requires_approval: true, allowed: { classic: true }, base_permission: 'read' },
    });
    const classic = await world.token('Ada', { kind: 'classic', scopes: ['repo'] });
    expect((await world.ask('GET /repos/Acme/site/branches', { token: classic.secret })).status).toBe(200);
    const changed = await world.ask(`PATCH ${POLICY}`, {
      token,
      body: { allowed: { classic: false }, max_lifetime_days: { 'fine-grained': 366 }, requires_approval: false },
    });
    expect(changed.body).toMatchObject({
      allowed: { classic: false },
      requires_approval: false,
      in_force: { allowed: { classic: false }, requires_approval: false, max_lifetime_days: { 'fine-grained': 366 } },
    });
    expect((await world.ask('GET /repos/Acme/site/branches', { token: classic.secret })).body.message).toBe(
      '`Acme` forbids access via a personal access token (classic). Please use a GitHub App, OAuth App, or a ' +
        'personal access token with fine-grained permissions.',
    );
    expect((await world.ask('GET /repos/Acme/docs/branches', { token: classic.secret })).status).toBe(200);
    const log = await world.ask('GET /orgs/Acme/audit-log?action=personal_access_token', { token });
    expect(log.body.map(({ action }: { action: string }) => action).slice(0, 3)).toEqual([
      'personal_access_token.auto_approve_grant_requests_enabled',
      'personal_access_token.access_restriction_enabled',
      'personal_access_token.expiration_limit_set',
    ]);
    expect(log.body[0]).toMatchObject({
      actor: 'Ada',
      org: 'Acme',
      programmatic_access_type: 'Fine-grained personal access token',
    });
  });

  it('caps lives, blocks what lives longer, and lists addresses', async () => {
    const world = await apiWorld();
    const { secret: token } = await ownerToken(world, { organization_administration: 'write' });
    const long = await world.token('Ada', {
      grants: [grant({ owner: 'Acme', selection: 'all', permissions: { contents: 'read' } })],
      expiresInDays: 60,
    });
    await world.ask(`PATCH ${POLICY}`, { token, body: { max_lifetime_days: { 'fine-grained': 30 } } });
    expect((await world.ask('GET /repos/Acme/site/branches', { token: long.secret })).body.message).toBe(
      `The 'Acme' organization forbids access via a fine-grained personal access tokens if the token's lifetime ` +
        `is greater than 30 days. Please adjust your token's lifetime at the following URL: ` +
        `${world.ctx.settings.publicUrl}/settings/personal-access-tokens/${long.id}/renew?expires_in=30`,
    );
    await world.ask(`PATCH ${POLICY}`, {
      token,
      body: {
        max_lifetime_days: { 'fine-grained': null },
        allowed_addresses: ['10.0.0.0/8'],
        confirm_lock_out: true,
      },
    });
    expect((await world.ask('GET /repos/Acme/site/branches', { token: long.secret })).body.message).toContain(
      'the `Acme` organization has an IP allow list enabled',
    );
    expect((await world.ask('GET /repos/Acme/site/branches', { token: long.secret, from: '10.1.2.3' })).status).toBe(
      200,
    );
  });

  it('refuses values that are out of range, unknown, or set by the instance', async () => {
    const world = await apiWorld();
    const { secret: token } = await ownerToken(world, { organization_administration: 'write' });
    const { secret: root } = await rootToken(world, { instance_policies: 'write' });
    await world.ask('PATCH /enterprise/personal-access-token-policy', {
      token: root,
      body: { allowed: { scoped: true }, max_lifetime_days: { classic: 90 }, requires_approval: true },
    });
    const said = async (body: unknown): Promise<string[]> =>
      (await world.ask(`PATCH ${POLICY}`, { token, body })).body.errors?.map(
        ({ message }: { message: string }) => message,
      );
    for (const days of [0, 367, -1])
      expect(await said({ max_lifetime_days: { 'fine-grained': days } })).toEqual([
        'A maximum lifetime is a whole number of days from 1 to 366, or none.',
      ]);
    expect(await said({ max_lifetime_days: { classic: 91 } })).toEqual([
      'The instance allows 90 days; an organization may only allow fewer.',
    ]);
    expect(await said({ allowed: { scoped: false }, requires_approval: false })).toEqual([
      'The instance decides whether scoped tokens are allowed.',
      'The instance decides whether approval is required.',
    ]);
    expect(await said({ exempt_administrators: true })).toEqual(['Only the instance exempts its administrators.']);
    expect(await said({ allowed_addresses: ['nowhere'] })).toEqual(['nowhere is neither an address nor a CIDR block.']);
    expect(await said({ colour: 'red' })).toEqual(['colour is not a field that this endpoint takes.']);
    expect(await said({ requires_approval: 'yes' })).toEqual(['requires_approval must be boolean or null.']);
    expect(
      (
        await world.ask('PATCH /enterprise/personal-access-token-policy', {
          token: root,
          body: { base_permission: 'admin' },
        })
      ).status,
    ).toBe(422);
    for (const days of [1, 90])
      expect(
        (await world.ask(`PATCH ${POLICY}`, { token, body: { max_lifetime_days: { classic: days } } })).status,
      ).toBe(200);
  });
});

describe('the instance', () => {
  it('is administered by token: people, organizations, tokens', async () => {
    const world = await apiWorld();
    const { secret: token } = await rootToken(world, {
      instance_users: 'write',
      instance_organizations: 'write',
      instance_personal_access_tokens: 'write',
      instance_audit_log: 'read',
    });
    const bob = await world.token('Bob', { name: 'mine' });
    expect(
      (await world.ask('POST /enterprise/users', { token, body: { login: 'dora', email: 'dora@example.org' } })).status,
    ).toBe(201);
    for (const [field, value] of [
      ['admin', true],
      ['verified', true],
      ['password', 'chosen by a thief of the token'],
    ] as const) {
      const body = { login: 'eve', email: 'eve@example.org', [field]: value };
      const refused = await world.ask('POST /enterprise/users', { token, body });
      expect([refused.status, refused.body.errors]).toMatchObject([422, [{ field, code: 'unprocessable' }]]);
      expect(refused.body.errors[0].message).toMatch(/^A token can't /);
    }
    expect((await world.ask('GET /users/eve', { token })).status).toBe(404);
    expect(
      (await world.ask('GET /enterprise/users?per_page=2', { token })).body.map(
        ({ login }: { login: string }) => login,
      ),
    ).toEqual(['dora', 'Root']);
    expect((await world.ask('PUT /enterprise/users/Bob/suspended', { token })).status).toBe(204);
    expect((await world.ask('GET /user', { token: bob.secret })).body.message).toBe(
      'Sorry. Your account was suspended.',
    );
    expect((await world.ask('DELETE /enterprise/users/Bob/suspended', { token })).status).toBe(204);
    expect((await world.ask('GET /user', { token: bob.secret })).status).toBe(200);
    expect(
      (await world.ask('POST /enterprise/organizations', { token, body: { login: 'globex', owner: 'dora' } })).body,
    ).toMatchObject({ login: 'globex', type: 'Organization' });
    expect((await world.ask('GET /enterprise/personal-access-tokens?owner=bob', { token })).body).toMatchObject([
      { name: 'mine', owner: { login: 'Bob' } },
    ]);
    expect((await world.ask(`DELETE /enterprise/personal-access-tokens/${bob.id}`, { token })).status).toBe(204);
    expect((await world.ask('GET /user', { token: bob.secret })).body.reason).toBe('token_revoked');
    const log = await world.ask('GET /enterprise/audit-log?user=bob&format=jsonl', { token });
    expect(log.headers['content-type']).toBe('application/x-ndjson; charset=utf-8');
    expect(
      log.text
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line).action),
    ).toEqual(
      expect.arrayContaining([
        'personal_access_token.credential_revoked',
        'user.suspend',
        'user.unsuspend',
        'personal_access_token.create',
      ]),
    );
  });

  it('resolves a restoration: tokens in doubt are listed, brought back or confirmed, and nothing else is', async () => {
    const world = await apiWorld();
    const mine = await world.token('Bob');
    const [kept, gone] = [await world.token('Bob', { name: 'kept' }), await world.token('Bob', { name: 'gone' })];
    const ask = async (operation: string, token: string, body?: unknown) =>
      (await world.ask(`${operation} /enterprise/restoration${body === '' ? '' : '/personal-access-tokens'}`, {
        token,
        ...(body === undefined || body === '' ? {} : { body }),
      })) as { status: number; body: Record<string, never> & { message: string } };
    const { secret: early } = await rootToken(world, { instance_personal_access_tokens: 'read' });
    expect((await ask('GET', early, '')).body).toEqual({ last: null, tokens_in_doubt: 0 });
    await beginAnew(world.ctx, operatorPermit(), { how: 'end-all-tokens' });
    expect((await world.ask('GET /user', { token: kept.secret })).status).toBe(401);
    const { secret: root } = await rootToken(world, { instance_personal_access_tokens: 'write' });
    const { secret: reader } = await rootToken(world, { instance_personal_access_tokens: 'read' });
    expect((await ask('GET', reader, '')).body).toMatchObject({
      last: { epoch: 2, known: 'end-all-tokens', lost_entries: null, revoked_tokens: 4, to_be_done_by_hand: [] },
      tokens_in_doubt: 4,
    });
    expect((await ask('GET', reader)).body).toMatchObject([{}, { id: gone.id }, { id: kept.id }, { id: mine.id }]);
    expect((await ask('POST', reader, { action: 'restore', all: true })).status).toBe(403);
    for (const body of [{ action: 'restore' }, { action: 'restore', all: true, token_ids: [kept.id] }])
      expect((await ask('POST', root, body)).body.message).toContain('Validation Failed');
    expect((await ask('POST', root, { action: 'restore', token_ids: [kept.id, 999] })).status).toBe(422);
    expect((await ask('POST', root, { action: 'restore', token_ids: [kept.id] })).body).toEqual({
      resolved: 1,
      failed: [],
      left: 3,
    });
    expect((await world.ask('GET /user', { token: kept.secret })).status).toBe(200);
    expect((await ask('POST', root, { action: 'keep_revoked', all: true })).body).toMatchObject({
      resolved: 3,
      left: 0,
    });
    expect((await ask('POST', root, { action: 'restore', token_ids: [gone.id] })).status).toBe(422);
    expect((await world.ask('GET /user', { token: gone.secret })).status).toBe(401);
  });

  it('has all repositories looked through on request, and keeps the report', async () => {
    const world = await apiWorld();
    const { secret: token } = await rootToken(world, { instance_audit_log: 'read' });
    const look = async (method: string) => (await world.ask(`${method} /enterprise/repository-check`, { token })).body;
    expect(await look('GET')).toMatchObject({ state: 'none', report: null });
    expect(await look('POST')).toMatchObject({ state: 'requested', report: null });
    expect(await look('POST')).toMatchObject({ state: 'requested' });
    const jobs = await world.ctx.store.db
      .selectFrom('jobs')
      .select('kind')
      .where('kind', '=', 'inspect-repositories')
      .execute();
    expect(jobs).toHaveLength(1);
    await rm(world.ctx.git.path('Acme', 'docs'), { recursive: true });
    await world.ctx.git.create('Acme', 'stray');
    const stopped = JOB_HANDLERS['inspect-repositories'](world.ctx, null, AbortSignal.abort());
    await expect(stopped).rejects.toThrow('abort');
    expect(await look('GET')).toMatchObject({ state: 'running', finished_at: null, report: null });
    await JOB_HANDLERS['inspect-repositories'](world.ctx, null, new AbortController().signal);
    expect(await look('GET')).toMatchObject({
      state: 'done',
      finished_at: expect.any(String),
      report: { damaged: [], without_files: ['Acme/docs'], on_disk_alone: ['Acme/stray'], unfinished: [] },
    });
    const { secret: other } = await rootToken(world, { instance_users: 'write' });
    expect((await world.ask('POST /enterprise/repository-check', { token: other })).status).toBe(403);
  });

  it('is closed to everybody else, whatever their token says', async () => {
    const world = await apiWorld();
    const { secret: token } = await rootToken(world, { instance_users: 'read' });
    for (const path of [
      'users',
      'organizations',
      'personal-access-tokens',
      'audit-log',
      'personal-access-token-policy',
    ]) {
      const expected = path === 'users' ? 200 : 403;
      expect([path, (await world.ask(`GET /enterprise/${path}`, { token })).status]).toEqual([path, expected]);
      expect((await world.ask(`GET /enterprise/${path}`)).status).toBe(401);
    }
    await expect(rootToken(world, { instance_users: 'read' }, 'Bob')).rejects.toThrow(
      'Cannot find the specified resource owner: instance',
    );
  });
});

describe('the security log', () => {
  it("shows one's own entries, narrowed, in pages", async () => {
    const world = await apiWorld();
    const { secret: token } = await world.token('Bob', {
      name: 'reader',
      grants: [grant({ permissions: { user_events: 'read', personal_access_tokens: 'write' } })],
    });
    await world.token('Ada', { name: 'hers' });
    for (const name of ['one', 'two']) await world.ask('POST /user/personal-access-tokens', { token, body: { name } });
    const log = await world.ask('GET /user/security-log?action=personal_access_token.create&actor=bob', { token });
    expect(log.body.map(({ data }: { data: { name: string } }) => data.name)).toEqual(['two', 'one']);
    expect(log.body[0]).toMatchObject({
      actor: 'Bob',
      user: 'Bob',
      user_programmatic_access_name: 'reader',
      actor_ip: '127.0.0.1',
    });
    const first = await world.ask('GET /user/security-log?per_page=1', { token });
    expect(first.headers['link']).toContain('rel="next"');
    expect((await world.ask('GET /user/security-log?since=2030-01-01T00:00:00Z', { token })).body).toEqual([]);
    expect((await world.ask('GET /user/security-log?since=soon', { token })).status).toBe(422);
    expect((await world.ask('GET /user/security-log', { token })).text).not.toContain('hers');
  });
});
