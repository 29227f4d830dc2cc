/**
 * Derived tokens: the way of a job that needs less than its token, and the ways of somebody who got hold of one and
 * wants more of it: a longer life, wider rights, another token, the parent's end.
 */
import { describe, expect, it } from 'vitest';
import { operatorPermit } from '../../../src/actions/decision/authorize.ts';
import { clearDerived } from '../../../src/actions/tokens/derivation.ts';
import { editToken } from '../../../src/actions/tokens/edits.ts';
import { revokeLeaked } from '../../../src/actions/tokens/leaks.ts';
import { regenerateToken, rotateToken } from '../../../src/actions/tokens/secrets.ts';
import { revokeToken } from '../../../src/actions/tokens/tokens.ts';
import { DAY_SEC, HOUR_SEC } from '../../../src/base/time.ts';
import { MAX_DERIVED } from '../../../src/rules/derivation.ts';
import { insertWebhook } from '../../../src/store/webhooks.ts';
import { type ApiWorld, apiWorld, grant } from './api.ts';

const PATH = '/user/personal-access-tokens';
const DERIVE = `POST ${PATH}/current/derive`;
const WIDE = {
  contents: 'write',
  issues: 'write',
  administration: 'write',
  personal_access_tokens: 'write',
} as const;

async function parentOf(world: ApiWorld, given: Parameters<ApiWorld['token']>[1] = {}) {
  return world.token('Bob', {
    name: 'laptop',
    expiresInDays: 30,
    grants: [grant({ selection: 'all', permissions: WIDE })],
    ...given,
  });
}

async function derive(world: ApiWorld, token: string, body: Record<string, unknown> = {}) {
  const made = await world.ask(DERIVE, { token, body });
  expect([made.status, made.body.errors]).toEqual([201, undefined]);
  return { secret: made.body.token as string, id: made.body.id as number, body: made.body };
}

const reasonOf = async (world: ApiWorld, token: string, operation = 'GET /repos/Bob/notes') =>
  (await world.ask(operation, { token })).body.reason;

