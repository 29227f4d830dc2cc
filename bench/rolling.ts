/**
 * A rolling restart under load: of two workers, by SIGHUP, and of two nodes on one PostgreSQL behind nginx, one after
 * the other, again and again until `REQUESTS` were answered. What is counted are requests that failed. Nothing here
 * sends a request a second time, except nginx where docs/operations.md has it do so.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { Agent, get } from 'node:http';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { freePort } from '../packages/latchkey/test/engines/free-port.ts';
import { run } from './command.ts';
import type { Row } from './measure.ts';
import { startPostgres } from './postgres.ts';
import { MAIN, type Served, serve, startWorld } from './server.ts';

const REQUESTS = 100_000;
const CONNECTIONS = 16;
const NGINX = '/usr/sbin/nginx';

/** Asks all the time, on kept connections: a check, REST, and git's first question in turn. */
class Load {
  answered = 0;
  readonly failures = new Map<string, number>();
  readonly #loops: Promise<void>[];
  readonly #agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });
  #stopped = false;

  constructor(url: string, token: string) {
    const authorization = `Bearer ${token}`;
    const basic = `Basic ${Buffer.from(`ada:${token}`).toString('base64')}`;
    const asked = [
      ['/forward-auth', { authorization, 'x-forwarded-method': 'GET', 'x-forwarded-uri': '/ada/work.git/info/refs' }],
      ['/api/v3/repos/ada/work', { authorization, 'user-agent': 'bench' }],
      ['/ada/work.git/info/refs?service=git-upload-pack', { authorization: basic, 'git-protocol': 'version=2' }],
    ] as const;
    this.#loops = Array.from({ length: CONNECTIONS }, async (_, i) => {
      for (let n = i; !this.#stopped; n++) {
        const [path, headers] = asked[n % asked.length]!;
        const outcome = await this.#status(`${url}${path}`, headers);
        if (outcome === '200') this.answered++;
        else this.failures.set(outcome, (this.failures.get(outcome) ?? 0) + 1);
      }
    });
  }

  get asked(): number {
    return this.answered + [...this.failures.values()].reduce((sum, count) => sum + count, 0);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all(this.#loops);
    this.#agent.destroy();
  }

  #status(url: string, headers: Readonly<Record<string, string>>): Promise<string> {
    return new Promise((resolve) => {
      get(url, { agent: this.#agent, headers }, (response) => {
        response
          .resume()
          .once('end', () => resolve(String(response.statusCode)))
          .once('error', (error) => resolve(error.message));
      }).once('error', (error) => resolve(error.message));
    });
  }
}

/** Restarts until enough was asked. @param restart one round */
async function under(load: Load, restart: (round: number) => Promise<void>): Promise<number> {
  let restarts = 0;
  const before = load.asked;
  while (load.asked - before < REQUESTS) {
    await restart(restarts++);
    const now = load.asked;
    while (load.asked < now + 1_000) await pause(20);
  }
  await load.stop();
  return restarts;
}

function rowOf(what: string, load: Load, restarts: number, of: string): Row {
  const failed = [...load.failures.values()].reduce((sum, count) => sum + count, 0);
  const kinds = [...load.failures].map(([kind, count]) => `${count} × ${kind}`).join(', ');
  return {
    suite: 'rolling',
    what,
    figure: `${failed} of ${load.asked} requests failed${kinds === '' ? '' : `: ${kinds}`}`,
    goal: '0 of 100,000',
    reached: failed === 0,
    detail: `${restarts} restarts of ${of}; checks, REST and git's first question on ${CONNECTIONS} connections`,
  };
}

async function ofWorkers(folder: string): Promise<Row> {
  const world = await startWorld(folder, null, ['--workers', '2', '--api-rate-limit', '0']);
  try {
    await world.admin(['repo', 'add', 'ada/work']);
    const load = new Load(world.url, world.token);
    const restarts = await under(load, async () => {
      const old = await workersOf(world.child);
      world.child.kill('SIGHUP');
      while ((await workersOf(world.child)).some((pid) => old.includes(pid))) await pause(50);
    });
    return rowOf('two workers, replaced by SIGHUP under load', load, restarts, 'both');
  } finally {
    await world.stop();
  }
}

