/**
 * Repositories, organizations, collaborators and profiles over GitHub's API, each answer checked against GitHub's
 * schemas.
 */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { operatorPermit } from '../../../src/actions/decision/authorize.ts';
import { readOutbox } from '../../../src/actions/instance/outbox.ts';
import { addRepository, setCollaborator } from '../../../src/actions/repositories/repositories.ts';
import { forEachEngine } from '../../engines/engines.ts';
import { type ApiWorld, apiWorld, grant } from './api.ts';
import { validated } from './schema-harness.ts';

async function world(
  engine: 'sqlite' | 'postgres' = 'sqlite',
): Promise<ApiWorld & { ada: string; bob: string; cy: string }> {
  const api = await apiWorld(engine);
  const everything = ['repo', 'admin:org', 'delete_repo', 'user'];
  const [ada, bob, cy] = await Promise.all(
    ['Ada', 'Bob', 'Cy'].map((login) => api.token(login, { kind: 'classic', scopes: everything })),
  );
  return { ...api, ask: validated(api.ask), ada: ada!.secret, bob: bob!.secret, cy: cy!.secret };
}

const names = (body: { full_name: string }[]): string[] => body.map((repository) => repository.full_name);

forEachEngine('lists of repositories', (_open, engine) => {
  it('hold what the person has to do with and this token may see, in every order', async () => {
    const { ask, ctx, bob, token } = await world(engine);
    await addRepository(ctx, operatorPermit(), { owner: 'Cy', name: 'shared', visibility: 'private' });
    await addRepository(ctx, operatorPermit(), { owner: 'Cy', name: 'own', visibility: 'public' });
    await setCollaborator(ctx, operatorPermit(), { owner: 'Cy', name: 'shared', login: 'Bob', role: 'write' });
    expect(names((await ask('GET /user/repos', { token: bob })).body)).toEqual([
      'Acme/docs',
      'Acme/site',
      'Bob/notes',
      'Cy/shared',
    ]);
    expect(names((await ask('GET /user/repos?affiliation=collaborator', { token: bob })).body)).toEqual(['Cy/shared']);
    expect(names((await ask('GET /user/repos?type=owner', { token: bob })).body)).toEqual(['Bob/notes']);
    expect(names((await ask('GET /user/repos?visibility=public', { token: bob })).body)).toEqual(['Acme/docs']);
    expect(names((await ask('GET /user/repos?sort=created&direction=desc&per_page=2', { token: bob })).body)).toEqual([
      'Cy/shared',
      'Bob/notes',
    ]);
    expect(await ask('GET /user/repos?affiliation=friend', { token: bob })).toMatchObject({ status: 422 });
    expect(await ask('GET /user/repos?type=owner&visibility=all', { token: bob })).toMatchObject({ status: 422 });
    const narrow = await token('Bob', {
      grants: [grant({ owner: 'Bob', selection: 'all', permissions: { metadata: 'read' } })],
    });
    expect(names((await ask('GET /user/repos', { token: narrow.secret })).body)).toEqual(['Acme/docs', 'Bob/notes']);
    expect(await ask('GET /user/repos')).toMatchObject({ status: 401 });
  });

  it('go on where the page before ended, whatever was added meanwhile', async () => {
    const { ask, ctx, ada } = await world(engine);
    for (const name of ['r1', 'r2', 'r3', 'r4'])
      await addRepository(ctx, operatorPermit(), { owner: 'Acme', name, visibility: 'private' });
    const seen: string[] = [];
    let path = '/orgs/Acme/repos?per_page=2&sort=full_name';
    for (let round = 0; path !== ''; round++) {
      const answer = await ask(`GET ${path}`, { token: ada });
      seen.push(...names(answer.body));
      if (round === 0)
        await addRepository(ctx, operatorPermit(), { owner: 'Acme', name: 'aaa', visibility: 'private' });
      const next = /<([^>]+)>; rel="next"/.exec(answer.headers['link'] ?? '')?.[1];
      path = next === undefined ? '' : new URL(next).pathname.slice('/api/v3'.length) + new URL(next).search;
    }
    expect(seen).toEqual(['Acme/docs', 'Acme/r1', 'Acme/r2', 'Acme/r3', 'Acme/r4', 'Acme/site']);
    expect(await ask('GET /orgs/Acme/repos?after=bm9wZQ', { token: ada })).toMatchObject({ status: 422 });
  });

  it('of an organization show strangers only public ones', async () => {
    const { ask, cy, bob } = await world(engine);
    expect(names((await ask('GET /orgs/Acme/repos')).body)).toEqual(['Acme/docs']);
    expect(names((await ask('GET /orgs/Acme/repos', { token: cy })).body)).toEqual(['Acme/docs']);
    expect(names((await ask('GET /orgs/Acme/repos?type=private', { token: bob })).body)).toEqual(['Acme/site']);
  });
});

