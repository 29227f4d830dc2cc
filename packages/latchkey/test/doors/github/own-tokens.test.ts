/** A person's own tokens over REST, as a script uses them. */
import { describe, expect, it } from 'vitest';
import { operatorPermit } from '../../../src/actions/decision/authorize.ts';
import { editToken } from '../../../src/actions/tokens/edits.ts';
import { type ApiWorld, apiWorld, grant } from './api.ts';

const PATH = '/user/personal-access-tokens';

async function manager(world: ApiWorld, given: Parameters<ApiWorld['token']>[1] = {}) {
  return world.token('Bob', {
    name: 'manager',
    expiresInDays: 30,
    grants: [grant({ selection: 'all', permissions: { personal_access_tokens: 'write', contents: 'write' } })],
    ...given,
  });
}

describe("one's own tokens over REST", () => {
  it('are created, shown, listed, changed, renewed and deleted', async () => {
    const world = await apiWorld();
    const { ask } = world;
    const { secret: token, id: parent } = await manager(world);
    const made = await ask(`POST ${PATH}`, {
      token,
      body: {
        name: 'ci',
        description: 'builds',
        repository_selection: 'subset',
        repositories: ['notes'],
        permissions: { contents: 'read' },
        expires_in: 7,
      },
    });
    expect(made).toMatchObject({
      status: 201,
      body: {
        name: 'ci',
        state: 'active',
        summary: 'Can read code in Bob/notes.',
        parent_id: parent,
        grants: [
          {
            target_name: 'Bob',
            repository_selection: 'subset',
            repositories: ['Bob/notes'],
            permissions: { contents: 'read', metadata: 'read' },
          },
        ],
      },
    });
    expect(made.body.token).toMatch(/^lkf_[A-Za-z0-9]{36}$/);
    expect(made.headers['location']).toBe(made.body.url);
    const own = `${PATH}/${made.body.id}`;
    expect((await ask('GET /user', { token: made.body.token })).body.login).toBe('Bob');
    const shown = await ask(`GET ${own}`, { token });
    expect(shown.body).toMatchObject({ id: made.body.id, token_last_eight: made.body.token.slice(-8) });
    expect(shown.text).not.toContain(made.body.token);
    expect(
      (await ask(`GET ${PATH}?kind=fine-grained`, { token })).body.map(({ name }: { name: string }) => name),
    ).toEqual(['ci', 'manager']);
    expect(
      (await ask(`PATCH ${own}`, { token, body: { name: 'deploy', allowed_addresses: ['10.0.0.0/8'] } })).body,
    ).toMatchObject({ name: 'deploy', allowed_addresses: ['10.0.0.0/8'] });
    expect((await ask('GET /user', { token: made.body.token })).body.reason).toBe('address_not_allowed');
    const again = await ask(`POST ${own}/regenerate`, { token, body: { expires_in: 3 } });
    expect(again).toMatchObject({ status: 200, body: { expires_in_seconds: 3 * 86_400 } });
    expect((await ask('GET /user', { token: made.body.token, from: '10.1.1.1' })).body).toMatchObject({
      message: 'Bad credentials',
      reason: 'token_replaced',
    });
    const rotated = await ask(`POST ${own}/rotate`, { token, body: { overlap_seconds: 600 } });
    expect((await ask('GET /user', { token: again.body.token, from: '10.1.1.1' })).status).toBe(200);
    expect((await ask('GET /user', { token: rotated.body.token, from: '10.1.1.1' })).status).toBe(200);
    expect((await ask('GET /user', { token: again.body.token, from: '10.1.1.1' })).status).toBe(401);
    expect((await ask(`DELETE ${own}`, { token })).status).toBe(204);
    expect((await ask('GET /user', { token: rotated.body.token, from: '10.1.1.1' })).body.reason).toBe('token_revoked');
    expect((await ask(`GET ${PATH}?state=all`, { token })).body.map(({ state }: { state: string }) => state)).toEqual([
      'revoked',
      'active',
    ]);
  });

  it('are a calendar that programs subscribe to with a name and a token', async () => {
    const { ask, token } = await apiWorld();
    const basic = (secret: string): Record<string, string> => ({
      authorization: `Basic ${Buffer.from(`Bob:${secret}`).toString('base64')}`,
    });
    const feed = await token('Bob', {
      name: 'feed, daily',
      expiresInDays: 30,
      grants: [grant({ permissions: { personal_access_tokens: 'read' } })],
    });
    const other = await token('Bob', { name: 'other', expiresInDays: 7 });
    const scoped = await token('Bob', { name: 'scoped', kind: 'scoped', scopes: ['api'], expiresInDays: 9 });
    const path = `GET ${PATH}/calendar.ics`;
    const unasked = await ask(path);
    expect([unasked.status, unasked.headers['www-authenticate']]).toEqual([
      401,
      'Basic realm="Latchkey", charset="UTF-8"',
    ]);
    const seen = await ask(path, { headers: basic(feed.secret) });
    expect([seen.status, seen.headers['content-type']]).toEqual([200, 'text/calendar; charset=utf-8']);
    expect(seen.text).toMatch(/^BEGIN:VCALENDAR\r\nVERSION:2\.0\r\n[^]*END:VCALENDAR\r\n$/);
    expect(seen.text.match(/BEGIN:VEVENT/g)).toHaveLength(3);
    const unfolded = seen.text.replaceAll('\r\n ', '');
    expect(unfolded).toContain('SUMMARY:Token “feed\\, daily” ends');
    expect(unfolded).toContain(`/settings/personal-access-tokens/${other.id}/renew`);
    expect(unfolded).toContain(`/-/user_settings/personal_access_tokens/${scoped.id}/renew`);
    for (const { secret } of [feed, other, scoped]) expect(unfolded).not.toContain(secret);
    expect((await ask(path, { headers: basic(other.secret) })).body).toMatchObject({
      message: 'Resource not accessible by personal access token',
      missing: { personal_access_tokens: 'read' },
    });
  });

  it('tell a token about itself, without any permission', async () => {
    const { ask, token } = await apiWorld();
    const { secret, id } = await token('Bob', { name: 'small' });
    expect(await ask(`GET ${PATH}/current`, { token: secret })).toMatchObject({
      status: 200,
      body: { id, name: 'small', state: 'active', last_used: null },
    });
    expect((await ask(`GET ${PATH}`, { token: secret })).body).toMatchObject({
      message: 'Resource not accessible by personal access token',
      missing: { personal_access_tokens: 'read' },
    });
    expect((await ask(`DELETE ${PATH}/current`, { token: secret })).status).toBe(204);
    expect((await ask(`GET ${PATH}/current`, { token: secret })).status).toBe(401);
  });

  it('rotate themselves for no longer than they live', async () => {
    const world = await apiWorld();
    const { secret } = await manager(world, { expiresInDays: 7 });
    expect(await world.ask(`POST ${PATH}/current/rotate`, { token: secret, body: { expires_in: 8 } })).toMatchObject({
      status: 422,
      body: { errors: [{ field: 'expires_in', message: "A token can't give itself a longer life than it has." }] },
    });
    const rotated = await world.ask(`POST ${PATH}/current/rotate`, { token: secret });
    expect(rotated.body.expires_in_seconds).toBe(7 * 86_400);
  });

  it('reach several resource owners only when that is said', async () => {
    const world = await apiWorld();
    const { secret: token } = await world.token('Ada', {
      grants: [
        grant({ selection: 'all', permissions: { personal_access_tokens: 'write', contents: 'read' } }),
        grant({ owner: 'Acme', selection: 'all', permissions: { contents: 'read' } }),
      ],
    });
    const made = await world.ask(`POST ${PATH}`, {
      token,
      body: {
        name: 'two',
        grants: [
          { repository_selection: 'all' },
          {
            target_name: 'acme',
            repository_selection: 'subset',
            repositories: ['site'],
            permissions: { contents: 'read' },
          },
        ],
      },
    });
    expect(made.body.grants).toMatchObject([
      { target_name: 'Ada', target_type: 'User' },
      { target_name: 'Acme', target_type: 'Organization', repositories: ['Acme/site'], state: 'active' },
    ]);
    expect(
      await world.ask(`POST ${PATH}`, { token, body: { name: 'x', target_name: 'Acme', grants: [] } }),
    ).toMatchObject({
      status: 422,
      body: { errors: [{ field: 'grants', message: 'target_name stands beside grants: say it in one place.' }] },
    });
  });

  it("don't reach other people's", async () => {
    const world = await apiWorld();
    const { secret: token } = await manager(world);
    const other = await world.token('Ada', { name: 'hers' });
    for (const operation of [
      `GET ${PATH}/${other.id}`,
      `PATCH ${PATH}/${other.id}`,
      `DELETE ${PATH}/${other.id}`,
      `POST ${PATH}/${other.id}/regenerate`,
      `POST ${PATH}/${other.id}/rotate`,
      `GET ${PATH}/0`,
      `GET ${PATH}/x`,
    ]) {
      const answer = await world.ask(operation, { token, ...(operation.startsWith('P') ? { body: {} } : {}) });
      expect([operation, answer.status, answer.body.message]).toEqual([operation, 404, 'Not Found']);
    }
    expect((await world.ask('GET /user', { token: other.secret })).status).toBe(200);
  });
});