describe('a derived token', () => {
  it('is made by any token from itself, works for an hour, is listed under it alone, and ends by itself', async () => {
    const world = await apiWorld();
    const { ask, ctx } = world;
    const parent = await parentOf(world);
    const made = await ask(DERIVE, { token: parent.secret, body: { agent: 'claude-code/2.1', session: 's-1' } });
    expect(made).toMatchObject({
      status: 201,
      body: {
        kind: 'derived',
        name: 'claude-code/2.1',
        parent: { id: parent.id, name: 'laptop' },
        agent: 'claude-code/2.1',
        session: 's-1',
        permissions: null,
        repositories: null,
        expires_in_seconds: HOUR_SEC,
        summary: expect.stringMatching(/^Can .*a derived token changes nothing/) as string,
      },
    });
    const secret = made.body.token;
    expect(secret).toMatch(/^lkd_[A-Za-z0-9]{36}$/);
    expect(made.headers['location']).toBe(made.body.url);
    expect((await ask('GET /repos/Bob/notes', { token: secret })).status).toBe(200);
    const current = await ask(`GET ${PATH}/current`, { token: secret });
    expect(current.body).toMatchObject({
      id: parent.id,
      name: 'claude-code/2.1',
      summary: expect.stringMatching(/^Can /) as string,
      derived: { id: made.body.id },
    });
    expect(current.text).not.toContain(secret);

    const list = (await ask(PATH.replace(/^/, 'GET '), { token: parent.secret })).body;
    expect(list.map(({ name }: { name: string }) => name)).toEqual(['laptop']);
    const under = await ask(`GET ${PATH}/${parent.id}/derived`, { token: parent.secret });
    expect(under.body).toEqual([expect.objectContaining({ id: made.body.id, agent: 'claude-code/2.1' })]);
    expect(under.text).not.toContain(secret);
    const row = await ctx.store.db.selectFrom('derived_tokens').selectAll().executeTakeFirstOrThrow();
    expect(JSON.stringify(row)).not.toContain(secret);

    expect((await ask(`DELETE ${PATH}/current`, { token: secret })).status).toBe(204);
    expect(await reasonOf(world, secret)).toBe('token_revoked');
    expect((await ask('GET /user', { token: parent.secret })).status, 'the parent lives on').toBe(200);
    const actions = (await ctx.store.db.selectFrom('audit').select('action').orderBy('id').execute()).slice(-2);
    expect(actions).toEqual([
      { action: 'personal_access_token.derive' },
      { action: 'personal_access_token.end_derived' },
    ]);
  });

  it('can be narrowed by permissions, repositories, refs and addresses, and says what it lacks', async () => {
    const world = await apiWorld();
    const parent = await parentOf(world);
    const { secret } = await derive(world, parent.secret, {
      permissions: { contents: 'read' },
      repositories: ['Bob/notes'],
      ref_rules: [{ pattern: 'agent/**' }],
      allowed_addresses: ['10.0.0.0/8'],
    });
    const ask = (operation: string, from = '10.1.1.1', body?: unknown) =>
      world.ask(operation, { token: secret, from, ...(body === undefined ? {} : { body }) });
    expect((await ask('GET /repos/Bob/notes')).status).toBe(200);
    expect((await ask('GET /repos/Bob/notes', '192.0.2.1')).body.reason).toBe('address_not_allowed');
    const refused = await ask('GET /repos/Bob/notes/keys', '10.1.1.1');
    expect(refused.body).toMatchObject({
      reason: 'permission_missing',
      missing: { administration: 'read' },
      message: 'Resource not accessible by personal access token',
    });
    expect(refused.text).toContain('Derive another from \\"laptop\\"');
    const check = await ask(`POST ${PATH}/current/check`, '10.1.1.1', {
      permission: 'contents',
      level: 'write',
      repository: 'Bob/notes',
    });
    expect(check.body).toMatchObject({ allowed: false, reason: 'permission_missing' });
  });

  it.each([
    ['a permission that it lacks', { permissions: { secrets: 'write' } }, 'does not have secrets: write itself'],
    ['a permission that is none', { permissions: { nothing: 'read' } }, 'There is no permission nothing: read'],
    ["another person's private repository", { repositories: ['Ada/diary'] }, 'reaches no repository Ada/diary'],
    ['no repository at all', { repositories: [] }, 'Name at least one repository'],
    ['scopes', { scopes: ['repo'] }, 'has permissions, not scopes'],
    ['a life of two days', { expires_in: 2 * DAY_SEC }, 'lives 60 to 86400 seconds'],
    ['a life of a moment', { expires_in: 59 }, 'lives 60 to 86400 seconds'],
    ['a rule that is none', { ref_rules: [{ pattern: 'refs/replace/**' }] }, 'no rule opens'],
    ['a name nobody sees', { agent: 'ada\u202e' }, 'take out U+202E'],
    ['a name without end', { session: 'x'.repeat(65) }, "A session's name has at most 64 characters"],
  ])('is not made for %s', async (_name, body, words) => {
    const world = await apiWorld();
    const { secret } = await parentOf(world);
    const refused = await world.ask(DERIVE, { token: secret, body });
    expect(refused.status).toBe(422);
    expect(JSON.parse(refused.text).message + refused.text).toContain(words);
    expect(await world.ctx.store.db.selectFrom('derived_tokens').selectAll().execute()).toEqual([]);
  });

  it('hands on what it has over one more level, and never more of it', async () => {
    const world = await apiWorld();
    const parent = await parentOf(world, { refRules: [{ pattern: '**' }] });
    const first = await derive(world, parent.secret, {
      permissions: { contents: 'write', administration: 'read' },
      ref_rules: [{ pattern: 'agent/**' }],
      allowed_addresses: ['127.0.0.0/8'],
      agent: 'claude-code/2.1',
      expires_in: 600,
    });
    for (const [body, words] of [
      [{ permissions: { issues: 'read' } }, 'does not have issues: read'],
      [{ permissions: { administration: 'write' } }, 'does not have administration: write'],
      [{ ref_rules: [{ pattern: 'agent/**', allow: ['force'] }] }, 'no other refs'],
      [{ ref_rules: [{ pattern: 'main' }] }, 'no other refs'],
      [{ allowed_addresses: ['0.0.0.0/0'] }, 'no other addresses'],
      [{ agent: 'ada by hand' }, 'derived for another agent, which stays'],
    ] as const) {
      const refused = await world.ask(DERIVE, { token: first.secret, body });
      expect([refused.status, refused.text]).toEqual([422, expect.stringContaining(words)]);
    }
    const second = await derive(world, first.secret, { permissions: { contents: 'read' }, expires_in: 3_600 });
    expect(second.body).toMatchObject({
      agent: 'claude-code/2.1',
      derived_from: first.id,
      permissions: { contents: 'read' },
      ref_rules: [{ pattern: 'refs/heads/agent/**' }],
      allowed_addresses: ['127.0.0.0/8'],
      expires_in_seconds: 600,
    });
    const third = await world.ask(DERIVE, { token: second.secret, body: {} });
    expect([third.status, third.text]).toEqual([422, expect.stringContaining('2 levels at most')]);
    await world.ask(`DELETE ${PATH}/current`, { token: first.secret });
    expect(await reasonOf(world, second.secret)).toBe('token_revoked');
  });

  it('makes, changes and ends no tokens, whatever its parent may do', async () => {
    const world = await apiWorld();
    const scopes = ['repo', 'admin:org', 'user', 'admin:enterprise'];
    const parent = await world.token('Bob', { kind: 'classic', name: 'old', scopes, expiresInDays: 30 });
    const other = await parentOf(world);
    for (const { secret, id } of [parent, other]) {
      const derived = (await derive(world, secret)).secret;
      for (const operation of [
        `POST ${PATH}`,
        `PATCH ${PATH}/${id}`,
        `DELETE ${PATH}/${id}`,
        `POST ${PATH}/${id}/regenerate`,
        `POST ${PATH}/${id}/rotate`,
        `POST ${PATH}/current/rotate`,
        `DELETE ${PATH}/${id}/derived/1`,
      ]) {
        const body = operation === `POST ${PATH}` ? { name: 'mine' } : operation.startsWith('DELETE') ? undefined : {};
        const answer = await world.ask(operation, { token: derived, ...(body === undefined ? {} : { body }) });
        expect([operation, answer.status]).toEqual([operation, 403]);
      }
    }
    expect((await world.ctx.store.db.selectFrom('tokens').select('id').execute()).length).toBe(2);
    expect(await reasonOf(world, parent.secret, 'GET /user')).toBeUndefined();
  });
});

