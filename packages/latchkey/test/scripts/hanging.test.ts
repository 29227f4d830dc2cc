/**
 * Receivers that accept a connection and never answer: of webhooks, of mail, of traces. They delay neither anybody else
 * nor the end of the server.
 */
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { expect, onTestFinished, test, vi } from 'vitest';
import { readyDatabase } from '../engines/engines.ts';
import { once } from '../waits.ts';
import { dataOptions, latchkeyInside, serveUntilReady } from './latchkey-process.ts';

const DRAIN_SEC = 1;
/** The promise, whatever hangs. */
const STOPS_WITHIN_MS = (DRAIN_SEC + 5) * 1000;
/** A receiver gets longer than this: anything sooner did not wait for it. */
const HANGS_FOR_MS = 10_000;
const HANGING_RECEIVERS = 10;

/** Says nothing, on every loopback address. */
async function silent() {
  const open = new Set<Socket>();
  let ended = 0;
  const server = createServer((socket) => {
    open.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => void ended++).resume();
  }).listen(0, '0.0.0.0');
  await once(server, 'listening');
  onTestFinished(() => {
    for (const socket of open) socket.destroy();
    server.close();
  });
  return { port: (server.address() as AddressInfo).port, heard: () => open.size, ended: () => ended };
}

test('ten receivers that hang delay none that answers; with mail and traces that hang, the server stops in time', {
  timeout: 120_000,
}, async () => {
  const database = await readyDatabase('sqlite');
  onTestFinished(database.remove);
  const [hooks, mail, traces] = [await silent(), await silent(), await silent()];
  const heard: { event: string; at: number; hung: number }[] = [];
  const good = createHttpServer((request, response) => {
    heard.push({ event: String(request.headers['x-github-event']), at: performance.now(), hung: hooks.ended() });
    response.writeHead(202).end();
  }).listen(0, '127.0.0.1');
  await once(good, 'listening');
  onTestFinished(() => void good.close());
  const options = dataOptions(database);
  const admin = (line: string) => latchkeyInside(['admin', ...line.split(' '), ...options]);
  await admin('user add ada --email ada@example.org --verified');
  await admin('repo add ada/notes');
  const token = (
    await admin('token add ada --name hooks --classic --scope repo --scope admin:repo_hook')
  ).stdout.trim();
  const addresses = ['--smtp', `smtp://127.0.0.1:${mail.port}`, '--otlp-endpoint', `http://127.0.0.1:${traces.port}`];
  const more = ['--webhook-network', '127.0.0.0/8', '--drain-sec', String(DRAIN_SEC), ...addresses];
  const server = await serveUntilReady([...options, ...more]);
  const ask = async (path: string, body: object): Promise<void> => {
    const made = await fetch(`${server.url}/api/v3/repos/ada/notes/${path}`, {
      method: 'POST',
      headers: { authorization: `token ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    expect([made.status, await made.text()]).toEqual([201, expect.any(String)]);
  };
  // Each is a separate receiver, and each new webhook gets a ping.
  for (let n = 1; n <= HANGING_RECEIVERS; n++)
    await ask('hooks', { config: { url: `http://127.0.0.${n}:${hooks.port}/` } });
  await vi.waitFor(() => expect(hooks.heard()).toBeGreaterThan(0), { timeout: 20_000 });
  const startedAt = performance.now();
  const { port } = good.address() as AddressInfo;
  await ask('hooks', { config: { url: `http://127.0.0.1:${port}/` } });
  await vi.waitFor(() => expect(heard).toMatchObject([{ event: 'ping' }]), { timeout: 30_000, interval: 20 });
  expect(heard[0]?.at).toBeLessThan(startedAt + HANGS_FOR_MS);
  // None of the hanging ones had to be given up for it.
  expect(heard[0]?.hung).toBe(0);
  await vi.waitFor(
    () => expect([hooks.heard(), mail.heard() > 0, traces.heard() > 0]).toEqual([HANGING_RECEIVERS, true, true]),
    { timeout: 30_000 },
  );
  const stoppedAt = performance.now();
  expect((await server.stop('SIGTERM')).code).toBe(0);
  expect(performance.now() - stoppedAt).toBeLessThan(STOPS_WITHIN_MS);
});
