import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect, createServer as createTcpServer, type Socket } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { once, until } from '../../latchkey/test/waits.ts';
import { type Client, createClient, type Need } from '../src/client.ts';
import { tokenIn } from '../src/guard.ts';
import { startWorld, type World } from './world.ts';

const READ: Need = { permissions: { contents: 'read' }, repository: 'acme/site' };
const WRITE: Need = { permissions: { contents: 'write' }, repository: 'acme/site' };

/** A connection to the server that counts questions and can be cut. */
async function counted(world: World): Promise<{ url: string; questions: () => number; cut: () => void }> {
  let questions = 0;
  const open = new Set<Socket>();
  const tunnel = createTcpServer((socket) => {
    const onward = connect(Number(new URL(world.server.url).port), '127.0.0.1');
    for (const one of [socket, onward]) open.add(one.on('error', () => {}).on('close', () => void open.delete(one)));
    socket.on('data', (chunk) => {
      questions += String(chunk).split('POST /api/latchkey/check').length - 1;
    });
    socket.pipe(onward).pipe(socket);
  }).listen(0, '127.0.0.1');
  await once(tunnel, 'listening');
  const cut = (): void => open.forEach((socket) => socket.destroy());
  onTestFinished(() => {
    tunnel.close();
    cut();
  });
  return { url: `http://127.0.0.1:${(tunnel.address() as AddressInfo).port}`, questions: () => questions, cut };
}

/** Keeps asking until an answer is kept. */
async function warm(client: Client, token: string): Promise<void> {
  await client.verify(token, READ);
  await until(() => client.isListening, 'the client listens');
  expect((await client.verify(token, READ)).allowed).toBe(true);
}

describe('verify', () => {
  it('says yes with whose token it is, and no with everything that is missing', async () => {
    const world = await startWorld();
    const client = world.client();
    expect(await client.verify(world.reader, READ)).toMatchObject({
      allowed: true,
      token: { login: 'ada', kind: 'fine-grained' },
    });
    expect(await client.verify(world.reader, WRITE)).toMatchObject({
      allowed: false,
      status: 403,
      reason: 'permission_missing',
      missing: [{ permission: 'contents', level: 'write' }],
      remedy: expect.stringContaining('http'),
      token: { login: 'ada' },
    });
    expect(await client.verify('nonsense', READ)).toMatchObject({ allowed: false, status: 401, token: null });
    expect(
      await client.verify(world.reader, { method: 'GET', path: '/acme/site.git/info/refs?service=git-upload-pack' }),
    ).toMatchObject({ allowed: true });
    expect((await client.check(world.reader, [READ, WRITE, READ])).map(({ allowed }) => allowed)).toEqual([
      true,
      false,
      true,
    ]);
  });

  it('asks once, and again as soon as anything has changed', async () => {
    const world = await startWorld();
    const way = await counted(world);
    const client = world.client({ url: way.url });
    await warm(client, world.reader);
    const before = way.questions();
    for (let i = 0; i < 50; i++) expect((await client.verify(world.reader, READ)).allowed).toBe(true);
    expect(way.questions()).toBe(before);
    await world.revoke();
    await until(async () => !(await client.verify(world.reader, READ)).allowed, 'the revocation is heard of');
    expect(await client.verify(world.reader, READ)).toMatchObject({ status: 401, reason: 'token_revoked' });
  });

  it('believes nothing it kept while the stream is lost, and all of it again when nothing was missed', async () => {
    const world = await startWorld();
    const way = await counted(world);
    const client = world.client({ url: way.url });
    await warm(client, world.reader);
    way.cut();
    await until(() => !client.isListening, 'the loss is noticed');
    const before = way.questions();
    expect((await client.verify(world.reader, READ)).allowed).toBe(true);
    expect(way.questions()).toBe(before + 1);
    await until(() => client.isListening, 'the client listens again');
    expect((await client.verify(world.reader, READ)).allowed).toBe(true);
    expect(way.questions()).toBe(before + 1);
  });

  it('forgets what it kept when something changed while the stream was lost', async () => {
    const world = await startWorld();
    const way = await counted(world);
    const client = world.client({ url: way.url });
    await warm(client, world.reader);
    way.cut();
    await until(() => !client.isListening, 'the loss is noticed');
    await world.revoke();
    expect((await client.verify(world.reader, READ)).allowed).toBe(false);
    await until(() => client.isListening, 'the client listens again');
    expect((await client.verify(world.reader, READ)).allowed).toBe(false);
  });

  it('without a cache knows of a revocation at once', async () => {
    const world = await startWorld();
    const client = world.client({ cache: false });
    expect((await client.verify(world.reader, READ)).allowed).toBe(true);
    await world.revoke();
    expect((await client.verify(world.reader, READ)).allowed).toBe(false);
    expect(client.isListening).toBe(false);
  });

  it('caches no more answers than configured', async () => {
    const world = await startWorld();
    const way = await counted(world);
    const client = world.client({ url: way.url, cache: { maxEntries: 1 } });
    await warm(client, world.reader);
    await client.verify(world.reader, { ...READ, public: true });
    const before = way.questions();
    await client.verify(world.reader, READ);
    expect(way.questions()).toBe(before + 1);
  });

  it('says no when the server is gone, slow, answers something else, or does not know this service', async () => {
    const world = await startWorld();
    expect(await world.client({ secret: 'lkr_wrong' }).verify(world.reader, READ)).toMatchObject({
      allowed: false,
      status: 503,
      message: expect.stringContaining('the secret of this service is not known there'),
    });
    const odd = async (answer: Parameters<typeof createServer>[1]): Promise<string> => {
      const server: Server = createServer(answer).listen(0, '127.0.0.1');
      onTestFinished(() => {
        server.closeAllConnections();
        server.close();
      });
      await once(server, 'listening');
      return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    };
    const silent = await odd(() => {});
    const wrong = await odd((_request, response) =>
      response.end('{"token":null,"max_age":60,"checks":[{"allowed":true}]}'),
    );
    const garbage = await odd((_request, response) => response.end('<html>'));
    const elsewhere = await odd((_request, response) => response.writeHead(302, { location: world.server.url }).end());
    for (const url of [silent, wrong, garbage, elsewhere, 'http://127.0.0.1:9']) {
      const client = createClient({ url, secret: world.secret, cache: false, timeoutMs: 500 });
      expect(await client.verify(world.reader, READ), url).toMatchObject({
        allowed: false,
        status: 503,
        reason: 'authority_unreachable',
      });
    }
  });
});

