/**
 * Receivers that accept a connection and never say a word: of webhooks, of mail, of traces. They delay nobody else, and
 * not the end of the server.
 */
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { expect, onTestFinished, test, vi } from 'vitest';
import { freshDatabase } from '../engines/engines.ts';
import { once } from '../waits.ts';
import { dataOptions, latchkey, serveUntilReady } from './latchkey-process.ts';

/** Far above the drain and five seconds, far below what a mail server is waited for. */
const STOPS_WITHIN_MS = 20_000;
/** More than a server runs jobs at the same time. */
const HANGING_HOOKS = 10;

/** Says nothing. */
async function silent() {
  const open = new Set<Socket>();
  let ended = 0;
  const server = createServer((socket) => {
    open.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => void ended++).resume();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    for (const socket of open) socket.destroy();
    server.close();
  });
  return { port: (server.address() as AddressInfo).port, heard: () => open.size, ended: () => ended };
}

test('receivers that hang delay neither those that answer nor the end of the server', {
  timeout: 120_000,
}, async () => {
  const database = await freshDatabase('sqlite');
  onTestFinished(database.remove);
  const [hooks, mail, traces] = [await silent(), await silent(), await silent()];
  const heard: string[] = [];
  const good = createHttpServer((request, response) => {
    heard.push(String(request.headers['x-github-event']));
    response.writeHead(202).end();
  }).listen(0, '127.0.0.1');
  await once(good, 'listening');
  onTestFinished(() => void good.close());
  const options = dataOptions(database);
  const admin = (line: string) => latchkey(['admin', ...line.split(' '), ...options]);
  await admin('user add ada --email ada@example.org --verified');
  await admin('repo add ada/notes');
  const token = (
    await admin('token add ada --name hooks --classic --scope repo --scope admin:repo_hook')
  ).stdout.trim();
  const more = ['--webhook-network', '127.0.0.0/8', '--drain-sec', '1', '--smtp', `smtp://127.0.0.1:${mail.port}`];
  const server = await serveUntilReady([...options, ...more, '--otlp-endpoint', `http://127.0.0.1:${traces.port}`]);
  // Each new webhook is sent a ping.
  const addHook = async (url: string): Promise<void> => {
    const made = await fetch(`${server.url}/api/v3/repos/ada/notes/hooks`, {
      method: 'POST',
      headers: { authorization: `token ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ config: { url } }),
    });
    expect([made.status, await made.text()]).toEqual([201, expect.any(String)]);
  };
  for (let n = 0; n < HANGING_HOOKS; n++) await addHook(`http://127.0.0.1:${hooks.port}/${n}`);
  await vi.waitFor(() => expect(hooks.heard()).toBeGreaterThan(0), { timeout: 20_000 });
  const { port } = good.address() as AddressInfo;
  await addHook(`http://127.0.0.1:${port}/`);
  await vi.waitFor(() => expect(heard).toEqual(['ping']), { timeout: 20_000, interval: 20 });
  // None of those that hang has had to be given up for it.
  expect(hooks.ended()).toBe(0);
  await vi.waitFor(() => expect([mail.heard(), traces.heard()].every((count) => count > 0)).toBe(true), {
    timeout: 30_000,
  });
  const startedAt = performance.now();
  expect((await server.stop('SIGTERM')).code).toBe(0);
  expect(performance.now() - startedAt).toBeLessThan(STOPS_WITHIN_MS);
});
