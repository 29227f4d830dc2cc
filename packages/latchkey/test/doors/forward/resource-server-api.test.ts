import { randomBytes } from 'node:crypto';
import { rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Fastify, { type InjectOptions } from 'fastify';
import { describe, expect, it, onTestFinished } from 'vitest';
import { addOrganization, setMember } from '../../../src/actions/accounts/accounts.ts';
import { operatorPermit } from '../../../src/actions/decision/authorize.ts';
import { addResourceServer, removeResourceServer } from '../../../src/actions/questions/resource-servers.ts';
import { revokeToken } from '../../../src/actions/tokens/tokens.ts';
import { Secret } from '../../../src/base/secret.ts';
import { resourceServerApi } from '../../../src/doors/forward/resource-server-api.ts';
import { mintTokenText } from '../../../src/rules/token-text.ts';
import { lastUses } from '../../../src/store/usage.ts';
import { deriveFrom } from '../../actions/derive.ts';
import { type ForwardWorld, forwardWorld } from './door.ts';

interface Asked {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  // oxlint-disable-next-line typescript/no-explicit-any -- JSON of any shape
  readonly body: any;
}

interface ResourceServerWorld extends ForwardWorld {
  readonly secret: string;
  introspect(form: Readonly<Record<string, string>>, authorization?: string | null): Promise<Asked>;
  check(body: unknown, authorization?: string | null): Promise<Asked>;
  get(path: string, headers?: Readonly<Record<string, string>>): Promise<Asked>;
}

async function resourceServerWorld(flags: Parameters<typeof forwardWorld>[0] = {}): Promise<ResourceServerWorld> {
  const world = await forwardWorld(flags);
  const { secret } = await addResourceServer(world.ctx, operatorPermit(), 'deploys');
  const fastify = Fastify({ logger: false });
  await fastify.register(resourceServerApi(world.ctx, new AbortController().signal));
  onTestFinished(() => fastify.close());
  const bearer = `Bearer ${secret.reveal()}`;
  const send = async (how: InjectOptions, authorization: string | null): Promise<Asked> => {
    const answer = await fastify.inject({
      ...how,
      headers: { ...how.headers, ...(authorization === null ? {} : { authorization }) },
    });
    return { status: answer.statusCode, headers: answer.headers, body: answer.json() };
  };
  return {
    ...world,
    secret: secret.reveal(),
    introspect: (form, authorization = bearer) =>
      send(
        {
          method: 'POST',
          url: '/oauth/introspect',
          headers: { 'content-type': 'application/x-www-form-urlencoded' },
          payload: new URLSearchParams(form).toString(),
        },
        authorization,
      ),
    check: (body, authorization = bearer) =>
      send(
        {
          method: 'POST',
          url: '/api/latchkey/check',
          headers: { 'content-type': 'application/json' },
          payload: JSON.stringify(body),
        },
        authorization,
      ),
    get: (path, headers = {}) => send({ method: 'GET', url: path, headers }, null),
  };
}

const GRANT = {
  owner: 'acme',
  selection: 'selected' as const,
  repositories: ['site'],
  permissions: { contents: 'write', issues: 'read' },
  justification: null,
};

describe('introspection (RFC 7662)', () => {
  it('tells a registered server all about a token that is alive', async () => {
    const world = await resourceServerWorld();
    const token = await world.token('ada', { kind: 'fine-grained', scopes: [], grants: [GRANT], expiresInDays: 7 });
    const { status, headers, body } = await world.introspect({ token, token_type_hint: 'access_token' });
    const at = world.ctx.clock.now();
    expect(status).toBe(200);
    expect(headers['cache-control']).toBe('no-store');
    expect(body).toMatchObject({
      active: true,
      scope: 'contents:write issues:read metadata:read',
      username: 'ada',
      token_type: 'Bearer',
      sub: '1',
      aud: 'deploys',
      iss: 'http://127.0.0.1:7070',
      iat: at,
      exp: at + 7 * 86_400,
      token_kind: 'fine-grained',
      permissions: [
        {
          owner: 'acme',
          selection: 'selected',
          repositories: ['acme/site'],
          permissions: { contents: 'write', issues: 'read', metadata: 'read' },
        },
      ],
      max_age: 60,
    });
    expect(body.client_id).toBe(`token:${body.jti}`);
    expect(body).not.toHaveProperty('nbf');
    expect(
      (await world.introspect({ token: await world.token('ada', { scopes: ['repo', 'gist'] }) })).body,
    ).toMatchObject({ active: true, scope: 'gist repo', token_kind: 'classic' });
  });

  it('names who acts with a derived token and what it may, and nothing once its parent is dead', async () => {
    const world = await resourceServerWorld();
    const parent = await world.token('ada', { kind: 'classic', name: 'laptop', scopes: ['repo', 'user'] });
    const { secret, token } = await deriveFrom(world.ctx, new Secret(parent), {
      agent: 'claude-code/2.1',
      session: 's-1',
      repositories: ['acme/site'],
      permissions: { contents: 'read' },
    });
    const asked = { token: secret.reveal() };
    const { body } = await world.introspect(asked);
    expect(body).toMatchObject({
      active: true,
      act: { sub: 'claude-code/2.1', session: 's-1', derived_from: 'laptop' },
      jti: `derived:${token.id}`,
      iat: token.createdAt,
      exp: token.expiresAt,
    });
    expect(body.permissions).toEqual([
      {
        owner: 'acme',
        selection: 'selected',
        repositories: ['acme/site'],
        permissions: { contents: 'read', metadata: 'read' },
      },
    ]);
    const check = { token: asked.token, checks: [{ permissions: { contents: 'read' }, repository: 'acme/site' }] };
    expect((await world.check(check)).body).toMatchObject({
      token: { derived: { id: token.id, agent: 'claude-code/2.1', session: 's-1' } },
      checks: [{ allowed: true }],
    });
    await revokeToken(world.ctx, operatorPermit(), token.tokenId);
    expect((await world.introspect(asked)).body).toEqual({ active: false });
    expect((await world.check(check)).body.checks).toMatchObject([{ allowed: false, reason: 'token_revoked' }]);
  });

  it('says {"active": false} and nothing more of everything else', async () => {
    const world = await resourceServerWorld();
    const ended = await world.token('ada', { expiresInDays: 1 });
    const later = await world.token('ada', { notBeforeAt: world.ctx.clock.now() + 200_000 });
    const revoked = await world.token('ada');
    await revokeToken(world.ctx, operatorPermit(), Number((await world.introspect({ token: revoked })).body.jti));
    const bound = await world.token('ada', { allowedAddresses: ['10.0.0.0/8'] });
    world.ctx.clock.advance(86_400);
    const dead = [
      ended,
      later,
      revoked,
      bound,
      world.secret,
      'ghp_0123456789',
      '',
      'x'.repeat(10_000),
      ended.slice(0, -1),
    ];
    for (const token of dead)
      expect(await world.introspect({ token }), token).toMatchObject({ status: 200, body: { active: false } });
    for (const token of dead) expect(Object.keys((await world.introspect({ token })).body)).toEqual(['active']);
    expect((await world.introspect({ token: bound, client_address: '10.1.2.3' })).body.active).toBe(true);
    expect((await world.introspect({ token: bound, client_address: '203.0.113.9' })).body).toEqual({ active: false });
  });

  it('takes the server’s secret as Bearer, as Basic and in the form, and nothing else', async () => {
    const world = await resourceServerWorld();
    const token = await world.token('ada');
    const basic = (name: string, secret: string): string =>
      `Basic ${Buffer.from(`${name}:${secret}`).toString('base64')}`;
    for (const authorization of [
      `Bearer ${world.secret}`,
      basic('deploys', world.secret),
      basic('DEPLOYS', world.secret),
    ])
      expect((await world.introspect({ token }, authorization)).body.active).toBe(true);
    expect(
      (await world.introspect({ token, client_id: 'deploys', client_secret: world.secret }, null)).body.active,
    ).toBe(true);
    expect(await world.introspect({ token, client_id: 'deploys', client_secret: world.secret })).toMatchObject({
      status: 400,
      body: { error: 'invalid_request' },
    });
    for (const authorization of [
      null,
      `Bearer ${token}`,
      basic('other', world.secret),
      basic('deploys', `${world.secret}x`),
      basic('deploys', ''),
      basic('', world.secret),
      'Bearer lkr_nonsense',
    ]) {
      const answer = await world.introspect({ token }, authorization);
      expect(answer).toMatchObject({ status: 401, body: { error: 'invalid_client' } });
      expect(answer.headers['www-authenticate']).toBe('Basic realm="Latchkey", charset="UTF-8"');
    }
    expect(await world.introspect({})).toMatchObject({
      status: 400,
      body: { error: 'invalid_request', error_description: 'Send a form with one field named token.' },
    });
    await removeResourceServer(world.ctx, operatorPermit(), 'deploys');
    expect((await world.introspect({ token })).status).toBe(401);
  });
});

describe('the check endpoint', () => {
  it('answers many checks of a server in one call, each with every reason against it', async () => {
    const world = await resourceServerWorld();
    const token = await world.token('ada', { kind: 'fine-grained', scopes: [], grants: [GRANT] });
    const { status, body } = await world.check({
      token,
      address: '192.0.2.7',
      checks: [
        { permissions: { contents: 'write' }, repository: 'acme/site' },
        { permissions: { administration: 'write', issues: 'write' }, repository: 'acme/site' },
        { permissions: { contents: 'read' }, repository: 'bob/notes' },
        { permissions: [{ administration: 'read' }, { issues: 'read' }], repository: 'acme/site' },
        { method: 'GET', path: '/api/v3/repos/acme/site/contents/README.md' },
        { method: 'GET', path: '/acme/site.git/info/refs?service=git-receive-pack' },
        { method: 'DELETE', path: '/api/v3/repos/acme/site' },
        { method: 'GET', path: '/api/v3/repos/acme/../site' },
        { method: 'GET', path: '/nowhere' },
        { method: 'GET', path: '/api/v3/repos/Acme/Site' },
      ],
    });
    expect(status).toBe(200);
    expect(body.token).toMatchObject({ kind: 'fine-grained', login: 'ada' });
    expect(body.checks.map(({ allowed, reason }: { allowed: boolean; reason?: string }) => reason ?? allowed)).toEqual([
      true,
      'permission_missing',
      'not_found',
      true,
      true,
      true,
      'permission_missing',
      'path_ambiguous',
      'route_unknown',
      'name_spelled_otherwise',
    ]);
    expect(body.checks[1]).toMatchObject({
      status: 403,
      missing: [
        { permission: 'administration', level: 'write' },
        { permission: 'issues', level: 'write' },
      ],
      way_out: { text: expect.any(String) },
    });
  });

  it('counts as one use for a server, and as none for a dry run or a token that asks about itself', async () => {
    const world = await resourceServerWorld();
    const token = await world.token('ada', { usesLeft: 2 });
    const checks = [
      { permissions: { contents: 'read' }, repository: 'acme/site' },
      { permissions: { contents: 'write' }, repository: 'acme/site' },
    ];
    const own = await world.check({ checks }, `Bearer ${token}`);
    expect(own.body.checks).toEqual([{ allowed: true }, { allowed: true }]);
    expect(own.body.max_age).toBe(0);
    expect((await world.check({ token, dry_run: true, checks })).body.checks).toEqual([
      { allowed: true },
      { allowed: true },
    ]);
    const { id } = own.body.token;
    await world.ctx.usage.flush();
    expect((await lastUses(world.ctx.store.db, [id])).get(id)).toBeUndefined();
    for (const expected of [true, true, false])
      expect(
        (await world.check({ token, checks, purpose: 'deploy site' })).body.checks.every(
          ({ allowed }: { allowed: boolean }) => allowed,
        ),
      ).toBe(expected);
    await world.ctx.usage.flush();
    expect((await lastUses(world.ctx.store.db, [id])).get(id)).toMatchObject({
      purpose: 'deploy site',
      agent: 'deploys',
    });
    expect((await world.check({ token, checks })).body.checks[0]).toMatchObject({
      allowed: false,
      status: 401,
      reason: 'token_used_up',
    });
  });

  it('answers about a team by its number as the door does, and counts the use', async () => {
    const world = await resourceServerWorld();
    const token = await world.token('ada', { scopes: ['admin:org', 'repo'], usesLeft: 1 });
    const team = '/api/v3/teams/7/members';
    const checks = [{ method: 'GET', path: team }];
    const dry = async () => (await world.check({ token, dry_run: true, checks })).body.checks[0];
    expect(await dry()).toEqual({ allowed: true });
    await addOrganization(world.ctx, operatorPermit(), { name: 'globex', owner: 'cy' });
    expect(await dry()).toMatchObject({ allowed: false, status: 403, reason: 'role_insufficient' });
    await setMember(world.ctx, operatorPermit(), { organization: 'globex', login: 'ada', role: 'owner' });
    expect(await dry()).toEqual({ allowed: true });
    expect((await world.check({ token, checks })).body.checks[0]).toEqual({ allowed: true });
    expect(await dry()).toMatchObject({ reason: 'token_used_up' });
    for (let more = 3; more <= 11; more++)
      await addOrganization(world.ctx, operatorPermit(), { name: `org${more}`, owner: 'ada' });
    expect(await dry()).toMatchObject({ allowed: false, reason: 'target_unknown' });
    expect(
      (await world.nginx(`GET ${team}`, await world.token('ada', { scopes: ['admin:org'] }))).headers,
    ).toMatchObject({ 'x-latchkey-reason': 'target_unknown' });
  });

  it('lets nobody ask about another’s token, and says what is wrong with an invalid call', async () => {
    const world = await resourceServerWorld();
    const [mine, hers] = [await world.token('cy'), await world.token('ada')];
    const checks = [{ permissions: {} }];
    expect(await world.check({ token: hers, checks }, `Bearer ${mine}`)).toMatchObject({
      status: 401,
      body: { error: 'invalid_client' },
    });
    expect(await world.check({ checks }, null)).toMatchObject({ status: 401 });
    expect((await world.check({ checks }, 'Bearer nonsense')).body).toMatchObject({
      token: null,
      checks: [{ allowed: false, status: 401 }],
    });
    const wrong = async (body: unknown): Promise<string> => {
      const answer = await world.check(body);
      expect(answer.status).toBe(400);
      return answer.body.error_description;
    };
    expect(await wrong({ token: hers })).toMatch(/checks/);
    expect(await wrong({ token: hers, checks: [] })).toMatch(/^checks must not have fewer than 1 items/);
    expect(await wrong({ token: hers, checks: Array.from({ length: 101 }, () => checks[0]) })).toMatch(/100/);
    expect(await wrong({ token: hers, checks: [{ permissions: { nonsense: 'read' } }] })).toBe(
      'checks.0: There is no permission named nonsense.',
    );
    expect(await wrong({ token: hers, checks: [{ permissions: {}, path: '/x', method: 'GET' }] })).toBe(
      'checks.0: a check has either permissions, or method and path.',
    );
    expect(await wrong({ token: hers, checks: [{ path: '/x' }] })).toBe('checks.0: a path needs a method.');
    expect(await wrong({ token: hers, checks: [{ permissions: {}, repository: 'acme' }] })).toMatch(/OWNER\/NAME/);
    expect(await wrong({ token: hers, checks: [{ permissions: { contents: 'all' } }] })).toMatch(
      /^checks\.0\.permissions/,
    );
    expect((await world.check({ token: hers, checks: Array.from({ length: 100 }, () => checks[0]) })).status).toBe(200);
  });
});

describe('metadata', () => {
  it('leads a client from a refusal to what it needs (RFC 9728, RFC 8414)', async () => {
    const world = await resourceServerWorld();
    const resource = await world.get('/.well-known/oauth-protected-resource');
    expect(resource.body).toMatchObject({
      resource: 'http://127.0.0.1:7070',
      authorization_servers: ['http://127.0.0.1:7070'],
      bearer_methods_supported: ['header'],
    });
    expect(resource.body.scopes_supported).toContain('contents:write');
    const server = await world.get('/.well-known/oauth-authorization-server');
    expect(server.body).toMatchObject({
      issuer: 'http://127.0.0.1:7070',
      introspection_endpoint: 'http://127.0.0.1:7070/oauth/introspect',
    });
  });

  it('tells each service behind a proxy as a resource of its own, at its own host and path', async () => {
    const world = await resourceServerWorld({ routeMap: await mapFile() });
    const asked = async (path: string, host: string): Promise<unknown> => (await world.get(path, { host })).body;
    const mcp = {
      resource: 'https://tools.example.org/mcp',
      authorization_servers: ['http://127.0.0.1:7070'],
      bearer_methods_supported: ['header'],
      resource_name: 'tools',
      scopes_supported: ['contents:read', 'contents:write'],
    };
    const path = '/.well-known/oauth-protected-resource';
    expect(await asked(`${path}/mcp`, 'tools.example.org')).toEqual(mcp);
    expect(await asked(`${path}?resource=https://tools.example.org/mcp`, '127.0.0.1:7070')).toEqual(mcp);
    for (const below of ['/mcp/', '/mcp/call'])
      expect(await asked(path + below, 'tools.example.org')).toEqual({
        ...mcp,
        resource: `https://tools.example.org${below}`,
      });
    expect(await asked(path, 'plain.example.org')).toMatchObject({ resource: 'http://plain.example.org:8080' });
    expect(await asked(path, 'git.example.org')).toMatchObject({ resource: 'http://127.0.0.1:7070' });
    for (const [wrong, host] of [
      [`${path}/other`, 'tools.example.org'],
      [path, 'tools.example.org'],
      [`${path}?resource=https://evil.example/`, 'tools.example.org'],
    ] as const)
      expect((await world.get(wrong, { host })).status, wrong).toBe(404);
    expect((await world.get(`${path}/mcp`, { host: 'tools.example.org' })).headers).toMatchObject({
      'access-control-allow-origin': '*',
    });
  });

  it('leads a client from a refusal of the door to the resource that it asked for', async () => {
    const world = await resourceServerWorld({ routeMap: await mapFile() });
    const at = [['X-Original-Host', 'tools.example.org']] as const;
    const refused = await world.nginx('POST /mcp/call', null, at);
    const address = /resource_metadata="([^"]*)"/.exec(refused.headers['www-authenticate'] ?? '')?.[1];
    const named = '?resource=https%3A%2F%2Ftools.example.org%2Fmcp';
    expect(address).toBe(`http://127.0.0.1:7070/.well-known/oauth-protected-resource${named}`);
    const path = '/.well-known/oauth-protected-resource/mcp';
    const led = await world.nginx(`GET ${path}`, null, at);
    expect(led.status).toBe(401);
    const behindCaddy = await world.ask('/forward-auth', [
      ['X-Forwarded-Method', 'GET'],
      ['X-Forwarded-Uri', path],
      ['X-Forwarded-Host', 'tools.example.org'],
    ]);
    expect([behindCaddy.status, behindCaddy.headers['location']]).toEqual([302, led.headers['location']]);
    expect(led.headers['location']).toBe(address);
    const { body } = await world.get((address ?? '').replace('http://127.0.0.1:7070', ''));
    expect(body).toMatchObject({ resource: 'https://tools.example.org/mcp' });
    expect((await world.nginx(`GET ${path}`, null, [['X-Original-Host', 'git.example.org']])).headers['location']).toBe(
      undefined,
    );
  });
});

