/** Policies, logs and the instance's own API, for owners and administrators and their tokens. */
import { describe, expect, it } from 'vitest';
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

  it('refuses what is out of range, unknown, or for the instance to say', async () => {
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
