/**
 * `latchkey mcp`: a coding agent that was refused finds the way out by its tools. And what strangers get on loopback.
 */

import { existsSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { operatorPermit } from '../../src/actions/decision/authorize.ts';
import { approvePush } from '../../src/actions/repositories/approvals/approvals.ts';
import { protectRefs } from '../../src/actions/repositories/refs/protections.ts';
import { createToken } from '../../src/actions/tokens/tokens.ts';
import type { Secret } from '../../src/base/secret.ts';
import { listenForMcp } from '../../src/cli/mcp/http.ts';
import { MAX_MESSAGE_BYTES, McpServer } from '../../src/cli/mcp/protocol.ts';
import { toolbox } from '../../src/cli/mcp/tools.ts';
import { ServerClient } from '../../src/cli/server-client.ts';
import { refRuleDrafts } from '../../src/rules/refs/ref-rule-text.ts';
import { sessionPermit } from '../actions/session.ts';
import { makeWorld, type World } from '../doors/git/server.ts';
import { askAsAnother } from './another-user.ts';
import { latchkey } from './latchkey-process.ts';

let world: World;
let secret: Secret;
let sha: string;

beforeAll(async () => {
  world = await makeWorld();
  const made = await createToken(world.server.context, operatorPermit(), {
    userLogin: 'ada',
    kind: 'fine-grained',
    name: 'agent',
    description: '',
    scopes: [],
    grants: [
      { owner: 'ada', selection: 'all', repositories: [], permissions: { contents: 'write' }, justification: null },
    ],
    refRules: refRuleDrafts(['agent/**', 'main: ask']),
  });
  secret = made.secret;
  await world.ok(['init', '-q', '-b', 'main', 'work']);
  await world.ok(['commit', '-qm', 'first', '--allow-empty'], { in: 'work' });
  sha = (await world.ok(['rev-parse', 'HEAD'], { in: 'work' })).trim();
});
afterAll(() => world.close());

/** Calls tools of a server in this process. */
function inside() {
  const box = toolbox(new ServerClient(world.url, secret));
  onTestFinished(() => box.close());
  const mcp = new McpServer(box.tools);
  let id = 0;
  return async (name: string, given: object = {}) => {
    const message = { jsonrpc: '2.0', id: ++id, method: 'tools/call', params: { name, arguments: given } };
    const { result } = (await mcp.answer(JSON.stringify(message))) as {
      result: { isError?: true; content: [{ text: string }] };
    };
    return { isError: result.isError === true, text: result.content[0].text };
  };
}

it('an agent that was refused explains, asks, hears of the approval, and pushes', async () => {
  const call = inside();
  const to = world.remote('ada/closed', secret);
  await world.ok(['push', '-q', to, `${sha}:refs/heads/agent/x`], { in: 'work' });
  expect((await call('check', { git: 'push', repository: 'ada/closed', ref: 'main', act: 'create' })).text).toContain(
    '"ref_needs_approval"',
  );
  const refused = await world.git(['push', to, `${sha}:refs/heads/main`], { in: 'work' });
  const explained = await call('explain', { refusal: refused.stderr });
  expect(explained.text).toContain('ref_needs_approval: Push needs approval');
  expect(explained.text).toContain('"state": "waiting"');
  const asked = await call('request_approval', { repository: 'ada/closed', ref: 'main', sha });
  expect(asked.text).toContain(`${world.url}/settings/push-approvals/1`);
  await approvePush(world.server.context, await sessionPermit(world.server.context, 'ada'), 1);
  expect((await call('approval_status', { id: 1 })).text).toContain('"state": "approved"');
  expect((await world.git(['push', to, `${sha}:refs/heads/main`], { in: 'work' })).code).toBe(0);
});

it('a push that a protected branch or a lost right keeps out is explained from what git printed', async () => {
  const call = inside();
  const to = world.remote('ada/closed', secret);
  const name = { owner: 'ada', name: 'closed' };
  await protectRefs(world.server.context, operatorPermit(), { pattern: 'agent/kept', create: 'nobody' }, name);
  const kept = await world.git(['push', to, `${sha}:refs/heads/agent/kept`], { in: 'work' });
  expect((await call('explain', { refusal: kept.stderr })).text).toMatch(/^ref_protected: .*\n.*the strictest decides/);
  const read = world.remote('ada/closed', world.reader);
  const lacking = await world.git(['push', read, `${sha}:refs/heads/agent/y`], { in: 'work' });
  expect((await call('explain', { refusal: lacking.stderr })).text).toMatch(/^permission_missing: /);
});

it('a refusal of a tool names its reason and what helps, and approves nothing', async () => {
  const call = inside();
  const docs = await call('request_approval', { repository: 'ada/closed', ref: 'docs', sha });
  expect(docs).toMatchObject({ isError: true, text: expect.stringContaining('reason: ref_not_allowed') });
  expect(docs.text).toContain('what helps: ');
  expect(await call('approval_status', { id: 99 })).toMatchObject({ isError: true });
  expect((await call('explain', { refusal: 'it did not work' })).text).toContain('No reason of this server');
  expect((await call('explain', { refusal: '! [remote rejected] x (ref rules allow agent/** only)' })).text).toContain(
    'ref_not_allowed: ',
  );
});

it('a derived token lies in a file for programs, in no answer, and is revoked at the end', async () => {
  const box = toolbox(new ServerClient(world.url, secret));
  const mcp = new McpServer(box.tools);
  const given = { repositories: ['ada/closed'], ref_rules: ['agent/**'], name: 'child' };
  const message = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'derive', arguments: given } };
  const answer = JSON.stringify(await mcp.answer(JSON.stringify(message)));
  expect(answer).not.toContain('lkd_');
  const [, path = ''] = /Its text is in (\S+?),/.exec(answer) ?? [];
  const child = readFileSync(path, 'utf8');
  expect(child).toMatch(/^lkd_/);
  const asked = () => fetch(`${world.url}/api/v3/repos/ada/closed`, { headers: { authorization: `Bearer ${child}` } });
  expect((await asked()).status).toBe(200);
  await box.close();
  expect([(await asked()).status, existsSync(path)]).toEqual([401, false]);
});

