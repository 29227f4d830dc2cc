/**
 * The official MCP client of TypeScript, unchanged, at a server that knows no OAuth, behind a proxy that asks Latchkey:
 * it finds its way from a refusal, gets a client id, sends a person here, and works with the token for that service.
 * All of it is real but for the sockets.
 */
import { readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type OAuthClientProvider, UnauthorizedError } from '@modelcontextprotocol/sdk/client/auth.js';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import * as streamable from '@modelcontextprotocol/sdk/server/webStandardStreamableHttp.js';
import { expect, onTestFinished, test } from 'vitest';
import { HOUR_SEC } from '../../../src/base/time.ts';
import { makeForwardDoor } from '../../../src/doors/forward/routes.ts';
import { askDoor } from '../forward/door.ts';
import { type ApplicationWorld, applicationWorld } from './application-world.ts';
import { documentSite, SITE_NETWORKS, withDocumentSites } from './document-site.ts';

withDocumentSites();

const MAP = `services:
  - name: memory
    title: Team memory
    owner: acme
    hosts: [tools.example.org]
    prefix: /mcp
    permissions: [{ name: graph, title: Knowledge graph, members: write }]
    routes:
      - { method: [GET, POST, DELETE], path: /, needs: { graph: read } }
`;
const MEMORY = 'https://tools.example.org/mcp';
const CALLBACK = 'http://127.0.0.1:5555/callback';

interface ToolsWorld extends ApplicationWorld {
  readonly fetch: typeof fetch;
  /** What the service behind the proxy was sent. */
  readonly seen: Headers[];
}

async function toolsWorld(flags: Parameters<typeof applicationWorld>[0]): Promise<ToolsWorld> {
  const path = join(tmpdir(), `mcp-${process.pid}-${Math.random()}.yaml`);
  await writeFile(path, MAP);
  onTestFinished(() => rm(path));
  const world = await applicationWorld({ routeMap: path, webhookNetworks: SITE_NETWORKS, ...flags });
  const door = makeForwardDoor(world.ctx);
  const seen: Headers[] = [];
  const behindProxy = async (request: Request): Promise<Response> => {
    const { host, pathname, search } = new URL(request.url);
    const asked = {
      'X-Forwarded-Method': request.method,
      'X-Forwarded-Uri': pathname + search,
      'X-Forwarded-Host': host,
      ...Object.fromEntries(request.headers),
    };
    const rawHeaders = Object.entries(asked).flat();
    const call = { method: 'GET', url: '/forward-auth', rawHeaders, body: [] };
    const { status, headers, text } = await askDoor(door, call, '127.0.0.1');
    if (status !== 200) return new Response(text, { status, headers });
    seen.push(request.headers);
    return toolsServer(request);
  };
  return {
    ...world,
    seen,
    fetch: async (input, init) => {
      const request = new Request(input, init);
      return new URL(request.url).host === 'tools.example.org' ? behindProxy(request) : world.fetch(request);
    },
  };
}

/** A server without state: one for each request, as the SDK has it. */
async function toolsServer(request: Request): Promise<Response> {
  const server = new McpServer({ name: 'memory', version: '1.0.0' });
  server.registerTool('recall', { description: 'Says what it knows' }, () => ({
    content: [{ type: 'text', text: 'site is in acme' }],
  }));
  const transport = new streamable.WebStandardStreamableHTTPServerTransport({ enableJsonResponse: true });
  await server.connect(transport);
  return transport.handleRequest(request);
}

/** What an application that uses the SDK keeps, and where it sends people. */
function provider(clientMetadataUrl?: string) {
  const kept: Record<string, unknown> = {};
  const sent: string[] = [];
  const self: OAuthClientProvider = {
    redirectUrl: CALLBACK,
    ...(clientMetadataUrl === undefined ? {} : { clientMetadataUrl }),
    clientMetadata: {
      client_name: 'Editor',
      redirect_uris: [CALLBACK],
      grant_types: ['authorization_code', 'refresh_token'],
      token_endpoint_auth_method: 'none',
    },
    clientInformation: () => kept['client'] as never,
    saveClientInformation: (client) => void (kept['client'] = client),
    tokens: () => kept['tokens'] as never,
    saveTokens: (tokens) => void (kept['tokens'] = tokens),
    saveCodeVerifier: (verifier) => void (kept['verifier'] = verifier),
    codeVerifier: () => kept['verifier'] as string,
    redirectToAuthorization: (url) => void sent.push(url.href),
    invalidateCredentials: (scope) => {
      if (scope === 'all' || scope === 'client') delete kept['client'];
      if (scope !== 'client') delete kept['tokens'];
    },
  };
  return { self, kept, sent, token: () => (kept['tokens'] as { access_token: string }).access_token };
}