describe('what is wrong with a new token', () => {
  const CASES: readonly [body: unknown, status: number, ...said: string[]][] = [
    ['{', 400, 'Problems parsing JSON'],
    ['[]', 400, 'Body should be a JSON object'],
    ['"x"', 400, 'Body should be a JSON object'],
    [{}, 422, 'name: name is missing.'],
    [{ name: 7 }, 422, 'name: name must be string.'],
    [{ name: 'x', colour: 'red' }, 422, 'colour: colour is not a field that this endpoint takes.'],
    [{ name: 'x'.repeat(41) }, 422, "name: A token's name has at most 40 characters."],
    [{ name: 'x', description: 'x'.repeat(1025) }, 422, 'description: A description has at most 1024 characters.'],
    ...[0, 367, -1].map(
      (expires_in) =>
        [
          { name: 'x', expires_in },
          422,
          'expires_in: An expiration is a whole number of days from 1 to 366, or none.',
        ] as [unknown, number, string],
    ),
    [{ name: 'x', expires_in: 'tomorrow' }, 422, 'expires_in: expires_in must be integer or "none" or null.'],
    [
      { name: 'x', expires_at: 'tomorrow' },
      422,
      'expires_at: expires_at is an instant in ISO 8601: 2026-11-21T08:00:00Z.',
    ],
    [{ name: 'x', permissions: { flying: 'read' } }, 422, 'flying: There is no permission named flying.'],
    [
      { name: 'x', repository_selection: 'all', permissions: { contents: 'admin' } },
      422,
      'contents: Contents (contents) takes read or write, not admin.',
    ],
    [
      { name: 'x', target_name: 'Acme', permissions: { gists: 'write' } },
      422,
      "gists: Gists (gists) is an account permission: Acme can't give it.",
    ],
    [
      { name: 'x', repositories: ['Acme/site'] },
      422,
      "grants: A token can't give permissions or repositories that it does not have itself.",
    ],
    [{ name: 'x', repositories: Array(51).fill('notes') }, 422, 'repositories: Select at most 50 repositories.'],
    [{ name: 'x', target_name: 'nobody' }, 422, 'target_name: Cannot find the specified resource owner: nobody'],
    [
      { name: 'x', allowed_addresses: ['here'] },
      422,
      'allowed_addresses: here is neither an address nor a CIDR block.',
    ],
    [{ name: 'manager' }, 422, 'name: You already have a token named manager.'],
  ];

  it('is reported in GitHub’s form, with field and rule, and nothing is created', async () => {
    const world = await apiWorld();
    const { secret: token } = await manager(world, { expiresInDays: null });
    for (const [body, status, ...said] of CASES) {
      const answer = await world.ask(`POST ${PATH}`, { token, body });
      const heard =
        answer.status === 400
          ? [answer.body.message]
          : (answer.body.errors ?? []).map(
              ({ field, message }: { field: string; message: string }) => `${field}: ${message}`,
            );
      expect([answer.status, ...heard]).toEqual([status, ...said]);
      if (status === 422)
        expect(answer.body).toMatchObject({
          message: 'Validation Failed',
          status: '422',
          errors: [{ resource: 'PersonalAccessToken' }],
        });
    }
    expect((await world.ask(`GET ${PATH}?state=all`, { token })).body).toHaveLength(1);
  });
});

