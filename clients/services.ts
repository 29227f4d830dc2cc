/**
 * The route maps of `examples/route-map` in front of the real services, used by their real clients: npm with Verdaccio,
 * skopeo with a container registry, pip and twine with pypiserver, promtool with Prometheus, a
 * static site, cgit, gitweb, git with Gitea (built by go, which takes minutes), and python-gitlab with this server's own
 * API in GitLab's dialect. nginx asks Latchkey, as in `examples/nginx`.
 *
 * Each service is tried by three: somebody without a token, a token that reads, and one that writes. Prints a table;
 * the first step that fails ends the run.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from '../bench/command.ts';
import { startWorld } from '../bench/server.ts';
import { ended, freePort, type Service, type Tokens } from './service-trial.ts';
import { SERVICES } from './service-trials.ts';

const EXAMPLES = join(import.meta.dirname, '../examples');
const DEBIAN: readonly string[] = (
  'nginx fcgiwrap libfcgi0ldbl docker-registry skopeo golang-github-containers-common libdevmapper1.02.1 libgpgme11 ' +
  'libassuan0 prometheus cgit liblua5.1-0 gitweb git libcgi-pm-perl libhtml-parser-perl'
).split(' ');

/** It asks for a tag of node-fetch that mirrors of the registry lack. */
const VERDACCIO = { private: true, dependencies: { verdaccio: '6.10.4' }, overrides: { 'node-fetch': '2.7.0' } };

/**
 * @param kept a folder that has the programs already, or will: a second run is quicker with it
 * @param only names of services to try; none = all
 */
export async function services(kept: string | undefined, only: readonly string[]): Promise<void> {
  const chosen = SERVICES.filter(({ name }) => only.length === 0 || only.includes(name));
  const folder = await mkdtemp(join(tmpdir(), 'latchkey-services-'));
  const programs = kept ?? join(folder, 'programs');
  const children: ChildProcess[] = [];
  try {
    await install(programs);
    const map = join(folder, 'map.yaml');
    await writeFile(map, await joinedMap(chosen));
    process.env['LATCHKEY_ROUTE_MAP'] = map;
    const world = await startWorld(join(folder, 'data'), null, ['--trusted-proxy', '127.0.0.1']);
    try {
      await world.admin(['org', 'add', 'acme', '--owner', 'ada']);
      await world.admin(['repo', 'add', 'acme/site']);
      const port = await freePort();
      const started = new Map<string, number>();
      const latchkey = new URL(world.url).host;
      const given = { folder, root: join(programs, 'root'), programs, children, latchkey };
      for (const service of chosen) started.set(service.name, await service.start(given));
      children.push(await startNginx(given, { latchkey, port, started, chosen }));
      console.log('| service | map | with | tried |\n| --- | --- | --- | --- |');
      for (const service of chosen) {
        const token = (level: string, name: string): Promise<string> =>
          world.admin(
            ['token', 'add', 'ada', '--owner', 'acme', '--name', `${service.name} ${name}`].concat(
              service.permission.includes(':') ? [] : ['--all-repos'],
              ['--permission', `${service.permission}=${level}`],
            ),
          );
        const tokens: Tokens = { reader: await token('read', 'reader'), writer: await token(service.writes, 'writer') };
        const at = `${service.address}:${port}`;
        const tried = await service.use({ ...given, at, tokens });
        const versions = await Promise.all(service.programs.map((name) => withVersion(programs, name)));
        const { title, map } = service;
        console.log(`| ${title} | [${map}](../examples/route-map/${map}) | ${versions.join(', ')} | ${tried} |`);
      }
    } finally {
      await world.stop();
    }
  } catch (error) {
    console.error(await readFile(join(folder, 'error.log'), 'utf8').catch(() => ''));
    throw error;
  } finally {
    for (const child of children.toReversed()) await ended(child);
    await rm(folder, { recursive: true, force: true });
  }
}