describe('a repository over the API', () => {
  it('is made, with a first commit when asked, and shown', async () => {
    const { ask, bob, ada, ctx } = await world();
    const made = await ask('POST /user/repos', {
      token: bob,
      body: {
        name: 'tool',
        description: 'A tool',
        private: true,
        auto_init: true,
        homepage: 'https://example.org',
        has_issues: true,
      },
    });
    expect(made).toMatchObject({
      status: 201,
      body: {
        full_name: 'Bob/tool',
        private: true,
        visibility: 'private',
        default_branch: 'main',
        permissions: { admin: true },
        homepage: 'https://example.org',
        has_issues: false,
      },
    });
    expect(made.headers['location']).toBe(made.body.url);
    expect(
      execFileSync('git', ['-C', ctx.git.path('Bob', 'tool'), 'show', 'main:README.md'], { encoding: 'utf8' }),
    ).toBe('# tool\n\nA tool\n');
    expect(
      await ask('POST /orgs/Acme/repos', { token: ada, body: { name: 'new', visibility: 'internal' } }),
    ).toMatchObject({ status: 201, body: { organization: { login: 'Acme' }, visibility: 'internal' } });
    expect(await ask('POST /orgs/Acme/repos', { token: bob, body: { name: 'other' } })).toMatchObject({
      status: 403,
      body: { reason: 'role_insufficient' },
    });
    for (const body of [
      { name: 'tool' },
      { name: 'a b' },
      {},
      { name: 'x', private: true, visibility: 'public' },
      { name: 'x', description: 'd'.repeat(351) },
      { name: 'x', homepage: 'javascript:alert(1)' },
    ]) {
      expect([body, await ask('POST /user/repos', { token: bob, body })]).toMatchObject([body, { status: 422 }]);
    }
    expect(await ask('GET /repos/Bob/tool', { token: ada })).toMatchObject({
      status: 404,
      body: { message: 'Not Found' },
    });
    expect(await ask('GET /repos/acme/DOCS')).toMatchObject({
      status: 200,
      body: { full_name: 'Acme/docs', permissions: { pull: true, push: false } },
    });
  });

  it('changes, is renamed with its old name leading on, archived, and deleted', async () => {
    const { ask, ada, bob, ctx } = await world();
    expect(
      await ask('PATCH /repos/Acme/site', {
        token: ada,
        body: { description: 'The site', homepage: '', private: false },
      }),
    ).toMatchObject({ status: 200, body: { description: 'The site', visibility: 'public' } });
    expect(await ask('PATCH /repos/Acme/site', { token: bob, body: { description: 'x' } })).toMatchObject({
      status: 403,
      body: { message: 'Must have admin rights to Repository.' },
    });
    expect(await ask('PATCH /repos/Acme/site', { token: ada, body: { name: 'docs' } })).toMatchObject({
      status: 422,
      body: { errors: [{ code: 'already_exists' }] },
    });
    expect(await ask('PATCH /repos/Acme/site', { token: ada, body: { name: 'www' } })).toMatchObject({
      status: 200,
      body: { full_name: 'Acme/www' },
    });
    expect([existsSync(ctx.git.path('Acme', 'www')), existsSync(ctx.git.path('Acme', 'site'))]).toEqual([true, false]);
    const moved = await ask('GET /repos/Acme/site', { token: ada });
    expect(moved).toMatchObject({
      status: 301,
      body: { message: 'Moved Permanently', url: `${ctx.settings.publicUrl}/api/v3/repos/Acme/www` },
    });
    expect((await ask('GET /repos/Acme/site/branches?per_page=3', { token: ada })).headers['location']).toBe(
      `${ctx.settings.publicUrl}/api/v3/repos/Acme/www/branches?per_page=3`,
    );
    expect(await ask('PATCH /repos/Acme/site', { token: ada, body: {} })).toMatchObject({ status: 307 });
    expect(await ask('PATCH /repos/Acme/www', { token: ada, body: { archived: true } })).toMatchObject({
      status: 200,
      body: { archived: true },
    });
    const write = { token: ada, body: { message: 'm', content: '' } };
    expect(await ask('PUT /repos/Acme/www/contents/a', write)).toMatchObject({
      status: 403,
      body: { message: 'Repository was archived so is read-only.' },
    });
    expect(await ask('PATCH /repos/Acme/www', { token: ada, body: { archived: false } })).toMatchObject({
      status: 200,
      body: { archived: false },
    });
    expect(await ask('PUT /repos/Acme/www/contents/a', write)).toMatchObject({ status: 201 });
    expect(await ask('PATCH /repos/Acme/www', { token: ada, body: { default_branch: 'nope' } })).toMatchObject({
      status: 422,
    });
    expect(await ask('DELETE /repos/Acme/www', { token: ada })).toMatchObject({ status: 204 });
    expect(existsSync(ctx.git.path('Acme', 'www'))).toBe(false);
    expect(await ask('GET /repos/Acme/www', { token: ada })).toMatchObject({ status: 404 });
  });
});

