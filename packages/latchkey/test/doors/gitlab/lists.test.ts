/** Groups, members, namespaces, search, statuses and the rest that GitLab's clients ask for around a project. */
import { describe, expect, it } from 'vitest';
import { operatorPermit } from '../../../src/actions/decision/authorize.ts';
import { setCollaborator } from '../../../src/actions/repositories/repositories.ts';
import { DAY_SEC } from '../../../src/base/time.ts';
import { ENDPOINTS } from '../../../src/doors/gitlab/endpoints.ts';
import type { Answer } from '../small-world.ts';
import { type GitlabWorld, gitlabWorld } from './api.ts';

type Row = Readonly<Record<string, unknown>>;

async function world(): Promise<
  GitlabWorld & { as(login: string): (operation: string, body?: unknown) => Promise<Answer> }
> {
  const made = await gitlabWorld();
  const tokens = new Map<string, string>();
  for (const login of ['Ada', 'Bob', 'Cy']) tokens.set(login, (await made.token(login, ['api'])).secret);
  return {
    ...made,
    as: (login) => (operation, body) => made.ask(operation, { token: tokens.get(login)!, body }),
  };
}

const usernames = ({ body }: { body: { username: string }[] }): string[] => body.map(({ username }) => username);

describe('groups and namespaces', () => {
  it('are listed for whoever has a credential, and narrowed to one’s own', async () => {
    const { as, ask } = await world();
    const groups = await as('Cy')('GET /groups');
    expect([groups.headers['x-total'], groups.body]).toMatchObject([
      '1',
      [{ full_path: 'Acme', visibility: 'public' }],
    ]);
    expect((await ask('GET /groups')).status).toBe(401);
    for (const [login, query, count] of [
      ['Ada', 'owned=true', 1],
      ['Bob', 'owned=true', 0],
      ['Bob', 'min_access_level=30', 1],
      ['Bob', 'min_access_level=50', 0],
      ['Cy', 'min_access_level=10', 0],
      ['Cy', 'search=acm', 1],
      ['Cy', 'search=zzz', 0],
    ] as const)
      expect([login, query, (await as(login)(`GET /groups?${query}`)).body.length]).toEqual([login, query, count]);
  });

  it('of a person are their own account and their organizations', async () => {
    const { as } = await world();
    const paths = async (login: string) =>
      (await as(login)('GET /namespaces')).body.map(({ full_path, kind }: Record<string, string>) => [full_path, kind]);
    expect(await paths('Bob')).toEqual([
      ['Bob', 'user'],
      ['Acme', 'group'],
    ]);
    expect(await paths('Cy')).toEqual([['Cy', 'user']]);
    expect((await as('Bob')('GET /namespaces/acme')).body).toMatchObject({ kind: 'group' });
    expect((await as('Cy')('GET /namespaces/acme')).status).toBe(404);
  });
});

describe('members', () => {
  it('of a group are for those who belong to it', async () => {
    const { as } = await world();
    const members = await as('Bob')('GET /groups/Acme/members');
    expect(usernames(members).toSorted()).toEqual(['Ada', 'Bob']);
    const levels = Object.fromEntries(members.body.map((one: Row) => [one.username, one.access_level]));
    expect(levels).toMatchObject({ Ada: 50 });
    const ada = members.body.find((one: Row) => one.username === 'Ada');
    expect((await as('Bob')(`GET /groups/Acme/members/${ada.id}`)).body).toMatchObject({ access_level: 50 });
    expect((await as('Bob')('GET /groups/Acme/members/999999')).status).toBe(404);
    const stranger = await as('Cy')('GET /groups/Acme/members');
    expect(stranger.status === 200 ? stranger.body : []).toEqual([]);
  });

  it('of a project are for those who may push there', async () => {
    const { as, ctx } = await world();
    const project = '/projects/Bob%2Fnotes';
    await setCollaborator(ctx, operatorPermit(), { owner: 'Bob', name: 'notes', login: 'Cy', role: 'read' });
    await setCollaborator(ctx, operatorPermit(), { owner: 'Bob', name: 'notes', login: 'Ada', role: 'maintain' });
    const members = await as('Ada')(`GET ${project}/members/all`);
    expect(members.body.map((one: Row) => [one.username, one.access_level])).toEqual(
      expect.arrayContaining([
        ['Bob', 50],
        ['Ada', 40],
        ['Cy', 20],
      ]),
    );
    expect((await as('Cy')(`GET ${project}/members`)).status).toBe(403);
    const cy = members.body.find((one: Row) => one.username === 'Cy');
    expect((await as('Cy')(`GET ${project}/members/${cy.id}`)).body).toMatchObject({ access_level: 20 });
  });
});

