/**
 * The examples for nginx and Caddy, run as they are except for ports and folders, and used with a real git and curl.
 *
 * Both proxies are programs of the machine, not of the checkout: if one is missing, its suite is not declared, and a
 * line says so.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer as createHttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addOrganization, addUser } from '../../src/actions/accounts/accounts.ts';
import { operatorPermit } from '../../src/actions/decision/authorize.ts';
import { addRepository } from '../../src/actions/repositories/repositories.ts';
import { createToken } from '../../src/actions/tokens/tokens.ts';
import { type RunningServer, startServer } from '../../src/app.ts';
import { loadSettings } from '../../src/base/settings/settings.ts';
import { type Ran, runGit } from '../doors/git/server.ts';
import { freePort } from '../engines/free-port.ts';
import { once, until } from '../waits.ts';
import { runProgram } from './latchkey-process.ts';

const EXAMPLES = join(import.meta.dirname, '../../../../examples');
const HTTP_BACKEND = '/usr/lib/git-core/git-http-backend';

const programAt = (...paths: string[]): string | null => paths.find((path) => existsSync(path)) ?? null;
const FCGIWRAP = programAt('/usr/sbin/fcgiwrap', '/usr/bin/fcgiwrap');
const NGINX = programAt('/usr/sbin/nginx', '/usr/bin/nginx');
const CADDY = programAt('/usr/bin/caddy', '/usr/local/bin/caddy');

interface ProxyPorts {
  readonly git: number;
  readonly api: number;
}

/** One proxy: how to start its example with these ports, folders and peers. */
interface Proxy {
  readonly name: string;
  readonly missing: readonly string[];
  start(folder: string, replaced: (text: string) => string): Promise<ChildProcess>;
}

const nginx: Proxy = {
  name: 'nginx',
  missing: [
    NGINX === null ? 'nginx' : '',
    FCGIWRAP === null ? 'fcgiwrap' : '',
    existsSync(HTTP_BACKEND) ? '' : 'git http-backend',
  ].filter((name) => name !== ''),
  async start(folder, replaced) {
    for (const name of ['latchkey.conf', 'git.conf', 'api.conf'])
      await writeFile(join(folder, name), replaced(await readFile(join(EXAMPLES, 'nginx', name), 'utf8')));
    const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
      .map((name) => `${name}_temp_path ${folder}/${name};`)
      .join(' ');
    const user = process.getuid?.() === 0 ? 'user root;' : '';
    await writeFile(
      join(folder, 'nginx.conf'),
      `${user} daemon off; worker_processes 1; pid ${folder}/pid; error_log ${folder}/error.log;
      events { worker_connections 64; } http { access_log off; ${temporary} include git.conf; include api.conf; }`,
    );
    return spawn(NGINX!, ['-p', folder, '-c', join(folder, 'nginx.conf')], { stdio: ['ignore', 'ignore', 'inherit'] });
  },
};

const caddy: Proxy = {
  name: 'caddy',
  missing: [
    CADDY === null ? 'caddy' : '',
    FCGIWRAP === null ? 'fcgiwrap' : '',
    existsSync(HTTP_BACKEND) ? '' : 'git http-backend',
  ].filter((name) => name !== ''),
  async start(folder, replaced) {
    const file = replaced(await readFile(join(EXAMPLES, 'caddy/Caddyfile'), 'utf8')).replace(
      '# Git and',
      '{\n\tadmin off\n\tlog {\n\t\toutput discard\n\t}\n}\n# Git and',
    );
    await writeFile(join(folder, 'Caddyfile'), file);
    return spawn(CADDY!, ['run', '--config', join(folder, 'Caddyfile'), '--adapter', 'caddyfile'], {
      stdio: 'ignore',
      env: { PATH: process.env['PATH'], HOME: folder, XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder },
    });
  },
};

const ended = async (child: ChildProcess | undefined): Promise<void> => {
  if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGTERM');
  await once(child, 'exit');
};

/** The same for a process that leads a group: its children would outlive it. */
const groupEnded = async (leader: ChildProcess): Promise<void> => {
  if (leader.exitCode !== null || leader.signalCode !== null) return;
  process.kill(-leader.pid!, 'SIGTERM');
  await once(leader, 'exit');
};