describe('collaborators over the API', () => {
  it('come, are told, and go', async () => {
    const { ask, ada, bob, cy } = await world();
    const people = '/repos/Acme/site/collaborators';
    expect(await ask('GET /repos/Acme/site', { token: cy })).toMatchObject({ status: 404 });
    expect(await ask(`PUT ${people}/cy`, { token: ada, body: { permission: 'maintain' } })).toMatchObject({
      status: 204,
    });
    expect(await ask('GET /repos/Acme/site', { token: cy })).toMatchObject({
      status: 200,
      body: { permissions: { maintain: true, admin: false } },
    });
    const list = await ask(`GET ${people}`, { token: ada });
    expect(list.body.map(({ login, role_name }: { login: string; role_name: string }) => [login, role_name])).toEqual([
      ['Ada', 'admin'],
      ['Bob', 'read'],
      ['Cy', 'maintain'],
    ]);
    expect((await ask(`GET ${people}?affiliation=outside`, { token: ada })).body).toHaveLength(1);
    expect((await ask(`GET ${people}?permission=admin`, { token: ada })).body).toMatchObject([{ login: 'Ada' }]);
    expect(await ask(`GET ${people}`, { token: bob })).toMatchObject({
      status: 403,
      body: { message: 'Must have push access to view repository collaborators.' },
    });
    expect((await ask(`GET ${people}/cy`, { token: ada })).status).toBe(204);
    expect((await ask(`GET ${people}/root`, { token: ada })).status).toBe(404);
    expect(await ask(`GET ${people}/cy/permission`, { token: ada })).toMatchObject({
      status: 200,
      body: { permission: 'write', role_name: 'maintain', user: { login: 'Cy' } },
    });
    expect(await ask(`GET ${people}/root/permission`, { token: ada })).toMatchObject({
      status: 200,
      body: { permission: 'none' },
    });
    expect(await ask(`PUT ${people}/nobody`, { token: ada, body: {} })).toMatchObject({ status: 404 });
    expect(await ask(`PUT ${people}/cy`, { token: ada, body: { permission: 'king' } })).toMatchObject({ status: 422 });
    expect(await ask(`PUT ${people}/root`, { token: cy, body: {} })).toMatchObject({ status: 403 });
    expect(await ask(`DELETE ${people}/cy`, { token: ada })).toMatchObject({ status: 204 });
    expect(await ask('GET /repos/Acme/site', { token: cy })).toMatchObject({ status: 404 });
  });
});

