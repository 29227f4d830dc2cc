/** The frame of the API door: what every endpoint has in common. */
import { describe, expect, it } from 'vitest';
import { pathMatcher } from '../../../src/catalogue/routes/path-match.ts';
import { apiWorld, grant } from './api.ts';

describe('a request to the API', () => {
  it('tells whose token it is, and what the token is', async () => {
    const { ask, token } = await apiWorld();
    const { secret } = await token('Bob', { expiresInDays: 1 });
    const answer = await ask('GET /user', { token: secret });
    expect(answer.status).toBe(200);
    expect(answer.body).toMatchObject({ login: 'Bob', type: 'User', public_repos: 0, user_view_type: 'public' });
    expect(answer.body).not.toHaveProperty('two_factor_authentication');
    expect(answer.headers).toMatchObject({
      'x-accepted-github-permissions': 'allows_permissionless_access=true',
      'github-authentication-token-expiration': '2026-09-22 14:13:20 UTC',
      'x-github-media-type': 'github.v3; format=json',
      'x-github-api-version-selected': '2022-11-28',
      'content-type': 'application/json; charset=utf-8',
      vary: 'Accept, Authorization, Cookie, X-GitHub-OTP',
    });
    expect(answer.headers['x-oauth-scopes']).toBeUndefined();
    expect(answer.headers['x-github-request-id']).toMatch(/^[0-9A-F]{32}$/);
  });

  it('finds the way from the root, with or without a slash', async () => {
    const { ask, ctx } = await apiWorld();
    for (const operation of ['GET /', 'GET '])
      expect((await ask(operation)).body).toMatchObject({ current_user_url: `${ctx.settings.publicUrl}/api/v3/user` });
  });

  it('counts towards a limit for each person, over all their tokens, and for each address without one', async () => {
    const { ask, token } = await apiWorld('sqlite', { apiRateLimit: '3', anonymousRateLimit: '2' });
    const [one, two] = [await token('Bob'), await token('Bob')];
    const seen = [];
    for (const secret of [one.secret, two.secret, one.secret])
      seen.push((await ask('GET /user', { token: secret })).headers['x-ratelimit-remaining']);
    expect(seen).toEqual(['2', '1', '0']);
    const refused = await ask('GET /user', { token: two.secret });
    expect(refused).toMatchObject({
      status: 403,
      body: { message: expect.stringMatching(/^API rate limit exceeded for user ID \d+\.$/), reason: 'rate_limited' },
    });
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0);
    expect((await ask('GET /rate_limit', { token: one.secret })).body.rate).toMatchObject({ limit: 3, remaining: 0 });
    for (const status of [401, 401, 403]) expect((await ask('GET /user', { from: '192.0.2.7' })).status).toBe(status);
    expect((await ask('GET /user', { from: '192.0.2.8' })).status).toBe(401);
    expect((await ask('GET /user', { token: (await token('Cy')).secret })).status).toBe(200);
  });

  it('shows the private half of a profile only to those who may change it', async () => {
    const { ask, token } = await apiWorld();
    const { secret } = await token('Bob', { grants: [grant({ permissions: { profile: 'write' } })] });
    expect((await ask('GET /user', { token: secret })).body).toMatchObject({
      user_view_type: 'private',
      two_factor_authentication: false,
      owned_private_repos: 1,
    });
  });

  it('lists the scopes of a classic token', async () => {
    const { ask, token } = await apiWorld();
    const { secret } = await token('Bob', { kind: 'classic', scopes: ['repo', 'user'] });
    const answer = await ask('GET /user', { token: secret });
    expect(answer.headers).toMatchObject({ 'x-oauth-scopes': 'repo, user', 'x-accepted-oauth-scopes': '' });
    expect(answer.body.user_view_type).toBe('private');
    const refused = await ask('GET /orgs/Acme/personal-access-tokens', { token: secret });
    expect(refused).toMatchObject({ status: 403, headers: { 'x-oauth-scopes': 'repo, user' } });
  });

  it('answers 401 without a credential and with a bad one, also where everybody may read', async () => {
    const { ask } = await apiWorld();
    expect(await ask('GET /user')).toMatchObject({
      status: 401,
      body: { message: 'Requires authentication', status: '401', reason: 'credentials_missing' },
    });
    const unknown = `lkf_${'0'.repeat(30)}3Uf3Ee`;
    for (const path of ['/user', '/meta'])
      expect(await ask(`GET ${path}`, { token: unknown })).toMatchObject({
        status: 401,
        body: { message: 'Bad credentials' },
      });
    expect((await ask('GET /meta')).status).toBe(200);
  });

  it('answers 404 for a missing resource, a wrong method and a trailing slash', async () => {
    const { ask } = await apiWorld();
    expect((await ask('GET /%zz')).status).toBe(400);
    for (const operation of ['GET /nowhere', 'DELETE /meta', 'GET /meta/', 'GET /user/', 'GET //meta']) {
      expect(await ask(operation)).toMatchObject({ status: 404, body: { message: 'Not Found', status: '404' } });
    }
  });

  it('may be called from any page, which has no cookie to send here', async () => {
    const { ask } = await apiWorld();
    const answer = await ask('OPTIONS /user', {
      headers: { origin: 'https://elsewhere.example', 'access-control-request-method': 'GET' },
    });
    expect(answer).toMatchObject({
      status: 204,
      headers: { 'access-control-allow-origin': '*', 'access-control-allow-methods': 'GET, POST, PATCH, PUT, DELETE' },
    });
    expect(answer.headers['access-control-allow-credentials']).toBeUndefined();
  });

  it('refuses an unsupported version of the API', async () => {
    const { ask } = await apiWorld();
    expect(await ask('GET /meta', { headers: { 'x-github-api-version': '2019-01-01' } })).toMatchObject({
      status: 400,
      body: { message: 'This API has no version 2019-01-01.' },
    });
    expect(
      (await ask('GET /meta', { headers: { 'x-github-api-version': '2026-03-10' } })).headers[
        'x-github-api-version-selected'
      ],
    ).toBe('2026-03-10');
  });

  it('answers 304 to clients that already have the body', async () => {
    const { ask, token } = await apiWorld();
    const { secret } = await token('Bob');
    const first = await ask('GET /user', { token: secret });
    const again = await ask('GET /user', { token: secret, headers: { 'if-none-match': first.headers['etag']! } });
    expect(again).toMatchObject({ status: 304, text: '' });
    expect(again.headers['etag']).toBe(first.headers['etag']);
    expect((await ask('GET /user', { token: secret, headers: { 'if-none-match': '"other"' } })).status).toBe(200);
  });
});

