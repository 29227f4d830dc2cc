/**
 * GitLab's own client library for JavaScript against the real server, as a script would use it that was written for
 * GitLab.
 */
import { GitbeakerRequestError, Gitlab } from '@gitbeaker/rest';
import { expect, it } from 'vitest';
import { causesWorld, type World } from '../../causes/world.ts';

type Api = InstanceType<typeof Gitlab<false>>;

async function apiWith(
  world: World,
  scopes: readonly string[],
  given: Parameters<World['token']>[0] = {},
): Promise<{ api: Api; secret: string; id: number }> {
  const { secret, id } = await world.token({ kind: 'scoped', scopes, ...given });
  return { api: apiOf(world, secret), secret, id };
}

function apiOf(world: World, token: string): Api {
  return new Gitlab({ host: world.url, token });
}

/** What the client reports about a refusal. */
async function refused(work: Promise<unknown>): Promise<{ status: number; description: unknown; headers: Headers }> {
  const error = await work.then(
    () => null,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(GitbeakerRequestError);
  const { cause } = error as GitbeakerRequestError;
  return { status: cause!.response.status, description: cause!.description, headers: cause!.response.headers };
}

it('gitbeaker makes, lists, shows, rotates and revokes tokens', async () => {
  const world = await causesWorld();
  const { api, id } = await apiWith(world, ['api'], { name: 'main' });
  expect(await api.Users.showCurrentUser()).toMatchObject({
    username: 'bob',
    state: 'active',
    email: 'bob@example.org',
  });
  expect(await api.Metadata.show()).toMatchObject({
    version: expect.stringMatching(/^\d+\.\d+\.\d+$/) as string,
    enterprise: false,
  });

  expect(await api.PersonalAccessTokens.all({ state: 'active' })).toMatchObject([
    { id, name: 'main', scopes: ['api'], active: true },
  ]);
  expect(await api.PersonalAccessTokens.show()).toMatchObject({ id, name: 'main', user_id: 2 });
  const other = await world.token({ kind: 'scoped', scopes: ['read_api'], name: 'ci' });
  expect(await api.PersonalAccessTokens.all({ sort: 'name_asc', perPage: 1 } as object)).toMatchObject([
    { name: 'ci' },
    { name: 'main' },
  ]);

  const rotated = await api.PersonalAccessTokens.rotate(other.id);
  expect(rotated).toMatchObject({ name: 'ci', scopes: ['read_api'], token: expect.stringMatching(/^lks_/) as string });
  expect(await apiOf(world, rotated.token!).Users.showCurrentUser()).toMatchObject({ username: 'bob' });
  expect(await refused(apiOf(world, other.secret).Users.showCurrentUser())).toMatchObject({ status: 401 });
  await api.PersonalAccessTokens.remove({ tokenId: rotated.id });
  expect(await refused(apiOf(world, rotated.token!).Users.showCurrentUser())).toMatchObject({ status: 401 });
  await api.PersonalAccessTokens.remove();
  expect(await refused(api.Users.showCurrentUser())).toMatchObject({ status: 401 });
}, 60_000);

it('gitbeaker finds people, projects and groups, by number and by full path', async () => {
  const world = await causesWorld();
  const { api } = await apiWith(world, ['read_api']);
  expect(await api.Users.all({ username: 'ada' })).toMatchObject([{ id: 1, username: 'ada' }]);
  expect(await api.Users.show(3)).toMatchObject({ username: 'cy' });
  expect(await refused(api.Users.show(99))).toMatchObject({ status: 404, description: '404 User Not Found' });

  const site = await api.Projects.show('acme/site');
  expect(site).toMatchObject({
    path_with_namespace: 'acme/site',
    visibility: 'private',
    default_branch: 'main',
    archived: false,
    namespace: { kind: 'group', full_path: 'acme' },
    http_url_to_repo: `${world.url}/acme/site.git`,
  });
  expect(await api.Projects.show(site.id)).toMatchObject({ id: site.id, path: 'site' });
  const paths = async (options: object): Promise<string[]> =>
    (await api.Projects.all(options)).map((project) => String(project['path_with_namespace'])).sort();
  expect(await paths({ membership: true })).toEqual(['acme/docs', 'acme/ledger', 'acme/site', 'bob/diary']);
  expect(await paths({ owned: true })).toEqual(['bob/diary']);
  expect(await paths({ visibility: 'public' })).toEqual(['acme/docs']);
  expect(await paths({ search: 'LEDG', simple: true, orderBy: 'name', sort: 'asc' })).toEqual(['acme/ledger']);
  expect(await paths({ perPage: 1 })).toHaveLength(4);
  expect(await api.Groups.show('acme')).toMatchObject({ full_path: 'acme', path: 'acme' });
  expect((await api.Groups.allProjects('acme')).map((project) => project['path']).sort()).toEqual([
    'docs',
    'ledger',
    'site',
  ]);
  expect(await refused(api.Projects.show('acme/nothing'))).toMatchObject({
    status: 404,
    description: '404 Project Not Found',
  });
  expect(await refused(api.Projects.show(4711))).toMatchObject({ status: 404, description: '404 Project Not Found' });

  const outsider = await apiWith(world, ['read_api'], { userLogin: 'cy' });
  expect(await refused(outsider.api.Projects.show(site.id))).toMatchObject({
    status: 404,
    description: '404 Project Not Found',
  });
  expect((await outsider.api.Projects.all()).map((project) => project['path_with_namespace'])).toEqual(['acme/docs']);
}, 60_000);

it('gitbeaker reads and writes files, branches, tags and commits', async () => {
  const world = await causesWorld();
  const { api } = await apiWith(world, ['api']);
  const at = 'acme/site';
  expect(
    await api.RepositoryFiles.create(at, 'docs/read me.md', 'main', 'one\n', 'Begin', {
      authorName: 'Bob B.',
      authorEmail: 'bob@example.org',
    }),
  ).toEqual({ file_path: 'docs/read me.md', branch: 'main' });
  const shown = await api.RepositoryFiles.show(at, 'docs/read me.md', 'main');
  expect(shown).toMatchObject({
    file_name: 'read me.md',
    size: 4,
    encoding: 'base64',
    ref: 'main',
    execute_filemode: false,
  });
  expect(Buffer.from(shown.content, 'base64').toString()).toBe('one\n');
  expect(await api.RepositoryFiles.showRaw(at, 'docs/read me.md', 'main')).toBe('one\n');
  expect(await refused(api.RepositoryFiles.create(at, 'docs/read me.md', 'main', 'x', 'Again'))).toMatchObject({
    status: 400,
    description: 'A file with this name already exists',
  });

  await api.RepositoryFiles.edit(at, 'docs/read me.md', 'main', Buffer.from('two\n').toString('base64'), 'Go on', {
    encoding: 'base64',
    lastCommitId: shown.last_commit_id,
  } as object);
  expect(
    await refused(
      api.RepositoryFiles.edit(at, 'docs/read me.md', 'main', 'three\n', 'Late', {
        lastCommitId: shown.last_commit_id,
      } as object),
    ),
  ).toMatchObject({
    status: 400,
    description: 'You are attempting to update a file that has changed since you started editing it.',
  });

  expect(await api.Branches.create(at, 'topic/one', 'main')).toMatchObject({
    name: 'topic/one',
    default: false,
    can_push: true,
    commit: { title: 'Go on' },
  });
  expect(await refused(api.Branches.create(at, 'topic/one', 'main'))).toMatchObject({
    status: 400,
    description: 'Branch already exists',
  });
  expect(await refused(api.Branches.create(at, 'x', 'nowhere'))).toMatchObject({
    status: 400,
    description: 'Invalid reference name: nowhere',
  });
  const commit = await api.Commits.create(at, 'topic/one', 'Three at once', [
    { action: 'create', filePath: 'a.txt', content: 'a' },
    { action: 'move', filePath: 'moved.md', previousPath: 'docs/read me.md' },
    { action: 'create', filePath: 'b/c.bin', content: 'AAEC', encoding: 'base64' },
  ]);
  expect(commit).toMatchObject({
    title: 'Three at once',
    author_name: 'bob',
    stats: { additions: 1, deletions: 0, total: 1 },
  });
  expect(await api.Commits.show(at, 'topic/one')).toMatchObject({
    id: commit.id,
    parent_ids: [expect.any(String) as string],
  });
  expect((await api.Commits.all(at, { refName: 'topic/one' })).map(({ title }) => title)).toEqual([
    'Three at once',
    'Go on',
    'Begin',
  ]);
  expect(
    (await api.Repositories.allRepositoryTrees(at, { ref: 'topic/one', recursive: true })).map(
      ({ path, type }) => `${type} ${path}`,
    ),
  ).toEqual(['blob a.txt', 'tree b', 'blob b/c.bin', 'blob moved.md']);
  expect((await api.Branches.all(at)).map(({ name }) => name)).toEqual(['main', 'topic/one']);
  await api.Branches.remove(at, 'topic/one');
  expect(await refused(api.Branches.show(at, 'topic/one'))).toMatchObject({
    status: 404,
    description: '404 Branch Not Found',
  });
  expect(await refused(api.Branches.remove(at, 'main'))).toMatchObject({ status: 403 });

  expect(await api.Tags.create(at, 'v1', 'main')).toMatchObject({
    name: 'v1',
    message: null,
    commit: { title: 'Go on' },
  });
  expect(await api.Tags.create(at, 'v2', 'main', { message: 'The second' })).toMatchObject({
    name: 'v2',
    message: 'The second',
  });
  expect((await api.Tags.all(at)).map(({ name, message }) => [name, message])).toEqual([
    ['v2', 'The second'],
    ['v1', null],
  ]);
  expect(await refused(api.Tags.create(at, 'v1', 'main'))).toMatchObject({
    status: 400,
    description: 'Tag already exists',
  });
  await api.Tags.remove(at, 'v1');
  await api.RepositoryFiles.remove(at, 'docs/read me.md', 'main', 'End');
  expect(await refused(api.RepositoryFiles.show(at, 'docs/read me.md', 'main'))).toMatchObject({
    status: 404,
    description: '404 File Not Found',
  });
}, 120_000);

it('GitLab’s client is told which scope its token lacks', async () => {
  const world = await causesWorld();
  const { api } = await apiWith(world, ['read_repository']);
  const { status, description, headers } = await refused(api.Projects.show('acme/site'));
  expect({ status, challenge: headers.get('www-authenticate') }).toEqual({
    status: 403,
    challenge: 'Bearer realm="Latchkey", error="insufficient_scope", scope="api read_api"',
  });
  expect(String(description)).toContain('insufficient_scope');
  await apiWith(world, ['api']).then((writer) =>
    writer.api.RepositoryFiles.create('acme/site', 'a.txt', 'main', 'a', 'Begin'),
  );
  expect(await api.RepositoryFiles.showRaw('acme/site', 'a.txt', 'main')).toBe('a');
}, 60_000);