interface Answered {
  readonly status: number;
  readonly head: string;
  readonly body: string;
}

/** curl, so that the path is sent as written. */
async function curl(host: string, port: number, path: string, more: readonly string[] = []): Promise<Answered> {
  const { stdout } = await runProgram('curl', [
    '-s',
    '-i',
    '--path-as-is',
    '--max-time',
    '20',
    '--resolve',
    `${host}:${port}:127.0.0.1`,
    ...more,
    `http://${host}:${port}${path}`,
  ]);
  const split = stdout.indexOf('\r\n\r\n');
  return { status: Number(stdout.split(' ')[1]), head: stdout.slice(0, split), body: stdout.slice(split + 4) };
}

function proxySuite(proxy: Proxy): void {
  describe(`the example of ${proxy.name}`, () => {
    let folder: string;
    let server: RunningServer;
    let ports: ProxyPorts;
    let stop: () => Promise<void>;
    const tokens = { writer: '', reader: '', stranger: '' };

    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), `latchkey-${proxy.name}-`));
      const repositories = join(folder, 'srv');
      server = await startServer(
        loadSettings({ flags: { data: join(folder, 'data'), repositories, port: 0, logLevel: 'silent' }, env: {} }),
      );
      await makePeople(server, tokens);
      const api = createHttpServer((request, response) => response.end(JSON.stringify(request.headers))).listen(
        0,
        '127.0.0.1',
      );
      await once(api, 'listening');
      const socket = join(folder, 'fcgi.sock');
      const env = {
        ...process.env,
        GIT_CONFIG_COUNT: '1',
        GIT_CONFIG_KEY_0: 'safe.directory',
        GIT_CONFIG_VALUE_0: '*',
      };
      const wrap = spawn(FCGIWRAP!, ['-c', '2', '-s', `unix:${socket}`], { stdio: 'ignore', env, detached: true });
      await until(() => existsSync(socket), 'fcgiwrap listens');
      ports = { git: await freePort(), api: await freePort() };
      const own = await mkdtemp(join(folder, 'proxy-'));
      await mkdir(own, { recursive: true });
      const child = await proxy.start(own, (text) =>
        text
          .replaceAll('127.0.0.1:7070', new URL(server.url).host)
          .replaceAll('127.0.0.1:3000', `127.0.0.1:${(api.address() as AddressInfo).port}`)
          .replaceAll('8080', String(ports.git))
          .replaceAll('8081', String(ports.api))
          .replaceAll('/srv/git', repositories)
          .replaceAll('/run/fcgiwrap.socket', socket),
      );
      stop = async () => {
        await ended(child);
        await groupEnded(wrap);
        api.close();
        await server.close();
        await rm(folder, { recursive: true, force: true });
      };
      await until(
        () =>
          fetch(`http://127.0.0.1:${ports.git}/`).then(
            () => true,
            () => false,
          ),
        `${proxy.name} answers`,
      );
      await writeFile(
        join(folder, '.gitconfig'),
        `[user]\n\tname = Ada\n\temail = ada@example.org\n[init]\n\tdefaultBranch = ` +
          `main\n[http]\n\tcurloptResolve = git.example.org:${ports.git}:127.0.0.1\n`,
      );
    }, 60_000);
    afterAll(() => stop());

    const git = (args: readonly string[], cwd = folder): Promise<Ran> => runGit(args, cwd, { HOME: folder });
    const remote = (token: string | null, name = 'acme/site'): string =>
      `http://${token === null ? '' : `ada:${token}@`}git.example.org:${ports.git}/${name}.git`;
    const api = (path: string, token: string | null, more: readonly string[] = []): Promise<Answered> =>
      curl('api.example.org', ports.api, path, [
        ...(token === null ? [] : ['-H', `Authorization: Bearer ${token}`]),
        ...more,
      ]);

    it('clones and pushes with a token, through git http-backend', async () => {
      const clone = await git(['clone', remote(tokens.writer), 'work']);
      expect(clone.stderr).toContain('cloned an empty repository');
      const work = join(folder, 'work');
      await writeFile(join(work, 'README.md'), 'x'.repeat(2_000_000));
      await git(['add', '.'], work);
      await git(['commit', '-qm', 'one'], work);
      expect(await git(['push', 'origin', 'HEAD:main'], work)).toMatchObject({
        code: 0,
        stderr: expect.stringContaining('main'),
      });
      expect(await git(['ls-remote', remote(tokens.reader), 'refs/heads/main'])).toMatchObject({
        code: 0,
        stdout: expect.stringMatching(/^[0-9a-f]{40}\trefs\/heads\/main\n$/),
      });
    });

    it('shows whoever may not push why, and what to do', async () => {
      const work = join(folder, 'work-of-a-reader');
      await git(['init', '-q', work]);
      await writeFile(join(work, 'a'), 'a');
      await git(['add', '.'], work);
      await git(['commit', '-qm', 'one'], work);
      const push = await git(['push', remote(tokens.reader), 'HEAD:refs/heads/other'], work);
      expect(push.code).not.toBe(0);
      expect(push.stderr).toMatch(/remote: .*lacks contents: write on acme\/site\./);
      expect(push.stderr).toMatch(/remote: .*\/settings\/personal-access-tokens\/\d+/);
      expect(push.stderr).toContain('403');
    });

    it('shows whoever has a dead credential why, and lets git forget it', async () => {
      const fetched = await git([
        'ls-remote',
        remote(`${tokens.reader.slice(0, -1)}${tokens.reader.endsWith('A') ? 'B' : 'A'}`),
      ]);
      expect(fetched.code).not.toBe(0);
      expect(fetched.stderr).toMatch(/remote: .*(?:typo|mistyped|typing|damaged|checksum)/i);
      expect(fetched.stderr).toContain('Authentication failed');
    });

    it('asks whoever sends nothing for a credential, and lets everybody read what is public', async () => {
      const refused = await curl('git.example.org', ports.git, '/acme/site.git/info/refs?service=git-upload-pack');
      expect(refused.status).toBe(401);
      expect(refused.head.match(/^www-authenticate: .*$/gim)).toEqual([
        expect.stringMatching(/^www-authenticate: Basic realm="Latchkey", charset="UTF-8"\s*$/i),
      ]);
      expect(refused.head).toMatch(/^content-type: text\/plain/im);
      expect(await git(['ls-remote', remote(null, 'acme/docs')])).toMatchObject({ code: 0 });
      expect((await git(['push', remote(null, 'acme/docs'), 'HEAD:refs/heads/x'], join(folder, 'work'))).code).not.toBe(
        0,
      );
    });

    it('tells the API behind who asks, and takes the token out', async () => {
      const { status, body } = await api('/api/v3/repos/acme/site', tokens.writer);
      expect(status).toBe(200);
      expect(JSON.parse(body)).toMatchObject({
        'remote-user': 'ada',
        'x-token-kind': 'fine-grained',
        'x-token-permissions': expect.stringContaining('contents=write'),
      });
      expect(JSON.parse(body)).not.toHaveProperty('authorization');
    });

    it('passes on nothing that a client says of itself', async () => {
      const forged = [
        'Remote-User: root',
        'Remote-Name: Root',
        'X-Token-Permissions: administration=write',
        'X-Token-Id: 1',
        'X-Token-Kind: classic',
      ].flatMap((header) => ['-H', header]);
      expect(JSON.parse((await api('/api/v3/repos/acme/site', tokens.writer, forged)).body)).toMatchObject({
        'remote-user': 'ada',
      });
      const nobody = JSON.parse((await api('/api/v3/repos/acme/docs', null, forged)).body) as Record<string, string>;
      for (const name of ['remote-user', 'remote-name', 'x-token-permissions', 'x-token-id', 'x-token-kind'])
        expect(nobody[name] ?? '').toBe('');
    });

    it('refuses the API with words in the body', async () => {
      const { status, head, body } = await api('/api/v3/repos/acme/site/contents/a.txt', tokens.reader, ['-X', 'PUT']);
      expect(status).toBe(403);
      expect(head).toMatch(/^content-type: text\/plain/im);
      expect(body).toMatch(/lacks contents: write on acme\/site\./);
    });

    it.each([
      '/api/v3/repos/acme/docs/../site',
      '/api/v3/repos/acme/docs/%2e%2e/site',
      '/api/v3/repos/acme/docs%2f..%2fsite',
      '/api/v3/repos/acme/docs/..%5csite',
      '//api/v3/repos/acme/docs',
      '/api/v3/repos/acme/docs;/../site',
      '/api/v3/repos/acme/docs/%252e%252e/site',
      '/api/v3/./repos/acme/docs',
    ])('lets nobody climb: %s', async (path) => {
      expect([400, 403]).toContain((await api(path, tokens.stranger)).status);
    });

    it('obeys no client that pretends to be the proxy', async () => {
      for (const header of [
        'X-Original-URI: /api/v3/repos/acme/docs',
        'X-Forwarded-Uri: /api/v3/repos/acme/docs',
        'X-Original-URL: http://a/api/v3/repos/acme/docs',
        'X-Original-Method: GET',
        'X-Forwarded-Method: GET',
      ]) {
        expect((await api('/api/v3/repos/acme/site', tokens.stranger, ['-H', header])).status, header).toBe(403);
        expect(
          (await api('/api/v3/repos/acme/site/contents/a', tokens.reader, ['-X', 'PUT', '-H', header])).status,
          header,
        ).toBe(403);
      }
      expect((await api('/_latchkey', tokens.writer)).status).not.toBe(200);
    });

    it('lets nobody through while Latchkey is down', async () => {
      await server.close();
      expect((await api('/api/v3/repos/acme/docs', tokens.writer)).status).toBeGreaterThanOrEqual(500);
      expect((await git(['ls-remote', remote(tokens.writer)])).code).not.toBe(0);
    });
  });
}