describe('an organization over the API', () => {
  it('tells its settings to owners, and takes changes from them alone', async () => {
    const { ask, ada, bob } = await world();
    expect((await ask('GET /orgs/acme')).body).not.toHaveProperty('default_repository_permission');
    expect(
      await ask('PATCH /orgs/Acme', {
        token: ada,
        body: {
          name: 'Acme Inc.',
          description: 'Anvils',
          blog: 'https://acme.example',
          email: 'hello@acme.example',
          billing_email: 'bill@acme.example',
          default_repository_permission: 'none',
        },
      }),
    ).toMatchObject({
      status: 200,
      body: {
        name: 'Acme Inc.',
        description: 'Anvils',
        default_repository_permission: 'none',
        billing_email: 'bill@acme.example',
        total_private_repos: 1,
      },
    });
    expect(await ask('GET /repos/Acme/site', { token: bob })).toMatchObject({ status: 404 });
    expect(await ask('PATCH /orgs/Acme', { token: bob, body: { name: 'x' } })).toMatchObject({ status: 403 });
    expect(
      await ask('PATCH /orgs/Acme', {
        token: ada,
        body: { email: 'nope', blog: 'nope', description: 'd'.repeat(161) },
      }),
    ).toMatchObject({
      status: 422,
      body: { errors: [{ field: 'description' }, { field: 'email' }, { field: 'blog' }] },
    });
  });

  it('has members, told to members alone, and never loses its last owner', async () => {
    const { ask, ada, bob, cy } = await world();
    const logins = (body: { login: string }[]): string[] => body.map(({ login }) => login);
    expect(logins((await ask('GET /orgs/Acme/members', { token: bob })).body)).toEqual(['Bob', 'Ada']);
    expect(logins((await ask('GET /orgs/Acme/members?role=admin', { token: bob })).body)).toEqual(['Ada']);
    expect((await ask('GET /orgs/Acme/members', { token: cy })).body).toEqual([]);
    expect((await ask('GET /orgs/Acme/members/bob', { token: ada })).status).toBe(204);
    expect((await ask('GET /orgs/Acme/members/bob', { token: cy })).status).toBe(404);
    expect(await ask('PUT /orgs/Acme/memberships/cy', { token: ada, body: { role: 'admin' } })).toMatchObject({
      status: 200,
      body: { state: 'active', role: 'admin', user: { login: 'Cy' } },
    });
    expect(await ask('PUT /orgs/Acme/memberships/cy', { token: bob, body: {} })).toMatchObject({ status: 403 });
    expect(await ask('GET /orgs/Acme/memberships/cy', { token: ada })).toMatchObject({
      status: 200,
      body: { role: 'admin' },
    });
    expect((await ask('DELETE /orgs/Acme/memberships/cy', { token: ada })).status).toBe(204);
    expect(await ask('GET /orgs/Acme/memberships/cy', { token: ada })).toMatchObject({ status: 404 });
    expect(await ask('DELETE /orgs/Acme/members/ada', { token: ada })).toMatchObject({ status: 422 });
    expect((await ask('GET /user/orgs', { token: bob })).body).toMatchObject([{ login: 'Acme' }]);
  });

  it('tells its owners alone who has no second factor, members and outside collaborators alike', async () => {
    const { ask, ada, bob, cy, ctx } = await world();
    const logins = async (path: string): Promise<string[]> =>
      ((await ask(`GET /orgs/Acme/${path}`, { token: ada })).body as { login: string }[]).map(({ login }) => login);
    for (const login of ['Cy', 'Bob'])
      await setCollaborator(ctx, operatorPermit(), { owner: 'Acme', name: 'site', login, role: 'read' });
    expect(await logins('members?filter=2fa_disabled')).toEqual(['Bob', 'Ada']);
    expect(await logins('outside_collaborators?filter=2fa_disabled'), 'members are none').toEqual(['Cy']);
    await ctx.store.db.updateTable('accounts').set({ two_factor_at: 1 }).where('login', 'in', ['Ada', 'Cy']).execute();
    expect(await logins('members?filter=2fa_disabled')).toEqual(['Bob']);
    expect(await logins('members?filter=2fa_disabled&role=admin')).toEqual([]);
    expect(await logins('members?filter=all')).toEqual(['Bob', 'Ada']);
    expect(await logins('outside_collaborators?filter=2fa_disabled')).toEqual([]);
    expect(await logins('outside_collaborators')).toEqual(['Cy']);
    for (const list of ['members', 'outside_collaborators'])
      expect(await ask(`GET /orgs/Acme/${list}?filter=2fa_disabled`, { token: bob })).toMatchObject({
        status: 422,
        body: { errors: [{ message: 'Only owners can use this filter.' }] },
      });
    expect((await ask('GET /orgs/Acme/outside_collaborators', { token: bob })).status).toBe(403);
    expect((await ask('GET /orgs/Acme/members?filter=2fa_disabled', { token: cy })).body).toEqual([]);
  });

  it('tells of no membership to a token that is for public repositories alone, or for somebody else’s', async () => {
    const { ask, token } = await world();
    const orgs = async (given: Parameters<typeof token>[1]): Promise<unknown> => {
      const { body } = await ask('GET /user/orgs', { token: (await token('Bob', given)).secret });
      return Array.isArray(body) ? body.map(({ login }: { login: string }) => login) : body.reason;
    };
    const ofBob = grant({ owner: 'Bob', selection: 'all' });
    expect(await orgs({ name: 'a', grants: [grant({ owner: 'Bob', selection: 'public' })] })).toEqual([]);
    expect(await orgs({ name: 'b', grants: [ofBob, grant({ owner: 'Acme', selection: 'public' })] })).toEqual([]);
    expect(await orgs({ name: 'c', grants: [ofBob] })).toEqual([]);
    expect(await orgs({ name: 'd', kind: 'classic', scopes: ['public_repo'], grants: [] })).not.toContain('Acme');
    expect(await orgs({ name: 'e', kind: 'classic', scopes: [], grants: [] })).not.toContain('Acme');
    expect(await orgs({ name: 'f', kind: 'classic', scopes: ['read:org'], grants: [] })).toEqual(['Acme']);
    expect(await orgs({ name: 'g', kind: 'classic', scopes: ['user'], grants: [] })).toEqual(['Acme']);
  });

  it('goes with its repositories', async () => {
    const { ask, ada, bob, ctx } = await world();
    expect(await ask('DELETE /orgs/Acme', { token: bob })).toMatchObject({ status: 403 });
    expect(await ask('DELETE /orgs/Acme', { token: ada })).toMatchObject({ status: 202 });
    expect(await ask('GET /orgs/Acme', { token: ada })).toMatchObject({ status: 404 });
    expect(existsSync(ctx.git.path('Acme', 'site'))).toBe(false);
  });
});