describe('an hour of an agent leaves nothing behind', () => {
  const KEY = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGcR5BvHBnHnC5R3xH5aCE7bGmRhhHDoTBn5UkLTrEBr';
  const HOOK = { config: { url: 'https://eve.example.org/', secret: 'eve' } };
  /** What somebody would do who talked an agent into it, so as to be there tomorrow. */
  const LASTING: readonly (readonly [string, unknown?])[] = [
    ['POST /repos/Bob/notes/keys', { key: KEY, read_only: true }],
    ['POST /repos/Bob/notes/hooks', HOOK],
    ['PATCH /repos/Bob/notes/hooks/1', HOOK],
    ['PUT /repos/Bob/notes/collaborators/Ada', { permission: 'admin' }],
    ['DELETE /repos/Bob/notes/collaborators/Ada'],
    ['PATCH /repos/Bob/notes', { private: false }],
    ['DELETE /repos/Bob/notes'],
    ['POST /user/repos', { name: 'mine' }],
    ['PUT /orgs/Acme/memberships/Cy', { role: 'admin' }],
    ['PATCH /orgs/Acme', { default_repository_permission: 'admin' }],
    ['POST /user/emails', { emails: ['eve@example.org'] }],
  ];

  it('whatever its parent may do: no key, webhook, collaborator, member, address, setting or repository', async () => {
    const world = await apiWorld();
    const scopes = ['repo', 'admin:org', 'user', 'admin:enterprise', 'admin:repo_hook', 'delete_repo'];
    const parents = [
      await world.token('Bob', { kind: 'classic', name: 'old', scopes, expiresInDays: 30 }),
      await parentOf(world, {
        grants: [grant({ selection: 'all', permissions: { ...WIDE, repository_hooks: 'write', emails: 'write' } })],
      }),
    ];
    const rows = async () => {
      const { db } = world.ctx.store;
      const tables = ['webhooks', 'collaborators', 'deploy_keys', 'memberships', 'repositories', 'emails'] as const;
      return Promise.all(tables.map((table) => db.selectFrom(table).selectAll().execute()));
    };
    const before = await rows();
    for (const parent of parents) {
      const { secret } = await derive(world, parent.secret);
      for (const [operation, body] of LASTING) {
        const answer = await world.ask(operation, { token: secret, ...(body === undefined ? {} : { body }) });
        expect([operation, answer.status, answer.body.reason]).toEqual([operation, 403, 'token_derived']);
      }
    }
    expect(await rows()).toEqual(before);
  });

  it('and still works: it reads settings, and writes what the repository holds', async () => {
    const world = await apiWorld();
    const parent = await parentOf(world);
    const { secret } = await derive(world, parent.secret);
    expect((await world.ask('GET /repos/Bob/notes/keys', { token: secret })).status).toBe(200);
    expect(await reasonOf(world, secret, 'PUT /repos/Bob/notes/contents/x')).toBeUndefined();
  });
});