async function makePeople(
  { context }: RunningServer,
  tokens: { writer: string; reader: string; stranger: string },
): Promise<void> {
  const permit = operatorPermit();
  for (const login of ['ada', 'cy'])
    await addUser(context, permit, {
      login,
      email: `${login}@example.org`,
      verified: true,
      admin: false,
      password: null,
    });
  await addOrganization(context, permit, { name: 'acme', owner: 'ada' });
  await addRepository(context, permit, { owner: 'acme', name: 'site', visibility: 'private' });
  await addRepository(context, permit, { owner: 'acme', name: 'docs', visibility: 'public' });
  const token = async (
    userLogin: string,
    name: string,
    permissions: Readonly<Record<string, string>> | null,
  ): Promise<string> => {
    const grants =
      permissions === null
        ? []
        : [{ owner: 'acme', selection: 'all' as const, repositories: [], permissions, justification: null }];
    const made = await createToken(context, permit, {
      userLogin,
      kind: permissions === null ? 'classic' : 'fine-grained',
      name,
      description: '',
      scopes: permissions === null ? ['repo'] : [],
      grants,
    });
    return made.secret.reveal();
  };
  tokens.writer = await token('ada', 'writer', { contents: 'write' });
  tokens.reader = await token('ada', 'reader', { contents: 'read' });
  tokens.stranger = await token('cy', 'stranger', null);
}

describe('the examples of proxies', () => {
  it('are there for nginx, Caddy, Traefik and Envoy', () => {
    for (const file of [
      'nginx/latchkey.conf',
      'nginx/git.conf',
      'nginx/api.conf',
      'caddy/Caddyfile',
      'traefik/dynamic.yaml',
      'envoy/envoy.yaml',
    ])
      expect(existsSync(join(EXAMPLES, file)), file).toBe(true);
  });
});

for (const proxy of [nginx, caddy]) {
  if (proxy.missing.length === 0) proxySuite(proxy);
  else
    process.stderr.write(
      `the example of ${proxy.name} is not driven here: ${proxy.missing.join(' and ')} missing (Debian: ` +
        `nginx-light, caddy, fcgiwrap)\n`,
    );
}
