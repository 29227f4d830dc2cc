import { rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it, onTestFinished } from 'vitest';
import { RouteMaps } from '../../../src/actions/questions/route-maps.ts';
import { permissionNamed, setOperatorPermissions } from '../../../src/catalogue/permissions.ts';
import { forwardWorld } from '../../doors/forward/door.ts';

const DEPLOYS = `
permissions: [{ name: acme:deploy, title: Deployments }]
services:
  - hosts: [deploy.example.org]
    routes:
      - { method: GET, path: '/apps/{owner}/{repo}', needs: { 'acme:deploy': read }, repository: '{owner}/{repo}' }
      - { method: POST, path: '/apps/{owner}/{repo}', needs: { 'acme:deploy': write }, repository: '{owner}/{repo}' }
`;

async function mapFile(text: string): Promise<string> {
  const path = join(tmpdir(), `route-map-${process.pid}-${Math.random()}.yaml`);
  await writeFile(path, text);
  onTestFinished(() => rm(path));
  return path;
}

afterEach(() => setOperatorPermissions([]));

describe('an operator’s route map', () => {
  it('brings its own permissions, which a token can be given and a request can need', async () => {
    const world = await forwardWorld({ routeMap: await mapFile(DEPLOYS) });
    const grant = { owner: 'acme', selection: 'selected' as const, repositories: ['site'], justification: null };
    const token = await world.token('ada', {
      kind: 'fine-grained',
      scopes: [],
      grants: [{ ...grant, permissions: { 'acme:deploy': 'read' } }],
    });
    const ask = (method: string, host: string): ReturnType<typeof world.nginx> =>
      world.nginx(`${method} /apps/acme/site`, token, [['X-Original-Host', host]]);
    expect(await ask('GET', 'deploy.example.org')).toMatchObject({
      status: 200,
      headers: { 'x-token-permissions': 'acme:deploy=read,metadata=read' },
    });
    expect((await ask('GET', 'Deploy.Example.org.:443')).status).toBe(200);
    const refused = await ask('POST', 'deploy.example.org');
    expect(refused).toMatchObject({ status: 403, headers: { 'x-latchkey-reason': 'permission_missing' } });
    expect(refused.headers['www-authenticate']).toContain('scope="acme:deploy:write"');
    for (const host of ['git.example.org', ''])
      expect((await ask('GET', host)).headers['x-latchkey-reason']).toBe('route_unknown');
  });

  it('has services with an owner and permissions of their own, which members hold as far as the map says', async () => {
    const text = `
services:
  - name: registry
    title: npm registry
    owner: acme
    hosts: [npm.example.org]
    permissions:
      - { name: packages, title: Packages, levels: [read, write, admin], members: write }
      - { name: keys, title: Keys, members: none }
    routes:
      - { method: GET, path: '/{package}', needs: { packages: read } }
      - { method: PUT, path: '/{package}', needs: { packages: write } }
      - { method: DELETE, path: '/{package}', needs: { packages: admin } }
      - { method: GET, path: /-/keys, needs: { keys: read } }
`;
    const world = await forwardWorld({ routeMap: await mapFile(text) });
    expect(permissionNamed('registry:packages')).toMatchObject({
      title: 'npm registry: Packages',
      group: 'organization',
    });
    const permissions = { 'registry:packages': 'admin', 'registry:keys': 'write' };
    const draft = {
      kind: 'fine-grained' as const,
      scopes: [],
      grants: [{ owner: 'acme', selection: 'public' as const, repositories: [], justification: null, permissions }],
    };
    const [owner, member] = [await world.token('ada', draft), await world.token('bob', draft)];
    await world.ctx.store.db.updateTable('grants').set({ state: 'active' }).execute();
    const ask = async (operation: string, token: string): Promise<number | string> => {
      const answer = await world.nginx(operation, token, [['X-Original-Host', 'npm.example.org']]);
      return answer.headers['x-latchkey-reason'] ?? answer.status;
    };
    for (const operation of ['GET /left-pad', 'PUT /left-pad', 'DELETE /left-pad', 'GET /-/keys'])
      expect([operation, await ask(operation, owner)]).toEqual([operation, 200]);
    expect(await ask('PUT /left-pad', member)).toBe(200);
    expect(await ask('DELETE /left-pad', member)).toBe('role_insufficient');
    expect(await ask('GET /-/keys', member)).toBe('role_insufficient');
    const narrow = { ...draft, grants: [{ ...draft.grants[0]!, permissions: { 'registry:packages': 'read' } }] };
    expect(await ask('PUT /left-pad', await world.token('ada', narrow))).toBe('permission_missing');
    await world.ctx.usage.flush();
    const uses = await world.ctx.store.db.selectFrom('token_use').select('last_purpose').orderBy('token_id').execute();
    expect(uses.map(({ last_purpose: purpose }) => purpose)).toContain('PUT npm.example.org/left-pad (registry)');
  });

  it('gives nobody more than their role allows, whatever its permissions open', async () => {
    const world = await forwardWorld({ routeMap: await mapFile(DEPLOYS) });
    const grant = {
      owner: 'acme',
      selection: 'selected' as const,
      repositories: ['docs'],
      justification: null,
      permissions: { 'acme:deploy': 'write' },
    };
    const token = await world.token('cy', { kind: 'fine-grained', scopes: [], grants: [grant] });
    const answer = await world.nginx('POST /apps/acme/docs', token, [['X-Original-Host', 'deploy.example.org']]);
    expect(answer.status).toBe(403);
    expect(answer.headers['x-latchkey-reason']).toMatch(/role_insufficient|grant_pending/);
  });

  it('stops the start when it has a mistake, and names every one with its line', async () => {
    const path = await mapFile(
      'services:\n  - routes:\n      - { method: GET, path: /x, needs: { nothing: read } }\n      - { method: ' +
        'GET, path: y, needs: {} }\n',
    );
    expect(() => new RouteMaps(path)).toThrow(
      `${path}:3: There is no permission named nothing. ${path}:4: The path must begin with a slash.`,
    );
    expect(() => new RouteMaps('/nowhere/map.yaml')).toThrow("the route map /nowhere/map.yaml can't be read");
  });

  it('is reloaded, and stays as it was when the new one is invalid', async () => {
    const path = await mapFile('services:\n  - routes: [{ method: GET, path: /a, needs: {} }]\n');
    const maps = new RouteMaps(path);
    const knows = (uri: string): boolean => typeof maps.find('', 'GET', uri) !== 'string';
    expect([knows('/a'), knows('/b')]).toEqual([true, false]);
    await writeFile(path, 'services:\n  - routes: [{ method: GET, path: /b, needs: {} }]\n');
    maps.reload();
    expect([knows('/a'), knows('/b')]).toEqual([false, true]);
    await writeFile(path, 'services: [');
    expect(() => maps.reload()).toThrow(/is not valid YAML/);
    expect(knows('/b')).toBe(true);
  });
});
