/**
 * Two real servers on one real PostgreSQL behind a proxy, restarted one after the other under load: no request fails,
 * and running transfers arrive.
 *
 * nginx is a program of the machine, not of the checkout: if it is missing, its suite is not declared, and a line says
 * so.
 */
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { Agent, get } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import { addUser } from '../../src/actions/accounts/accounts.ts';
import { operatorPermit } from '../../src/actions/decision/authorize.ts';
import { openContext } from '../../src/actions/instance/open.ts';
import { addRepository } from '../../src/actions/repositories/repositories.ts';
import { createToken } from '../../src/actions/tokens/tokens.ts';
import { makeLog } from '../../src/base/log.ts';
import { loadSettings } from '../../src/base/settings/settings.ts';
import { type Ran, runGit } from '../doors/git/server.ts';
import { type Balancer, balancer } from '../engines/balancer.ts';
import { readyDatabase } from '../engines/engines.ts';
import { freePort } from '../engines/free-port.ts';
import { gate } from '../engines/gate.ts';
import { once } from '../waits.ts';
import { type Serving, serveUntilReady } from './latchkey-process.ts';

/** More than all buffers between the two gits hold. */
const LARGE_BYTES = 64 * 1024 * 1024;
const HELD_AFTER_BYTES = 1024 * 1024;

interface World {
  readonly folder: string;
  readonly token: string;
  start(...more: string[]): Promise<Serving>;
  git(args: readonly string[], at?: string): Promise<Ran>;
  ok(args: readonly string[], at?: string): Promise<string>;
  remote(port: number, name: string): string;
  remove(): Promise<void>;
}

/** ada with the repositories `large`, whose only commit is in the folder `work`, and `empty`. */
async function makeWorld(): Promise<World> {
  const database = await readyDatabase('postgres');
  const folder = await mkdtemp(join(tmpdir(), 'latchkey-rolling-'));
  const flags = { data: database.dataDir, database: database.databaseUrl!, repositories: join(folder, 'repositories') };
  const context = await openContext(loadSettings({ flags, env: {} }), makeLog('silent'));
  await addUser(context, operatorPermit(), {
    login: 'ada',
    email: 'ada@example.org',
    password: null,
    admin: false,
    verified: true,
  });
  for (const name of ['large', 'empty'])
    await addRepository(context, operatorPermit(), { owner: 'ada', name, visibility: 'private' });
  const { secret } = await createToken(context, operatorPermit(), {
    userLogin: 'ada',
    kind: 'classic',
    name: 'all',
    description: '',
    scopes: ['repo'],
    grants: [],
  });
  const bare = context.git.path('ada', 'large');
  await context.close();
  const identity = {
    HOME: folder,
    GIT_AUTHOR_NAME: 'Ada',
    GIT_AUTHOR_EMAIL: 'ada@example.org',
    GIT_COMMITTER_NAME: 'Ada',
    GIT_COMMITTER_EMAIL: 'ada@example.org',
  };
  const git = (args: readonly string[], at = '.'): Promise<Ran> => runGit(args, join(folder, at), identity);
  const ok = async (args: readonly string[], at?: string): Promise<string> => {
    const ran = await git(args, at);
    expect(ran.code, ran.stderr).toBe(0);
    return ran.stdout.trim();
  };
  await ok(['init', '-q', '-b', 'main', 'work']);
  await writeFile(join(folder, 'work', 'large'), randomBytes(LARGE_BYTES));
  await ok(['config', 'core.compression', '0'], 'work');
  await ok(['add', '.'], 'work');
  await ok(['commit', '-q', '-m', 'large'], 'work');
  await ok(['push', '-q', bare, 'main'], 'work');
  return {
    folder,
    git,
    ok,
    token: secret.reveal(),
    start: (...more) =>
      serveUntilReady([
        '--data',
        flags.data,
        '--database',
        flags.database,
        '--repositories',
        flags.repositories,
        '--api-rate-limit',
        '0',
        ...more,
      ]),
    remote: (port, name) => `http://ada:${secret.reveal()}@127.0.0.1:${port}/ada/${name}.git`,
    remove: () => rm(folder, { recursive: true, force: true }).then(database.remove),
  };
}

/** Each kind of request, and the pause of its loop in ms: the nodes need the processor, too. */
const RESTS = { rest: 8, forward: 8, 'ls-remote': 40 } as const;
const KINDS = Object.keys(RESTS) as (keyof typeof RESTS)[];

/** Sends every kind of request all the time, and records every wrong answer. */
class Load {
  /** Each kind once. */
  readonly failures = new Set<string>();
  readonly answered = { rest: 0, forward: 0, 'ls-remote': 0 };
  readonly #agent = new Agent({ keepAlive: true });
  readonly #loops: Promise<void>[];
  #stopped = false;

