/** The frame of the GitLab door: what every endpoint has in common. */
import { describe, expect, it } from 'vitest';
import { REASONS } from '../../../src/catalogue/refusals/refusals.ts';
import { GITLAB_ROUTES } from '../../../src/catalogue/routes/gitlab.ts';
import { ENDPOINTS } from '../../../src/doors/gitlab/endpoints.ts';
import { ANSWERS } from '../../../src/doors/gitlab/refuse.ts';
import { NO_POLICY, type StoredPolicy } from '../../../src/rules/policy.ts';
import { setPolicy } from '../../../src/store/policies.ts';
import { ENGINES } from '../../engines/engines.ts';
import { type GitlabWorld, gitlabWorld } from './api.ts';

describe('a credential', () => {
  it('is taken as PRIVATE-TOKEN, as Bearer, and as both when they agree', async () => {
    const { ask, token } = await gitlabWorld();
    const { secret } = await token('Bob', ['read_user']);
    for (const headers of [
      { 'private-token': secret },
      { authorization: `Bearer ${secret}` },
      { 'private-token': secret, authorization: `Bearer ${secret}` },
    ]) {
      expect((await ask('GET /user', { headers })).body).toMatchObject({ username: 'Bob' });
    }
  });

  it('is refused when two headers hold different tokens, and nothing is done', async () => {
    const world = await gitlabWorld();
    const [one, two] = [await world.token('Bob', ['api']), await world.token('Ada', ['api'])];
    const headers = { 'private-token': one.secret, authorization: `Bearer ${two.secret}` };
    expect(await world.ask('DELETE /personal_access_tokens/self', { headers })).toMatchObject({
      status: 400,
      body: {
        message: expect.stringMatching(/^400 Bad request - PRIVATE-TOKEN and/),
        reason: 'credentials_malformed',
      },
    });
    for (const { secret } of [one, two]) expect((await world.ask('GET /user', { token: secret })).status).toBe(200);
  });

  it('is refused unread in the URL, with the way to send it', async () => {
    const { ask, token } = await gitlabWorld();
    const { secret } = await token('Bob', ['api']);
    for (const name of ['private_token', 'access_token', 'job_token']) {
      const answer = await ask(`GET /user?${name}=${secret}`);
      expect(answer).toMatchObject({ status: 400, body: { reason: 'credentials_malformed' } });
      expect(answer.body.detail).toContain('send it in the header PRIVATE-TOKEN');
      expect(answer.text).not.toContain(secret);
    }
  });

  it('that is missing, unknown, mistyped or of another product is told apart, next to GitLab’s words', async () => {
    const { ask, token } = await gitlabWorld();
    const { secret } = await token('Bob', ['api']);
    const reason = async (given: string | null): Promise<unknown> => {
      const { status, body, headers } = await ask('GET /user', { token: given });
      expect({ status, message: body.message, challenge: headers['www-authenticate'] }).toEqual({
        status: 401,
        message: '401 Unauthorized',
        challenge: 'Bearer realm="Latchkey"',
      });
      return body.reason;
    };
    expect(await reason(null)).toBe('credentials_missing');
    expect(await reason(`lks_${'0'.repeat(30)}3Uf3Ee`)).toMatch(/^token_(?:unknown|mistyped)$/);
    expect(await reason(`${secret.slice(0, -1)}${secret.endsWith('a') ? 'b' : 'a'}`)).toBe('token_mistyped');
    expect(await reason('glpat-abcdefghij0123456789')).toBe('token_of_other_product');
  });
});

