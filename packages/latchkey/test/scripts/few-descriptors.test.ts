/**
 * A stranger attacks a machine with few descriptors: opens as many connections as possible, is silent on them, and
 * requests a clone, for which the server has no pipes left. The server must survive, answer its health check, and serve
 * everybody again once the stranger is gone.
 */

import { mkdtemp, rm } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { readyDatabase } from '../engines/engines.ts';
import { dataOptions, latchkeyInside, runProgram, type Serving, serveUntilReady } from './latchkey-process.ts';

interface Served {
  readonly serving: Serving;
  readonly home: string;
  readonly options: readonly string[];
}

async function serveWith(openFiles: number, ...more: string[]): Promise<Served> {
  const database = await readyDatabase('sqlite');
  onTestFinished(database.remove);
  const options = dataOptions(database);
  const home = await mkdtemp(join(tmpdir(), 'latchkey-few-'));
  onTestFinished(() => rm(home, { recursive: true, force: true }));
  await latchkeyInside(['admin', 'user', 'add', 'ada', '--email', 'ada@example.org', '--verified', ...options]);
  await latchkeyInside(['admin', 'repo', 'add', 'ada/open', '--public', ...options]);
  const under = ['/bin/sh', '-c', `ulimit -n ${openFiles}; exec "$0" "$@"`];
  return { serving: await serveUntilReady([...options, ...more], undefined, under), home, options };
}

/** Silent connections; those that the server ends stay in the list. */
function bareConnections(url: string, count: number): Promise<Socket[]> {
  const { hostname, port } = new URL(url);
  const sockets = Array.from({ length: count }, () => connect(Number(port), hostname));
  onTestFinished(() => sockets.forEach((socket) => socket.destroy()));
  return Promise.all(
    sockets.map(
      (socket) =>
        new Promise<Socket>((resolve) => {
          socket.on('error', () => resolve(socket));
          socket.once('connect', () => resolve(socket));
        }),
    ),
  );
}

const clone = (serving: Serving, home: string, name: string): ReturnType<typeof runProgram> =>
  runProgram('git', ['clone', '-q', `${serving.url}/ada/open.git`, join(home, name)], { env: { HOME: home } });

describe.each([64, 256])('with %s descriptors', (openFiles) => {
  test('neither silent connections nor a clone end the server, and all is served again afterwards', {
    timeout: 90_000,
  }, async () => {
    const { serving, home } = await serveWith(openFiles);
    const bare = await bareConnections(serving.url, openFiles);
    for (let i = 0; i < 4; i++) await clone(serving, home, `crowded-${i}`);
    await vi.waitFor(async () => expect((await fetch(`${serving.url}/healthz`)).status).toBe(200), { timeout: 20_000 });
    expect(serving.child.exitCode).toBeNull();
    await expect.poll(() => serving.output().stderr).toContain('connections are turned away');
    expect(serving.output().stderr).not.toMatch(/uncaught|TypeError/i);
    for (const socket of bare) socket.destroy();
    await vi.waitFor(
      async () => {
        const cloned = await clone(serving, home, `after-${Math.random()}`);
        expect(cloned.stderr).not.toMatch(/fatal/);
        expect(cloned.code).toBe(0);
      },
      { timeout: 20_000, interval: 500 },
    );
    expect((await serving.stop('SIGTERM')).code).toBe(0);
  });
});

test('with 1,024 descriptors and 990 connections a push is done or refused, never in part, and is done afterwards', {
  timeout: 120_000,
}, async () => {
  const { serving, home, options } = await serveWith(1024);
  const made = await latchkeyInside([
    'admin',
    'token',
    'add',
    'ada',
    '--name',
    'pusher',
    '--classic',
    '--scope',
    'repo',
    ...options,
  ]);
  const origin = `${serving.url.replace('://', `://ada:${made.stdout.trim()}@`)}/ada/open.git`;
  const git = (...args: string[]) =>
    runProgram('git', ['-c', 'user.name=Ada', '-c', 'user.email=ada@example.org', ...args], {
      cwd: home,
      env: { HOME: home },
    });
  await git('init', '-q', '-b', 'main');
  await git('commit', '-q', '--allow-empty', '-m', 'first');
  const bare = await bareConnections(serving.url, 990);
  // While many are turned away at once, some are without a word.
  await vi.waitFor(async () => expect((await fetch(`${serving.url}/`)).status).toBe(503), { timeout: 20_000 });
  expect(bare.filter((socket) => !socket.destroyed).length).toBeGreaterThan(100);
  const pushed = await git('push', origin, 'main:crowded');
  expect(pushed.stderr).toMatch(pushed.code === 0 ? /new branch/ : /503/);
  await vi.waitFor(async () => expect((await fetch(`${serving.url}/healthz`)).status).toBe(200), { timeout: 20_000 });
  expect(serving.child.exitCode).toBeNull();
  expect(serving.output().stderr).not.toMatch(/uncaught|TypeError/i);
  for (const socket of bare) socket.destroy();
  await vi.waitFor(async () => expect((await git('push', origin, 'main:after')).code).toBe(0), {
    timeout: 30_000,
    interval: 500,
  });
  const refs = (await git('ls-remote', origin)).stdout;
  expect(refs).toContain('refs/heads/after');
  expect(refs.includes('refs/heads/crowded')).toBe(pushed.code === 0);
  expect((await serving.stop('SIGTERM')).code).toBe(0);
});

test('who is turned away is told 503 and when to come again; health checks and administrators have places', {
  timeout: 60_000,
}, async () => {
  const { serving } = await serveWith(256, '--max-connections', '5', '--metrics-port', '0');
  const bare = await bareConnections(serving.url, 5);
  const turned = await fetch(`${serving.url}/`);
  expect([turned.status, turned.headers.get('retry-after'), turned.headers.get('x-latchkey-reason')]).toEqual([
    503,
    '5',
    'descriptors_exhausted',
  ]);
  // Where somebody looks who is to mend it: the sign-in comes before the page of the instance.
  for (const path of ['readyz', 'login', 'instance/health'])
    expect([path, (await fetch(`${serving.url}/${path}`)).status]).toEqual([path, 200]);
  // Silent ones give way to whoever comes later, as often as they try.
  await bareConnections(serving.url, 20);
  await expect.poll(async () => (await fetch(`${serving.url}/healthz`)).status).toBe(200);
  const metrics = /"url":"(http[^"]+)"[^\n]*"msg":"metrics"/.exec(serving.output().stderr)?.[1] ?? '';
  expect(await (await fetch(metrics)).text()).toMatch(/latchkey_connections_turned_away_total\{why="all"\} [1-9]/);
  for (const socket of bare) socket.destroy();
  await vi.waitFor(async () => expect((await fetch(`${serving.url}/`)).status).toBe(200), { timeout: 10_000 });
});

test('one network has its share, and others are served', { timeout: 60_000 }, async () => {
  const { serving } = await serveWith(256, '--max-connections-of-network', '3', '--trusted-proxy', '10.0.0.0/8');
  await bareConnections(serving.url, 3);
  const answer = await fetch(`${serving.url}/healthz`).catch((error: unknown) => error);
  expect(answer).toMatchObject({ status: 503 });
  await expect.poll(() => serving.output().stderr).toContain('"why":"network"');
});
