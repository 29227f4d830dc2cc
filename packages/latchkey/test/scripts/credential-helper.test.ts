/**
 * The credential helper with real git: the cases that git's own helpers have to pass, then ours.
 *
 * Source of the cases: git's source, t/lib-credential.sh (which behaviour a helper needs; the words here are ours).
 */
import { chmod, cp, mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, onTestFinished, test } from 'vitest';
import { type Ended, latchkey, runProgram } from './latchkey-process.ts';

interface Home {
  readonly folder: string;
  readonly env: Record<string, string>;
  /** `git credential fill|approve|reject` with these lines. */
  git(action: 'fill' | 'approve' | 'reject', ...lines: string[]): Promise<Ended>;
  /** The helper itself, with raw input. */
  helper(action: string, input: string): Promise<Ended>;
}

const SERVERS = [
  'https://example.com',
  'http://example.com',
  'https://other.tld',
  'http://path.tld',
  'https://git.example.org:8443',
];

/** Homes in which the helper was set up, by set-up: a home is a copy of one of them. */
const installed = new Map<string, Promise<string>>();

afterAll(async () => {
  for (const folder of await Promise.all(installed.values())) await rm(folder, { recursive: true, force: true });
});

/**
 * A person with git, for whom the helper answers for some servers. Anything git has to ask for is answered with
 * `asked-…`.
 */
async function home(config = '', servers = SERVERS): Promise<Home> {
  const key = JSON.stringify([config, servers]);
  const model = installed.get(key) ?? install(config, servers);
  installed.set(key, model);
  const folder = await mkdtemp(join(tmpdir(), 'latchkey-helper-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  await cp(await model, folder, { recursive: true });
  const env = environmentOf(folder);
  return {
    folder,
    env,
    git: (action, ...lines) => runProgram('git', ['credential', action], { env, input: `${lines.join('\n')}\n` }),
    helper: (action, input) => latchkey(['credential', action], { env, input }),
  };
}

async function install(config: string, servers: readonly string[]): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'latchkey-helper-'));
  const askpass = '#!/bin/sh\ncase "$1" in Username*) echo asked-username;; *) echo asked-password;; esac\n';
  await writeFile(join(folder, 'askpass'), askpass, { mode: 0o755 });
  await writeFile(join(folder, '.gitconfig'), config);
  const env = environmentOf(folder);
  for (const server of servers) expect((await latchkey(['credential', 'install', server], { env })).code).toBe(0);
  return folder;
}

function environmentOf(folder: string): Record<string, string> {
  return {
    HOME: folder,
    XDG_DATA_HOME: join(folder, 'data'),
    GIT_ASKPASS: join(folder, 'askpass'),
    GIT_CONFIG_GLOBAL: join(folder, '.gitconfig'),
  };
}

const KEEPERS: readonly (readonly [name: string, config: string])[] = [
  ['in its own file', ''],
  ["through git's configured helper", '[credential]\n\thelper = store\n'],
];