describe('what ends or narrows a token ends or narrows what was derived from it, at the next request', () => {
  it.each<[string, (world: ApiWorld, id: number) => Promise<unknown>, string]>([
    ['revocation', (world, id) => revokeToken(world.ctx, operatorPermit(), id, 'ada'), 'token_revoked'],
    ['a new secret', (world, id) => regenerateToken(world.ctx, operatorPermit(), id), 'token_revoked'],
    [
      'a narrower list of addresses',
      (world, id) => editToken(world.ctx, operatorPermit(), id, { allowedAddresses: ['192.0.2.0/24'] }),
      'address_not_allowed',
    ],
    [
      'other permissions',
      (world, id) =>
        editToken(world.ctx, operatorPermit(), id, {
          grants: [grant({ selection: 'all', permissions: { issues: 'read' } })],
        }),
      'permission_missing',
    ],
    ['its end', async (world) => world.ctx.clock.advance(31 * DAY_SEC), 'token_expired'],
  ])('%s', async (_name, happen, reason) => {
    const world = await apiWorld();
    const parent = await parentOf(world);
    const plain = await derive(world, parent.secret);
    const narrow = await derive(world, parent.secret, { permissions: { contents: 'write' } });
    const below = await derive(world, narrow.secret);
    const write = 'GET /repos/Bob/notes/contents/x';
    for (const { secret } of [plain, narrow, below]) expect(await reasonOf(world, secret, write)).toBeUndefined();
    await happen(world, parent.id);
    for (const { secret } of [plain, narrow, below]) expect(await reasonOf(world, secret, write)).toBe(reason);
  });

  it("a thief's derived token dies when the owner rotates: at once, or with the overlap", async () => {
    const world = await apiWorld();
    const { ctx } = world;
    const parent = await parentOf(world);
    const stolen = await derive(world, parent.secret, { expires_in: DAY_SEC });
    const rotated = await rotateToken(ctx, operatorPermit(), parent.id, {}, 600);
    expect(await reasonOf(world, stolen.secret), 'the old secret still works').toBeUndefined();
    const late = await derive(world, parent.secret, { expires_in: DAY_SEC });
    expect((await world.ask('GET /user', { token: rotated.secret.reveal() })).status, 'which ends the old one').toBe(
      200,
    );
    for (const { secret } of [stolen, late]) expect(await reasonOf(world, secret)).toBe('token_revoked');
    const alerts = await ctx.store.db
      .selectFrom('audit')
      .select('id')
      .where('action', '=', 'personal_access_token.replaced_credential_used')
      .execute();
    expect(alerts, 'nobody is alerted of a secret that was not used').toEqual([]);

    const again = await rotateToken(ctx, operatorPermit(), parent.id, {}, 600);
    const during = await derive(world, rotated.secret.reveal(), { expires_in: DAY_SEC });
    ctx.clock.advance(601);
    expect(await reasonOf(world, during.secret), 'with the end of the overlap').toBe('token_expired');
    expect((await world.ask('GET /user', { token: again.secret.reveal() })).status).toBe(200);
  });

  it('rules that were narrowed below those of a derived token leave it no ref', async () => {
    const world = await apiWorld();
    const parent = await parentOf(world, { refRules: [{ pattern: '**' }] });
    const derived = await derive(world, parent.secret, { ref_rules: [{ pattern: 'agent/**' }] });
    await editToken(world.ctx, operatorPermit(), parent.id, { refRules: [{ pattern: 'docs/**' }] });
    const answer = await world.ask(`GET ${PATH}/current`, { token: derived.secret });
    expect(answer.body.ref_rules).toEqual([{ pattern: 'refs/heads/**', allow: [] }]);
  });
});