async function install(programs: string): Promise<void> {
  if (existsSync(join(programs, 'complete'))) return;
  const [packages, root, npm] = ['packages', 'root', 'npm'].map((name) => join(programs, name));
  for (const each of [packages, root, npm]) await mkdir(each ?? '', { recursive: true });
  await run('apt-get', ['download', '--quiet', ...DEBIAN], { cwd: packages ?? '' });
  for (const name of await readdir(packages ?? '')) await run('dpkg', ['-x', join(packages ?? '', name), root ?? '']);
  const python = join(programs, 'python');
  await run('python3', ['-m', 'pip', 'install', '--quiet', '--target', python, 'pypiserver', 'twine', 'python-gitlab']);
  await writeFile(join(npm ?? '', 'package.json'), JSON.stringify(VERDACCIO));
  await run('npm', ['install', '--silent', '--no-audit', '--no-fund'], { cwd: npm ?? '' });
  await writeFile(join(programs, 'complete'), '');
}

/** `skopeo 1.9.3`: what was installed by that name, or else what is on this machine. */
async function withVersion(programs: string, name: string): Promise<string> {
  const version = (text: string): string | undefined => /\d+(?:\.\d+)+/.exec(text)?.[0];
  const installed = (await Promise.all(['packages', 'python'].map((each) => readdir(join(programs, each)))))
    .flat()
    .find((each) => each.startsWith(`${name}_`) || (each.startsWith(`${name}-`) && each.endsWith('.dist-info')));
  if (installed !== undefined) return `${name} ${version(installed.replace(/^.*?_(?:\d+%3a)?/, ''))}`;
  const built = join(programs, name, name);
  if (existsSync(built)) return `${name} ${version((await run(built, ['--version'])).stdout)}`;
  const npm = await readFile(join(programs, 'npm/node_modules', name, 'package.json'), 'utf8').catch(() => '{}');
  const told = (JSON.parse(npm) as { version?: string }).version ?? version((await run(name, ['--version'])).stdout);
  return `${name} ${told}`;
}

/** The examples as one map, with addresses of this machine in the place of their hosts. */
async function joinedMap(chosen: readonly Service[]): Promise<string> {
  const parts = await Promise.all(
    chosen.map(async ({ map, host, address }) => {
      const text = (await readFile(join(EXAMPLES, 'route-map', map), 'utf8')).replaceAll(host, address);
      return text.split('services:\n')[1] ?? '';
    }),
  );
  return `services:\n${parts.join('')}`;
}

interface Behind {
  readonly latchkey: string;
  readonly port: number;
  readonly started: ReadonlyMap<string, number>;
  readonly chosen: readonly Service[];
}

/** `examples/nginx/api.conf` for each service, as it is but for addresses, and without a limit for bodies. */
async function startNginx(
  { folder, root }: { readonly folder: string; readonly root: string },
  { latchkey, port, started, chosen }: Behind,
): Promise<ChildProcess> {
  const example = async (name: string): Promise<string> => readFile(join(EXAMPLES, 'nginx', name), 'utf8');
  await writeFile(
    join(folder, 'latchkey.conf'),
    (await example('latchkey.conf')).replaceAll('127.0.0.1:7070', latchkey),
  );
  const servers = await Promise.all(
    chosen.map(async (service) =>
      (await example('api.conf'))
        .replace('listen 8081;', `listen ${service.address}:${port}; client_max_body_size 0;`)
        .replaceAll('api.example.org', service.address)
        .replaceAll('127.0.0.1:3000', `127.0.0.1:${started.get(service.name)}`)
        .replace(/Host +\$host/, 'Host $http_host')
        .replace(service.passesToken === true ? /.*(?:Authorization|PRIVATE-TOKEN) +"";\n/g : /^$/, ''),
    ),
  );
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((name) => `${name}_temp_path ${folder}/${name};`)
    .join(' ');
  const config = join(folder, 'nginx.conf');
  await writeFile(
    config,
    `${process.getuid?.() === 0 ? 'user root;' : ''} daemon off; worker_processes 1; pid ${folder}/pid;
    error_log ${folder}/error.log; events { worker_connections 64; }
    http { access_log off; ${temporary} ${servers.join('\n')} }`,
  );
  return spawn(join(root, 'usr/sbin/nginx'), ['-p', folder, '-c', config], { stdio: 'ignore' });
}