it('search finds projects and people, as far as the caller may see', async () => {
  const { as, ask } = await world();
  const found = async (login: string, query: string) => (await as(login)(`GET /search?${query}`)).body;
  expect((await found('Bob', 'scope=projects&search=notes')).map((one: Row) => one.path_with_namespace)).toEqual([
    'Bob/notes',
  ]);
  expect(await found('Cy', 'scope=projects&search=notes')).toEqual([]);
  expect((await found('Cy', 'scope=users&search=ad')).map((one: Row) => one.username)).toContain('Ada');
  expect((await as('Cy')('GET /search?scope=blobs&search=x')).status).toBe(400);
  expect((await ask('GET /search?scope=users&search=a')).status).toBe(401);
});

it('a commit’s statuses are reported and read', async () => {
  const { as } = await world();
  const bob = as('Bob');
  const project = '/projects/Bob%2Fnotes';
  const file = { branch: 'main', commit_message: 'm', content: 'x' };
  await bob(`POST ${project}/repository/files/a`, file);
  const made = await bob(`POST ${project}/statuses/main`, { state: 'running', name: 'build', description: 'on it' });
  expect(made).toMatchObject({ status: 201, body: { status: 'pending', name: 'build', author: { username: 'Bob' } } });
  await bob(`POST ${project}/statuses/main`, { state: 'failed', name: 'build', target_url: 'https://ci.example/1' });
  const statuses = (await bob(`GET ${project}/repository/commits/main/statuses`)).body;
  expect(statuses.map((one: Row) => one.status)).toEqual(['failed', 'pending']);
  expect((await bob(`POST ${project}/statuses/main`, { state: 'broken' })).body.error).toBe(
    'state does not have a valid value',
  );
  expect((await as('Cy')(`POST ${project}/statuses/main`, { state: 'success' })).status).toBe(404);
});

it('lists of what there is none of are empty for those who may see the project', async () => {
  const { as } = await world();
  for (const part of ['merge_requests', 'issues', 'labels', 'forks']) {
    expect((await as('Bob')(`GET /projects/Bob%2Fnotes/${part}`)).body).toEqual([]);
    expect((await as('Cy')(`GET /projects/Bob%2Fnotes/${part}`)).status).toBe(404);
  }
  expect((await as('Cy')('GET /merge_requests')).body).toEqual([]);
});

describe('parameters', () => {
  it('come in a multipart form, too', async () => {
    const { ask, token } = await world();
    const { secret } = await token('Bob', ['api']);
    const form = new FormData();
    form.set('state', 'success');
    form.set('name', 'ünit');
    const sent = new Response(form);
    const body = await sent.text();
    const file = { branch: 'main', commit_message: 'm', content: 'x' };
    await ask('POST /projects/Bob%2Fnotes/repository/files/a', { token: secret, body: file });
    const post = (text: string) =>
      ask('POST /projects/Bob%2Fnotes/statuses/main', {
        token: secret,
        body: text,
        headers: { 'content-type': sent.headers.get('content-type')! },
      });
    expect(await post(body)).toMatchObject({ status: 201, body: { name: 'ünit' } });
    expect((await post(body.slice(0, 40))).status).toBe(400);
    expect((await post('')).status).toBe(400);
  });

  it('may give the day of an end with a time', async () => {
    const { as, ctx } = await world();
    const day = new Date((ctx.clock.now() + 30 * DAY_SEC) * 1000).toISOString().slice(0, 10);
    for (const expires_at of [day, `${day}T12:30:00Z`, `${day}T12:30:00.123+02:00`]) {
      const made = await as('Bob')('POST /user/personal_access_tokens', {
        name: 'x',
        scopes: ['read_user'],
        expires_at,
      });
      expect([expires_at, made.status, made.body]).toMatchObject([expires_at, 201, { expires_at: day }]);
    }
    const wrong = await as('Bob')('POST /user/personal_access_tokens', {
      name: 'x',
      scopes: ['api'],
      expires_at: 'soon',
    });
    expect(wrong.body.error).toContain('expires_at is invalid');
  });
});

it('the description has every endpoint with its parameters', async () => {
  const { ask } = await world();
  const { status, body } = await ask('GET /openapi.json');
  expect([status, body.openapi]).toEqual([200, '3.1.0']);
  const described = Object.entries(body.paths).flatMap(([path, methods]) =>
    Object.keys(methods as object).map((method) => `${method.toUpperCase()} ${path}`),
  );
  expect(described.toSorted()).toEqual(ENDPOINTS.map(({ method, path }) => `${method} ${path}`).toSorted());
  const ids = Object.values(body.paths).flatMap((methods) =>
    Object.values(methods as object).map((one) => one.operationId),
  );
  expect(new Set(ids).size).toBe(ids.length);
  const compare = body.paths['/projects/{id}/repository/compare'].get.parameters;
  expect(compare.map(({ name, in: place, required }: Row) => [name, place, required])).toEqual([
    ['id', 'path', true],
    ['from', 'query', true],
    ['to', 'query', true],
    ['straight', 'query', false],
  ]);
});
