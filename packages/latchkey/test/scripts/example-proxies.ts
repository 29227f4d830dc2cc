/**
 * The proxies of `examples/`: how each is started with its example, as it is except for ports, folders and names of
 * peers.
 *
 * They are programs of the machine, not of the checkout. `LATCHKEY_PROXIES` names a folder that has them, which
 * `npm run clients -- proxies` fills.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { join } from 'node:path';

export const EXAMPLES = join(import.meta.dirname, '../../../../examples');
const HTTP_BACKEND = '/usr/lib/git-core/git-http-backend';

/** A program from the folder of proxies, or where distributions have it; null when it is missing. */
export function programNamed(name: string): string | null {
  const folder = process.env['LATCHKEY_PROXIES'];
  return (
    [...(folder === undefined ? [] : [folder]), '/usr/sbin', '/usr/bin', '/usr/local/sbin', '/usr/local/bin']
      .map((each) => join(each, name))
      .find((path) => existsSync(path)) ?? null
  );
}

export const FCGIWRAP = programNamed('fcgiwrap');

/** Where a proxy listens for each of its services; the same port where it tells them apart by name. */
export interface ProxyPorts {
  readonly git: number;
  readonly api: number;
  readonly app: number;
}

/** What lies behind: `HOST:PORT`, for git also a FastCGI socket. */
interface Peers {
  readonly latchkey: string;
  readonly git: string;
  readonly web: string;
  readonly socket: string;
  readonly repositories: string;
}

export interface Proxy {
  readonly name: string;
  readonly missing: readonly string[];
  readonly scheme: 'http' | 'https';
  /** True when one port has all services. */
  readonly onePort: boolean;
  /** True when it can send the body along with its question. */
  readonly sendsBody: boolean;
  start(folder: string, ports: ProxyPorts, peers: Peers): Promise<ChildProcess>;
}

const missingOf = (program: string, ...others: readonly (readonly [name: string, found: boolean])[]): string[] => [
  ...(programNamed(program) === null ? [program] : []),
  ...others.filter(([, found]) => !found).map(([name]) => name),
];
const FOR_GIT = [
  ['fcgiwrap', FCGIWRAP !== null],
  ['git http-backend', existsSync(HTTP_BACKEND)],
] as const;

async function example(name: string, ports: ProxyPorts, peers: Peers): Promise<string> {
  const text = await readFile(join(EXAMPLES, name), 'utf8');
  return text
    .replaceAll('127.0.0.1:7070', peers.latchkey)
    .replaceAll('127.0.0.1:3000', peers.web)
    .replaceAll('8080', String(ports.git))
    .replaceAll('8081', String(ports.api))
    .replaceAll('8083', String(ports.app))
    .replaceAll('/srv/git', peers.repositories)
    .replaceAll('/run/fcgiwrap.socket', peers.socket);
}

const nginx: Proxy = {
  name: 'nginx',
  missing: missingOf('nginx', ...FOR_GIT),
  scheme: 'http',
  onePort: false,
  sendsBody: false,
  async start(folder, ports, peers) {
    for (const name of ['latchkey.conf', 'git.conf', 'api.conf', 'browser.conf'])
      await writeFile(join(folder, name), await example(`nginx/${name}`, ports, peers));
    const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
      .map((name) => `${name}_temp_path ${folder}/${name};`)
      .join(' ');
    const user = process.getuid?.() === 0 ? 'user root;' : '';
    const services = ['git', 'api', 'browser'].map((name) => `include ${name}.conf;`).join(' ');
    await writeFile(
      join(folder, 'nginx.conf'),
      `${user} daemon off; worker_processes 1; pid ${folder}/pid; error_log ${folder}/error.log;
      events { worker_connections 64; } http { access_log off; ${temporary} ${services} }`,
    );
    return run('nginx', ['-p', folder, '-c', join(folder, 'nginx.conf')], folder);
  },
};

const caddy: Proxy = {
  name: 'caddy',
  missing: missingOf('caddy', ...FOR_GIT),
  scheme: 'http',
  onePort: false,
  sendsBody: false,
  async start(folder, ports, peers) {
    const text = await example('caddy/Caddyfile', ports, peers);
    const quiet = '{\n\tadmin off\n\tlog {\n\t\toutput discard\n\t}\n}\n';
    await writeFile(join(folder, 'Caddyfile'), quiet + text);
    return run('caddy', ['run', '--config', join(folder, 'Caddyfile'), '--adapter', 'caddyfile'], folder);
  },
};