describe.each(KEEPERS)('the contract of helpers, secrets kept %s', (_name, config) => {
  const at = (host: string, protocol = 'https'): string[] => [`protocol=${protocol}`, `host=${host}`];
  const asked = (lines: string[]): string =>
    `${[...lines, 'username=asked-username', 'password=asked-password'].join('\n')}\n`;

  test('what is not there is asked for; what is stored is found, by protocol, host and username', async () => {
    const { git } = await home(config);
    expect((await git('fill', ...at('example.com'))).stdout).toBe(asked(at('example.com')));
    await git('approve', ...at('example.com'), 'username=user1', 'password=pass1');
    expect((await git('fill', ...at('example.com'))).stdout).toBe(
      'protocol=https\nhost=example.com\nusername=user1\npassword=pass1\n',
    );
    expect((await git('fill', ...at('example.com', 'http'))).stdout).toBe(asked(at('example.com', 'http')));
    expect((await git('fill', ...at('other.tld'))).stdout).toBe(asked(at('other.tld')));
    expect((await git('fill', ...at('example.com'), 'username=other')).stdout).toBe(
      'protocol=https\nhost=example.com\nusername=other\npassword=asked-password\n',
    );
  });

  test('a path is matched when git sends one', async () => {
    const { git } = await home(`${config}[credential]\n\tuseHttpPath = true\n`);
    await git('approve', ...at('path.tld', 'http'), 'path=foo.git', 'username=user', 'password=pass');
    expect((await git('fill', ...at('path.tld', 'http'), 'path=foo.git')).stdout).toContain('password=pass\n');
    expect((await git('fill', ...at('path.tld', 'http'), 'path=bar.git')).stdout).toContain(
      'password=asked-password\n',
    );
  });

  test('storing again replaces, two users lie side by side, and forgetting one leaves the other', async () => {
    const { git } = await home(config);
    await git('approve', ...at('example.com'), 'username=user1', 'password=pass1');
    await git('approve', ...at('example.com'), 'username=user1', 'password=pass1-new');
    await git('approve', ...at('example.com'), 'username=user2', 'password=pass2');
    expect((await git('fill', ...at('example.com'), 'username=user1')).stdout).toContain('password=pass1-new\n');
    expect((await git('fill', ...at('example.com'), 'username=user2')).stdout).toContain('password=pass2\n');
    await git('reject', ...at('example.com'), 'username=user1');
    expect((await git('fill', ...at('example.com'), 'username=user1')).stdout).toContain('password=asked-password\n');
    expect((await git('fill', ...at('example.com'), 'username=user2')).stdout).toContain('password=pass2\n');
  });

  test('a secret is erased when, and only when, it is the one that is held', async () => {
    const { git } = await home(config);
    await git('approve', ...at('example.com'), 'username=user1', 'password=pass1');
    await git('reject', ...at('example.com'), 'username=user1', 'password=another');
    expect((await git('fill', ...at('example.com'))).stdout).toContain('password=pass1\n');
    await git('reject', ...at('example.com'), 'username=user1', 'password=pass1');
    expect((await git('fill', ...at('example.com'))).stdout).toContain('password=asked-password\n');
  });

  test('forgetting a host forgets all of it', async () => {
    const { git } = await home(config);
    await git('approve', ...at('example.com'), 'username=user1', 'password=pass1');
    await git('approve', ...at('example.com'), 'username=user2', 'password=pass2');
    await git('reject', ...at('example.com'));
    expect((await git('fill', ...at('example.com'))).stdout).toBe(asked(at('example.com')));
  });

  test('storing again with another end replaces secret and end, and the new secret can be forgotten', async () => {
    const { helper } = await home(config);
    const place = 'protocol=https\nhost=example.com\nusername=user1\n';
    await helper('store', `${place}password=pass1\npassword_expiry_utc=9999999998\n`);
    await helper('store', `${place}password=pass2\npassword_expiry_utc=9999999999\n`);
    expect((await helper('get', place)).stdout).toBe(`${place}password=pass2\npassword_expiry_utc=9999999999\n`);
    await helper('erase', `${place}password=pass2\n`);
    expect((await helper('get', place)).stdout).toBe('');
  });

  test('a secret is given until its end, and not after', async () => {
    const { helper } = await home(config);
    const end = Math.floor(Date.now() / 1000) + 4;
    await helper(
      'store',
      `protocol=https\nhost=example.com\nusername=user1\npassword=pass1\npassword_expiry_utc=${end}\n`,
    );
    expect((await helper('get', 'protocol=https\nhost=other.tld\n')).stdout).toBe('');
    await expect
      .poll(
        async () => [(await helper('get', 'protocol=https\nhost=example.com\n')).stdout, Date.now() / 1000 >= end],
        { timeout: 30_000, interval: 500 },
      )
      .toEqual(['', true]);
  });

  test('a long header that ends in the name of another host gives nothing of that host away', async () => {
    const { git } = await home(config);
    await git('approve', ...at('example.com'), 'username=user1', 'password=to-be-stolen');
    const ended = await git(
      'fill',
      ...at('other.tld'),
      `wwwauth[]=basic realm=${'a'.repeat(1_024 - 23)}host=example.com`,
    );
    expect(ended.stdout).not.toContain('to-be-stolen');
    expect(ended.stdout).toContain('password=asked-password\n');
  });

  test('a host may have a port', async () => {
    const { git } = await home(config);
    await git('approve', ...at('git.example.org:8443'), 'username=ada+7', 'password=secret');
    expect((await git('fill', ...at('git.example.org:8443'))).stdout).toContain('username=ada+7\npassword=secret\n');
  });
});

