/**
 * The examples for proxies, run as they are except for ports and folders, and used with a real git and curl: git, an
 * API, and a service where people sign in.
 *
 * Proxies are programs of the machine, not of the checkout: if one is missing, its suite is not declared, and a line
 * says so. `npm run clients -- proxies` has all of them.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer as createHttpServer, type Server as HttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addOrganization, addUser, restoreUser, suspendUser } from '../../src/actions/accounts/accounts.ts';
import { beginSession } from '../../src/actions/accounts/sessions.ts';
import { operatorPermit } from '../../src/actions/decision/authorize.ts';
import { addRepository } from '../../src/actions/repositories/repositories.ts';
import { createToken } from '../../src/actions/tokens/tokens.ts';
import { type RunningServer, startServer } from '../../src/app.ts';
import { loadSettings } from '../../src/base/settings/settings.ts';
import { type Ran, runGit } from '../doors/git/server.ts';
import { freePort } from '../engines/free-port.ts';
import { once, until } from '../waits.ts';
import { EXAMPLES, FCGIWRAP, gitBackend, PROXIES, type Proxy, type ProxyPorts } from './example-proxies.ts';
import { runProgram } from './latchkey-process.ts';

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
async function curl(
  at: { readonly scheme: string; readonly host: string; readonly port: number },
  path: string,
  more: readonly string[] = [],
): Promise<Answered> {
  const { scheme, host, port } = at;
  const { stdout } = await runProgram('curl', [
    '-s',
    '-i',
    '--path-as-is',
    '--max-time',
    '20',
    '--resolve',
    `${host}:${port}:127.0.0.1`,
    ...more,
    // A proxy's own certificate, where it makes one.
    '-k',
    `${scheme}://${host}:${port}${path}`,
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
      const all = await freePort();
      ports = proxy.onePort
        ? { git: all, api: all, app: all }
        : { git: all, api: await freePort(), app: await freePort() };
      await writeFile(join(folder, 'map.yaml'), await routeMap(proxy, ports));
      server = await startServer(
        loadSettings({
          flags: {
            data: join(folder, 'data'),
            repositories,
            routeMap: join(folder, 'map.yaml'),
            port: 0,
            logLevel: 'silent',
          },
          env: {},
        }),
      );
      await makePeople(server, tokens);
      const api = createHttpServer((request, response) => {
        const { url, headers } = request;
        void text(request).then((body) => response.end(JSON.stringify({ url, ...headers, body })));
      }).listen(0, '127.0.0.1');
      await once(api, 'listening');
      const socket = join(folder, 'fcgi.sock');
      const env = {
        ...process.env,
        GIT_CONFIG_COUNT: '1',
        GIT_CONFIG_KEY_0: 'safe.directory',
        GIT_CONFIG_VALUE_0: '*',
      };
      const wrap = proxy.onePort
        ? null
        : spawn(FCGIWRAP!, ['-c', '2', '-s', `unix:${socket}`], { stdio: 'ignore', env, detached: true });
      if (wrap !== null) await until(() => existsSync(socket), 'fcgiwrap listens');
      const backend = gitBackend(repositories).listen(0, '127.0.0.1');
      await once(backend, 'listening');
      const own = await mkdtemp(join(folder, 'proxy-'));
      await mkdir(own, { recursive: true });
      const placeOf = (peer: HttpServer): string => `127.0.0.1:${(peer.address() as AddressInfo).port}`;
      const child = await proxy.start(own, ports, {
        latchkey: new URL(server.url).host,
        git: placeOf(backend),
        web: placeOf(api),
        socket,
        repositories,
      });
      stop = async () => {
        await ended(child);
        if (wrap !== null) await groupEnded(wrap);
        api.close();
        backend.close();
        await server.close();
        await rm(folder, { recursive: true, force: true });
      };
      await until(
        () =>
          // Traefik listens before it has read its routes, and answers 404.
          curl({ scheme: proxy.scheme, host: 'git.example.org', port: ports.git }, '/acme/site.git/HEAD').then(
            ({ status }) => status === 401,
            () => false,
          ),
        `${proxy.name} asks Latchkey`,
      );
      await writeFile(
        join(folder, '.gitconfig'),
        `[user]\n\tname = Ada\n\temail = ada@example.org\n[init]\n\tdefaultBranch = ` +
          `main\n[http]\n\tsslVerify = false\n\tcurloptResolve = git.example.org:${ports.git}:127.0.0.1\n`,
      );
    }, 60_000);
    afterAll(() => stop());

    const git = (args: readonly string[], cwd = folder): Promise<Ran> => runGit(args, cwd, { HOME: folder });
    const remote = (token: string | null, name = 'acme/site'): string =>
      `${proxy.scheme}://${token === null ? '' : `ada:${token}@`}git.example.org:${ports.git}/${name}.git`;
    const api = (path: string, token: string | null, more: readonly string[] = []): Promise<Answered> =>
      curl({ scheme: proxy.scheme, host: 'api.example.org', port: ports.api }, path, [
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
      const refused = await curl(
        { scheme: proxy.scheme, host: 'git.example.org', port: ports.git },
        '/acme/site.git/info/refs?service=git-upload-pack',
      );
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
      const { status, body } = await api(path, tokens.stranger);
      // Traefik tidies some up: then what was decided about is what the service gets.
      if (status === 200) expect(JSON.parse(body)).toMatchObject({ url: '/api/v3/repos/acme/docs' });
      else expect([400, 403]).toContain(status);
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

    it('leads a browser to the sign-in and back, and hands its session to nobody', async () => {
      const origin = `${proxy.scheme}://app.example.org:${ports.app}`;
      const at = { scheme: proxy.scheme, host: 'app.example.org', port: ports.app };
      const open = (path: string, cookie: string, more: readonly string[] = []): Promise<Answered> =>
        curl(at, path, ['-H', 'Accept: text/html', ...(cookie === '' ? [] : ['-b', cookie]), ...more]);
      const session = await sessionOf(server, 'ada');
      const first = await open('/board?tab=2', '');
      expect(first.status, first.head).toBe(302);
      const browser = cookieIn(first);
      const page = await fetch(server.url + pathIn(first), { headers: { Cookie: `latchkey_session=${session}` } });
      const [, back = ''] = (page.headers.get('refresh') ?? '').split('url=');
      expect(back).toMatch(new RegExp(`^${origin}/_latchkey/callback\\?code=`));
      const opened = await open(back.slice(origin.length), browser);
      expect([opened.status, /^location: (.*?)\s*$/im.exec(opened.head)?.[1]]).toEqual([302, `${origin}/board?tab=2`]);
      const cookie = cookieIn(opened);
      expect(cookie).not.toBe(browser);
      const shown = await open('/board?tab=2', `theme=dark; ${cookie}`);
      expect(shown.status).toBe(200);
      expect(JSON.parse(shown.body)).toMatchObject({
        'remote-user': 'ada',
        'x-token-kind': 'session',
        cookie: 'theme=dark',
      });
      expect((JSON.parse((await open('/board', cookie)).body) as { cookie?: string }).cookie ?? '').toBe('');
      const post = (sender: string): Promise<Answered> =>
        open('/board', cookie, ['-X', 'POST', '-H', `Origin: ${sender}`]);
      expect([(await post(origin)).status, (await post('https://evil.example')).status]).toEqual([200, 403]);
      const script = await curl(at, '/board', ['-H', 'Accept: application/json']);
      expect([script.status, /^www-authenticate: (\w+)/im.exec(script.head)?.[1]]).toEqual([401, 'Bearer']);
      const stranger = await sessionOf(server, 'cy');
      const asked = await open('/board', '');
      const cys = await fetch(server.url + pathIn(asked), { headers: { Cookie: `latchkey_session=${stranger}` } });
      const callback = (cys.headers.get('refresh') ?? '').split('url=')[1] ?? '';
      const theirs = cookieIn(await open(callback.slice(origin.length), cookieIn(asked)));
      const refused = await open('/board', theirs);
      expect([refused.status, pathIn(refused).split('?')[0]]).toEqual([302, '/sessions/service/refused']);
      await suspendUser(server.context, operatorPermit(), 'ada');
      expect((await open('/board', cookie)).status).toBe(302);
      await restoreUser(server.context, operatorPermit(), 'ada');
    });

    it(
      proxy.sendsBody
        ? 'lets a call through by what its body says, and hands the body on as it came'
        : 'lets no call through whose body it can’t send along',
      async () => {
        const at = {
          scheme: proxy.scheme,
          host: proxy.sendsBody ? 'calls.example.org' : 'api.example.org',
          port: ports.api,
        };
        const called = (body: string, more: readonly string[] = []): Promise<Answered> =>
          curl(at, '/mcp', [
            '-H',
            `Authorization: Bearer ${tokens.writer}`,
            '-H',
            'Content-Type: application/json',
            '--data-binary',
            body,
            ...more,
          ]);
        const calling = (name: string, more = ''): string =>
          `{"jsonrpc": "2.0",  "id":1,"method":"tools/call","params":{"name":"${name}"${more}}}`;
        const searched = await called(calling('search', `,"arguments":{"q":"é\\u00e9${'x'.repeat(60_000)}"}`));
        if (!proxy.sendsBody) {
          expect([searched.status, searched.body]).toEqual([403, expect.stringContaining('The body decides')]);
          return;
        }
        expect(searched.status, searched.body).toBe(200);
        expect((JSON.parse(searched.body) as { body: string }).body).toBe(
          calling('search', `,"arguments":{"q":"é\\u00e9${'x'.repeat(60_000)}"}`),
        );
        expect((await called(calling('search'), ['-H', 'Transfer-Encoding: chunked'])).status).toBe(200);
        expect((await called(`[${calling('search')},${calling('delete_page')}]`)).body).toMatch(
          /lacks wiki:pages: admin/,
        );
        for (const [body, more, said] of [
          [calling('delete_page'), [], /lacks wiki:pages: admin/],
          [calling('search', ',"name":"delete_page"'), [], /more than one way/],
          [calling('search'), ['-H', 'Content-Type: text/plain'], /must be JSON/],
          [calling('search'), ['-H', 'Content-Encoding: gzip'], /uncompressed/],
          ['', [], /It has none/],
        ] as const) {
          const refused = await called(body, more);
          expect([refused.status, refused.body]).toEqual([403, expect.stringMatching(said)]);
        }
        await writeFile(join(folder, 'large.json'), calling('search', `,"arguments":"${'x'.repeat(300 * 1024)}"`));
        const large = await called(`@${join(folder, 'large.json')}`);
        expect([401, 403, 413]).toContain(large.status);
      },
    );

    it('lets nobody through while Latchkey is down', async () => {
      await server.close();
      expect((await api('/api/v3/repos/acme/docs', tokens.writer)).status).toBeGreaterThanOrEqual(500);
      expect((await git(['ls-remote', remote(tokens.writer)])).code).not.toBe(0);
    });
  });
}

/** The examples' maps, as one: git, GitHub's API, the service for browsers, and the one with calls in its bodies. */
async function routeMap(proxy: Proxy, ports: ProxyPorts): Promise<string> {
  const browser = await readFile(join(EXAMPLES, 'route-map/browser.yaml'), 'utf8');
  const calls = (await readFile(join(EXAMPLES, 'route-map/calls.yaml'), 'utf8')).split('services:\n')[1] ?? '';
  return `${browser.replace('http://app.example.org:8083', `${proxy.scheme}://app.example.org:${ports.app}`)}
  - { hosts: [git.example.org], map: git }
  - { hosts: [api.example.org], prefix: /api/v3, map: github }
${proxy.sendsBody ? calls : calls.replace('calls.example.org', 'api.example.org')}`;
}

/** Signs somebody in, and returns what their browser's cookie at Latchkey holds. */
async function sessionOf({ context }: RunningServer, login: string): Promise<string> {
  const { id } = await context.store.db
    .selectFrom('accounts')
    .select('id')
    .where('login', '=', login)
    .executeTakeFirstOrThrow();
  const visitor = { address: '127.0.0.1', userAgent: null };
  const secret = await context.store.transaction((tx) => beginSession(tx, context.clock.now(), id, visitor));
  return secret.reveal();
}

/** `NAME=VALUE`, as the answer sets it. */
function cookieIn({ head }: Answered): string {
  return /^set-cookie: ([^;\r\n]+)/im.exec(head)?.[1] ?? '';
}

/** The path and query that an answer leads to. */
function pathIn({ head }: Answered): string {
  const to = new URL(/^location: (.*?)\s*$/im.exec(head)?.[1] ?? 'http://nowhere/');
  return to.pathname + to.search;
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
  tokens.writer = await token('ada', 'writer', { contents: 'write', 'wiki:pages': 'read' });
  tokens.reader = await token('ada', 'reader', { contents: 'read' });
  tokens.stranger = await token('cy', 'stranger', null);
}

it.each(['nginx/latchkey.conf', 'caddy/Caddyfile', 'traefik/dynamic.yaml', 'envoy/envoy.yaml'])(
  'the example %s asks Latchkey about requests',
  async (name) => {
    const conf = await readFile(join(EXAMPLES, name), 'utf8');
    expect(conf).toMatch(/\/forward-auth\b/);
    expect(conf).toContain('7070');
  },
);

for (const proxy of PROXIES) {
  if (proxy.missing.length === 0) proxySuite(proxy);
  else
    process.stderr.write(
      `the example of ${proxy.name} is not driven here: ${proxy.missing.join(' and ')} missing ` +
        '(`npm run clients -- proxies` has it)\n',
    );
}