it('what is done with one is told apart from what its owner does: in the log, in events, on the page', async () => {
  const world = await apiWorld();
  const { ctx } = world;
  const parent = await parentOf(world);
  const { id, secret } = await derive(world, parent.secret, { agent: 'claude-code/2.1', session: 's-1' });
  const act = { derived_id: id, agent: 'claude-code/2.1', session: 's-1' };
  const { id: repositoryId } = await ctx.store.db
    .selectFrom('repositories')
    .select('id')
    .where('name', '=', 'notes')
    .executeTakeFirstOrThrow();
  const config = { url: 'https://ci.example.org/hook', contentType: 'json', secret: null, insecureSsl: false } as const;
  await insertWebhook(ctx.store.db, repositoryId, { config, events: ['push'], active: true }, ctx.clock.now());
  for (const [path, token] of [
    ['by-hand', parent.secret],
    ['by-agent', secret],
  ] as const) {
    const body = { message: path, content: Buffer.from(path).toString('base64') };
    expect((await world.ask(`PUT /repos/Bob/notes/contents/${path}`, { token, body })).status).toBe(201);
  }
  const entries = await ctx.store.db
    .selectFrom('audit')
    .select(['actor_login', 'actor_token_id', 'data_json'])
    .where('action', '=', 'git.push')
    .orderBy('id')
    .execute();
  expect(entries.map(({ data_json }) => (JSON.parse(data_json) as { act?: unknown }).act)).toEqual([undefined, act]);
  expect(entries[1]).toMatchObject({ actor_login: 'Bob', actor_token_id: parent.id });
  const sent = await ctx.store.db.selectFrom('webhook_deliveries').select('payload_json').orderBy('id').execute();
  const events = sent.map(({ payload_json }) => JSON.parse(payload_json) as { act?: unknown; sender: object });
  expect(events.map((event) => event.act)).toEqual([undefined, act]);
  expect(events[1]!.sender).toMatchObject({ login: 'Bob' });
});