test('an empty username and password can be stored', async () => {
  const { helper } = await home();
  await helper('store', 'protocol=https\nhost=example.com\nusername=\npassword=\n\n');
  expect((await helper('get', 'protocol=https\nhost=example.com\n')).stdout).toBe(
    'protocol=https\nhost=example.com\nusername=\npassword=\n',
  );
});

test.each([
  ['what is ephemeral', 'username=u\npassword=p\nephemeral=1\n'],
  ['a credential of another scheme, from one that does not know such', 'authtype=Bearer\ncredential=p\n'],
  ['an ephemeral credential of another scheme', 'capability[]=authtype\nauthtype=Bearer\ncredential=p\nephemeral=1\n'],
])('the credential helper does not keep %s', async (_name, lines) => {
  const { helper, folder } = await home();
  expect(await helper('store', `protocol=https\nhost=example.com\n${lines}`)).toEqual({
    code: 0,
    stdout: '',
    stderr: '',
  });
  expect((await helper('get', 'protocol=https\nhost=example.com\ncapability[]=authtype\n')).stdout).toBe('');
  expect(JSON.parse(await readFile(join(folder, 'data/latchkey/credentials.json'), 'utf8'))).toMatchObject({
    credentials: [],
  });
});

test('an end and a refresh token are kept and told; what has ended is not answered with', async () => {
  const { helper } = await home();
  const end = Math.floor(Date.now() / 1000) + 3600;
  await helper(
    'store',
    `protocol=https\nhost=example.com\nusername=u\npassword=p\npassword_expiry_utc=${end}\noauth_refresh_token=r\n`,
  );
  expect((await helper('get', 'protocol=https\nhost=example.com\n')).stdout).toBe(
    `protocol=https\nhost=example.com\nusername=u\npassword=p\npassword_expiry_utc=${end}\noauth_refresh_token=r\n`,
  );
  await helper('store', 'protocol=https\nhost=other.tld\nusername=u\npassword=p\npassword_expiry_utc=5\n');
  expect((await helper('get', 'protocol=https\nhost=other.tld\n')).stdout).toBe('');
});

test('the file is for its owner alone, and holds no secret where another helper keeps them', async () => {
  const own = await home();
  await own.git('approve', 'protocol=https', 'host=example.com', 'username=u', 'password=topsecret');
  const file = join(own.folder, 'data/latchkey/credentials.json');
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  const shared = await home('[credential]\n\thelper = store\n');
  await shared.git('approve', 'protocol=https', 'host=example.com', 'username=u', 'password=topsecret');
  expect(await readFile(join(shared.folder, 'data/latchkey/credentials.json'), 'utf8')).not.toContain('topsecret');
  expect(await readFile(join(shared.folder, '.git-credentials'), 'utf8')).toContain('topsecret');
});

test('installing twice writes once, and uninstalling leaves git as it was', async () => {
  const { env, folder } = await home('', ['https://example.com']);
  const config = join(folder, '.gitconfig');
  const once = await readFile(config, 'utf8');
  await latchkey(['credential', 'install', 'https://example.com'], { env });
  expect(await readFile(config, 'utf8')).toBe(once);
  expect((await latchkey(['credential', 'uninstall', 'https://example.com'], { env })).code).toBe(0);
  expect(
    (await runProgram('git', ['config', '--global', '--get-all', 'credential.https://example.com.helper'], { env }))
      .stdout,
  ).toBe('');
});