describe('a request', () => {
  it('acts for nobody but its owner', async () => {
    const { ask, token } = await gitlabWorld();
    const { secret } = await token('Root', ['api', 'sudo']);
    expect(await ask('GET /user', { token: secret, headers: { sudo: 'Ada' } })).toMatchObject({
      status: 403,
      body: { message: expect.stringContaining('leave sudo out') as string },
    });
    expect((await ask('GET /user?sudo=1', { token: secret })).status).toBe(403);
  });

  it('to a missing resource is a 404 in GitLab’s form', async () => {
    const { ask, token } = await gitlabWorld();
    const { secret } = await token('Bob', ['api']);
    for (const operation of ['GET /nothing', 'GET /user/', 'PATCH /user', 'GET /projects/1/pipelines', 'GET /']) {
      expect(await ask(operation, { token: secret }), operation).toMatchObject({
        status: 404,
        body: { error: '404 Not Found' },
      });
    }
  });

  it('is limited, with GitLab’s headers', async () => {
    const world = await gitlabWorld('sqlite', { apiRateLimit: '2' });
    const { secret } = await world.token('Bob', ['read_user']);
    expect((await world.ask('GET /user', { token: secret })).headers).toMatchObject({
      'ratelimit-limit': '2',
      'ratelimit-observed': '1',
      'ratelimit-remaining': '1',
    });
    await world.ask('GET /user', { token: secret });
    const third = await world.ask('GET /user', { token: secret });
    expect(third).toMatchObject({
      status: 429,
      body: {
        message: { error: 'This endpoint has been requested too many times. Try again later.' },
        reason: 'rate_limited',
      },
    });
    expect(Number(third.headers['retry-after'])).toBeGreaterThan(0);
    expect((await world.askGithub('GET /user', { token: secret })).status).toBe(403);
  });

  it('that finds every place for git taken is sent away for a moment, at both doors', async () => {
    const world = await gitlabWorld('sqlite', { maxGitProcesses: '1', gitQueueLimit: '1' });
    const { secret } = await world.token('Bob', ['api']);
    await world.ask('POST /projects/Bob%2Fnotes/repository/files/a', {
      token: secret,
      body: { branch: 'main', commit_message: 'Begin', content: 'a' },
    });
    const many = (ask: GitlabWorld['ask'], path: string) =>
      Promise.all(Array.from({ length: 12 }, () => ask(`GET ${path}`, { token: secret })));
    for (const answers of [
      await many(world.ask, '/projects/Bob%2Fnotes/repository/branches'),
      await many(world.askGithub, '/repos/Bob/notes/branches'),
    ]) {
      expect([...new Set(answers.map(({ status }) => status))].sort()).toEqual([200, 503]);
      const busy = answers.find(({ status }) => status === 503)!;
      expect(busy.body.message).toContain('The server is busy with other clones and pushes');
      expect(Number(busy.headers['retry-after'])).toBeGreaterThan(0);
    }
  });

  it('reads what is public without a token, and no more', async () => {
    const { ask } = await gitlabWorld();
    expect(
      (await ask('GET /projects')).body.map((project: { path_with_namespace: string }) => project.path_with_namespace),
    ).toEqual(['Acme/docs']);
    expect(await ask('GET /projects/Acme%2Fdocs')).toMatchObject({
      status: 200,
      body: { visibility: 'public', permissions: { project_access: null, group_access: null } },
    });
    for (const path of ['/projects/Acme%2Fsite', '/projects/Acme%2Fnone', '/projects/1', '/projects/99']) {
      expect(await ask(`GET ${path}`), path).toMatchObject({ status: 401, body: { reason: 'credentials_missing' } });
    }
    expect(await ask('GET /users?username=ada')).toMatchObject({ status: 200, body: [{ username: 'Ada' }] });
    expect((await ask('GET /users')).status).toBe(403);
  });
});