describe('a classic token', () => {
  it('derives one for a repository, which opens no other and nothing else, not even by its scopes', async () => {
    const world = await apiWorld();
    const scopes = ['repo', 'read:org', 'user', 'delete_repo'];
    const parent = await world.token('Bob', { kind: 'classic', name: 'old', scopes, expiresInDays: 30 });
    for (const name of ['other', 'shown'])
      await world.ask('POST /user/repos', { token: parent.secret, body: { name, private: name === 'other' } });
    const { secret } = await derive(world, parent.secret, { repositories: ['bob/NOTES'] });
    const statusOf = async (operation: string, body?: unknown) =>
      (await world.ask(operation, { token: secret, ...(body === undefined ? {} : { body }) })).status;
    expect(await statusOf('GET /repos/Bob/notes')).toBe(200);
    expect(await statusOf('GET /repos/Bob/notes/keys')).toBe(200);
    expect(await statusOf('GET /repos/Bob/other'), 'as if it were not there').toBe(404);
    expect(await statusOf('GET /repos/Bob/shown'), 'anybody may').toBe(200);
    expect(await statusOf('PATCH /repos/Bob/shown', { description: 'new' })).toBe(403);
    expect(await statusOf('DELETE /repos/Bob/shown')).toBe(403);
    expect(await statusOf('GET /user/emails')).toBe(403);
    expect(await statusOf('POST /user/repos', { name: 'more' })).toBe(403);
    const below = await derive(world, secret, { scopes: ['public_repo'] });
    expect((await world.ask('GET /repos/Bob/notes', { token: below.secret })).status, 'public ones only').toBe(404);
    const reader = await derive(world, parent.secret, { scopes: ['read:org'] });
    const refused = await world.ask(DERIVE, { token: reader.secret, body: { scopes: ['repo'] } });
    expect([refused.status, refused.text]).toEqual([422, expect.stringContaining('does not have the scope repo')]);
  });
});

describe('uses and counts', () => {
  it('a derived token spends the uses of its parent, on all doors', async () => {
    const world = await apiWorld();
    const parent = await parentOf(world, { usesLeft: 4 });
    const derived = await derive(world, parent.secret);
    expect((await world.ask('GET /user', { token: derived.secret })).status).toBe(200);
    expect((await world.ask('GET /user', { token: derived.secret })).status).toBe(200);
    expect((await world.ask('GET /user', { token: parent.secret })).status).toBe(200);
    expect(await reasonOf(world, derived.secret, 'GET /user')).toBe('token_used_up');
    expect(await reasonOf(world, parent.secret, 'GET /user')).toBe('token_used_up');
  });

  it('as many live as the limit says, and those that ended make room', async () => {
    const world = await apiWorld();
    const { ctx } = world;
    const parent = await parentOf(world);
    await derive(world, parent.secret);
    const row = await ctx.store.db.selectFrom('derived_tokens').selectAll().executeTakeFirstOrThrow();
    const { id: _id, ...rest } = row;
    for (let made = 1; made < MAX_DERIVED - 1; made += 1_000)
      await ctx.store.db
        .insertInto('derived_tokens')
        .values(
          Array.from({ length: Math.min(1_000, MAX_DERIVED - 1 - made) }, (_, i) => ({
            ...rest,
            digest: `${made + i}`,
          })),
        )
        .execute();
    await derive(world, parent.secret);
    const refused = await world.ask(DERIVE, { token: parent.secret, body: {} });
    expect([refused.status, refused.text]).toEqual([422, expect.stringContaining(`At most ${MAX_DERIVED}`)]);
    ctx.clock.advance(HOUR_SEC + 1);
    await derive(world, parent.secret);
    ctx.clock.advance(8 * DAY_SEC);
    await clearDerived(ctx);
    expect(await ctx.store.db.selectFrom('derived_tokens').selectAll().execute()).toEqual([]);
  });

  it('one that leaked is ended by its report, and its parent is not', async () => {
    const world = await apiWorld();
    const parent = await parentOf(world);
    const derived = await derive(world, parent.secret);
    expect(await revokeLeaked(world.ctx, operatorPermit(), [derived.secret, derived.secret])).toBe(1);
    expect(await reasonOf(world, derived.secret)).toBe('token_revoked');
    expect((await world.ask('GET /user', { token: parent.secret })).status).toBe(200);
  });
});