describe('a dry run', () => {
  it('answers as the real request would, with every reason and the remedy', async () => {
    const world = await apiWorld();
    const { secret: token } = await world.token('Bob', {
      name: 'reader',
      usesLeft: 20,
      grants: [grant({ selection: 'all', permissions: { contents: 'read' } })],
    });
    const check = (body: unknown) => world.ask(`POST ${PATH}/current/check`, { token, body });
    expect((await check({ permission: 'contents', repository: 'Bob/notes' })).body).toMatchObject({
      allowed: true,
      reason: null,
      accepted_permissions: 'contents=read',
    });
    expect((await check({ permission: 'contents', level: 'write', repository: 'Bob/notes' })).body).toMatchObject({
      allowed: false,
      reason: 'permission_missing',
      missing: { contents: 'write' },
    });
    expect((await check({ method: 'PUT', path: '/repos/Bob/notes/contents/README.md' })).body).toMatchObject({
      allowed: false,
      reason: 'permission_missing',
    });
    expect((await check({ method: 'GET', path: '/api/v3/repos/Acme/docs/commits' })).body).toMatchObject({
      allowed: true,
    });
    expect((await check({ path: '/repos/Acme/site' })).body).toMatchObject({ allowed: false, reason: 'not_found' });
    expect((await check({ path: '/nowhere' })).status).toBe(422);
    expect((await check({})).body.errors).toEqual([
      {
        resource: 'PersonalAccessToken',
        field: 'permission',
        code: 'missing_field',
        message: 'Ask about one thing: a permission, permissions, what git does, or a method and path.',
      },
    ]);
    expect((await world.ask(`GET ${PATH}/current`, { token })).body.uses_left).toBe(20 - 8);
  });

  it('takes sets of permissions, operations of git, and requests to any service', async () => {
    const world = await apiWorld();
    const { secret: token } = await world.token('Bob', {
      grants: [grant({ selection: 'all', permissions: { contents: 'read' } })],
    });
    const check = async (body: object) => (await world.ask(`POST ${PATH}/current/check`, { token, body })).body;
    const repository = 'Bob/notes';
    expect(await check({ permissions: [{ contents: 'write' }, { contents: 'read' }], repository })).toMatchObject({
      allowed: true,
      accepted_permissions: 'contents=write; contents=read',
    });
    expect(await check({ permissions: { contents: 'read', issues: 'write' }, repository })).toMatchObject({
      allowed: false,
      missing: { issues: 'write' },
    });
    expect(await check({ permissions: { metadata: 'read' }, repository: 'Acme/docs' })).toMatchObject({
      allowed: false,
    });
    expect(await check({ permissions: { metadata: 'read' }, repository: 'Acme/docs', public: true })).toMatchObject({
      allowed: true,
    });
    expect(await check({ git: 'clone', repository })).toMatchObject({ allowed: true });
    expect(await check({ git: 'push', repository, ref: 'main' })).toMatchObject({
      allowed: false,
      reason: 'permission_missing',
      missing: { contents: 'write' },
    });
    expect(await check({ path: '/teams/7/members' })).toMatchObject({ allowed: false, target: '*' });
    expect(await check({ path: '/Bob/notes.git/info/refs?service=git-receive-pack' })).toMatchObject({
      missing: { contents: 'write' },
    });
    expect(await check({ path: '/api/v4/projects/Bob%2Fnotes/issues', method: 'POST' })).toMatchObject({
      missing: { issues: 'write' },
    });
    const elsewhere = { host: 'git.example.org', path: '/Bob/notes.git/git-upload-pack', method: 'POST' };
    expect(await check(elsewhere)).toMatchObject({ allowed: true });
    expect(await check({ ...elsewhere, destination: '/x' })).toMatchObject({
      allowed: false,
      reason: 'header_unread',
      fix: null,
    });
    expect(await check({ ...elsewhere, path: '/bob/notes.git/git-upload-pack' })).toMatchObject({
      reason: 'name_spelled_otherwise',
      reasons: ['It is spelled otherwise here: Bob/notes'],
    });
    expect(await check({ ...elsewhere, path: '/nowhere' })).toMatchObject({
      allowed: false,
      reason: 'route_unknown',
      accepted_permissions: null,
    });
    for (const [body, field] of [
      [{ permissions: { nonsense: 'read' } }, 'permissions'],
      [{ git: 'merge', repository }, 'git'],
      [{ git: 'push' }, 'repository'],
      [{ git: 'push', permission: 'contents', repository }, 'permission'],
      [{ permissions: {}, repository, organization: 'Acme' }, 'repository'],
    ] as const)
      expect([body, (await check(body)).errors?.[0].field]).toEqual([body, field]);
  });
});

