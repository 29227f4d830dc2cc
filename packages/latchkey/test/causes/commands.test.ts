/**
 * `latchkey whoami` and `latchkey login` where something is wrong: each cause is told once, as one error and one line
 * to follow. Here are those on the way to a server and on the person's machine; causes.test.ts has what a server knows.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { generate } from 'selfsigned';
import { expect, onTestFinished, test } from 'vitest';
import { EXIT } from '../../src/cli/exit-codes.ts';
import { unreachable } from '../../src/cli/unreachable.ts';
import { MAIN, runProgram } from '../scripts/latchkey-process.ts';
import { holding, home, told } from './told.ts';

async function listening(server: Server, scheme = 'http'): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `${scheme}://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const answering = (listener: RequestListener): Promise<string> => listening(createServer(listener));

const certificate = () =>
  generate([{ name: 'commonName', value: 'localhost' }], {
    keySize: 2048,
    algorithm: 'sha256',
    extensions: [{ name: 'subjectAltName', altNames: [{ type: 7, ip: '127.0.0.1' }] }],
  });

/** A server over TLS that answers everything with this. */
async function secure(listener: RequestListener): Promise<{ url: string; pem: string }> {
  const made = await certificate();
  const url = await listening(createSecureServer({ key: made.private, cert: made.cert }, listener), 'https');
  return { url, pem: made.cert };
}

async function closedPort(): Promise<string> {
  const server = createServer();
  const url = await listening(server);
  await new Promise((resolve) => server.close(resolve));
  return url;
}

interface WrongServer {
  readonly name: string;
  readonly arrange: () => Promise<string>;
  /** After the address. */
  readonly error: string;
  /** `{url}` is the address, `{other}` the one with the other scheme. */
  readonly hint: string;
}

const CHECK_ADDRESS = 'check the address, and open it in a browser: {url}';
const WRONG_SERVERS: readonly WrongServer[] = [
  {
    name: 'a server that is down',
    arrange: closedPort,
    error: 'does not take connections',
    hint: 'check the port, and whether the server runs',
  },
  {
    name: 'https for a server without TLS',
    arrange: async () => (await answering((_request, response) => void response.end())).replace('http:', 'https:'),
    error: 'speaks something else on that port',
    hint: 'try {other}',
  },
  {
    name: 'http for a server with TLS',
    arrange: async () => (await secure((_request, response) => void response.end())).url.replace('https:', 'http:'),
    error: 'speaks something else on that port',
    hint: 'try {other}',
  },
  {
    name: 'a certificate that is not trusted',
    arrange: async () => (await secure((_request, response) => void response.end())).url,
    error: 'has a certificate that this machine does not trust',
    hint: 'git config --global http.{url}/.sslCAInfo /path/to/ca.pem',
  },
  {
    name: 'another program',
    arrange: () => answering((_request, response) => void response.writeHead(404).end('404 page not found\n')),
    error: 'does not answer as a Latchkey server',
    hint: CHECK_ADDRESS,
  },
  {
    name: 'a network that asks to sign in first',
    arrange: () => answering((_request, response) => void response.end('<h1>Welcome to our wireless network</h1>')),
    error: 'does not answer as a Latchkey server',
    hint: CHECK_ADDRESS,
  },
  {
    name: 'an old address that sends on',
    arrange: () =>
      answering(
        ({ url }, response) => void response.writeHead(301, { location: `https://new.example.org${url}` }).end(),
      ),
    error: 'sends on to https://new.example.org',
    hint: 'if you trust that server, name it: https://new.example.org',
  },
];

test.each(WRONG_SERVERS)('whoami and login tell one cause of the way to the server: $name', async (wrong) => {
  const url = await wrong.arrange();
  const other = url.startsWith('https') ? url.replace('https', 'http') : url.replace('http', 'https');
  const expected = {
    code: EXIT.fault,
    printed: [],
    error: `${url} ${wrong.error}`,
    hint: wrong.hint.replace('{url}', url).replace('{other}', other),
  };
  expect(await told(['whoami', '--url', url], { LATCHKEY_TOKEN: 'x' })).toEqual(expected);
  expect(await told(['login', url], await home())).toEqual(expected);
  expect(await told(['login', url, '--device'], await home())).toEqual(expected);
});

