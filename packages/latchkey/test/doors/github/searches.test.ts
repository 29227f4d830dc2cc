/** What clients ask for beside a repository's name: somebody's repositories, a README, a search. */
import { expect, it } from 'vitest';
import { fill, graphqlWorld } from './graphql-world.ts';

interface Named {
  readonly full_name: string;
}

it('the repositories of a person are those that the caller may see; where they work is theirs to tell', async () => {
  const made = await graphqlWorld();
  const { secret: cy } = await made.token('Cy', { kind: 'classic', scopes: ['repo'] });
  const { secret: bob } = await made.token('Bob', { kind: 'classic', scopes: ['repo'] });
  const list = async (path: string, token: string | null): Promise<readonly string[]> =>
    (await made.ask(`GET ${path}`, { token })).body.map(({ full_name }: Named) => full_name);
  expect(await list('/users/bob/repos', bob)).toEqual(['Bob/notes']);
  expect(await list('/users/bob/repos?type=all', bob)).toEqual(['Acme/docs', 'Acme/site', 'Bob/notes']);
  expect(await list('/users/bob/repos?type=member', cy)).toEqual([]);
  expect(await list('/users/bob/repos?type=all', cy)).toEqual([]);
  expect(await list('/users/acme/repos', null)).toEqual(['Acme/docs']);
  expect((await made.ask('GET /users/nobody/repos', { token: cy })).status).toBe(404);
});

it('a README is found by its usual names, and needs what contents need', async () => {
  const made = await graphqlWorld();
  fill(made, 'Acme', 'site');
  const { body } = await made.ask('GET /repos/Acme/site/readme', { token: made.ada });
  expect(body).toMatchObject({ name: 'README.md', path: 'README.md', encoding: 'base64', content: 'aGVsbG8K\n' });
  const raw = await made.ask('GET /repos/Acme/site/readme?ref=v1', {
    token: made.ada,
    headers: { accept: 'application/vnd.github.raw' },
  });
  expect(raw.text).toBe('hello\n');
  await made.ask('PUT /repos/Acme/site/contents/guide/Readme.txt', {
    token: made.ada,
    body: { message: 'guide', content: 'eA==' },
  });
  expect((await made.ask('GET /repos/Acme/site/readme/guide', { token: made.ada })).body.path).toBe('guide/Readme.txt');
  expect((await made.ask('GET /repos/Acme/docs/readme', { token: made.ada })).status).toBe(404);
  const { secret: cy } = await made.token('Cy', { kind: 'classic', scopes: ['repo'] });
  expect((await made.ask('GET /repos/Acme/site/readme', { token: cy })).status).toBe(404);
});

it('a search finds what the caller may see, in pages, with a count', async () => {
  const made = await graphqlWorld();
  const { secret: cy } = await made.token('Cy', { kind: 'classic', scopes: ['repo'] });
  const search = async (query: string, token: string | null) =>
    (await made.ask(`GET /search/repositories?${query}`, { token })).body;
  expect(await search('q=s', cy)).toMatchObject({
    total_count: 1,
    incomplete_results: false,
    items: [{ full_name: 'Acme/docs', score: 1 }],
  });
  const first = await made.ask('GET /search/repositories?q=user:acme&per_page=1&sort=updated', { token: made.ada });
  expect([first.body.total_count, first.body.items.length]).toEqual([2, 1]);
  const [, next = ''] = /<[^>]*\/api\/v3([^>]*)>; rel="next"/.exec(String(first.headers['link'])) ?? [];
  const second = await made.ask(`GET ${next}`, { token: made.ada });
  expect([first, second].flatMap(({ body }) => body.items.map(({ full_name }: Named) => full_name)).toSorted()).toEqual(
    ['Acme/docs', 'Acme/site'],
  );
  expect(second.headers['link']).not.toContain('rel="next"');
  expect((await search('q=site', null)).total_count).toBe(0);
  expect((await made.ask('GET /search/repositories?q=x&page=35', { token: cy })).status).toBe(422);
  const { body: people } = await made.ask('GET /search/users?q=bo', { token: cy });
  expect(people).toMatchObject({ total_count: 1, items: [{ login: 'Bob', type: 'User' }] });
});
