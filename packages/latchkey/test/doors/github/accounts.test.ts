/** Accounts by id and in lists, memberships of one's own, and lists of what there is none of; by GitHub's schemas. */
import { describe, expect, it } from 'vitest';
import { addSshKey } from '../../../src/actions/keys/ssh-keys.ts';
import { sessionPermit } from '../../actions/session.ts';
import { sshPublicKey } from '../../ssh-keys.ts';
import { type ApiWorld, apiWorld, grant } from './api.ts';
import { validated } from './schema-harness.ts';

const logins = (body: { login: string }[]): string[] => body.map(({ login }) => login);

async function world(): Promise<ApiWorld & { plain: ApiWorld['ask']; ada: string; cy: string }> {
  const api = await apiWorld();
  const [ada, cy] = await Promise.all(
    ['Ada', 'Cy'].map((login) =>
      api.token(login, { kind: 'classic', scopes: ['repo', 'read:org', 'admin:public_key'] }),
    ),
  );
  return { ...api, plain: api.ask, ask: validated(api.ask), ada: ada!.secret, cy: cy!.secret };
}

describe('accounts', () => {
  it('are listed by id, page by page, and from any id on', async () => {
    const { ask: asked, ada } = await world();
    const ask = (operation: string) => asked(operation, { token: ada });
    expect((await asked('GET /users')).status).toBe(401);
    expect((await asked('GET /organizations')).status).toBe(401);
    const all = (await ask('GET /users')).body as { id: number; login: string }[];
    expect(all.map(({ id }) => id)).toEqual(all.map(({ id }) => id).toSorted((a, b) => a - b));
    expect(logins(all)).toEqual(expect.arrayContaining(['Ada', 'Bob', 'Acme']));
    const first = await ask('GET /users?per_page=2');
    const next = /<([^>]+)>; rel="next"/.exec(String(first.headers['link']))![1]!;
    const second = await ask(`GET ${next.slice(next.indexOf('/users'))}`);
    expect(logins([...first.body, ...second.body])).toEqual(logins(all.slice(0, 4)));
    expect(logins((await ask(`GET /users?since=${all[1]!.id}`)).body)).toEqual(logins(all.slice(2)));
    expect(logins((await ask('GET /organizations')).body)).toEqual(['Acme']);
  });

  it('are found by their id', async () => {
    const { ask, ada } = await world();
    const { id } = (await ask('GET /users/Bob')).body;
    expect((await ask(`GET /user/${id}`)).body.login).toBe('Bob');
    for (const gone of ['999999', '0', 'x', '1e3'])
      expect([gone, (await ask(`GET /user/${gone}`, { token: ada })).status]).toEqual([gone, 404]);
  });

  it('show their public SSH keys', async () => {
    const { ask, ctx } = await world();
    await addSshKey(ctx, await sessionPermit(ctx, 'Ada'), { title: 'laptop', key: sshPublicKey('ed25519') });
    expect((await ask('GET /users/Ada/keys')).body).toMatchObject([{ key: expect.stringMatching(/^\S+ AAAA/) }]);
    expect((await ask('GET /users/Bob/keys')).body).toEqual([]);
    expect((await ask('GET /users/nobody/keys')).status).toBe(404);
  });
});

describe('a repository by its id', () => {
  it('is found by those who may see it, and by nobody else', async () => {
    const { plain: ask, ada, cy } = await world();
    const { id } = (await ask('GET /repos/Acme/site', { token: ada })).body;
    const get = (path: string, token: string | null) => ask(`GET /repositories/${path}`, { token });
    expect((await get(`${id}`, ada)).body.full_name).toBe('Acme/site');
    const hidden = await get(`${id}`, cy);
    const missing = await get('999999', cy);
    expect([hidden.status, missing.status]).toEqual([404, 404]);
    const words = ({ body }: { body: object }) => JSON.stringify(body).replaceAll(`${id}`, '999999');
    expect(words(hidden)).toBe(words(missing));
    expect((await get('x', ada)).status).toBe(404);
  });
});

describe('memberships', () => {
  it('are one’s own, with the role, as far as the token reaches', async () => {
    const { ask, ada, cy, token } = await world();
    const own = await ask('GET /user/memberships/orgs', { token: ada });
    expect(own.body).toMatchObject([{ role: 'admin', state: 'active', organization: { login: 'Acme' } }]);
    expect((await ask('GET /user/memberships/orgs?state=pending', { token: ada })).body).toEqual([]);
    expect((await ask('GET /user/memberships/orgs', { token: cy })).body).toEqual([]);
    expect((await ask('GET /user/memberships/orgs')).status).toBe(401);
    const narrow = (await token('Ada', { grants: [grant()] })).secret;
    expect((await ask('GET /user/memberships/orgs', { token: narrow })).body).toEqual([]);
    expect((await ask('GET /user/memberships/orgs/Acme', { token: ada })).body).toMatchObject({ role: 'admin' });
    expect((await ask('GET /user/memberships/orgs/Acme', { token: cy })).status).toBeGreaterThanOrEqual(403);
  });

  it('of others are nobody else’s business', async () => {
    const { ask, ada, cy } = await world();
    expect(logins((await ask('GET /users/Ada/orgs', { token: ada })).body)).toEqual(['Acme']);
    expect((await ask('GET /users/Ada/orgs', { token: cy })).body).toEqual([]);
    expect((await ask('GET /users/Ada/orgs')).body).toEqual([]);
  });
});

it('lists of what there is none of are empty, and as private as what they would be about', async () => {
  const { ask, ada, cy } = await world();
  for (const path of ['/user/gpg_keys', '/user/ssh_signing_keys'])
    expect([path, (await ask(`GET ${path}`, { token: ada })).status]).toEqual([path, 403]);
  for (const part of ['forks', 'pulls', 'commits/main/pulls']) {
    expect((await ask(`GET /repos/Acme/site/${part}`, { token: ada })).body).toEqual([]);
    expect((await ask(`GET /repos/Acme/site/${part}`, { token: cy })).status).toBe(404);
  }
});

it('the server tells what it is like, as GitHub Enterprise Server does', async () => {
  const { ask, ada } = await world();
  const meta = await ask('GET /meta');
  expect(meta.body.installed_version).toMatch(/^3\.\d+\.\d+$/);
  expect(meta.headers['x-github-enterprise-version']).toBe(meta.body.installed_version);
  expect((await ask('GET /versions')).body[0]).toBe('2026-03-10');
  expect((await ask('GET /zen')).status).toBe(200);
  const { resources } = (await ask('GET /rate_limit', { token: ada })).body;
  expect(Object.keys(resources)).toEqual(expect.arrayContaining(['core', 'search', 'graphql', 'code_search', 'scim']));
});