type Provider = ReturnType<typeof provider>;

const transportOf = (world: ToolsWorld, { self }: Provider) =>
  new StreamableHTTPClientTransport(new URL(MEMORY), { authProvider: self, fetch: world.fetch });

/** The client's first try, which ends where it has sent the person. */
async function sentAway(world: ToolsWorld, keeper: Provider) {
  const transport = transportOf(world, keeper);
  await expect(new Client({ name: 'editor', version: '1' }).connect(transport)).rejects.toThrow(UnauthorizedError);
  return { transport, path: (keeper.sent.at(-1) ?? '').replace(world.ctx.settings.publicUrl, '') };
}

/** The person's yes, and the client with what comes of it. */
async function letIn(world: ToolsWorld, keeper: Provider, { transport, path }: Awaited<ReturnType<typeof sentAway>>) {
  const answer = world.answerIn(await world.ada.send(path, 'approve'));
  await transport.finishAuth(answer.get('code') ?? '');
  const client = new Client({ name: 'editor', version: '1' });
  await client.connect(transportOf(world, keeper));
  onTestFinished(() => client.close());
  return client;
}

const recall = async (client: Client) => (await client.callTool({ name: 'recall' })).content;
const KNOWN = [{ type: 'text', text: 'site is in acme' }];

test('the settings that docs/oauth.md gives are the address of this service, and nothing else', async () => {
  const page = await readFile(join(import.meta.dirname, '../../../../../docs/oauth.md'), 'utf8');
  const blocks = [...page.slice(page.indexOf('## MCP clients')).matchAll(/```json\n(.*?)\n```/gs)];
  const settings = blocks.map(([, text]) => JSON.parse(text ?? '') as Record<string, unknown>);
  const memory = { type: 'http', url: MEMORY };
  expect(settings).toEqual([{ mcpServers: { memory } }, { servers: { memory } }]);
});

test('it registers, waits for an administrator, signs a person in, and has that service alone', async () => {
  const world = await toolsWorld({});
  const keeper = provider();
  const away = await sentAway(world, keeper);
  const asked = new URL(keeper.sent[0] ?? '').searchParams;
  expect([asked.get('resource'), asked.get('scope')]).toEqual([MEMORY, 'memory:graph:read']);
  expect((await world.ada.get(away.path)).text).toContain('has not approved Editor yet');
  const page = /href="(\/instance\/applications\/\d+)"/.exec((await world.ada.get('/instance/applications')).text);
  await world.ada.send(page?.[1] ?? '', 'approve');
  expect((await world.ada.get(away.path)).text.replace(/<[^>]*>/g, '')).toContain(`Only at Team memory (${MEMORY}).`);
  const client = await letIn(world, keeper, away);
  expect((await client.listTools()).tools.map(({ name }) => name)).toEqual(['recall']);
  expect(await recall(client)).toEqual(KNOWN);
  expect((await world.api('/user', keeper.token())).body.reason).toBe('token_for_other_resource');
  const first = keeper.token();
  world.ctx.clock.advance(HOUR_SEC + 1);
  expect(await recall(client), 'it takes the next token by itself').toEqual(KNOWN);
  expect(keeper.token()).not.toBe(first);
  expect(keeper.sent.length, 'and nobody is asked again').toBe(1);
});

test('it says at its address what it is, and is asked back when it was signed out', async () => {
  const world = await toolsWorld({ applicationRegistration: 'open' });
  const { clientId } = await documentSite();
  const keeper = provider(clientId);
  const client = await letIn(world, keeper, await sentAway(world, keeper));
  expect(await recall(client)).toEqual(KNOWN);
  expect(keeper.kept['client']).toMatchObject({ client_id: clientId });
  await world.ada.sendSurely('/settings/applications', 'end', { id: '1' });
  await expect(recall(client)).rejects.toThrow(UnauthorizedError);
  expect(keeper.sent.length).toBe(2);
});

test('one that was forgotten here registers anew', async () => {
  const world = await toolsWorld({ applicationRegistration: 'open' });
  const keeper = provider();
  const client = await letIn(world, keeper, await sentAway(world, keeper));
  const { client_id: before } = keeper.kept['client'] as { client_id: string };
  await world.ada.sendSurely('/instance/applications/1', 'delete');
  await expect(recall(client)).rejects.toThrow(UnauthorizedError);
  expect((keeper.kept['client'] as { client_id: string }).client_id).not.toBe(before);
  expect(await recall(await letIn(world, keeper, await sentAway(world, keeper)))).toEqual(KNOWN);
});
