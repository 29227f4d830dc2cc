/** The plugins in real servers of their frameworks, in front of a real Latchkey. */
import type { AddressInfo } from 'node:net';
import express from 'express';
import Fastify from 'fastify';
import { Hono } from 'hono';
import { describe, expect, it, onTestFinished } from 'vitest';
import { once } from '../../latchkey/test/waits.ts';
import type { Client, Need } from '../src/client.ts';
import { requireToken as forExpress } from '../src/express.ts';
import { requireToken as forFastify, latchkey } from '../src/fastify.ts';
import { requireToken as forHono, type LatchkeyEnv } from '../src/hono.ts';
import { startWorld } from './world.ts';

type Ask = (path: string, headers?: Readonly<Record<string, string>>) => Promise<Response>;

const needOf = (owner: string, repo: string): Need => ({
  permissions: { contents: 'read' },
  repository: `${owner}/${repo}`,
});

interface Repository {
  Params: { owner: string; repo: string };
}

async function expressServer(client: Client): Promise<Ask> {
  const app = express();
  app.get(
    '/apps/:owner/:repo',
    forExpress<Repository['Params']>({ client, need: ({ params: { owner, repo } }) => needOf(owner, repo) }),
    (request, response) => {
      response.json(request.latchkey);
    },
  );
  app.use('/api', forExpress({ client }), (request, response) => void response.json(request.latchkey));
  const server = app.listen(0, '127.0.0.1');
  onTestFinished(() => void server.close());
  await once(server, 'listening');
  return (path, headers = {}) =>
    fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`, { headers });
}

async function fastifyServer(client: Client): Promise<Ask> {
  // Answers that nobody reads keep their connections busy, and closing would wait half a minute for them.
  const app = Fastify({ forceCloseConnections: true });
  app.get<Repository>(
    '/apps/:owner/:repo',
    {
      onRequest: forFastify<Repository>({ client, need: ({ params: { owner, repo } }) => needOf(owner, repo) }),
    },
    async (request) => request.latchkey,
  );
  await app.register(async (inner) => {
    await inner.register(latchkey, { client });
    inner.get('/api/*', async (request) => request.latchkey);
  });
  onTestFinished(() => app.close());
  const url = await app.listen({ port: 0, host: '127.0.0.1' });
  return (path, headers = {}) => fetch(url + path, { headers });
}

async function honoServer(client: Client): Promise<Ask> {
  const app = new Hono<LatchkeyEnv>();
  app.use(
    '/apps/:owner/:repo',
    forHono<'/apps/:owner/:repo'>({ client, need: ({ req }) => needOf(req.param('owner'), req.param('repo')) }),
  );
  app.use('/api/*', forHono({ client }));
  app.get('*', (context) => context.json(context.get('latchkey')));
  return async (path, headers = {}) => app.request(`http://api.example.org${path}`, { headers });
}

describe.each([
  ['Express', expressServer],
  ['Fastify', fastifyServer],
  ['Hono', honoServer],
] as const)('the plugin for %s', (_name, serve) => {
  it('admits authorized callers, tells the handler who they are, and explains every refusal', async () => {
    const world = await startWorld();
    const ask = await serve(world.client());
    const bearer = (token: string): Record<string, string> => ({ authorization: `Bearer ${token}` });
    const allowed = await ask('/apps/acme/site', bearer(world.reader));
    expect(allowed.status).toBe(200);
    expect(await allowed.json()).toMatchObject({ login: 'ada', kind: 'fine-grained' });
    expect(
      (
        await ask('/apps/acme/site', {
          authorization: `Basic ${Buffer.from(`ada:${world.reader}`).toString('base64')}`,
        })
      ).status,
    ).toBe(200);
    expect((await ask('/api/v3/repos/acme/site', bearer(world.reader))).status).toBe(200);

    const nobody = await ask('/apps/acme/site');
    expect([nobody.status, nobody.headers.get('www-authenticate')]).toEqual([401, 'Bearer realm="Latchkey"']);
    const stranger = await ask('/apps/acme/site', bearer(world.stranger));
    expect([stranger.status, stranger.headers.get('x-latchkey-reason')]).toEqual([403, 'not_found']);
    const lacking = await ask('/api/v3/repos/acme/site/hooks', bearer(world.reader));
    expect(lacking.status).toBe(403);
    expect(lacking.headers.get('www-authenticate')).toBe(
      'Bearer realm="Latchkey", error="insufficient_scope", scope="repository_hooks:read"',
    );
    expect(await lacking.text()).toMatch(/lacks .*: read on acme\/site\.\n.*http/i);
    expect((await ask('/api/nowhere', bearer(world.reader))).headers.get('x-latchkey-reason')).toBe('route_unknown');
    expect((await ask('/apps/acme/site', bearer('nonsense'))).status).toBe(401);
  });

  it('admits nobody while Latchkey can’t be reached', async () => {
    const world = await startWorld();
    const ask = await serve(world.client({ cache: false }));
    await world.server.close();
    const answer = await ask('/apps/acme/site', { authorization: `Bearer ${world.reader}` });
    expect([answer.status, answer.headers.get('x-latchkey-reason')]).toEqual([503, 'authority_unreachable']);
  });
});