  constructor({ url, port }: Pick<Balancer, 'url' | 'port'>, { token, git, remote }: World) {
    const bearer = { authorization: `Bearer ${token}` };
    const forwarded = {
      ...bearer,
      'x-forwarded-method': 'GET',
      'x-forwarded-uri': '/ada/large.git/info/refs?service=git-receive-pack',
      'x-forwarded-host': 'git.example.org',
    };
    const rest = (): Promise<string> => this.#status(`${url}/api/v3/repos/ada/large/branches/main`, bearer);
    const forward = (): Promise<string> => this.#status(`${url}/forward-auth`, forwarded);
    const lsRemote = async (): Promise<string> => {
      const { code, stdout, stderr } = await git(['ls-remote', remote(port, 'large'), 'main']);
      return code === 0 && stdout.endsWith('refs/heads/main\n') ? '200' : stderr;
    };
    this.#loops = [
      this.#ask('rest', rest),
      this.#ask('rest', rest),
      this.#ask('forward', forward),
      this.#ask('forward', forward),
      this.#ask('ls-remote', lsRemote),
    ];
  }

  /** Resolves when every kind was answered a few more times. */
  async goesOn(): Promise<void> {
    const before = { ...this.answered };
    await vi.waitFor(
      () => {
        for (const kind of KINDS) expect(this.answered[kind]).toBeGreaterThan(before[kind] + 10);
      },
      { timeout: 60_000 },
    );
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all(this.#loops);
    this.#agent.destroy();
  }

  async #ask(kind: (typeof KINDS)[number], work: () => Promise<string>): Promise<void> {
    while (!this.#stopped) {
      const outcome = await work().catch(String);
      if (outcome === '200') this.answered[kind]++;
      else this.failures.add(`${kind}: ${outcome}`);
      await pause(RESTS[kind]);
    }
  }

  #status(url: string, headers: Readonly<Record<string, string>>): Promise<string> {
    return new Promise((resolve, reject) => {
      get(url, { agent: this.#agent, headers }, (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (piece: string) => {
          text += piece;
        });
        response
          .on('end', () => resolve(response.statusCode === 200 ? '200' : `${response.statusCode} ${text}`))
          .on('error', reject);
      }).on('error', reject);
    });
  }
}

/**
 * Asks one node to stop while something is held on it, puts another in its place, lets go, and returns how long the old
 * one lived after that, in ms.
 */
async function replace(
  world: World,
  proxy: Balancer,
  place: number,
  old: Serving,
  load: Load,
  letGo: () => Promise<void>,
): Promise<number> {
  const ended = old.stop('SIGTERM');
  await vi.waitFor(() => expect(proxy.isReady(place)).toBe(false), { timeout: 60_000 });
  await vi.waitFor(() => expect(fetch(`${old.url}/healthz`)).rejects.toThrow('fetch failed'), { timeout: 60_000 });
  await load.goesOn();
  proxy.replace(place, (await world.start('--stop-delay-sec', '1', '--drain-sec', '90')).url);
  await vi.waitFor(() => expect(proxy.isReady(place)).toBe(true), { timeout: 60_000 });
  expect(old.child.exitCode).toBeNull();
  await letGo();
  const letGoAt = performance.now();
  expect((await ended).code).toBe(0);
  return performance.now() - letGoAt;
}

/** For all tests of this file. */
let world: World;
beforeAll(async () => {
  world = await makeWorld();
});
afterAll(() => world.remove());

const NGINX = ['/usr/sbin/nginx', '/usr/bin/nginx'].find((path) => existsSync(path)) ?? null;

/** nginx, set up as in docs/operations.md, in front of nodes on these ports. */
async function nginxBefore(folder: string, ports: readonly number[]): Promise<number> {
  const documented = /```\n(upstream latchkey[\s\S]*?)```/.exec(
    await readFile(join(import.meta.dirname, '../../../../docs/operations.md'), 'utf8'),
  )![1]!;
  const port = await freePort();
  const site = documented
    .replaceAll(/node-(\d):7070/g, (_, place: string) => `127.0.0.1:${ports[Number(place) - 1]}`)
    .replace('server {\n', `server {\n  listen 127.0.0.1:${port};\n`);
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((name) => `${name}_temp_path ${folder}/${name};`)
    .join(' ');
  const user = process.getuid?.() === 0 ? 'user root;' : '';
  const conf = join(folder, 'nginx.conf');
  await writeFile(
    conf,
    `${user} daemon off; worker_processes 1; pid ${folder}/pid; error_log ${folder}/error.log; events {} http { ` +
      `access_log off; ${temporary}\n${site} }`,
  );
  const child = spawn(NGINX!, ['-p', folder, '-c', conf], { stdio: ['ignore', 'ignore', 'inherit'] });
  const closed = once(child, 'close', 240_000);
  onTestFinished(async () => {
    child.kill('SIGTERM');
    await closed;
  });
  await vi.waitFor(() => fetch(`http://127.0.0.1:${port}/healthz`), { timeout: 60_000 });
  return port;
}

