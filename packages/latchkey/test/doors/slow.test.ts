/**
 * Somebody at one address sends slowly, or nothing, to hold what others need: processes, connections, memory. Also the
 * headers and cipher suites of every answer, whichever door sends it.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { type IncomingMessage, request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ConnectionOptions, connect as connectTls, type TLSSocket } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { once, until } from '../waits.ts';
import { type Running, startWorld } from './github/running.ts';

let world: Running;
let token = '';
const certificate = mkdtempSync(join(tmpdir(), 'latchkey-slow-'));
const [tlsCert, tlsKey] = [join(certificate, 'cert.pem'), join(certificate, 'key.pem')];
let secure: Running;

beforeAll(async () => {
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-subj', '/CN=localhost'];
  execFileSync('openssl', ['req', '-x509', ...curve, '-keyout', tlsKey, '-out', tlsCert], { stdio: 'ignore' });
  secure = await startWorld({ tlsCert, tlsKey });
  world = await startWorld({ bodyTimeoutSec: 1, gitIdleTimeoutSec: 1 });
  await world.person('ada');
  await world.repository('ada/open', 'public');
  token = (await world.token('ada', { kind: 'classic', scopes: ['repo'], grants: [] })).secret;
});
afterAll(async () => {
  await world.close();
  await secure.close();
  rmSync(certificate, { recursive: true });
});

interface Slow {
  readonly socket: Socket;
  text(): string;
  /** Settles when the server has closed the connection. */
  readonly closed: Promise<void>;
}

/** Sends the head of a request with a body to follow, and then a byte ten times a second. */
function slow(head: readonly string[], drip: boolean): Slow {
  let text = '';
  const socket = connect(Number(new URL(world.server.url).port), '127.0.0.1', () =>
    socket.write(`${[...head, 'Host: localhost', 'Content-Length: 100000'].join('\r\n')}\r\n\r\n`),
  );
  const dripping = drip ? setInterval(() => socket.write('0'), 100) : undefined;
  socket.setEncoding('utf8').on('data', (part: string) => {
    text += part;
  });
  socket.on('error', () => undefined);
  const closed = new Promise<void>((resolve) => {
    socket.on('close', () => {
      clearInterval(dripping);
      resolve();
    });
  });
  return { socket, text: () => text, closed };
}

describe('a body that comes a byte at a time', () => {
  it.each([
    ['a form', ['POST /login HTTP/1.1', 'Content-Type: application/x-www-form-urlencoded']],
    ['GitHub’s API', ['PUT /api/v3/repos/ada/open/contents/a HTTP/1.1', 'Content-Type: application/json']],
    [
      'GitLab’s API',
      ['POST /api/v4/projects/ada%2Fopen/repository/files/a HTTP/1.1', 'Content-Type: application/json'],
    ],
    ['a question of another service', ['POST /oauth/introspect HTTP/1.1', 'Content-Type: application/json']],
  ])('has its time, which no byte renews: %s', async (_, head) => {
    const client = slow([...head, `Authorization: Bearer ${token}`], true);
    await client.closed;
    expect(client.text()).toMatch(/^HTTP\/1\.1 (?:408|401|400)/);
  });

  it('is cut off in a push or fetch, too', async () => {
    const client = slow(
      ['POST /ada/open.git/git-upload-pack HTTP/1.1', 'Content-Type: application/x-git-upload-pack-request'],
      true,
    );
    await client.closed;
    await until(() => world.server.context.git.load().running === 0, 'no process is left');
  });
});