describe('ref rules over REST', () => {
  const agent = [{ pattern: 'agent/**' }, { pattern: 'refs/tags/v*', allow: ['create'] }];
  const stored = [
    { pattern: 'refs/heads/agent/**', allow: ['create', 'update'] },
    { pattern: 'refs/tags/v*', allow: ['create'] },
  ];

  it('are given, shown, changed and taken away', async () => {
    const { ask, ...world } = await apiWorld();
    const { secret: token } = await world.token('Bob', {
      name: 'manager',
      expiresInDays: 30,
      grants: [grant({ selection: 'all', permissions: { personal_access_tokens: 'write', contents: 'write' } })],
    });
    const made = await ask(`POST ${PATH}`, { token, body: { name: 'Ref bot', ref_rules: agent } });
    expect(made).toMatchObject({ status: 201, body: { ref_rules: stored } });
    const own = `PATCH ${PATH}/${made.body.id}`;
    const filled = await ask(own, { token, body: { ref_rules: [{ pattern: '{login}/{token}/*', allow: [] }] } });
    expect(filled.body.ref_rules).toEqual([{ pattern: 'refs/heads/bob/ref-bot/*', allow: [] }]);
    expect((await ask(own, { token, body: { name: 'renamed' } })).body.ref_rules).toEqual(filled.body.ref_rules);
    expect((await ask(own, { token, body: { ref_rules: null } })).body.ref_rules).toBeNull();
    const bad = await ask(own, { token, body: { ref_rules: [{ pattern: 'refs/replace/**' }, { pattern: 'a b' }] } });
    expect(bad.status).toBe(422);
    expect(bad.body.errors.map(({ field }: { field: string }) => field)).toEqual(['ref_rules', 'ref_rules']);
    const many = Array.from({ length: 21 }, (_, i) => ({ pattern: `a${i}` }));
    expect((await ask(own, { token, body: { ref_rules: many } })).text).toContain('at most 20 ref rules');
  });

  it('bound what the token makes, changes and renews: it gives no ref that it has not', async () => {
    const { ask, ...world } = await apiWorld();
    const grants = [grant({ selection: 'all', permissions: { personal_access_tokens: 'write', contents: 'write' } })];
    const { secret: token, id } = await world.token('Bob', { expiresInDays: 30, grants, refRules: agent });
    const { id: other } = await world.token('Bob', { expiresInDays: 20, grants });
    const inherited = await ask(`POST ${PATH}`, { token, body: { name: 'child' } });
    expect(inherited).toMatchObject({ status: 201, body: { ref_rules: stored } });
    const narrower = await ask(`POST ${PATH}`, {
      token,
      body: { name: 'narrower', ref_rules: [{ pattern: 'agent/x' }] },
    });
    expect(narrower.status).toBe(201);
    const beyond = "can't push to more refs";
    for (const refused of [
      await ask(`POST ${PATH}`, { token, body: { name: 'wider', ref_rules: [{ pattern: '**' }] } }),
      await ask(`PATCH ${PATH}/${id}`, { token, body: { ref_rules: null } }),
      await ask(`PATCH ${PATH}/${id}`, { token, body: { ref_rules: [{ pattern: 'agent/**', allow: ['force'] }] } }),
      await ask(`POST ${PATH}/${other}/rotate`, { token, body: {} }),
    ])
      expect([refused.status, refused.text]).toEqual([422, expect.stringContaining(beyond)]);
  });

  it('are only narrowed once an organization is reached, whose owners may have let the token in for them', async () => {
    const world = await apiWorld();
    const { id } = await world.token('Ada', {
      expiresInDays: 20,
      grants: [grant({ owner: 'Acme', selection: 'all', permissions: { contents: 'write' } })],
      refRules: agent,
    });
    const change = (refRules: { pattern: string }[] | null) => editToken(world.ctx, operatorPermit(), id, { refRules });
    await expect(change(null)).rejects.toThrow('can only be narrowed');
    expect((await change([{ pattern: 'agent/x' }])).refRules).toHaveLength(1);
    await expect(change(agent)).rejects.toThrow('can only be narrowed');
  });

  it('answer a dry run by the rule', async () => {
    const { ask, ...world } = await apiWorld();
    const grants = [grant({ selection: 'all', permissions: { contents: 'write' } })];
    const { secret: token } = await world.token('Bob', { name: 'agent', expiresInDays: 30, grants, refRules: agent });
    const check = (more: object) =>
      ask(`POST ${PATH}/current/check`, {
        token,
        body: { permission: 'contents', level: 'write', repository: 'Bob/notes', ...more },
      });
    expect((await check({ ref: 'agent/x' })).body).toMatchObject({ allowed: true });
    expect((await check({ ref: 'main' })).body).toMatchObject({
      allowed: false,
      reason: 'ref_not_allowed',
      reasons: ['The token "agent" may not push to main: its ref rules allow agent/**, refs/tags/v* only.'],
    });
    expect((await check({ ref: 'agent/x', act: 'force' })).body.reasons).toEqual([
      'The token "agent" may not force-push to agent/x: its ref rule agent/** allows create and update only.',
    ]);
    expect((await check({ ref: 'a..b' })).status).toBe(422);
    expect((await check({ ref: 'agent/x', act: 'merge' })).status).toBe(422);
  });
});