async function workersOf({ pid }: ChildProcess): Promise<string[]> {
  const text = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8');
  return text.trim().split(' ');
}

async function ofNodes(folder: string, history: string): Promise<Row> {
  const what = 'two nodes on PostgreSQL behind nginx, restarted in turn under load';
  if (!existsSync(NGINX))
    return { suite: 'rolling', what, figure: 'not measured', goal: '0 of 100,000', reached: null, detail: 'no nginx' };
  const database = await startPostgres();
  const data = join(folder, 'data');
  const admin = async (args: readonly string[], input = ''): Promise<string> => {
    const all = [MAIN, 'admin', ...args, '--data', data, '--database', database.url];
    return (await run(process.execPath, all, { input })).stdout.trim();
  };
  const children: { stop(): Promise<void> }[] = [database];
  try {
    await admin(
      ['user', 'add', 'ada', '--email', 'ada@example.org', '--verified', '--password-stdin'],
      'a long enough one',
    );
    await cp(history, join(data, 'repositories/ada/work.git'), { recursive: true });
    await admin(['repo', 'import', 'ada/work', join(data, 'repositories/ada/work.git')]);
    const token = await admin(['token', 'add', 'ada', '--name', 'bench', '--classic', '--scope', 'repo']);
    const ports = [await freePort(), await freePort()];
    const start = (port: number): Promise<Served> =>
      serve(data, [
        '--database',
        database.url,
        '--port',
        String(port),
        '--stop-delay-sec',
        '1',
        '--api-rate-limit',
        '0',
      ]);
    const nodes = await Promise.all(ports.map(start));
    children.unshift(...nodes.map((_, i) => ({ stop: () => nodes[i]!.stop() })));
    const front = await startNginx(join(folder, 'nginx'), ports);
    children.unshift(front);
    const load = new Load(front.url, token);
    const restarts = await under(load, async (round) => {
      const place = round % 2;
      await nodes[place]!.stop();
      nodes[place] = await start(ports[place]!);
    });
    return rowOf(what, load, restarts, 'a node');
  } finally {
    for (const child of children) await child.stop();
  }
}

/** As docs/operations.md has it. */
async function startNginx(folder: string, ports: readonly number[]): Promise<{ url: string; stop(): Promise<void> }> {
  const text = await readFile(join(import.meta.dirname, '../docs/operations.md'), 'utf8');
  const port = await freePort();
  const site = (/```\w*\n(upstream latchkey[\s\S]*?)```/.exec(text)?.[1] ?? '')
    .replaceAll(/node-(\d):7070/g, (_, place: string) => `127.0.0.1:${ports[Number(place) - 1]}`)
    .replace('server {\n', `server {\n  listen 127.0.0.1:${port};\n`);
  await mkdir(folder, { recursive: true });
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((name) => `${name}_temp_path ${folder}/${name};`)
    .join(' ');
  const user = process.getuid?.() === 0 ? 'user root;' : '';
  await writeFile(
    join(folder, 'nginx.conf'),
    `${user} daemon off; worker_processes 1; pid ${folder}/pid; error_log ${folder}/error.log; events {} http { ` +
      `access_log off; keepalive_requests 1000000; ${temporary}\n${site} }`,
  );
  const child = spawn(NGINX, ['-p', folder, '-c', join(folder, 'nginx.conf')], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const url = `http://127.0.0.1:${port}`;
  while (
    !(await fetch(`${url}/healthz`)
      .then(({ ok }) => ok)
      .catch(() => false))
  )
    await pause(50);
  return {
    url,
    stop: async () => {
      child.kill('SIGTERM');
      await ended;
    },
  };
}

export async function* benchRolling(folder: string, history: string): AsyncIterable<Row> {
  yield await ofWorkers(join(folder, 'workers'));
  yield await ofNodes(join(folder, 'nodes'), history);
}
