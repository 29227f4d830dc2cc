/**
 * Routes told apart by headers and by the body: an MCP server behind a proxy, where everything is a POST to one
 * address. The story: a token may list and search pages. It must not delete one, however the call is written.
 */
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { MAX_BATCH, MAX_BODY_BYTES } from '../../../src/actions/questions/messages.ts';
import { MAX_JSON_DEPTH } from '../../../src/base/requests/strict-json.ts';
import { type ForwardWorld, forwardWorld } from './door.ts';

const MAP = `
services:
  - name: wiki
    owner: acme
    hosts: [wiki.example.org]
    permissions:
      - { name: pages, title: Pages, levels: [read, write, admin], members: write }
    routes:
      - { method: POST, path: /mcp, needs: { pages: read }, json: { method: [initialize, tools/list] } }
      - method: POST
        path: /mcp
        needs: { pages: read }
        json: { method: tools/call, params.name: [search, get-page] }
      - { method: POST, path: /mcp, needs: { pages: admin }, json: { method: tools/call, params.name: delete_page } }
      - { method: POST, path: /mcp, needs: { pages: write }, json: { method: tools/call } }
      - { method: POST, path: /mcp, needs: { pages: read }, json: { method: null } }
  - name: tools
    owner: acme
    hosts: [tools.example.org]
    permissions:
      - { name: calls, title: Calls, levels: [read, write] }
    routes:
      - { method: POST, path: /mcp, needs: { calls: write }, headers: { Mcp-Method: tools/call } }
      - { method: POST, path: /mcp, needs: { calls: read }, headers: { Mcp-Method: tools/call, Mcp-Name: search } }
      - { method: POST, path: /mcp, needs: { calls: read }, headers: { Mcp-Method: [initialize, tools/list] } }
`;

type Pairs = readonly (readonly [string, string])[];
const JSON_TYPE = ['Content-Type', 'application/json'] as const;
const call = (name: unknown, more: object = {}): string =>
  JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name, ...more } });

const hidden = call('delete_page');
/** How somebody hides that call: the reason of the refusal, the body, the headers if not those of JSON. */
const HIDINGS: Readonly<Record<string, readonly [reason: string, body: string | Uint8Array, headers?: Pairs]>> = {
  'by a name that comes twice': ['body_ambiguous', hidden.replace('"name"', '"name":"search","name"')],
  'by a method that comes twice': ['body_ambiguous', hidden.replace('"method"', '"method":"tools/list","method"')],
  'by an escaped twin': ['body_ambiguous', hidden.replace('"name"', '"name":"search","n\\u0061me"')],
  'by other capitals': ['body_ambiguous', hidden.replace('"name"', '"name":"search","Name"')],
  'by capitals alone': ['body_ambiguous', hidden.replace('"name"', '"NAME"')],
  'by a letter that folds to another': ['body_ambiguous', '{"method":"tools/list","meth\u00f2d":1,"Method":"x"}'],
  'by a name that ends early': ['body_ambiguous', hidden.replace('"name"', '"name\\u0000x"')],
  'by a tool in other capitals': ['body_ambiguous', call('Delete_Page')],
  'by a tool with a space': ['body_ambiguous', call('delete_page ')],
  'by a tool that ends early': ['body_ambiguous', call('delete_page\0')],
  'by a letter that is another one in capitals': ['body_ambiguous', '{"method":"tools/lıst"}'],
  'by an accent': ['body_ambiguous', call('délete_page')],
  'by an accent of its own': ['body_ambiguous', call('de\u0301lete_page')],
  'by a wide letter': ['body_ambiguous', call('ｄelete_page')],
  'by half a letter': ['body_ambiguous', call('\ud800delete')],
  'by a list in place of a text': ['body_ambiguous', call(['delete_page'])],
  'by an object in place of a text': ['body_ambiguous', call({ toString: 'delete_page' })],
  'by parameters without names': ['body_ambiguous', '{"method":"tools/call","params":["delete_page"]}'],
  'by a method that is nothing': ['body_ambiguous', '{"method":null}'],
  'after a byte order mark': ['body_not_json', `\ufeff${hidden}`],
  'in UTF-16': ['body_not_json', Buffer.from(hidden, 'utf16le')],
  'in Latin-1': ['body_not_json', Buffer.from(call('d\u00e9lete'), 'latin1')],
  'behind a comment': ['body_not_json', `/* */${hidden}`],
  'behind a second document': ['body_not_json', `${call('search')}\n${hidden}`],
  'as a text in JSON': ['body_no_object', JSON.stringify(hidden)],
  'in a batch that allows the rest': ['permission_missing', `[${call('search')},${hidden},${call('search')}]`],
  'in a batch with something else': ['body_no_object', `[${call('search')},7]`],
  'in a batch within a batch': ['body_no_object', `[[${hidden}]]`],
  'in an empty batch': ['body_batch', '[]'],
  'as form data': ['body_not_declared', hidden, [['Content-Type', 'application/x-www-form-urlencoded']]],
  'as plain text': ['body_not_declared', hidden, [['Content-Type', 'text/plain']]],
  'as what merely begins like JSON': ['body_not_declared', hidden, [['Content-Type', 'application/jsonp']]],
  'as JSON in UTF-7': ['body_not_declared', hidden, [['Content-Type', 'application/json; charset=utf-7']]],
  'as two types in one': ['body_not_declared', hidden, [['Content-Type', 'application/json, text/plain']]],
  'as two types': ['body_not_declared', hidden, [JSON_TYPE, ['content-type', 'text/plain']]],
  'as two types by an underscore': ['body_not_declared', hidden, [JSON_TYPE, ['Content_Type', 'text/plain']]],
  'without a type': ['body_not_declared', hidden, []],
  compressed: ['body_encoded', hidden, [JSON_TYPE, ['Content-Encoding', 'gzip']]],
  'as the start of a longer body': ['body_incomplete', hidden, [JSON_TYPE, ['x-envoy-auth-partial-body', 'true']]],
  'without the body': ['body_missing', ''],
};