describe('the protocol', () => {
  const mcp = new McpServer([]);
  it.each([
    ['{', -32700],
    ['[]', -32600],
    ['null', -32600],
    ['{"jsonrpc":"1.0","id":1,"method":"ping"}', -32600],
    ['{"jsonrpc":"2.0","id":{},"method":"ping"}', -32600],
    ['{"jsonrpc":"2.0","id":1,"method":"resources/list"}', -32601],
    ['{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"approve"}}', -32602],
  ])('%s is answered with %i', async (text, code) => {
    expect(await mcp.answer(text)).toMatchObject({ error: { code } });
  });

  it('agrees on a version that both know, and answers no notification', async () => {
    const ask = (protocolVersion: string) =>
      mcp.answer(JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'initialize', params: { protocolVersion } }));
    expect(await ask('2025-06-18')).toMatchObject({ result: { protocolVersion: '2025-06-18' } });
    expect(await ask('1999-01-01')).toMatchObject({ result: { protocolVersion: '2025-11-25' } });
    expect(await mcp.answer('{"jsonrpc":"2.0","method":"notifications/initialized"}')).toBeNull();
  });
});

it('stdio takes a message on each line, and ends with its input', async () => {
  const messages = [
    { method: 'initialize', params: {} },
    { method: 'tools/list' },
    { method: 'tools/call', params: { name: 'whoami' } },
  ];
  const ran = await latchkey(['mcp'], {
    env: { LATCHKEY_URL: world.url, LATCHKEY_TOKEN: secret.reveal() },
    input: messages.map((message, id) => `${JSON.stringify({ jsonrpc: '2.0', id, ...message })}\n`).join(''),
  });
  expect(ran).toMatchObject({ code: 0, stderr: '' });
  const [hello, listed, told] = ran.stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line).result);
  expect(hello).toMatchObject({ serverInfo: { name: 'latchkey' } });
  expect(listed.tools.map(({ name }: { name: string }) => name)).toEqual([
    'whoami',
    'check',
    'derive',
    'explain',
    'request_approval',
    'approval_status',
  ]);
  expect(told.content[0].text).toContain('"login": "ada"');
});

it('HTTP answers whoever has the pass, and no page, no other name, nothing too long', async () => {
  const listener = await listenForMcp(new McpServer([]), 'the-pass', 0);
  onTestFinished(() => listener.close());
  const ping = '{"jsonrpc":"2.0","id":1,"method":"ping"}';
  const ask = async (headers: Record<string, string>, body: string | null = ping, method = 'POST') =>
    (await fetch(listener.address, { method, body, headers })).status;
  const authorization = 'Bearer the-pass';
  expect(await ask({ authorization })).toBe(200);
  expect(await ask({ authorization }, '{"jsonrpc":"2.0","method":"notifications/initialized"}')).toBe(202);
  expect(await ask({})).toBe(401);
  expect(await ask({ authorization: 'Bearer guessed' })).toBe(401);
  expect(await ask({ authorization, origin: 'https://evil.example' })).toBe(403);
  expect(await ask({ authorization }, null, 'GET')).toBe(405);
  expect(await ask({ authorization }, 'x'.repeat(MAX_MESSAGE_BYTES + 1))).toBe(413);
  const host = new URL(listener.address).host;
  expect(await askAsAnother(listener.address, { authorization, host }), 'another user').toMatch(/^403 .*for one user/);
  const renamed = listener.address.replace('127.0.0.1', 'localhost');
  const other = await fetch(renamed, { method: 'POST', body: ping, headers: { authorization } }).catch(() => null);
  expect(other?.status ?? 403).toBe(403);
});