describe('a check of a request whose body or headers decide', () => {
  it('takes both, and says what is missing without them', async () => {
    const world = await resourceServerWorld({
      routeMap: join(import.meta.dirname, '../../../../../examples/route-map/calls.yaml'),
    });
    const token = await world.token('ada', {
      kind: 'fine-grained',
      scopes: [],
      grants: [{ ...GRANT, selection: 'public', repositories: [], permissions: { 'wiki:pages': 'read' } }],
    });
    const request = { method: 'POST', path: '/mcp', host: 'calls.example.org' };
    const calling = (name: string): object => ({ method: 'tools/call', params: { name } });
    const bodies = [
      calling('search'),
      calling('delete_page'),
      [calling('search'), calling('delete_page')],
      calling('SEARCH'),
    ];
    const checks = [...bodies.map((body) => ({ ...request, body })), request, { ...request, headers: { A: 'b' } }];
    const { body } = await world.check({ token, checks });
    expect(body.checks.map((each: { allowed: boolean; reason?: string }) => each.reason ?? each.allowed)).toEqual([
      true,
      'permission_missing',
      'permission_missing',
      'body_ambiguous',
      'body_missing',
      'body_missing',
    ]);
    expect(body.checks[3].message).toMatch(/more than one way: .* params\.name$/);
  });
});