let world: ForwardWorld;
const tokens = { reader: '', owner: '' };

/** What Traefik sends about a POST to /mcp, with the body. */
async function post(
  token: string | null,
  body: string | Uint8Array | readonly (string | Uint8Array)[],
  headers: Pairs = [JSON_TYPE],
  host = 'wiki.example.org',
): Promise<string> {
  const chunks = Array.isArray(body) ? body : [body as string];
  const length = chunks.reduce((sum, chunk) => sum + Buffer.byteLength(chunk as string), 0);
  const { status, headers: answered } = await world.ask(
    '/forward-auth',
    [
      ['X-Forwarded-Method', 'POST'],
      ['X-Forwarded-Uri', '/mcp'],
      ['X-Forwarded-Host', host],
      ...(length === 0 ? [] : [['Content-Length', String(length)] as const]),
      ...(token === null ? [] : [['Authorization', `Bearer ${token}`] as const]),
      ...headers,
    ],
    { body: chunks as readonly string[] },
  );
  return status === 200 ? '200' : `${status} ${answered['x-latchkey-reason']}`;
}

beforeEach(async () => {
  const map = join(await mkdtemp(join(tmpdir(), 'route-map-')), 'map.yaml');
  await writeFile(map, MAP);
  world = await forwardWorld({ routeMap: map });
  const grant = (permissions: Record<string, 'read' | 'admin'>) => ({
    kind: 'fine-grained' as const,
    scopes: [],
    grants: [{ owner: 'acme', selection: 'public' as const, repositories: [], permissions, justification: null }],
  });
  tokens.reader = await world.token('ada', grant({ 'wiki:pages': 'read', 'tools:calls': 'read' }));
  tokens.owner = await world.token('ada', grant({ 'wiki:pages': 'admin' }));
});

