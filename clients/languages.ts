/**
 * The clients in other languages (`latchkey.py`, `latchkey.go`) against a real server: what they answer, that they fail
 * closed, and that a server which has stopped answering doesn't hold them up. Needs python3 and go on the machine.
 *
 * Each step prints what it shows; the first that fails ends the run.
 */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { type AddressInfo, createServer as createTcpServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { run } from '../bench/command.ts';
import { startWorld, type World } from '../bench/server.ts';

const HERE = import.meta.dirname;
/** How long a client waits for one call to a server that answers, and to one that doesn't. */
const PATIENT_SEC = 30;
const TIMEOUT_SEC = 1;

interface Verdict {
  readonly allowed: boolean;
  readonly status: number;
  readonly reason: string;
  readonly message: string;
  readonly remedy: string | null;
  readonly missing: readonly { readonly permission: string; readonly level: string }[] | null;
  readonly token: { readonly login: string } | null;
}

interface Language {
  readonly name: string;
  readonly version: readonly string[];
  /** Makes the program in a folder; returns the command that runs it. */
  make(folder: string): Promise<readonly string[]>;
  readonly asgi: boolean;
}

const LANGUAGES: readonly Language[] = [
  {
    name: 'python3',
    version: ['--version'],
    asgi: true,
    make: async (folder) => {
      await copyFile(join(HERE, 'latchkey.py'), join(folder, 'latchkey.py'));
      await copyFile(join(HERE, 'programs/check.py'), join(folder, 'check.py'));
      return ['python3', '-W', 'error', join(folder, 'check.py')];
    },
  },
  {
    name: 'go',
    version: ['version'],
    asgi: false,
    make: async (folder) => {
      await mkdir(join(folder, 'latchkey'));
      await writeFile(join(folder, 'go.mod'), 'module example.org/check\n\ngo 1.21\n');
      await copyFile(join(HERE, 'latchkey.go'), join(folder, 'latchkey/latchkey.go'));
      await copyFile(join(HERE, 'programs/check.go'), join(folder, 'main.go'));
      await run('go', ['vet', './...'], { cwd: folder });
      await run('go', ['build', '-o', 'check', '.'], { cwd: folder });
      return [join(folder, 'check')];
    },
  },
];

export async function languages(): Promise<void> {
  const base = await mkdtemp(join(tmpdir(), 'latchkey-languages-'));
  const world = await startWorld(join(base, 'data'), null);
  try {
    await world.admin(['repo', 'add', 'ada/site']);
    const secret = await world.admin(['server', 'add', 'deploys']);
    for (const language of LANGUAGES) {
      console.log((await run(language.name, language.version)).stdout.trim());
      const folder = join(base, language.name);
      await mkdir(folder);
      const command = await language.make(folder);
      await tryLanguage(
        {
          world,
          secret,
          start: (url, key, timeoutSec = TIMEOUT_SEC) => Desk.start([...command, url, String(timeoutSec)], key),
        },
        language,
      );
    }
  } finally {
    await world.stop();
    await rm(base, { recursive: true, force: true });
  }
}

interface Given {
  readonly world: World;
  readonly secret: string;
  start(url: string, secret: string, timeoutSec?: number): Promise<Desk>;
}

/** A running program of a language. */
class Desk {
  readonly port: number;
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #lines: AsyncIterator<string>;

  private constructor(child: ChildProcessWithoutNullStreams, lines: AsyncIterator<string>, port: number) {
    this.#child = child;
    this.#lines = lines;
    this.port = port;
  }

  static async start(command: readonly string[], secret: string): Promise<Desk> {
    const [program = '', ...args] = command;
    const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'] as never });
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    child.stdin.write(`${secret}\n`);
    const first = JSON.parse((await lines.next()).value ?? '{}') as { port: number };
    return new Desk(child as ChildProcessWithoutNullStreams, lines, first.port);
  }

  async send(question: object): Promise<unknown> {
    this.#child.stdin.write(`${JSON.stringify(question)}\n`);
    return JSON.parse((await this.#lines.next()).value ?? 'null');
  }

  async check(token: string, ...needs: readonly object[]): Promise<readonly Verdict[]> {
    return (await this.send({ token, needs })) as readonly Verdict[];
  }

  end(): void {
    this.#child.stdin.end();
  }
}

const READ = { permissions: { contents: 'read' }, repository: 'ada/site' };
const WORKFLOWS = { permissions: { workflows: 'write' }, repository: 'ada/site' };
const ROUTE = { method: 'GET', path: '/ada/site.git/info/refs?service=git-upload-pack' };

async function tryLanguage(given: Given, { asgi }: Language): Promise<void> {
  const { world, secret, start } = given;
  const desk = await start(world.url, secret, PATIENT_SEC);
  const { checked } = world;
  await tell('yes and no, with everything that is missing', async () => {
    const anyOf = { ...READ, permissions: [{ workflows: 'write' }, { contents: 'read' }] };
    const [read, workflows, any, route, live] = await desk.check(checked, READ, WORKFLOWS, anyOf, ROUTE, {
      permissions: {},
    });
    demand([read, any, route, live].every((one) => one?.allowed === true && one.token?.login === 'ada'));
    demand(workflows?.allowed === false && workflows.status === 403 && workflows.message !== '');
    demand(workflows?.remedy?.includes('http') === true && workflows?.missing?.[0]?.permission === 'workflows');
    demand((await desk.check('nonsense', READ))[0]?.status === 401);
  });
  await tell('a guarded application: a token in, a challenge out', async () => {
    const at = `http://127.0.0.1:${desk.port}${ROUTE.path}`;
    const ask = (authorization?: string) =>
      fetch(at, authorization === undefined ? {} : { headers: { authorization } });
    demand((await (await ask(`Bearer ${checked}`)).text()) === 'Hello ada\n');
    demand((await (await ask(`Basic ${btoa(`ada:${checked}`)}`)).text()) === 'Hello ada\n');
    const none = await ask();
    demand(none.status === 401 && none.headers.get('www-authenticate') === 'Bearer realm="Latchkey"');
    const unknown = await fetch(`http://127.0.0.1:${desk.port}/nowhere`, {
      headers: { authorization: `Bearer ${checked}` },
    });
    demand(unknown.status === 403 && unknown.headers.get('x-latchkey-reason') === 'route_unknown');
    if (!asgi) return;
    const asked = (...headers: readonly (readonly [string, string])[]) =>
      desk.send({ asgi: ['GET', ROUTE.path, headers] });
    demand(same(await asked(['authorization', `Bearer ${checked}`]), { status: 200, body: 'Hello ada\n' }));
    const twice = await asked(['authorization', `Bearer ${checked}`], ['authorization', `Bearer ${checked}`]);
    demand((twice as { status: number }).status === 401);
  });
  await tell('a revocation holds on the very next question', async () => {
    const made = await world.admin(['token', 'add', 'ada', '--name', 'short', '--classic', '--scope', 'repo']);
    demand((await desk.check(made, READ))[0]?.allowed === true);
    const listed = await world.admin(['token', 'list', 'ada']);
    const id =
      listed
        .split('\n')
        .find((line) => / short /.test(line))
        ?.trim()
        .split(/\s+/)[0] ?? '';
    await world.admin(['token', 'revoke', id]);
    demand((await desk.check(made, READ))[0]?.reason === 'token_revoked');
  });
  desk.end();
  await failClosed(given);
}

async function failClosed({ world, secret, start }: Given): Promise<void> {
  await tell('a wrong secret, a redirect, another answer, nobody there: no', async () => {
    const odd = createServer((request, response) =>
      request.url?.startsWith('/redirect') === true
        ? response.writeHead(302, { location: world.url }).end()
        : response.end('{"token":null,"max_age":60,"checks":[{"allowed":true}]}'),
    );
    const at = await listening(odd);
    for (const [url, key] of [
      [world.url, 'lkr_wrong'],
      [`${at}/redirect`, secret],
      [at, secret],
      ['http://127.0.0.1:9', secret],
    ] as const) {
      const desk = await start(url, key);
      const [verdict] = await desk.check(world.checked, READ);
      demand(verdict?.allowed === false && verdict.status === 503 && verdict.reason === 'authority_unreachable');
      desk.end();
    }
    odd.close();
  });
  await tell('a server that answers a byte at a time, or not at all, is waited for twice', async () => {
    const drip = createTcpServer((socket) => {
      socket.on('error', () => undefined).write('HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n');
      const dripping = setInterval(() => socket.write(' '), 100);
      socket.on('close', () => clearInterval(dripping));
    });
    const silent = createTcpServer((socket) => void socket.on('error', () => undefined));
    for (const server of [drip, silent]) {
      const desk = await start(await listening(server), secret);
      const begin = performance.now();
      for (let i = 0; i < 20; i++) demand((await desk.check(world.checked, READ))[0]?.status === 503);
      const tookSec = (performance.now() - begin) / 1000;
      demand(tookSec > 1.9 * TIMEOUT_SEC && tookSec < 8 * TIMEOUT_SEC, `${tookSec} s`);
      desk.end();
      server.close();
    }
  });
}

async function listening(server: Server): Promise<string> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const same = (one: unknown, other: unknown): boolean => JSON.stringify(one) === JSON.stringify(other);

function demand(holds: boolean, detail = ''): void {
  if (!holds) throw new Error(`that is not so ${detail}`);
}

async function tell(claim: string, step: () => Promise<void>): Promise<void> {
  try {
    await step();
  } catch (error) {
    console.log(`FAILED  ${claim}`);
    throw error;
  }
  console.log(`ok      ${claim}`);
}