/** Names of peers, as containers have them, by addresses of this machine. */
const addressed = (text: string, { latchkey, git, web }: Peers): string =>
  text
    .replaceAll('latchkey:7070', latchkey)
    .replaceAll(/git-backend:\d+/g, git)
    .replaceAll('api:3000', web)
    .replaceAll('app:3000', web)
    .replaceAll('calls:3000', web);

const traefik: Proxy = {
  name: 'traefik',
  missing: missingOf('traefik', FOR_GIT[1]),
  scheme: 'https',
  onePort: true,
  sendsBody: true,
  async start(folder, ports, peers) {
    const dynamic = addressed(await readFile(join(EXAMPLES, 'traefik/dynamic.yaml'), 'utf8'), peers);
    await writeFile(join(folder, 'dynamic.yaml'), dynamic);
    const fixed =
      `entryPoints: { websecure: { address: '127.0.0.1:${ports.git}' } }\n` +
      `providers: { file: { filename: ${join(folder, 'dynamic.yaml')} } }\n` +
      'global: { checkNewVersion: false, sendAnonymousUsage: false }\nlog: { level: ERROR }\n';
    await writeFile(join(folder, 'traefik.yaml'), fixed);
    return run('traefik', [`--configFile=${join(folder, 'traefik.yaml')}`], folder);
  },
};

const envoy: Proxy = {
  name: 'envoy',
  missing: missingOf('envoy', FOR_GIT[1]),
  scheme: 'http',
  onePort: true,
  sendsBody: true,
  async start(folder, ports, peers) {
    const text = await readFile(join(EXAMPLES, 'envoy/envoy.yaml'), 'utf8');
    const peer = (cluster: string, at: string): [RegExp, string] => [
      new RegExp(`socket_address: \\{ address: ${cluster}, port_value: \\d+ \\}`, 'g'),
      `socket_address: { address: ${at.split(':')[0]}, port_value: ${at.split(':')[1]} }`,
    ];
    let placed = text.replace('address: 0.0.0.0, port_value: 8080', `address: 127.0.0.1, port_value: ${ports.git}`);
    for (const [from, to] of [
      peer('latchkey', peers.latchkey),
      peer('git-backend', peers.git),
      peer('api', peers.web),
      peer('app', peers.web),
      peer('calls', peers.web),
    ])
      placed = placed.replaceAll(from, to);
    await writeFile(join(folder, 'envoy.yaml'), placed);
    const id = String(ports.git % 1000);
    return run('envoy', ['-c', join(folder, 'envoy.yaml'), '--base-id', id, '--log-level', 'off'], folder);
  },
};

export const PROXIES: readonly Proxy[] = [nginx, caddy, traefik, envoy];

/** A bare environment: a proxy gets nothing of the shell's. */
function run(name: string, args: readonly string[], folder: string): ChildProcess {
  return spawn(programNamed(name) ?? name, args, {
    stdio: 'ignore',
    env: { PATH: process.env['PATH'], HOME: folder, XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder },
  });
}

/** Git's own CGI behind HTTP, for proxies that speak no FastCGI. */
export function gitBackend(repositories: string): Server {
  return createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://git');
    const child = execFile(
      HTTP_BACKEND,
      {
        encoding: 'buffer',
        maxBuffer: 64 * 1024 * 1024,
        env: {
          PATH: process.env['PATH'],
          GIT_PROJECT_ROOT: repositories,
          GIT_HTTP_EXPORT_ALL: '1',
          GIT_CONFIG_COUNT: '1',
          GIT_CONFIG_KEY_0: 'safe.directory',
          GIT_CONFIG_VALUE_0: '*',
          PATH_INFO: decodeURIComponent(url.pathname),
          QUERY_STRING: url.search.slice(1),
          REQUEST_METHOD: request.method,
          CONTENT_TYPE: request.headers['content-type'],
          HTTP_CONTENT_ENCODING: request.headers['content-encoding'],
          GIT_PROTOCOL: String(request.headers['git-protocol'] ?? ''),
          REMOTE_USER: String(request.headers['remote-user'] ?? ''),
        },
      },
      (_error, output) => {
        const split = output.indexOf('\r\n\r\n');
        const head = output.subarray(0, split).toString().split('\r\n');
        const headers = Object.fromEntries(head.map((line) => line.split(/: (.*)/).slice(0, 2) as [string, string]));
        const { Status: status = '200', ...others } = headers;
        response.writeHead(Number(status.split(' ')[0]), others).end(output.subarray(split + 4));
      },
    );
    child.stdin?.on('error', () => {});
    request.pipe(child.stdin!);
  });
}
