import { describe, expect, it } from 'vitest';
import { forwardWorld } from './door.ts';

const CLASSIC_REPO = { kind: 'classic' as const, scopes: ['repo'] };

describe('forward authorization', () => {
  it('reads what nginx, Caddy, Traefik and Envoy send', async () => {
    const world = await forwardWorld();
    const authorization = ['Authorization', `Bearer ${await world.token('ada', CLASSIC_REPO)}`] as const;
    const asked = {
      nginx: world.ask('/forward-auth', [
        ['X-Original-Method', 'GET'],
        ['X-Original-URI', '/api/v3/repos/acme/site?x=1'],
        authorization,
      ]),
      ingress: world.ask('/forward-auth', [
        ['X-Original-Method', 'GET'],
        ['X-Original-URL', 'https://git.example.org/api/v3/repos/acme/site'],
        authorization,
      ]),
      caddy: world.ask('/forward-auth', [
        ['X-Forwarded-Method', 'GET'],
        ['X-Forwarded-Uri', '/api/v3/repos/acme/site'],
        authorization,
      ]),
      traefik: world.ask('/forward-auth', [
        ['X-Forwarded-Method', 'GET'],
        ['X-Forwarded-Proto', 'https'],
        ['X-Forwarded-Host', 'git.example.org'],
        ['X-Forwarded-Uri', '/api/v3/repos/acme/site'],
        ['X-Forwarded-For', '192.0.2.7'],
        authorization,
      ]),
      envoy: world.ask('/forward-auth/api/v3/repos/acme/site', [['Host', 'git.example.org'], authorization], {
        method: 'GET',
      }),
      head: world.ask('/forward-auth/api/v3/repos/acme/site', [['Host', 'git.example.org'], authorization], {
        method: 'HEAD',
      }),
    };
    for (const [proxy, answer] of Object.entries(asked)) expect((await answer).status, proxy).toBe(200);
  });

  it('tells the service behind who asks, and what they may do with this', async () => {
    const world = await forwardWorld();
    const grants = [
      {
        owner: 'acme',
        selection: 'all' as const,
        repositories: [],
        permissions: { contents: 'write', administration: 'write', issues: 'read' },
        justification: null,
      },
    ];
    const token = await world.token('ada', { kind: 'fine-grained', scopes: [], grants });
    const { status, headers, text } = await world.nginx('GET /api/v3/repos/acme/site', token);
    expect({ status, text }).toEqual({ status: 200, text: '' });
    expect(headers).toMatchObject({
      'remote-user': 'ada',
      'remote-name': 'Ada Lovelace',
      'x-token-kind': 'fine-grained',
      'x-token-permissions': 'contents=write,administration=write,issues=read,metadata=read',
      'cache-control': 'no-store',
      vary: 'Authorization, Cookie',
      'content-length': '0',
    });
    expect(headers['x-token-id']).toMatch(/^\d+$/);
  });

  it('tells only what the role allows today, and names beyond ASCII in percent signs', async () => {
    const world = await forwardWorld();
    const { headers } = await world.nginx('GET /api/v3/repos/acme/site', await world.token('bob', CLASSIC_REPO));
    expect(headers['remote-name']).toBe('B%C3%B6b');
    const held = headers['x-token-permissions']!.split(',');
    expect(held).toContain('contents=read');
    expect(held.some((one) => one.startsWith('administration='))).toBe(false);
  });

  it('never says anything but 200, 401 and 403, always in plain text', async () => {
    const world = await forwardWorld();
    const token = await world.token('cy', CLASSIC_REPO);
    const answers = [
      await world.nginx('GET /api/v3/user'),
      await world.nginx('GET /api/v3/repos/acme/site', token),
      await world.nginx('GET /nowhere', token),
      await world.nginx('BREW /api/v3/user', token),
      await world.nginx('get /api/v3/user', token),
      await world.ask('/forward-auth', []),
      await world.ask('/forward-auth', [['X-Original-URI', '/api/v3/user']]),
      await world.nginx('GET /api/v3/user', 'nonsense'),
    ];
    expect(answers.map(({ status }) => status)).toEqual([401, 403, 403, 403, 403, 403, 403, 401]);
    for (const { headers, text } of answers) {
      expect(headers['content-type']).toBe('text/plain; charset=utf-8');
      expect(headers['cache-control']).toBe('no-store');
      expect(text.length).toBeGreaterThan(20);
      expect(headers['x-latchkey-message']).toBe(text.trim().replaceAll('\n', ' '));
    }
  });

  it('asks git for Basic, and everybody else for Bearer with what is missing (RFC 6750, RFC 9728)', async () => {
    const world = await forwardWorld();
    const metadata = 'resource_metadata="http://127.0.0.1:7070/.well-known/oauth-protected-resource"';
    const challenge = async (operation: string, token?: string, agent?: string): Promise<string | undefined> =>
      (await world.nginx(operation, token ?? null, agent === undefined ? [] : [['User-Agent', agent]])).headers[
        'www-authenticate'
      ];
    expect(await challenge('GET /acme/site.git/info/refs?service=git-upload-pack')).toBe(
      'Basic realm="Latchkey", charset="UTF-8"',
    );
    expect(await challenge('GET /api/v3/user', undefined, 'git/2.47.0')).toBe(
      'Basic realm="Latchkey", charset="UTF-8"',
    );
    expect(await challenge('GET /api/v3/user')).toBe(`Bearer realm="Latchkey", ${metadata}`);
    expect(await challenge('GET /api/v3/user', 'nonsense')).toMatch(
      /^Bearer realm="Latchkey", error="invalid_token", error_description="[^"]+", resource_metadata=/,
    );
    const grants = [
      {
        owner: 'acme',
        selection: 'all' as const,
        repositories: [],
        permissions: { contents: 'read' },
        justification: null,
      },
    ];
    const reader = await world.token('ada', { kind: 'fine-grained', scopes: [], grants });
    expect(await challenge('PUT /api/v3/repos/acme/site/contents/a.txt', reader)).toMatch(
      /error="insufficient_scope", .*scope="contents:write"/,
    );
    const scopes = await challenge('DELETE /api/v3/repos/acme/site', await world.token('ada', CLASSIC_REPO));
    expect(scopes).toContain('scope="delete_repo"');
  });

  it('takes GitLab’s header, and names its projects by path alone', async () => {
    const world = await forwardWorld();
    const token = await world.token('ada', { kind: 'scoped', scopes: ['read_api'] });
    const ask = (uri: string): ReturnType<typeof world.nginx> =>
      world.nginx(`GET ${uri}`, null, [['PRIVATE-TOKEN', token]]);
    expect((await ask('/api/v4/projects/acme%2Fsite')).status).toBe(200);
    expect((await ask('/api/v4/projects/acme%2fsite/repository/files/src%2Fa.ts/raw')).status).toBe(200);
    expect((await ask('/api/v4/projects/acme%2Fsite/merge_requests/3/notes')).status).toBe(200);
    // The body says which project it goes to.
    expect((await world.nginx('POST /api/v4/projects/acme%2Fsite/issues/3/move', token)).headers).toMatchObject({
      'x-latchkey-reason': 'target_unknown',
    });
    expect((await ask('/api/v4/projects/42')).headers['x-latchkey-reason']).toBe('route_unknown');
    expect((await world.nginx('POST /api/v4/projects/acme%2Fsite/issues', token)).status).toBe(403);
  });

  it('lets an encoded slash through where it means the same to everybody', async () => {
    const world = await forwardWorld();
    const token = await world.token('ada', CLASSIC_REPO);
    expect((await world.nginx('GET /api/v3/repos/acme/site/contents/src%2Fa.ts', token)).status).toBe(200);
    expect((await world.nginx('GET /api/v3/repos/acme/site/git/ref/heads%2Fmain', token)).status).toBe(200);
    expect((await world.nginx('GET /api/v3/repos/acme/site/contents/', token)).status).toBe(200);
  });

  it('forgets a revoked token at once', async () => {
    const world = await forwardWorld();
    const token = await world.token('ada', CLASSIC_REPO);
    const { headers } = await world.nginx('GET /api/v3/user', token);
    const { revokeToken } = await import('../../../src/actions/tokens/tokens.ts');
    const { operatorPermit } = await import('../../../src/actions/decision/authorize.ts');
    await revokeToken(world.ctx, operatorPermit(), Number(headers['x-token-id']));
    expect(await world.nginx('GET /api/v3/user', token)).toMatchObject({
      status: 401,
      headers: { 'x-latchkey-reason': 'token_revoked' },
    });
  });

  it('asks for a team by its number in every organization', async () => {
    const world = await forwardWorld();
    const token = await world.token('ada', { scopes: ['admin:org', 'repo'] });
    expect((await world.nginx('GET /api/v3/teams/7/members', token)).status).toBe(200);
    const { addOrganization } = await import('../../../src/actions/accounts/accounts.ts');
    const { operatorPermit } = await import('../../../src/actions/decision/authorize.ts');
    await addOrganization(world.ctx, operatorPermit(), { name: 'globex', owner: 'cy' });
    expect((await world.nginx('GET /api/v3/teams/7/members', token)).status).toBe(403);
  });

  it('passes a preflight on where the map knows the address, and nothing else', async () => {
    const world = await forwardWorld();
    const preflight = async (operation: string, headers: readonly (readonly [string, string])[]) =>
      (await world.nginx(operation, null, headers)).status;
    const origin = ['Origin', 'https://app.example'] as const;
    const asks = (method: string) => ['Access-Control-Request-Method', method] as const;
    const site = '/api/v3/repos/acme/site';
    expect(await preflight(`OPTIONS ${site}`, [origin, asks('PATCH')])).toBe(200);
    expect(await preflight('OPTIONS /api/v3/repos/acme/nothing', [origin, asks('PATCH')])).toBe(200);
    expect(await preflight('OPTIONS /api/v3/no/such/endpoint', [origin, asks('GET')])).toBe(403);
    expect(await preflight(`OPTIONS ${site}`, [origin, asks('MERGE')])).toBe(200);
    // Requests that aren't a browser's preflight are decided like any other.
    expect(await preflight(`OPTIONS ${site}`, [origin])).toBe(403);
    expect(await preflight(`OPTIONS ${site}`, [asks('GET')])).toBe(403);
    expect(await preflight(`GET ${site}`, [origin, asks('GET')])).toBe(401);
    expect(await preflight(`PATCH ${site}`, [origin, asks('GET')])).toBe(401);
    const { headers } = await world.nginx(`OPTIONS ${site}`, await world.token('ada'), [origin, asks('GET')]);
    expect(headers).toMatchObject({ 'remote-user': '', 'x-token-id': '' });
  });
});