describe('a profile over the API', () => {
  it('is changed by its owner and read by everybody', async () => {
    const { ask, bob, token } = await world();
    expect(
      await ask('PATCH /user', {
        token: bob,
        body: { name: 'Bob B.', bio: 'builds', email: 'bob@example.org', hireable: true },
      }),
    ).toMatchObject({ status: 200, body: { name: 'Bob B.', hireable: true } });
    expect(await ask('GET /users/bob')).toMatchObject({
      status: 200,
      body: { name: 'Bob B.', bio: 'builds', email: 'bob@example.org', user_view_type: 'public' },
    });
    expect(await ask('PATCH /user', { token: bob, body: { email: 'ada@example.org' } })).toMatchObject({ status: 422 });
    expect(await ask('GET /users/nobody')).toMatchObject({ status: 404 });
    const weak = await token('Bob', {});
    expect(await ask('PATCH /user', { token: weak.secret, body: { name: 'x' } })).toMatchObject({ status: 403 });
  });
});

describe('e-mail addresses over the API', () => {
  it('are listed, added with a mail that verifies them, and removed, by tokens with the permission', async () => {
    const { ask, bob, ctx, token } = await world();
    expect((await ask('GET /user/emails', { token: bob })).body).toEqual([
      { email: 'bob@example.org', primary: true, verified: true, visibility: 'private' },
    ]);
    expect(
      await ask('POST /user/emails', { token: bob, body: { emails: ['bob@work.example', 'Bob@home.example'] } }),
    ).toMatchObject({
      status: 201,
      body: [{ email: 'bob@work.example', verified: false }, { email: 'Bob@home.example' }],
    });
    const mails = await readOutbox(ctx, operatorPermit(), { beforeId: null, limit: 10 });
    expect(mails.filter(({ template }) => template === 'email_verification').map(({ address }) => address)).toEqual([
      'Bob@home.example',
      'bob@work.example',
    ]);
    for (const emails of [
      ['nope'],
      ['new@x.example', 'BOB@work.example'],
      [],
      Array.from({ length: 19 }, (_, i) => `a${i}@x.example`),
    ])
      expect([emails, await ask('POST /user/emails', { token: bob, body: { emails } })]).toMatchObject([
        emails,
        { status: 422 },
      ]);
    expect(
      await ask('DELETE /user/emails', { token: bob, body: ['bob@work.example', 'bob@example.org'] }),
    ).toMatchObject({ status: 422 });
    expect(await ask('DELETE /user/emails', { token: bob, body: ['ada@example.org'] })).toMatchObject({ status: 404 });
    expect((await ask('GET /user/emails', { token: bob })).body).toHaveLength(3);
    expect(await ask('DELETE /user/emails', { token: bob, body: { emails: ['BOB@work.example'] } })).toMatchObject({
      status: 204,
    });
    expect((await ask('GET /user/emails', { token: bob })).body).toHaveLength(2);
    const reader = await token('Bob', { grants: [grant({ permissions: { emails: 'read' } })] });
    expect((await ask('GET /user/emails', { token: reader.secret })).status).toBe(200);
    expect(await ask('POST /user/emails', { token: reader.secret, body: { emails: ['x@y.example'] } })).toMatchObject({
      status: 403,
      body: { missing: { emails: 'write' } },
    });
    expect(await ask('GET /user/emails', { token: (await token('Bob', {})).secret })).toMatchObject({ status: 403 });
  });
});