describe('bad input', () => {
  test.each([
    ['unknown keys', 'protocol=https\nwhatever=1\nhost=example.com\nusername=u\npassword=p\nquota[]=x\n\n'],
    ['no newline at the end', 'protocol=https\nhost=example.com\nusername=u\npassword=p'],
    ['CRLF', 'protocol=https\r\nhost=example.com\r\nusername=u\r\npassword=p\r\n\r\n'],
    ['lines after the end', 'protocol=https\nhost=example.com\nusername=u\npassword=p\n\npassword=other\n'],
  ])('%s is read', async (_name, input) => {
    const { helper } = await home();
    expect(await helper('store', input)).toEqual({ code: 0, stdout: '', stderr: '' });
    expect((await helper('get', 'protocol=https\nhost=example.com\n')).stdout).toBe(
      'protocol=https\nhost=example.com\nusername=u\npassword=p\n',
    );
  });

  test.each([
    [
      'a line of a megabyte',
      `protocol=https\nhost=example.com\npassword=${'x'.repeat(1_048_576)}\n`,
      'error: standard input holds more than 262144 bytes',
    ],
    [
      'a line that is too long',
      `protocol=https\nhost=example.com\npassword=${'x'.repeat(70_000)}\n`,
      "error: what git sent can't be read: a line is longer than 65520 characters",
    ],
    [
      'a line without =',
      'protocol=https\nhost\n',
      "error: what git sent can't be read: a line is not of the form key=value",
    ],
    ['no host', 'protocol=https\n', 'error: what git sent names no protocol and host'],
    ['nothing', '', 'error: what git sent names no protocol and host'],
  ])('%s is refused in a sentence', async (_name, input, words) => {
    const { helper } = await home();
    const ended = await helper('get', input);
    expect([ended.code, ended.stdout, ended.stderr.split('\n')[0]]).toEqual([2, '', words]);
  });

  test('a host that is not ours is left to others, without a word', async () => {
    const { helper, git } = await home();
    const ended = await helper('get', 'protocol=https\nhost=github.com\n');
    expect(ended).toEqual({ code: 0, stdout: '', stderr: '' });
    expect(await helper('store', 'protocol=https\nhost=github.com\nusername=u\npassword=p\n')).toMatchObject({
      code: 0,
      stdout: '',
    });
    expect((await git('fill', 'protocol=https', 'host=github.com')).stdout).toContain('password=asked-password');
  });

  test('nobody is signed in, and nobody can be asked: git goes on to its own prompt, without a word', async () => {
    const { helper } = await home();
    const ended = await helper('get', 'protocol=https\nhost=example.com\n');
    expect(ended).toEqual({ code: 0, stdout: '', stderr: '' });
  });

  test('a token for a scheme of its own goes to a git that knows such, and to no other', async () => {
    const { helper } = await home();
    const place = 'protocol=https\nhost=example.com\n';
    const bearer = `capability[]=authtype\nauthtype=Bearer\ncredential=a-token\n${place}`;
    expect((await helper('capability', '')).stdout).toBe('version 0\ncapability authtype\n');
    await helper('store', bearer);
    expect((await helper('get', `capability[]=authtype\n${place}`)).stdout).toBe(bearer);
    expect((await helper('get', place)).stdout).toBe('');
    expect((await helper('get', `capability[]=authtype\n${place}username=other\n`)).stdout).toBe('');
    await helper('erase', bearer.replace('a-token', 'another'));
    expect((await helper('get', `capability[]=authtype\n${place}`)).stdout).toBe(bearer);
    await helper('erase', bearer);
    expect((await helper('get', `capability[]=authtype\n${place}`)).stdout).toBe('');
    await helper('store', `${bearer}ephemeral=1\n`);
    await helper('store', bearer.replace('capability[]=authtype\n', ''));
    expect((await helper('get', `capability[]=authtype\n${place}`)).stdout).toBe('');
  });

  test('a data folder that can not be written is said, and git goes on', async () => {
    const { folder, env, helper } = await home();
    await rm(join(folder, 'data'), { recursive: true });
    await writeFile(join(folder, 'data'), 'a file where a folder belongs\n');
    const ended = await latchkey(['credential', 'install', 'https://example.com'], { env });
    expect(ended.code).toBe(3);
    expect(ended.stderr).toMatch(
      /^error: .*data\/latchkey(?:\/credentials\.json)? can't be (?:written, so nothing is remembered|read)\nhint: /,
    );
    expect((await helper('get', 'protocol=https\nhost=example.com\n')).stdout).toBe('');
  });

  test('a damaged file is named with what to do', async () => {
    const { folder, helper } = await home();
    await mkdir(join(folder, 'data/latchkey'), { recursive: true });
    await writeFile(join(folder, 'data/latchkey/credentials.json'), '{');
    const ended = await helper('get', 'protocol=https\nhost=example.com\n');
    expect(ended.code).toBe(3);
    expect(ended.stderr).toMatch(
      /^error: .*credentials\.json is damaged\nhint: delete it, and sign in again: latchkey login URL\n$/,
    );
  });

  test('a lock that was left behind is taken after its time, and many at once lose nothing', async () => {
    const { helper } = await home();
    await Promise.all(
      Array.from({ length: 6 }, (_, i) =>
        helper('store', `protocol=https\nhost=example.com\nusername=user${i}\npassword=pass${i}\n`),
      ),
    );
    for (let i = 0; i < 6; i++)
      expect((await helper('get', `protocol=https\nhost=example.com\nusername=user${i}\n`)).stdout).toContain(
        `password=pass${i}\n`,
      );
  });
});

