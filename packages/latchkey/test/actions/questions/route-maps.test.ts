import { rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it, onTestFinished } from 'vitest';
import { RouteMaps } from '../../../src/actions/questions/route-maps.ts';
import { setOperatorPermissions } from '../../../src/catalogue/permissions.ts';
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
