/** The operator's route map and resource servers, from the command line of the real program. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';

import { readyDatabase } from '../engines/engines.ts';
import { until } from '../waits.ts';
import { dataOptions, latchkey, latchkeyInside, serveUntilReady } from './latchkey-process.ts';

const mapOf = (path: string, needs: string): string =>
  `services:\n  - routes: [{ method: GET, path: ${path}, needs: { ${needs} } }]\n`;

describe('an operator', () => {
  it('is told every error of a route map with its line, and the server does not start', async () => {
    const database = await readyDatabase('sqlite');
    onTestFinished(database.remove);
    const map = join(database.dataDir, 'map.yaml');
    await writeFile(
      map,
      'services:\n  - routes:\n      - { method: GET, path: x, needs: {} }\n      - { method: GET, path: /y, ' +
        'needs: { nothing: read } }\n',
    );
    const { code, stderr } = await latchkey(['serve', '--port', '0', ...dataOptions(database), '--route-map', map]);
    expect(code).not.toBe(0);
    expect(stderr).toContain(`error: ${map}:3: The path must begin with a slash\n`);
    expect(stderr).toContain(`error: ${map}:4: There is no permission named nothing\n`);
  }, 60_000);

  it('changes the map of a running server with SIGHUP, and keeps the old one when the new one is bad', async () => {
    const database = await readyDatabase('sqlite');
    onTestFinished(database.remove);
    const map = join(database.dataDir, 'map.yaml');
    await writeFile(map, mapOf('/a', ''));
    const server = await serveUntilReady([...dataOptions(database), '--route-map', map]);
    const reason = async (path: string): Promise<string | null> =>
      (await fetch(`${server.url}/forward-auth${path}`)).headers.get('x-latchkey-reason');
    expect([await reason('/a'), await reason('/b')]).toEqual(['credentials_missing', 'route_unknown']);
    await writeFile(map, mapOf('/b', ''));
    server.child.kill('SIGHUP');
    await until(async () => (await reason('/b')) === 'credentials_missing', 'the new map is in force');
    expect(await reason('/a')).toBe('route_unknown');
    await writeFile(map, mapOf('/c', 'nothing: read'));
    server.child.kill('SIGHUP');
    await until(
      () => server.output().stderr.includes('the route map from before stays in force'),
      'the bad map is told of',
    );
    expect(server.output().stderr).toContain('There is no permission named nothing');
    expect(await reason('/b')).toBe('credentials_missing');
    await server.stop('SIGTERM');
  }, 60_000);

  it('registers a service, sees it, and takes it out; its secret is shown once', async () => {
    const database = await readyDatabase('sqlite');
    onTestFinished(database.remove);
    const admin = (...args: string[]): ReturnType<typeof latchkeyInside> =>
      latchkeyInside(['admin', 'server', ...args, ...dataOptions(database)]);
    const added = await admin('add', 'deploys');
    expect(added.stdout).toMatch(/^lkr_[A-Za-z0-9_-]{43}\n$/);
    expect((await admin('add', 'Deploys')).stderr).toContain('error: there is a server Deploys already');
    expect((await admin('add', 'a b')).stderr).toContain('error: the name of a server has 1 to 60');
    const listed = await admin('list');
    expect(listed.stdout).toContain(`deploys  ${added.stdout.trim().slice(-8)}`);
    expect(listed.stdout).not.toContain(added.stdout.trim());
    expect((await admin('remove', 'deploys')).code).toBe(0);
    expect((await admin('remove', 'deploys')).stderr).toContain('error: there is no server deploys');
    expect((await admin('list', '--json')).stdout).toBe('[]\n');
  }, 60_000);
});