function behindNginx(): void {
  test('are restarted one after the other without a failed request', { timeout: 240_000 }, async () => {
    const ports = [await freePort(), await freePort()];
    const nodes = await Promise.all(ports.map((port) => world.start('--stop-delay-sec', '1', '--port', String(port))));
    const port = await nginxBefore(world.folder, ports);
    const load = new Load({ port, url: `http://127.0.0.1:${port}` }, world);
    onTestFinished(() => load.stop());
    for (const [place, node] of nodes.entries()) {
      await load.goesOn();
      expect((await node.stop('SIGTERM')).code).toBe(0);
      await load.goesOn();
      await world.start('--stop-delay-sec', '1', '--port', String(ports[place]));
    }
    await load.goesOn();
    await load.stop();
    expect([...load.failures]).toEqual([]);
  });
}

if (NGINX === null) process.stderr.write('rolling restarts behind nginx are not tested here: nginx is missing\n');
else describe('two nodes behind nginx', behindNginx);

describe('two nodes behind a proxy', () => {
  test('are restarted in turn without a failed request, and a clone and a push that began before arrive whole', {
    timeout: 240_000,
  }, async () => {
    const nodes = [
      await world.start('--stop-delay-sec', '1', '--drain-sec', '90'),
      await world.start('--stop-delay-sec', '1', '--drain-sec', '90'),
    ] as const;
    const proxy = await balancer(nodes.map(({ url }) => url));
    await vi.waitFor(() => expect([proxy.isReady(0), proxy.isReady(1)]).toEqual([true, true]), { timeout: 60_000 });
    const load = new Load(proxy, world);
    onTestFinished(() => load.stop());
    await load.goesOn();

    proxy.pins.set('/ada/large.git/git-upload-pack', 0);
    const down = await gate(proxy.port, 'down', HELD_AFTER_BYTES);
    const clone = world.git(['clone', '-q', world.remote(down.port, 'large'), 'clone']);
    await down.held;
    const afterClone = await replace(world, proxy, 0, nodes[0], load, async () => {
      down.open();
      const { code, stderr } = await clone;
      expect(code, stderr).toBe(0);
    });
    await world.ok(['fsck', '--full'], 'clone');
    expect(await world.ok(['rev-parse', 'HEAD'], 'clone')).toBe(await world.ok(['rev-parse', 'HEAD'], 'work'));

    proxy.pins.set('/ada/empty.git/git-receive-pack', 1);
    const up = await gate(proxy.port, 'up', HELD_AFTER_BYTES);
    const push = world.git(['push', '-q', world.remote(up.port, 'empty'), 'main'], 'work');
    await up.held;
    const afterPush = await replace(world, proxy, 1, nodes[1], load, async () => {
      up.open();
      const { code, stderr } = await push;
      expect(code, stderr).toBe(0);
    });
    expect(await world.ok(['ls-remote', world.remote(proxy.port, 'empty'), 'main'])).toContain(
      await world.ok(['rev-parse', 'HEAD'], 'work'),
    );
    await world.ok(['fsck', '--full'], 'repositories/ada/empty.git');

    await load.goesOn();
    await load.stop();
    expect([...load.failures]).toEqual([]);
    // Long before the time limit for transfers.
    expect(Math.max(afterClone, afterPush)).toBeLessThan(60_000);
  });

  test('end what does not end by itself: a transfer that goes on for too long is cut off', {
    timeout: 120_000,
  }, async () => {
    const node = await world.start('--drain-sec', '1');
    const held = await gate(Number(new URL(node.url).port), 'down', HELD_AFTER_BYTES);
    const clone = world.git(['clone', '-q', world.remote(held.port, 'large'), 'cut']);
    await held.held;
    const askedAt = performance.now();
    expect((await node.stop('SIGTERM')).code).toBe(0);
    const tookMs = performance.now() - askedAt;
    expect(tookMs).toBeGreaterThanOrEqual(1_000);
    expect(tookMs).toBeLessThan(60_000);
    held.open();
    expect((await clone).code).toBe(128);
  });
});