describe('a path', () => {
  const find = pathMatcher([
    { method: 'GET', path: '/repos/{owner}/{repo}/commits/{ref}' },
    { method: 'GET', path: '/repos/{owner}/{repo}/commits/{ref}/status' },
    { method: 'GET', path: '/user/{id}' },
    { method: 'GET', path: '/user/current' },
    { method: 'GET', path: '/repos/{owner}/{repo}/contents/{path}' },
  ]);

  it('may have slashes in branches and files, encoded or not', () => {
    expect(find('GET', '/repos/a/b/commits/feature/x/status')).toMatchObject({
      row: { path: '/repos/{owner}/{repo}/commits/{ref}/status' },
      params: { ref: 'feature/x' },
    });
    expect(find('GET', '/repos/a/b/commits/feature%2Fx')).toMatchObject({
      row: { path: '/repos/{owner}/{repo}/commits/{ref}' },
      params: { ref: 'feature/x' },
    });
    expect(find('GET', '/repos/a/b/contents/src/a%20b.ts')?.params).toEqual({
      owner: 'a',
      repo: 'b',
      path: 'src/a b.ts',
    });
  });

  it('that is written out wins over one with a parameter', () => {
    expect(find('GET', '/user/current')?.row.path).toBe('/user/current');
    expect(find('GET', '/user/7')?.params).toEqual({ id: '7' });
    expect(find('GET', '/user/7/8')).toBeNull();
    expect(find('POST', '/user/7')).toBeNull();
  });

  it('stands in a table once', () => {
    expect(() =>
      pathMatcher([
        { method: 'GET', path: '/a' },
        { method: 'GET', path: '/a' },
      ]),
    ).toThrow('two routes are GET /a');
  });
});
