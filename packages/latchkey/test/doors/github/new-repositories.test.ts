/** Repositories as people want them: object format, default branch, and what the first commit holds. */
import { execFileSync } from 'node:child_process';
import { expect, it, test } from 'vitest';
import { type ApiWorld, apiWorld } from './api.ts';
import { validated } from './schema-harness.ts';

interface World extends ApiWorld {
  readonly ada: string;
  git(fullName: string, ...args: string[]): string;
}

async function world(): Promise<World> {
  const api = await apiWorld();
  const ada = await api.token('Ada', { kind: 'classic', scopes: ['repo', 'admin:org'] });
  const git = (fullName: string, ...args: string[]): string => {
    const [owner, name] = fullName.split('/') as [string, string];
    return execFileSync('git', ['-C', api.ctx.git.path(owner, name), ...args], { encoding: 'utf8' });
  };
  return { ...api, ada: ada.secret, git };
}

it('a first commit holds README, .gitignore and licence, and is by the person who asked', async () => {
  const { ask, ada, git } = await world();
  const body = {
    name: 'engine',
    description: 'It weaves.',
    auto_init: true,
    gitignore_template: 'Rust',
    license_template: 'mit',
  };
  expect(await validated(ask)('POST /user/repos', { token: ada, body })).toMatchObject({ status: 201 });
  expect(git('Ada/engine', 'ls-tree', '-r', '--name-only', 'HEAD').trim().split('\n')).toEqual([
    '.gitignore',
    'LICENSE',
    'README.md',
  ]);
  expect(git('Ada/engine', 'log', '--format=%an|%cn|%s')).toBe('Ada|Ada|Initial commit\n');
  const year = new Date(Number(git('Ada/engine', 'log', '--format=%at')) * 1000).getUTCFullYear();
  expect(git('Ada/engine', 'show', 'HEAD:LICENSE')).toContain(`Copyright (c) ${year} Ada\n`);
  expect(git('Ada/engine', 'show', 'HEAD:.gitignore')).toContain('target');
  expect(git('Ada/engine', 'show', 'HEAD:README.md')).toBe('# engine\n\nIt weaves.\n');
});

it('a licence alone makes a first commit, and an organization is named as its owner', async () => {
  const { ask, ada, git } = await world();
  const body = { name: 'law', license_template: 'BSD-3-Clause' };
  expect(await ask('POST /orgs/Acme/repos', { token: ada, body })).toMatchObject({ status: 201 });
  expect(git('Acme/law', 'ls-tree', '--name-only', 'HEAD')).toBe('LICENSE\n');
  expect(git('Acme/law', 'show', 'HEAD:LICENSE')).toMatch(/Copyright \(c\) \d{4}, Acme\n/);
});

test.each([
  [{ gitignore_template: 'Cobol-85' }, 'gitignore_template', 'GET /gitignore/templates'],
  [{ license_template: 'gpl-9' }, 'license_template', 'GET /licenses'],
  [{ default_branch: 'a..b' }, 'default_branch', 'well formed'],
])('what nobody knows is refused in words, and nothing is made: %j', async (wrong, field, words) => {
  const { ask, ada, ctx } = await world();
  const refused = await ask('POST /user/repos', { token: ada, body: { name: 'engine', auto_init: true, ...wrong } });
  expect([refused.status, refused.body.errors[0].field]).toEqual([422, field]);
  expect(refused.body.errors[0].message).toContain(words);
  expect(ctx.git.exists('Ada', 'engine')).toBe(false);
});

it('object format and default branch are chosen where a repository is made', async () => {
  const { ask, ada, git } = await world();
  const body = { name: 'wide', object_format: 'sha256', default_branch: 'trunk', auto_init: true };
  expect(await ask('POST /user/repos', { token: ada, body })).toMatchObject({
    status: 201,
    body: { default_branch: 'trunk' },
  });
  expect(git('Ada/wide', 'rev-parse', '--show-object-format').trim()).toBe('sha256');
  expect(git('Ada/wide', 'rev-parse', 'refs/heads/trunk').trim()).toHaveLength(64);
  const commit = await ask('GET /repos/Ada/wide/commits/trunk', { token: ada });
  expect([commit.status, commit.body.sha.length]).toEqual([200, 64]);
  const wrong = { name: 'w', object_format: 'md5' };
  expect(await ask('POST /user/repos', { token: ada, body: wrong })).toMatchObject({ status: 422 });
});

it('an organization has a default branch of its own, which leaves other owners alone', async () => {
  const { ask, ada, git } = await world();
  const set = (branch: string) => ask('PATCH /orgs/Acme', { token: ada, body: { default_repository_branch: branch } });
  expect(await set('develop')).toMatchObject({ status: 200, body: { default_repository_branch: 'develop' } });
  expect(await set('a b')).toMatchObject({ status: 422 });
  await ask('POST /orgs/Acme/repos', { token: ada, body: { name: 'one' } });
  await ask('POST /user/repos', { token: ada, body: { name: 'one' } });
  const head = (fullName: string) => git(fullName, 'symbolic-ref', '--short', 'HEAD').trim();
  expect([head('Acme/one'), head('Ada/one')]).toEqual(['develop', 'main']);
  expect(await set('')).toMatchObject({ status: 200, body: { default_repository_branch: null } });
  await ask('POST /orgs/Acme/repos', { token: ada, body: { name: 'two', default_branch: 'next' } });
  await ask('POST /orgs/Acme/repos', { token: ada, body: { name: 'three' } });
  expect([head('Acme/two'), head('Acme/three')]).toEqual(['next', 'main']);
});

it('the instance has a default branch', async () => {
  const api = await apiWorld('sqlite', { defaultBranch: 'trunk' });
  const { secret } = await api.token('Ada', { kind: 'classic', scopes: ['repo'] });
  const made = await api.ask('POST /user/repos', { token: secret, body: { name: 'one' } });
  expect(made.body.default_branch).toBe('trunk');
});

it('lists what there is to choose, for everybody', async () => {
  const { ask } = await world();
  const names = (await ask('GET /gitignore/templates')).body as string[];
  expect(names).toEqual(expect.arrayContaining(['C++', 'Node', 'Python', 'Rust']));
  expect(names).toEqual(names.toSorted());
  expect(await ask('GET /gitignore/templates/C%2B%2B')).toMatchObject({ status: 200, body: { name: 'C++' } });
  const accept = 'application/vnd.github.raw+json';
  const raw = await ask('GET /gitignore/templates/Node', { headers: { accept } });
  expect([raw.status, raw.text.includes('node_modules/')]).toEqual([200, true]);
  expect(await ask('GET /gitignore/templates/Cobol-85')).toMatchObject({ status: 404 });
  const licenses = (await ask('GET /licenses')).body as { key: string }[];
  expect(licenses.map(({ key }) => key)).toEqual(expect.arrayContaining(['mit', 'apache-2.0', 'gpl-3.0']));
  expect((await ask('GET /licenses?featured=true')).body).toHaveLength(3);
  expect((await ask('GET /licenses?per_page=1')).body).toHaveLength(1);
  expect(await ask('GET /licenses/mit')).toMatchObject({
    status: 200,
    body: { key: 'mit', spdx_id: 'MIT', permissions: expect.arrayContaining(['commercial-use']), featured: true },
  });
  expect(await ask('GET /licenses/gpl-9')).toMatchObject({ status: 404 });
});