test.each([
  ['ENOTFOUND', 'has an address that nobody knows', 'check the spelling, and whether a VPN is needed'],
  ['EAI_AGAIN', "can't be looked up: name resolution does not answer", 'check the network'],
  ['UND_ERR_CONNECT_TIMEOUT', 'does not answer', 'check the network, a firewall or a VPN'],
  ['CERT_HAS_EXPIRED', 'has a certificate that has expired', 'compare with the clock of this machine: date -u'],
  ['CERT_NOT_YET_VALID', 'has a certificate that begins later', 'compare with the clock of this machine: date -u'],
  ['ERR_TLS_CERT_ALTNAME_INVALID', 'has a certificate for another name', 'use the name that the certificate has'],
  ['ESOMETHING', "can't be reached", 'check the address: latchkey doctor https://git.example.org'],
])('a failed connection has its words: %s', (code, words, hint) => {
  const fault = unreachable('https://git.example.org', new TypeError('fetch failed', { cause: { code } }));
  expect([fault.message, fault.hint]).toEqual([`https://git.example.org ${words}`, hint]);
});

test('the line for a private authority is enough for latchkey, too, and for that server alone', async () => {
  const token = { id: 1, name: 'laptop', kind: 'classic', state: 'active', expires_at: null, owner: { login: 'bob' } };
  const first = await secure((_request, response) => void response.end(JSON.stringify(token)));
  const second = await secure((_request, response) => void response.end(JSON.stringify(token)));
  const env = await home();
  const whoami = (url: string) =>
    runProgram(process.execPath, [MAIN, 'whoami', '--url', url], {
      env: { ...env, GIT_CONFIG_GLOBAL: join(env['HOME']!, '.gitconfig'), LATCHKEY_TOKEN: 'x' },
    });
  const line = /^hint: (.*)$/m.exec((await whoami(first.url)).stderr)![1]!;
  const pem = join(env['HOME']!, 'ca.pem');
  await writeFile(pem, first.pem);
  await runProgram('sh', ['-c', line.replace('/path/to/ca.pem', pem)], {
    env: { ...env, GIT_CONFIG_GLOBAL: join(env['HOME']!, '.gitconfig') },
  });
  expect(await whoami(first.url)).toMatchObject({ code: 0, stdout: expect.stringContaining(`bob at ${first.url}\n`) });
  expect((await whoami(second.url)).stderr).toContain('has a certificate that this machine does not trust');
});

test('a sign-in that has ended by this machine’s clock is told with the line that begins another', async () => {
  const url = 'http://127.0.0.1:1';
  const ended = await holding(url, 'secret', 'password_expiry_utc=4070908800\n');
  const file = join(ended['XDG_DATA_HOME']!, 'latchkey/credentials.json');
  await writeFile(file, (await readFile(file, 'utf8')).replace('4070908800', '1577836800'));
  expect(await told(['whoami', '--url', url], ended)).toMatchObject({
    code: EXIT.fault,
    error: `the sign-in at ${url} ended on 1 Jan 2020, 00:00 UTC`,
    hint: `latchkey login ${url}`,
  });
});

test('what the machine lacks is told as one cause, before a token is made', async () => {
  const env = await home();
  expect(await told(['whoami'], env)).toMatchObject({
    code: EXIT.usage,
    error: 'no server is named, and none was signed in at',
  });
  expect(await told(['whoami', '--url', 'https://git.example.org'], env)).toMatchObject({
    error: 'nobody is signed in at https://git.example.org',
    hint: 'latchkey login https://git.example.org',
  });
  expect(await told(['login', 'http://127.0.0.1:1'], { ...env, PATH: '/nonexistent' })).toMatchObject({
    code: EXIT.fault,
    error: 'git is not installed, or not on the path',
    hint: 'https://git-scm.com/downloads',
  });
  expect(await told(['login', 'http://127.0.0.1:1'], { ...env, XDG_DATA_HOME: '/sys' })).toMatchObject({
    error: "/sys/latchkey can't be written, so nothing is remembered",
    hint: 'make it writable, or set XDG_DATA_HOME',
  });
  await mkdir(join(env['XDG_DATA_HOME']!, 'latchkey'), { recursive: true });
  await writeFile(join(env['XDG_DATA_HOME']!, 'latchkey/credentials.json'), '{"version":1,');
  expect(await told(['whoami', '--url', 'https://git.example.org'], env)).toMatchObject({
    code: EXIT.fault,
    error: expect.stringMatching(/credentials\.json is damaged$/),
    hint: 'delete it, and sign in again: latchkey login URL',
  });
});
