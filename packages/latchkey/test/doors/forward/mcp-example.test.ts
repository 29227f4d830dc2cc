/** `examples/mcp`: which tools of the memory server a token may call, by its level; of every tool that there is. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { Secret } from '../../../src/base/secret.ts';
import { deriveFrom } from '../../actions/derive.ts';
import { forwardWorld } from './door.ts';

const EXAMPLE = join(import.meta.dirname, '../../../../../examples/mcp');
const LEVELS = ['read', 'write', 'admin'] as const;
/** The tools of @modelcontextprotocol/server-memory 2026.8.31. */
const TOOLS = {
  read: ['read_graph', 'search_nodes', 'open_nodes'],
  write: ['create_entities', 'create_relations', 'add_observations'],
  admin: ['delete_entities', 'delete_observations', 'delete_relations'],
};

it('a token calls the tools of its level and below, and none that the map does not name', async () => {
  const world = await forwardWorld({ routeMap: join(EXAMPLE, 'route-map.yaml') });
  const ask = async (token: string, message: object): Promise<string> => {
    const body = JSON.stringify({ jsonrpc: '2.0', id: 1, ...message });
    const { status, headers } = await world.ask(
      '/forward-auth',
      [
        ['X-Forwarded-Method', 'POST'],
        ['X-Forwarded-Uri', '/mcp'],
        ['X-Forwarded-Host', 'tools.example.org'],
        ['Content-Type', 'application/json'],
        ['Content-Length', String(body.length)],
        ['Authorization', `Bearer ${token}`],
      ],
      { body: [body] },
    );
    return status === 200 ? 'may' : (headers['x-latchkey-reason'] ?? '');
  };
  const call = (token: string, name: string) => ask(token, { method: 'tools/call', params: { name, arguments: {} } });
  const tokenWith = (level: (typeof LEVELS)[number]) =>
    world.token('ada', {
      kind: 'fine-grained',
      scopes: [],
      grants: [
        {
          owner: 'acme',
          selection: 'public',
          repositories: [],
          permissions: { 'memory:graph': level },
          justification: null,
        },
      ],
    });
  for (const [rank, level] of LEVELS.entries()) {
    const token = await tokenWith(level);
    for (const [needed, needs] of LEVELS.entries())
      for (const name of TOOLS[needs])
        expect([level, name, await call(token, name)]).toEqual([
          level,
          name,
          needed <= rank ? 'may' : 'permission_missing',
        ]);
    expect(await call(token, 'drop_everything')).toBe('route_unknown');
    for (const method of ['initialize', 'ping', 'tools/list', 'notifications/initialized'])
      expect([method, await ask(token, { method })]).toEqual([method, 'may']);
    expect(await ask(token, { method: 'resources/read' })).toBe('route_unknown');
  }
  const whole = new Secret(await tokenWith('admin'));
  const { secret } = await deriveFrom(world.ctx, whole, { permissions: { 'memory:graph': 'read' } });
  const narrowed = secret.reveal();
  expect([await call(narrowed, 'read_graph'), await call(narrowed, 'delete_entities')]).toEqual([
    'may',
    'permission_missing',
  ]);
});

it('takes the token out before the server sees the call, and sends the body along', async () => {
  const text = await readFile(join(EXAMPLE, 'traefik.yaml'), 'utf8');
  expect(text).toContain('forwardBody: true');
  expect(text).toContain('middlewares: [other-conventions-out, latchkey, token-out]');
});