describe.each(ENGINES)('projects [%s]', (engine) => {
  const paths = async (world: GitlabWorld, secret: string, query = ''): Promise<string[]> =>
    (await world.ask(`GET /projects?sort=asc&order_by=id${query}`, { token: secret })).body.map(
      (project: { path_with_namespace: string }) => project.path_with_namespace,
    );

  it('are listed as far as the person and the token reach', async () => {
    const world = await gitlabWorld(engine);
    expect(await paths(world, (await world.token('Bob', ['read_api'])).secret)).toEqual([
      'Acme/site',
      'Acme/docs',
      'Bob/notes',
      'Ada/handbook',
    ]);
    expect(await paths(world, (await world.token('Cy', ['read_api'])).secret)).toEqual(['Acme/docs', 'Ada/handbook']);
    expect(await paths(world, (await world.token('Bob', ['write_repository'])).secret)).toEqual(['Acme/docs']);
    const grants = [
      {
        owner: '',
        selection: 'selected',
        repositories: ['notes'],
        permissions: { contents: 'read' },
        justification: null,
      },
    ] as const;
    expect(await paths(world, (await world.token('Bob', [], { kind: 'fine-grained', grants })).secret)).toEqual([
      'Acme/docs',
      'Bob/notes',
    ]);
    const bob = (await world.token('Bob', ['read_api'])).secret;
    expect(await paths(world, bob, '&min_access_level=30')).toEqual(['Bob/notes']);
    expect(await paths(world, bob, '&archived=true')).toEqual([]);
    expect(await paths(world, bob, '&visibility=internal')).toEqual(['Ada/handbook']);
    expect(await paths(world, bob, '&search=%25')).toEqual([]);
    expect(await paths(world, bob, '&owned=true')).toEqual(['Bob/notes']);
    const ordered = async (by: string): Promise<string[]> =>
      (await world.ask(`GET /projects?order_by=${by}&sort=desc`, { token: bob })).body.map(
        ({ name }: { name: string }) => name,
      );
    for (const by of ['id', 'created_at', 'updated_at', 'last_activity_at'])
      expect(await ordered(by)).toEqual(['handbook', 'notes', 'docs', 'site']);
    for (const by of ['name', 'path']) expect(await ordered(by)).toEqual(['site', 'notes', 'handbook', 'docs']);
  });

  it('answer the same for hidden projects as for missing ones', async () => {
    const { ask, token } = await gitlabWorld();
    const { secret } = await token('Cy', ['api']);
    const [hidden, none] = [
      await ask('GET /projects/1', { token: secret }),
      await ask('GET /projects/99', { token: secret }),
    ];
    expect(hidden).toMatchObject({ status: 404, body: { message: '404 Project Not Found', reason: 'not_found' } });
    expect(hidden.body.message).toBe(none.body.message);
    expect(Object.keys(hidden.body)).toEqual(Object.keys(none.body));
    // a number doesn't reveal the name of what it hides
    expect(hidden.text).not.toContain('site');
  });

  it('are what a token is associated with', async () => {
    const { ask, token } = await gitlabWorld();
    const { secret } = await token('Ada', ['read_api']);
    const { body } = await ask('GET /personal_access_tokens/self/associations', { token: secret });
    expect(body.groups).toMatchObject([{ full_path: 'Acme', access_levels: 50, organization_id: 1 }]);
    expect(
      body.projects.map(({ path_with_namespace, access_levels }: Record<string, unknown>) => [
        path_with_namespace,
        access_levels,
      ]),
    ).toEqual([
      ['Acme/site', { project_access_level: null, group_access_level: 50 }],
      ['Acme/docs', { project_access_level: null, group_access_level: 50 }],
      ['Ada/handbook', { project_access_level: 50, group_access_level: null }],
    ]);
    const poor = await token('Ada', ['read_user']);
    expect(
      (await ask('GET /personal_access_tokens/self/associations', { token: poor.secret })).body.projects,
    ).toMatchObject([{ path_with_namespace: 'Acme/docs' }]);
  });
});

describe('what an organization forbids', () => {
  async function forbid({ ctx }: GitlabWorld, change: Partial<StoredPolicy>): Promise<void> {
    const acme = await ctx.store.db
      .selectFrom('accounts')
      .select('id')
      .where('login', '=', 'Acme')
      .executeTakeFirstOrThrow();
    await ctx.store.transaction((tx) => setPolicy(tx, acme.id, { ...NO_POLICY, ...change }, ctx.clock.now()));
  }

  it('is said to a scoped token at both doors; public reading stays', async () => {
    const world = await gitlabWorld();
    const { secret } = await world.token('Bob', ['api']);
    await forbid(world, { allowed: { 'fine-grained': null, classic: null, scoped: false } });
    expect(await world.ask('GET /projects/Acme%2Fsite', { token: secret })).toMatchObject({
      status: 403,
      body: { message: expect.stringMatching(/^403 Forbidden - /) as string, reason: 'scoped_forbidden' },
    });
    expect((await world.askGithub('GET /repos/acme/site', { token: secret })).body.reason).toBe('scoped_forbidden');
    expect((await world.ask('GET /projects/Acme%2Fdocs', { token: secret })).status).toBe(200);
  });

  it('includes lives that are too long', async () => {
    const world = await gitlabWorld();
    const { secret } = await world.token('Bob', ['api']);
    await forbid(world, { maxLifetimeDays: { 'fine-grained': null, classic: null, scoped: 7 } });
    expect(await world.ask('GET /projects/Acme%2Fsite', { token: secret })).toMatchObject({
      status: 403,
      body: { reason: 'lifetime_over_policy' },
    });
  });
});

describe('the door', () => {
  it('serves every route of the catalogue, and has an answer to every refusal', () => {
    expect(ENDPOINTS.map(({ method, path }) => `${method} ${path}`).sort()).toEqual(
      GITLAB_ROUTES.map(({ method, path }) => `${method} ${path}`).sort(),
    );
    expect(Object.keys(ANSWERS).sort()).toEqual([...REASONS].sort());
  });
});