describe('the token of a request', () => {
  it.each([
    [['Bearer abc'], 'abc'],
    [['token abc'], 'abc'],
    [['bearer  abc'], 'abc'],
    [[`Basic ${btoa('ada:abc')}`], 'abc'],
    [[], null],
    [['Bearer'], null],
    [['Bearer a b'], null],
    [['Digest abc'], null],
    [[`Basic ${btoa('ada')}`], null],
    [[`Basic ${btoa('ada:')}`], null],
    [['Bearer abc', 'Bearer def'], null],
  ])('of %j is %j', (authorization, token) => {
    expect(tokenIn(authorization)).toBe(token);
  });
});

describe('a frozen server', () => {
  it('is waited for twice, then asked by one request at a time, until it answers again', async () => {
    const world = await startWorld();
    let isFrozen = true;
    let asked = 0;
    const onward = new URL(world.server.url);
    const server = createTcpServer((socket) => {
      asked++;
      socket.on('error', () => {});
      if (isFrozen) return;
      const there = connect(Number(onward.port), '127.0.0.1').on('error', () => {});
      socket.pipe(there).pipe(socket);
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    onTestFinished(() => void server.close());
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const client = world.client({ url, cache: false, timeoutMs: 200 });
    for (let i = 0; i < 2; i++)
      expect(await client.verify(world.reader, READ)).toMatchObject({ reason: 'authority_unreachable' });
    const many = await Promise.all(Array.from({ length: 50 }, () => client.verify(world.reader, READ)));
    for (const verdict of many) expect(verdict).toMatchObject({ allowed: false, status: 503 });
    expect(many[0]).toMatchObject({ message: expect.stringContaining('it has not answered in time lately') });
    expect(asked).toBeLessThan(10);
    isFrozen = false;
    await until(async () => (await client.verify(world.reader, READ)).allowed, 'the server is asked again');
    expect((await client.verify(world.reader, READ)).allowed).toBe(true);
  });
});
