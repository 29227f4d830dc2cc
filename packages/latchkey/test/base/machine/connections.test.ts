/** Who gets a place in the reserve when a server has as many connections as it may have. Real sockets, on loopback. */
import { createServer } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { expect, it, onTestFinished, vi } from 'vitest';
import { Connections } from '../../../src/base/machine/connections.ts';
import { once, within } from '../../waits.ts';

/** One place, of which nothing is left, and two in the reserve. `/instance` is never answered, as by a hanging disk. */
async function crowded() {
  const connections = new Connections({
    limit: 1,
    ofNetwork: 100,
    reserve: 2,
    trustedProxies: [],
    isPlain: true,
    onTurnedAway: () => undefined,
  });
  const server = createServer((request, response) => {
    if (connections.refuses(request.socket, request.url ?? '')) response.writeHead(503).end();
    else if (request.url !== '/instance') response.writeHead(200, { connection: 'close' }).end();
  });
  const taken: Socket[] = [];
  server.on('connection', (socket) => taken.push(socket));
  connections.watch(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void (server.closeAllConnections(), server.close()));
  const { port } = server.address() as AddressInfo;
  const open = async (text: string): Promise<Socket> => {
    const before = taken.length;
    const socket = connect(port, '127.0.0.1').on('error', () => undefined);
    socket.write(text);
    onTestFinished(() => void socket.destroy());
    await expect.poll(() => taken[before]?.bytesRead).toBe(text.length);
    return socket;
  };
  const said = async (path: string): Promise<string> => {
    const socket = await open(`GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`);
    const answer = new Promise<string>((resolve) => socket.once('data', (chunk) => resolve(chunk.toString('latin1'))));
    return within(answer, `an answer to ${path}`);
  };
  await open('');
  return { connections, open, said };
}

it('silent connections keep no health check out of the reserve', async () => {
  const { connections, open, said } = await crowded();
  for (let i = 0; i < 7; i++) await open('');
  expect(await said('/healthz')).toMatch(/^HTTP\/1\.1 200 /);
  // Five of the silent ones, for those that came later, and one more for the health check.
  expect(connections.turnedAway).toEqual({ all: 6, network: 0 });
  expect(connections.size).toBeLessThanOrEqual(1 + 2 * 2);
});

it('one that dawdles over its request gives way as well, one that has just begun does not', async () => {
  const { connections, open, said } = await crowded();
  const [now, startedAt] = [performance.now.bind(performance), performance.now()];
  const clock = vi.spyOn(performance, 'now').mockReturnValue(startedAt);
  onTestFinished(() => clock.mockRestore());
  await open('GET /login HTTP/1.1\r\n');
  await open('GET /login HTTP/1.1\r\n');
  expect(await said('/healthz')).toMatch(/^HTTP\/1\.1 503 [^]*\r\nRetry-After: 5\r\n/);
  expect(connections.turnedAway.all).toBe(1);
  clock.mockImplementation(() => now() + 300);
  expect(await said('/healthz')).toMatch(/^HTTP\/1\.1 200 /);
});

it('a request that waits for its answer keeps its place, and whoever finds none is told to come back', async () => {
  const { open, said, connections } = await crowded();
  const waiting = [await open(HANGING), await open(HANGING)];
  expect(await said('/healthz')).toMatch(/^HTTP\/1\.1 503 [^]*\r\nRetry-After: 5\r\n/);
  expect(connections.turnedAway.all).toBe(1);
  expect(waiting.map(({ destroyed }) => destroyed)).toEqual([false, false]);
});

const HANGING = 'GET /instance HTTP/1.1\r\nHost: x\r\n\r\n';
