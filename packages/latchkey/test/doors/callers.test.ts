/**
 * Somebody outside has a token that is bound to the proxy's network: at every door, whatever the proxy writes about
 * them, they stay outside. Also, requests that can be read in two ways, before any door reads them.
 */
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Running, startWorld } from './github/running.ts';

let world: Running;
let behindForwarded: Running;
const tokens = { inside: '', outside: '' };
beforeAll(async () => {
  world = await startWorld({ trustedProxies: ['127.0.0.1'] });
  behindForwarded = await startWorld({ trustedProxies: ['127.0.0.1'], proxyHeader: 'forwarded' });
  for (const each of [world, behindForwarded]) {
    await each.person('ada');
    await each.repository('ada/site', 'private');
  }
  const bound = async (name: string, block: string): Promise<string> =>
    (await world.token('ada', { name, kind: 'classic', scopes: ['repo', 'read:user'], allowedAddresses: [block] }))
      .secret;
  tokens.inside = await bound('inside', '127.0.0.0/8');
  tokens.outside = await bound('outside', '203.0.113.0/24');
});
afterAll(async () => {
  await world.close();
  await behindForwarded.close();
});

const DOORS: readonly (readonly [string, (token: string) => [string, Record<string, string>]])[] = [
  [
    'git',
    (token) => [
      '/ada/site.git/info/refs?service=git-upload-pack',
      { authorization: `Basic ${Buffer.from(`x:${token}`).toString('base64')}` },
    ],
  ],
  ['GitHub', (token) => ['/api/v3/repos/ada/site', { authorization: `Bearer ${token}` }]],
  ['GitLab', (token) => ['/api/v4/personal_access_tokens/self', { 'private-token': token }]],
  [
    'forward',
    (token) => [
      '/forward-auth',
      { authorization: `Bearer ${token}`, 'x-forwarded-uri': '/api/v3/repos/ada/site', 'x-forwarded-method': 'GET' },
    ],
  ],
];

async function statusOf(url: string, headers: Record<string, string>): Promise<number> {
  const response = await fetch(url, { headers });
  await response.arrayBuffer();
  return response.status;
}

describe.each(DOORS)('a token with an address list at the %s door', (_, ask) => {
  const from = (token: string, chain: string): Promise<number> => {
    const [path, headers] = ask(token);
    return statusOf(world.server.url + path, { ...headers, 'x-forwarded-for': chain });
  };

  it.each(['203.0.113.7', '203.0.113.7:51234', '[::ffff:203.0.113.7]:443', 'spoofed, 203.0.113.7'])(
    'opens to its holder, whom the proxy calls %s',
    async (chain) => expect(await from(tokens.outside, chain)).toBe(200),
  );

  it.each(['203.0.113.7', '203.0.113.7:51234', '[2001:db8::1]:443', 'unknown', '_x', '', 'nonsense, 127.0.0.1'])(
    'stays shut for whoever comes from outside as %j to be taken for the proxy',
    async (chain) => expect(await from(tokens.inside, chain)).toBe(403),
  );

  it('stays closed to a client that adds a Forwarded header to the proxy’s own', async () => {
    const [path, headers] = ask(tokens.inside);
    const status = await statusOf(world.server.url + path, {
      ...headers,
      'x-forwarded-for': '203.0.113.7',
      forwarded: 'for=127.0.0.1',
    });
    expect(status).toBe(path === '/forward-auth' ? 403 : 400);
    expect(await statusOf(world.server.url + path, { ...headers, forwarded: 'for=127.0.0.9' })).toBe(403);
  });
});

describe('a proxy that is set to write Forwarded', () => {
  it('is read as RFC 7239 has it, and X-Forwarded-For names nobody there', async () => {
    const { secret } = await behindForwarded.token('ada', {
      kind: 'classic',
      scopes: ['repo'],
      allowedAddresses: ['2001:db8::/32'],
    });
    const ask = (headers: Record<string, string>): Promise<number> =>
      statusOf(`${behindForwarded.api}/user`, { authorization: `Bearer ${secret}`, ...headers });
    expect(await ask({ forwarded: 'for="[2001:db8::1]:443";proto=https' })).toBe(200);
    expect(await ask({ forwarded: 'for=203.0.113.7' })).toBe(403);
    expect(await ask({ 'x-forwarded-for': '2001:db8::1' })).toBe(403);
    expect(await ask({ 'x-forwarded-for': '2001:db8::1', forwarded: 'for="[2001:db8::1]"' })).toBe(400);
  });
});

describe('a request that can be read in two ways', () => {
  const raw = (text: string): Promise<string> =>
    new Promise((resolve, reject) => {
      let answer = '';
      const socket = connect(Number(new URL(world.server.url).port), '127.0.0.1', () => socket.write(text));
      socket.setEncoding('utf8').on('data', (part: string) => {
        answer += part;
      });
      socket.on('error', reject).on('close', () => resolve(answer));
    });

  it.each([
    ['no host', 'GET /login HTTP/1.1\r\nConnection: close\r\n\r\n', 'no Host header'],
    ['two hosts', 'GET /login HTTP/1.1\r\nHost: git.example.org\r\nhost: evil.example\r\n\r\n', 'more than one Host'],
    [
      'two hosts for git',
      'GET /a/b.git/info/refs?service=git-upload-pack HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n',
      'Host',
    ],
    ['HTTP/0.9 without a version', 'GET /login\r\n\r\n', 'speaks HTTP/1.1'],
    ['HTTP/0.9', 'GET /api/v3/user HTTP/0.9\r\nHost: a\r\n\r\n', 'speaks HTTP/1.1'],
    ['HTTP/2.0 in the clothes of 1.1', 'GET /login HTTP/2.0\r\nHost: a\r\n\r\n', 'speaks HTTP/1.1'],
  ])('gets 400 in words: %s', async (_, text, words) => {
    const answer = await raw(text);
    expect(answer).toMatch(/^HTTP\/1\.1 400 /);
    expect(answer).toContain(words);
  });
});