describe('a token that reads an MCP server', () => {
  it('lists and searches, and what its map says more of needs more', async () => {
    const listing = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list' });
    for (const body of [listing, call('search'), call('get-page', { id: 'x' }), '{"jsonrpc":"2.0","id":1,"result":{}}'])
      expect(await post(tokens.reader, body), body).toBe('200');
    expect(await post(tokens.reader, call('delete_page'))).toBe('403 permission_missing');
    expect(await post(tokens.reader, call('write_page'))).toBe('403 permission_missing');
    expect(await post(tokens.owner, call('delete_page'))).toBe('200');
    expect(await post(null, listing)).toBe('401 credentials_missing');
    expect(await post(tokens.reader, JSON.stringify({ method: 'resources/list' }))).toBe('403 route_unknown');
  });

  it('has its calls in the log by their names, never by their arguments', async () => {
    await post(tokens.owner, call('delete_page', { id: 'secret-page' }));
    await world.ctx.usage.flush();
    const uses = await world.ctx.store.db.selectFrom('token_use').selectAll().execute();
    expect(uses.map(({ last_purpose: purpose }) => purpose)).toEqual([
      'POST wiki.example.org/mcp tools/call delete_page (wiki)',
    ]);
    expect(JSON.stringify(uses)).not.toContain('secret-page');
  });

  it('takes the body in pieces, and with any of the names of JSON', async () => {
    const body = call('search');
    expect(await post(tokens.reader, [body.slice(0, 9), body.slice(9)])).toBe('200');
    for (const type of ['application/json; charset=utf-8', 'application/json;charset="UTF-8"', 'application/rpc+json'])
      expect(await post(tokens.reader, body, [['content-type', type]]), type).toBe('200');
    expect(await post(tokens.reader, body, [JSON_TYPE, ['Content-Encoding', 'identity']])).toBe('200');
    expect(await post(tokens.reader, body, [JSON_TYPE, ['X-Envoy-Auth-Partial-Body', 'false']])).toBe('200');
  });

  it('can’t delete a page by any way of writing the call', async () => {
    const answers: Record<string, string> = {};
    for (const [how, [, body, headers]] of Object.entries(HIDINGS))
      answers[how] = await post(tokens.reader, body, headers);
    expect(answers).toEqual(
      Object.fromEntries(Object.entries(HIDINGS).map(([how, [reason]]) => [how, `403 ${reason}`])),
    );
  });

  it('is told the field that can’t be read, and nothing of its value', async () => {
    const { text } = await world.ask(
      '/forward-auth/mcp',
      [['Host', 'wiki.example.org'], ['Authorization', `Bearer ${tokens.reader}`], ['Content-Length', '80'], JSON_TYPE],
      { method: 'POST', body: [call('DELETE_PAGE')] },
    );
    expect(text).toBe(
      'The body decides what this request needs, and can be read in more than one way: a name comes twice, in other ' +
        'capitals, or without a text. params.name\n',
    );
  });

  it('may send as much as the limits say, and no more', async () => {
    const padded = (bytes: number): string =>
      call('search', { text: 'x'.repeat(bytes - call('search', { text: '' }).length) });
    expect(await post(tokens.reader, padded(MAX_BODY_BYTES))).toBe('200');
    expect(await post(tokens.reader, padded(MAX_BODY_BYTES + 1))).toBe('403 body_too_large');
    const batch = (count: number): string => `[${Array(count).fill(call('search')).join(',')}]`;
    expect(await post(tokens.reader, batch(MAX_BATCH))).toBe('200');
    expect(await post(tokens.reader, batch(MAX_BATCH + 1))).toBe('403 body_batch');
    const deep = (depth: number): string =>
      `{"method":"tools/list","x":${'['.repeat(depth - 1)}${']'.repeat(depth - 1)}}`;
    expect(await post(tokens.reader, deep(MAX_JSON_DEPTH))).toBe('200');
    expect(await post(tokens.reader, deep(MAX_JSON_DEPTH + 1))).toBe('403 body_too_deep');
    expect(await post(tokens.reader, `${'['.repeat(100_000)}`)).toBe('403 body_too_deep');
  });

  it('spends one use on a batch, and none on one that is refused', async () => {
    const once = await world.token('ada', {
      kind: 'fine-grained',
      scopes: [],
      usesLeft: 1,
      grants: [
        {
          owner: 'acme',
          selection: 'public',
          repositories: [],
          permissions: { 'wiki:pages': 'read' },
          justification: null,
        },
      ],
    });
    expect(await post(once, `[${call('search')},${call('delete_page')}]`)).toBe('403 permission_missing');
    expect(await post(once, `[${call('search')},${call('get-page')}]`)).toBe('200');
    expect(await post(once, call('search'))).toBe('401 token_used_up');
  });
});

describe('routes told apart by headers', () => {
  const tools = (...headers: Pairs): Promise<string> => post(tokens.reader, '', headers, 'tools.example.org');

  it('need no body, so every proxy can ask about them', async () => {
    expect(await tools(['Mcp-Method', 'tools/list'])).toBe('200');
    expect(await tools(['Mcp-Method', 'tools/call'], ['Mcp-Name', 'search'])).toBe('200');
    expect(await tools(['mcp-method', 'tools/call'], ['mcp-name', 'delete'])).toBe('403 permission_missing');
    expect(await tools(['Mcp-Method', 'tools/call'])).toBe('403 permission_missing');
    expect(await tools(['Mcp-Method', 'ping'])).toBe('403 route_unknown');
    expect(await tools()).toBe('403 route_unknown');
  });

  it('are not told apart by one that services read in two ways', async () => {
    const list = ['Mcp-Method', 'tools/list'] as const;
    const ways: Readonly<Record<string, Pairs>> = {
      twice: [list, ['Mcp-Method', 'tools/call']],
      'twice in one': [['Mcp-Method', 'tools/list, tools/call']],
      'by an underscore beside it': [list, ['Mcp_Method', 'tools/call']],
      'by an underscore alone': [['Mcp_Method', 'tools/list']],
      'in other capitals': [['Mcp-Method', 'Tools/List']],
      encoded: [['Mcp-Method', '=?base64?dG9vbHMvY2FsbA==?=']],
    };
    for (const [way, headers] of Object.entries(ways))
      expect([way, await tools(...headers)]).toEqual([way, '403 header_unclear']);
  });
});