describe('a git request that says nothing', () => {
  it('gets no place for a process before the first of its body is there', async () => {
    const silent = Array.from({ length: 40 }, () =>
      slow(
        ['POST /ada/open.git/git-upload-pack HTTP/1.1', 'Content-Type: application/x-git-upload-pack-request'],
        false,
      ),
    );
    // Answered after those were read: they came first.
    for (let i = 0; i < 5; i++) expect(await world.gitStatus('ada/open', 'git-upload-pack', null)).toBe(200);
    expect(world.server.context.git.load()).toEqual({ running: 0, queued: 0 });
    for (const { socket } of silent) socket.destroy();
  });

  it.each([
    ['a fetch in version 0', 'upload-pack', { 'Content-Length': '0' }],
    ['a fetch in version 2', 'upload-pack', { 'Content-Length': '0', 'Git-Protocol': 'version=2' }],
    ['a fetch in chunks', 'upload-pack', { 'Transfer-Encoding': 'chunked' }],
    ['a push', 'receive-pack', { 'Content-Length': '0' }],
    ['a push in chunks', 'receive-pack', { 'Transfer-Encoding': 'chunked' }],
  ])('is answered at once when its body is empty, whoever asks for the first time: %s', async (_, service, headers) => {
    // Nothing is remembered of a new token: the body has ended before the decision is there.
    const { secret } = await world.token('ada', { kind: 'classic', scopes: ['repo'], grants: [] });
    const sent = request(`${world.server.url}/ada/open.git/git-${service}`, {
      method: 'POST',
      headers: {
        ...headers,
        Authorization: `Bearer ${secret}`,
        'Content-Type': `application/x-git-${service}-request`,
      },
    });
    sent.end();
    const [response] = (await once(sent, 'response')) as [IncomingMessage];
    response.resume();
    expect(response.statusCode).toBe(400);
  });
});

describe('every answer that a browser may show', () => {
  it.each([
    '/login',
    '/nothing/at/all',
    '/api/v3/user',
    '/api/v4/user',
    '/healthz',
    '/oauth/token',
    '/.well-known/oauth-authorization-server',
    '/ada/closed.git/info/refs?service=git-upload-pack',
    '/forward-auth',
  ])('is not sniffed, framed, or run: %s', async (path) => {
    const { headers } = await fetch(world.server.url + path, { redirect: 'manual' });
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('content-security-policy')).toMatch(/default-src 'none'.*frame-ancestors 'none'/);
  });
});

const handshake = (options: ConnectionOptions, { server }: Running = secure): Promise<TLSSocket> =>
  new Promise((resolve, reject) => {
    const port = Number(new URL(server.url).port);
    const socket = connectTls({ port, rejectUnauthorized: false, ...options }, () => resolve(socket));
    socket.on('error', reject);
  });

describe.concurrent('a stop does not wait for connections opened in advance, on which nothing was said,', () => {
  /** Longer than the test has: whoever waits for them is late. */
  const DRAIN_SEC = 600;

  const open = async (stopping: Running, count: number): Promise<void> => {
    const { registry } = stopping.server.context.metrics;
    const told = new RegExp(`^latchkey_connections ${count}$`, 'm');
    await until(async () => told.test(await registry.metrics()), 'all are connected');
  };

  it('over HTTP', async () => {
    const stopping = await startWorld({ drainSec: DRAIN_SEC });
    const silent = connect(Number(new URL(stopping.server.url).port), '127.0.0.1').on('error', () => undefined);
    await open(stopping, 1);
    await Promise.all([stopping.close(), once(silent, 'close')]);
  });

  it('over TLS, before and after the handshake', async () => {
    const stopping = await startWorld({ drainSec: DRAIN_SEC, tlsCert, tlsKey });
    const silent = connect(Number(new URL(stopping.server.url).port), '127.0.0.1').on('error', () => undefined);
    const greeted = await handshake({}, stopping);
    await open(stopping, 2);
    await Promise.all([stopping.close(), once(silent, 'close'), once(greeted, 'close')]);
  });
});

describe('TLS', () => {
  it('is 1.3 where both can, and else 1.2 with forward secrecy', async () => {
    const newest = await handshake({});
    expect(newest.getProtocol()).toBe('TLSv1.3');
    newest.destroy();
    const older = await handshake({ maxVersion: 'TLSv1.2' });
    expect(older.getCipher().name).toMatch(/^ECDHE-.*(?:GCM|POLY1305)/);
    older.destroy();
  });

  it.each([
    { maxVersion: 'TLSv1.2', ciphers: 'AES128-GCM-SHA256:AES256-SHA:AES128-SHA' },
    { maxVersion: 'TLSv1.1' },
  ] as const)('does without what can be read later with the key: %j', async (options) => {
    await expect(handshake({ minVersion: 'TLSv1', ...options })).rejects.toThrow(/handshake|protocol|alert|cipher/i);
  });

  it('is what browsers are told to insist on, for the names below, too', async () => {
    const socket = await handshake({});
    socket.write('GET /api/v3/user HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n');
    const parts: Buffer[] = [];
    for await (const part of socket as AsyncIterable<Buffer>) parts.push(part);
    expect(Buffer.concat(parts).toString()).toMatch(/strict-transport-security: max-age=31536000; includeSubDomains/i);
  });
});
