/**
 * Ten thousand hostile requests: always a definite answer with words, never a 5xx, a hang, a stack trace, or a token in
 * the log. The same seed gives the same requests.
 */
import { connect } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { freshDatabase } from '../engines/engines.ts';
import { dataOptions, latchkeyInside, serveUntilReady } from './latchkey-process.ts';

const REQUESTS = 10_000;
const AT_ONCE = 32;
const SEED = 20_261_121;
const ANSWER_WITHIN_MS = 20_000;

/** Mulberry32: small, and the same everywhere. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

interface Dice {
  pick<T>(from: readonly T[]): T;
  bytes(most: number): Buffer;
  chance(of: number): boolean;
}

function dice(random: () => number): Dice {
  return {
    pick: (from) => from[Math.floor(random() * from.length)]!,
    bytes: (most) => Buffer.from(Array.from({ length: Math.floor(random() * most) }, () => Math.floor(random() * 256))),
    chance: (of) => random() < of,
  };
}

const METHODS = [
  'GET',
  'GET',
  'POST',
  'POST',
  'HEAD',
  'PUT',
  'DELETE',
  'OPTIONS',
  'PATCH',
  'TRACE',
  'PROPFIND',
  'get',
  'G\u0000T',
];
const OWNERS = [
  'ada',
  'ADA',
  '..',
  '.',
  '%2e%2e',
  'a'.repeat(300),
  'ada%2Fnotes',
  '%00',
  'ada\\..',
  '~root',
  '-x',
  '%',
  '%zz',
  'ädä',
  '',
  'ada;x',
  'ada%0d%0aX: y',
];
const NAMES = [
  'notes.git',
  'notes',
  'nothing.git',
  '../notes.git',
  '..%2fnotes.git',
  'notes.git/../notes.git',
  'notes%00.git',
  '.git',
  'x'.repeat(400),
  'notes.git%20',
  '%2e',
  'notes.git.git',
];
const ENDS = [
  '/info/refs?service=git-upload-pack',
  '/info/refs?service=git-receive-pack',
  '/info/refs',
  '/info/refs?service=git-evil',
  '/info/refs?service=git-upload-pack&service=git-receive-pack',
  '/git-upload-pack',
  '/git-receive-pack',
  '/HEAD',
  '/objects/info/packs',
  '/objects/../../../../etc/passwd',
  '//git-upload-pack',
  '/info/refs?service=%00',
  '/info/refs?' + 'a=b&'.repeat(500),
  '/GIT-UPLOAD-PACK',
  '/info//refs',
];
const TYPES = [
  'application/x-git-upload-pack-request',
  'application/x-git-receive-pack-request',
  'text/plain',
  'application/json',
  '',
  'application/x-git-upload-pack-request; charset=utf-8',
  'x'.repeat(500),
];
const ENCODINGS = ['', '', '', 'gzip', 'x-gzip', 'deflate', 'br', 'gzip, gzip', 'nonsense'];

function credentialLines(d: Dice, token: string): string[] {
  const basic = (text: string): string => `Authorization: Basic ${Buffer.from(text).toString('base64')}`;
  return d.pick([
    [],
    [basic(`ada:${token}`)],
    [basic(`ada: ${token} `)],
    [basic(`:${token}`)],
    [basic('no colon')],
    ['Authorization: Basic !!!'],
    ['Authorization:'],
    ['Authorization: Basic'],
    [`Authorization: Bearer ${token.slice(0, -1)}x`],
    [`Authorization: token ${token}`],
    [basic(`ada:${token}`), basic(`ada:${token}x`)],
    [`Authorization: Digest x=${token}`],
    [basic(`ada:${'x'.repeat(3000)}`)],
    [basic('ada: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')],
    [`Authorization: ${'A'.repeat(9000)}`],
    [basic('\u0000:\u0000')],
    [basic(`${token}:`)],
    [basic(`${token}:x-oauth-basic`)],
  ]);
}

const BODIES = [
  '',
  '0000',
  '0001',
  'ffff',
  'zzzz',
  '0011command=ls-refs',
  '0014command=ls-refs\n0000',
  '0032want 0000000000000000000000000000000000000000\n00000009done\n',
  '000bfoobar\n0000',
  '0004',
  '0003',
  '00a00000000000000000000000000000000000000000 1111111111111111111111111111111111111111 ' +
    'refs/heads/main\u0000report-status\n0000PACK\u0000\u0000\u0000\u0002',
  '{"a":1}',
  'PACK',
];

/** The bytes of one request. Its body's length is correct: half-sent requests belong to the tests of aborts. */
function requestBytes(d: Dice, token: string): Buffer {
  const method = d.pick(METHODS);
  const path = d.chance(0.9)
    ? `/${d.pick(OWNERS)}/${d.pick(NAMES)}${d.pick(ENDS)}`
    : d
        .bytes(60)
        .toString('latin1')
        .replace(/[\r\n ]/g, '');
  const body = d.chance(0.3) ? d.bytes(400) : Buffer.from(d.pick(BODIES), 'latin1');
  const lines = [
    `${method} ${path} HTTP/1.1`,
    'Host: 127.0.0.1',
    'Connection: close',
    `Content-Length: ${body.length}`,
    ...credentialLines(d, token),
  ];
  if (d.chance(0.7)) lines.push(`Content-Type: ${d.pick(TYPES)}`);
  const encoding = d.pick(ENCODINGS);
  if (encoding !== '') lines.push(`Content-Encoding: ${encoding}`);
  if (d.chance(0.3))
    lines.push(
      `Git-Protocol: ` +
        `${d.pick(['version=2', 'version=1', 'version=9', 'version=2:version=1', '; rm -rf /', 'x'.repeat(2000)])}`,
    );
  if (d.chance(0.05)) lines.push(`X-Padding: ${'x'.repeat(20_000)}`);
  if (d.chance(0.02)) lines.push('Transfer-Encoding: chunked');
  return Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'), body]);
}