describe('a client of a container registry', () => {
  const REGISTRY = join(import.meta.dirname, '../../../../../examples/route-map/registry.yaml');
  const HOST = ['X-Original-Host', 'registry.example.org'] as const;

  it('is led to the token that it sends, which is the one it signed in with', async () => {
    const world = await resourceServerWorld({ routeMap: REGISTRY });
    const token = await world.token('ada', {
      kind: 'fine-grained',
      scopes: [],
      grants: [{ ...GRANT, selection: 'public', repositories: [], permissions: { 'images:images': 'write' } }],
    });
    const ping = await world.nginx('GET /v2/', null, [HOST]);
    const realm = 'http://127.0.0.1:7070/api/latchkey/registry-token';
    expect([ping.status, ping.headers['www-authenticate']]).toEqual([
      401,
      `Bearer realm="${realm}",service="registry.example.org"`,
    ]);
    expect(JSON.parse(ping.text)).toEqual({ errors: [{ code: 'UNAUTHORIZED', message: expect.any(String) }] });
    const signIn = (secret: string): Promise<Asked> =>
      world.get('/api/latchkey/registry-token?service=registry.example.org&scope=repository:acme/site:pull,push', {
        authorization: `Basic ${Buffer.from(`ada:${secret}`).toString('base64')}`,
      });
    const given = await signIn(token);
    expect([given.status, given.headers['cache-control'], given.body]).toEqual([
      200,
      'no-store',
      { token, access_token: token, expires_in: 300 },
    ]);
    const pushed = await world.nginx('POST /v2/acme/site/blobs/uploads/', given.body.token, [HOST]);
    expect(pushed.status).toBe(200);
    const removed = await world.nginx('DELETE /v2/acme/site/manifests/1', given.body.token, [HOST]);
    expect([removed.status, JSON.parse(removed.text).errors[0].code]).toEqual([403, 'DENIED']);
    expect(removed.text).toContain('lacks images:images: admin');
    const wrong = await signIn(mintTokenText('fine-grained', randomBytes, null));
    expect([wrong.status, wrong.body.errors[0].code]).toEqual([401, 'UNAUTHORIZED']);
    expect(JSON.stringify(wrong.body)).not.toContain('lkf_');
  });

  it('without a token gets one that stands for nobody, and is worth nothing elsewhere', async () => {
    const path = await mapFile(`services:
  - hosts: [registry.example.org]
    challenge: registry
    routes:
      - { method: GET, path: /v2, needs: {} }
      - method: GET
        path: '/v2/{owner}/{repo}/manifests/{reference}'
        needs: { packages: read }
        repository: '{owner}/{repo}'
        public: true
  - hosts: [api.example.org]
    routes:
      - method: GET
        path: '/{owner}/{repo}'
        needs: { packages: read }
        repository: '{owner}/{repo}'
        public: true
`);
    const world = await resourceServerWorld({ routeMap: path });
    const { status, body } = await world.get('/api/latchkey/registry-token?service=registry.example.org');
    expect([status, body.token]).toEqual([200, 'anonymous']);
    const pull = (name: string): ReturnType<ForwardWorld['nginx']> =>
      world.nginx(`GET /v2/acme/${name}/manifests/latest`, body.token, [HOST]);
    expect((await pull('docs')).status).toBe(200);
    const refused = await pull('site');
    expect([refused.status, refused.headers['www-authenticate']]).toEqual([
      401,
      'Bearer realm="http://127.0.0.1:7070/api/latchkey/registry-token",service="registry.example.org",' +
        'scope="repository:acme/site:pull"',
    ]);
    expect((await world.nginx('GET /acme/docs', body.token, [['X-Original-Host', 'api.example.org']])).status).toBe(
      401,
    );
  });
});

const TOOLS = `services:
  - name: tools
    hosts: [tools.example.org]
    prefix: /mcp
    routes:
      - { method: GET, path: '/{p...}', needs: { contents: read } }
      - { method: POST, path: '/{p...}', needs: [{ contents: write }, { contents: read }] }
  - hosts: [plain.example.org]
    origin: http://plain.example.org:8080
    routes: [{ method: GET, path: '/{p...}', needs: {} }]
`;

async function mapFile(text = TOOLS): Promise<string> {
  const path = join(tmpdir(), `route-map-${process.pid}-${Math.random()}.yaml`);
  await writeFile(path, text);
  onTestFinished(() => rm(path));
  return path;
}
