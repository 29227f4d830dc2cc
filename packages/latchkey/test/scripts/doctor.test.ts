/**
 * The doctor and the state of a person's own machine: faults are found, and `--fix` fixes them after asking. What a
 * server says is tested in test/causes.
 */
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generate } from 'selfsigned';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { CheckState } from '../../src/cli/checks/check.ts';
import { EXIT } from '../../src/cli/exit-codes.ts';
import { run } from '../../src/cli/program.ts';
import { mintTokenText } from '../../src/rules/token-text.ts';
import { recordingTerminal } from '../cli/recording-terminal.ts';

interface Found {
  readonly name: string;
  readonly state: CheckState;
  readonly found: string;
  readonly command?: string;
}

interface Machine {
  readonly folder: string;
  git(...args: string[]): string;
  /** The doctor's findings by name, and its whole output. */
  doctor(
    args?: readonly string[],
    answers?: readonly string[],
    env?: Record<string, string>,
  ): Promise<{ code: number; cause: Found | null; checks: Map<string, Found>; screen: string; asked: string[] }>;
}

/** A person in a clone with this remote. */
async function machine(remote: string | null, config = ''): Promise<Machine> {
  const folder = await mkdtemp(join(tmpdir(), 'latchkey-doctor-test-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  await writeFile(join(folder, '.gitconfig'), config);
  const base = {
    PATH: process.env['PATH']!,
    HOME: folder,
    XDG_DATA_HOME: join(folder, 'data'),
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_DIR: join(folder, '.git'),
  };
  const git = (...args: string[]): string =>
    execFileSync('git', args, { env: base, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trim();
  git('init', '--quiet', folder);
  if (remote !== null) git('remote', 'add', 'origin', remote);
  return {
    folder,
    git,
    doctor: async (args = [], answers = [], env = {}) => {
      const asked: string[] = [];
      const left = [...answers];
      const ask = async (question: string): Promise<string | null> => {
        asked.push(question);
        return left.shift() ?? null;
      };
      const terminal = { ...recordingTerminal({ ...base, ...env }), ask };
      const code = await run(['doctor', ...args, '--json'], terminal);
      const { checks, cause } = JSON.parse(terminal.printed.join('\n')) as { checks: Found[]; cause: Found | null };
      return {
        code,
        cause,
        checks: new Map(checks.map((check) => [check.name, check])),
        screen: [...terminal.printed, ...terminal.said].join('\n'),
        asked,
      };
    },
  };
}

/** A server on loopback that answers like some other host, or like a Latchkey server. */
async function server(given: { date?: string; isLatchkey?: boolean } = {}): Promise<string> {
  const made = createServer((_request, response) => {
    response.sendDate = given.date === undefined;
    if (given.date !== undefined) response.setHeader('Date', given.date);
    response
      .writeHead(401, {
        'Content-Type': 'text/plain',
        'WWW-Authenticate': `Basic realm="${given.isLatchkey === true ? 'Latchkey' : 'Other'}"`,
      })
      .end('no\n');
  });
  await new Promise<void>((resolve) => made.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void made.close());
  return `http://127.0.0.1:${(made.address() as AddressInfo).port}`;
}

const TOKEN = `lkf_${'a1B2c3'.repeat(6)}`;

describe('the doctor finds', () => {
  test('a remote over SSH, and mends it when told so', async () => {
    const url = await server();
    const { doctor, git } = await machine(`git@127.0.0.1:acme/site.git`, `[credential "${url}"]\n`);
    const refused = await doctor(['--fix'], ['n']);
    expect(refused.checks.get('remote over https')).toMatchObject({
      state: 'fail',
      command: 'git remote set-url origin https://127.0.0.1/acme/site.git',
    });
    expect(refused.code).toBe(EXIT.refused);
    expect(git('remote', 'get-url', 'origin')).toBe('git@127.0.0.1:acme/site.git');
    const { asked } = await doctor(['--fix'], ['y']);
    expect(asked[0]).toBe(
      'remote over https: git remote set-url origin https://127.0.0.1/acme/site.git\ndo that? [y/N] ',
    );
    expect(git('remote', 'get-url', 'origin')).toBe('https://127.0.0.1/acme/site.git');
  });

  test('a token in the address of the remote, without showing it', async () => {
    const url = await server();
    const { doctor, git, folder } = await machine(url.replace('://', `://ada:${TOKEN}@`) + '/acme/site.git');
    const { checks, screen, asked } = await doctor(['--fix'], ['yes']);
    expect(checks.get('no secret in the remote')).toMatchObject({
      state: 'fail',
      command: `git remote set-url origin ${url.replace('://', '://ada@')}/acme/site.git`,
    });
    expect(screen + asked.join()).not.toContain(TOKEN);
    expect(git('remote', 'get-url', 'origin')).toBe(`${url.replace('://', '://ada@')}/acme/site.git`);
    expect(await readFile(join(folder, '.git/config'), 'utf8')).not.toContain(TOKEN);
  });

  test('a token as the username in the address', async () => {
    const url = await server();
    const { doctor } = await machine(url.replace('://', `://${TOKEN}@`) + '/acme/site.git');
    const { checks, screen } = await doctor();
    expect(checks.get('no secret in the remote')).toMatchObject({
      state: 'fail',
      command: `git remote set-url origin ${url}/acme/site.git`,
    });
    expect(screen).not.toContain(TOKEN);
  });

  test('a helper that answers before ours', async () => {
    const url = await server({ isLatchkey: true });
    const { doctor, folder } = await machine(`${url}/acme/site.git`, '');
    await writeFile(join(folder, 'store'), `${url.replace('://', `://ada:${TOKEN}@`)}\n`);
    await writeFile(
      join(folder, '.gitconfig'),
      `[credential]\n\thelper = store --file=${join(folder, 'store')}\n[credential "${url}"]\n\thelper = ` +
        `!latchkey credential\n`,
    );
    const { checks, screen } = await doctor();
    expect(checks.get('credential helpers')).toMatchObject({
      state: 'fail',
      command: `latchkey credential install ${url}`,
    });
    expect(checks.get('credential helpers')!.found).toBe(
      'git asks store before the helper of latchkey: store answers, and latchkey, which would, is never reached',
    );
    expect(screen).not.toContain(TOKEN);
  });

  test('a stale entry of another product, and has git forget it', async () => {
    const url = await server({ isLatchkey: true });
    const { doctor, folder } = await machine(`${url}/acme/site.git`, '');
    const thirdParty = `ghp_${'a1B2'.repeat(9)}`;
    await writeFile(join(folder, 'store'), `${url.replace('://', `://ada:${thirdParty}@`)}\n`);
    await writeFile(join(folder, '.gitconfig'), `[credential]\n\thelper = store --file=${join(folder, 'store')}\n`);
    const { checks, screen } = await doctor(['--fix'], ['y']);
    expect(checks.get('what the helper answers with')).toMatchObject({
      state: 'fail',
      found: 'store answers with a token of GitHub, which this server does not take',
    });
    expect(screen).not.toContain(thirdParty);
    expect(await readFile(join(folder, 'store'), 'utf8')).toBe('');
  });

  test('a header that overrides every helper', async () => {
    const url = await server();
    const { doctor } = await machine(
      `${url}/acme/site.git`,
      `[http "${url}"]\n\textraHeader = Authorization: Basic ${TOKEN}\n`,
    );
    const { checks, screen } = await doctor();
    expect(checks.get('no header of its own')).toMatchObject({
      state: 'fail',
      command: `git config --global --unset-all http.${url}.extraheader '^[Aa]uthorization:'`,
    });
    expect(screen).not.toContain(TOKEN);
    const { checks: after, cause } = await doctor(['--fix'], ['y']).then(() => doctor());
    expect([after.get('no header of its own')!.state, cause?.name]).toEqual(['ok', 'credential helpers']);
  });

  test.each([
    ['git@127.0.0.1:acme/site.git', 'acme/site.git'],
    ['git@127.0.0.1:2222/acme/site.git', 'acme/site.git'],
    ['ssh://git@127.0.0.1:2222/acme/site.git', 'acme/site.git'],
  ])('the port over HTTP of %s, from what git knows of the host', async (remote, path) => {
    const url = await server();
    const { doctor } = await machine(remote, `[credential "${url}"]\n\thelper = cache\n`);
    const { checks } = await doctor();
    expect(checks.get('remote over https')!.command).toBe(`git remote set-url origin ${url}/${path}`);
  });

  test('a helper that answers without a username', async () => {
    const url = await server({ isLatchkey: true });
    const { doctor, git } = await machine(
      `${url}/acme/site.git`,
      `[credential]\n\thelper = "!f() { echo username=; echo password=${TOKEN}; }; f"\n`,
    );
    const { cause, screen } = await doctor(['--fix'], ['y']);
    expect(cause).toMatchObject({
      name: 'what the helper answers with',
      command: `git remote set-url origin ${url.replace('://', '://git@')}/acme/site.git`,
    });
    expect(screen).not.toContain(TOKEN);
    expect(git('remote', 'get-url', 'origin')).toBe(`${url.replace('://', '://git@')}/acme/site.git`);
  });

  test('a token in quotes in the store, and has git forget it', async () => {
    const url = await server({ isLatchkey: true });
    const { doctor, folder } = await machine(`${url}/acme/site.git`, '');
    const token = mintTokenText('fine-grained', randomBytes, null);
    await writeFile(join(folder, 'store'), `${url.replace('://', `://ada:%22${token}%22@`)}\n`);
    await writeFile(join(folder, '.gitconfig'), `[credential]\n\thelper = store --file=${join(folder, 'store')}\n`);
    const { cause, screen } = await doctor(['--fix'], ['y']);
    expect(cause!.found).toBe("store answers with a token in double quotes, which can't be read");
    expect(screen).not.toContain(token);
    expect(await readFile(join(folder, 'store'), 'utf8')).toBe('');
  });

  test('an address that is rewritten, and a .netrc', async () => {
    const url = await server();
    const { doctor, folder } = await machine(
      'https://old.example/acme/site.git',
      `[url "${url}/"]\n\tinsteadOf = https://old.example/\n`,
    );
    await writeFile(join(folder, '.netrc'), 'machine 127.0.0.1 login ada password x\n');
    const { checks } = await doctor();
    expect(checks.get('no rewriting of the address')).toMatchObject({
      state: 'warn',
      found: `git rewrites https://old.example/acme/site.git to ${url}/acme/site.git (url.….insteadOf)`,
    });
    expect(checks.get('no .netrc for the server')).toMatchObject({ state: 'warn' });
  });

  test('variables that change who answers', async () => {
    const { doctor } = await machine(`${await server()}/acme/site.git`);
    const { checks } = await doctor([], [], { GIT_SSL_NO_VERIFY: '1' });
    expect(checks.get('variables')).toMatchObject({
      state: 'warn',
      found: 'GIT_SSL_NO_VERIFY trusts any server',
      command: 'unset GIT_SSL_NO_VERIFY',
    });
  });

  test('a clock that is wrong', async () => {
    const { doctor } = await machine(
      `${await server({ date: new Date(Date.now() + 3_600_000).toUTCString() })}/acme/site.git`,
    );
    const { checks, code } = await doctor();
    expect(checks.get('clock')!.state).toBe('fail');
    expect(checks.get('clock')!.found).toMatch(
      /^the clock of this machine is 3(?:599|600) seconds behind the server's$/,
    );
    expect(code).toBe(EXIT.refused);
  });

  test('a server that is down, without failing itself', async () => {
    const { doctor } = await machine('http://127.0.0.1:1/acme/site.git');
    const { checks, code } = await doctor();
    expect(checks.get('server reachable')).toMatchObject({
      state: 'fail',
      found: 'http://127.0.0.1:1: the server takes no connections there',
    });
    expect(['certificate', 'clock', 'token', 'push'].map((name) => checks.get(name)!.state)).toEqual([
      'skip',
      'skip',
      'skip',
      'skip',
    ]);
    expect(code).toBe(EXIT.refused);
  });

  test('a certificate that is not trusted', async () => {
    const { doctor } = await machine(null);
    const made = await generate([{ name: 'commonName', value: 'localhost' }], {
      keySize: 2048,
      algorithm: 'sha256',
      extensions: [{ name: 'subjectAltName', altNames: [{ type: 7, ip: '127.0.0.1' }] }],
    });
    const secure = createSecureServer(
      { key: made.private, cert: made.cert },
      (_request, response) => void response.end(),
    );
    await new Promise<void>((resolve) => secure.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void secure.close());
    const { checks } = await doctor([`https://127.0.0.1:${(secure.address() as AddressInfo).port}/acme/site.git`]);
    expect(checks.get('server reachable')).toMatchObject({
      state: 'fail',
      command: expect.stringMatching(
        /^git config --global http\.https:\/\/127\.0\.0\.1:\d+\/\.sslCAInfo \/path\/to\/ca\.pem$/,
      ),
    });
    expect(checks.get('server reachable')!.found).toContain('this machine does not trust its certificate');
  });
});

test('a host that is no Latchkey gets the general checks', async () => {
  const url = await server();
  const { doctor } = await machine(`${url}/acme/site.git`);
  const { checks } = await doctor();
  expect(checks.get('kind of server')!.found).toBe('no Latchkey; only what holds for every server is looked at');
  expect(checks.get('server reachable')!.state).toBe('ok');
  expect(checks.get('token')!.state).toBe('skip');
});

test('without a clone it looks at the machine alone, and nothing fails', async () => {
  const { doctor } = await machine(null);
  const { code, checks } = await doctor();
  expect(code).toBe(EXIT.ok);
  expect(checks.get('git version')!.state).toBe('ok');
  expect([...checks.values()].filter(({ state }) => state === 'fail')).toEqual([]);
});

test('the doctor changes nothing where nobody answers its question', async () => {
  const { doctor, git } = await machine('git@127.0.0.1:acme/site.git');
  const { screen } = await doctor(['--fix']);
  expect(screen).toContain('nobody answers, so nothing was changed');
  expect(git('remote', 'get-url', 'origin')).toBe('git@127.0.0.1:acme/site.git');
});