/** Sends one request and returns everything that came back. Rejects when nothing does. */
function exchange(port: number, request: Buffer): Promise<string> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    const socket = connect({ host: '127.0.0.1', port });
    const timer = setTimeout(() => {
      socket.destroy();
      reject(new Error(`no answer to ${JSON.stringify(request.toString('latin1').slice(0, 600))}`));
    }, ANSWER_WITHIN_MS);
    const end = (): void => {
      clearTimeout(timer);
      resolve(Buffer.concat(chunks).toString('latin1'));
    };
    socket
      .on('data', (chunk) => chunks.push(chunk))
      .on('close', end)
      .on('error', () => socket.destroy());
    socket.write(request);
  });
}

test('ten thousand random requests get definite answers, and no secret reaches the log', {
  timeout: 240_000,
}, async () => {
  const database = await freshDatabase('sqlite');
  onTestFinished(database.remove);
  const options = dataOptions(database);
  const admin = async (line: string): Promise<string> =>
    (await latchkeyInside(['admin', ...line.split(' '), ...options])).stdout.trim();
  await admin('user add ada --email ada@example.org --verified');
  await admin('repo add ada/notes');
  const token = await admin('token add ada --name fuzz --classic --scope repo');
  const server = await serveUntilReady([...options, '--log-level', 'trace']);
  const port = Number(new URL(server.url).port);
  const d = dice(randomFrom(SEED));
  const statuses = new Map<string, number>();
  let sent = 0;
  const worker = async (): Promise<void> => {
    while (sent < REQUESTS) {
      sent++;
      const request = requestBytes(d, token);
      const answer = await exchange(port, request);
      const status = /^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1] ?? 'none';
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
      const told = JSON.stringify(request.toString('latin1').slice(0, 800));
      // 503 is how the fair queue says "come back later": definite, with words, and not an error.
      if (!/^(?:[1234]\d\d|503)$/.test(status)) expect.fail(`${status} for ${told}:\n${answer.slice(0, 500)}`);
      if (
        status.startsWith('4') &&
        !/^"(?:HEAD|G\\u0000T)/.test(told) &&
        answer.split('\r\n\r\n').slice(1).join('').trim() === ''
      )
        expect.fail(`no words with ${status} for ${told}`);
      expect(answer).not.toMatch(/\bat \S+ \(.*:\d+:\d+\)|node:internal/);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));

  expect([...statuses.values()].reduce((sum, count) => sum + count, 0)).toBe(REQUESTS);
  for (const status of ['200', '400', '401', '404', '405'])
    expect(statuses.get(status) ?? 0, `${status} among ${JSON.stringify([...statuses])}`).toBeGreaterThan(0);
  const alive = await fetch(`${server.url}/healthz`);
  expect(alive.status).toBe(200);
  const { stdout, stderr } = await server.stop('SIGTERM');
  expect(stderr + stdout).not.toContain(token.slice(4));
  expect(stderr + stdout).not.toContain(Buffer.from(`ada:${token}`).toString('base64').slice(8));
  expect(stderr.split('\n').filter((line) => line.includes('"level":50') || line.includes('"level":60'))).toEqual([]);
});