test('a token near its end is renewed, and the new secret is the one that is kept', async () => {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url} ${request.headers.authorization}`);
    const body = {
      id: 7,
      name: 'laptop',
      kind: 'fine-grained',
      state: 'active',
      owner: { login: 'ada' },
      expires_at: '2099-01-01T00:00:00Z',
      token: 'new-secret',
    };
    response.writeHead(200, { 'Content-Type': 'application/json' }).end(JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const { folder, helper } = await home('', [origin]);
  const file = join(folder, 'data/latchkey/credentials.json');
  const now = Math.floor(Date.now() / 1000);
  await helper(
    'store',
    `protocol=http\nhost=${new URL(origin).host}\nusername=ada+7\npassword=old-secret\n` +
      `password_expiry_utc=${now + 3600}\n`,
  );
  await writeFile(file, (await readFile(file, 'utf8')).replace('"issuedAt": null', `"issuedAt": ${now - 30 * 86_400}`));
  await chmod(file, 0o600);

  const renewed = await helper('get', `protocol=http\nhost=${new URL(origin).host}\n`);
  expect(renewed.stdout).toContain('username=ada+7\npassword=new-secret\npassword_expiry_utc=4070908800\n');
  expect(asked).toEqual(['POST /api/v3/user/personal-access-tokens/current/rotate Bearer old-secret']);
  expect((await helper('get', `protocol=http\nhost=${new URL(origin).host}\n`)).stdout).toContain(
    'password=new-secret\n',
  );
  expect(asked).toHaveLength(1);

  server.close();
  server.closeAllConnections();
  await writeFile(
    file,
    (await readFile(file, 'utf8'))
      .replace('"expiresAt": 4070908800', `"expiresAt": ${now + 60}`)
      .replace(/"issuedAt": \d+/, `"issuedAt": ${now - 86_400}`),
  );
  const offline = await helper('get', `protocol=http\nhost=${new URL(origin).host}\n`);
  expect(offline.stdout).toContain('password=new-secret\n');
  expect(offline.stderr).toMatch(/^latchkey: the token could not be renewed: .* does not take connections\n$/);
});
