/** A certificate that the server gets by itself, from an authority on loopback that really looks. */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { expect, onTestFinished, test } from 'vitest';
import { type RunningServer, startServer } from '../../src/app.ts';
import type { Fault } from '../../src/base/errors.ts';
import { makeLog } from '../../src/base/log.ts';
import { Secret } from '../../src/base/secret.ts';
import { loadSettings } from '../../src/base/settings/settings.ts';
import { AcmeFolder } from '../../src/listener/acme/folder.ts';
import { renew } from '../../src/listener/acme/renewal.ts';
import { readyFolder } from '../engines/engines.ts';
import { freePort } from '../engines/free-port.ts';
import { until } from '../waits.ts';
import { type Authority, type AuthorityOptions, startAuthority } from './acme-authority.ts';

const DOMAIN = 'git.example.org';

async function authorityWith(options: AuthorityOptions): Promise<Authority> {
  const authority = await startAuthority(options);
  onTestFinished(authority.close);
  return authority;
}

async function dataFolder(): Promise<string> {
  const data = mkdtempSync(join(tmpdir(), 'latchkey-acme-'));
  onTestFinished(() => rmSync(data, { recursive: true, force: true }));
  return readyFolder(data);
}

async function serverWith(data: string, directory: string, more: Record<string, unknown>): Promise<RunningServer> {
  const settings = loadSettings({
    flags: { data, port: 0, acmeDomains: [DOMAIN], acmeDirectory: directory, logLevel: 'silent', ...more },
    env: {},
  });
  const server = await startServer(settings);
  onTestFinished(() => server.close());
  return server;
}

/** Whom a client that trusts the authority alone meets: the issuer, or why it doesn't go on. */
function issuerAt(port: number, ca: string): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port, servername: DOMAIN, ca }, () => {
      resolve(socket.getPeerX509Certificate()!.issuer);
      socket.destroy();
    });
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(String(error.code)));
  });
}

const portOf = (server: RunningServer): number => Number(new URL(server.url).port);

test('the server proves its name in a handshake, gets a certificate while it serves, and uses it at once', async () => {
  let https = 0;
  const authority = await authorityWith({ ports: () => ({ http: 0, https }) });
  const data = await dataFolder();
  https = await freePort();
  const server = await serverWith(data, authority.directory, { port: https });
  expect(portOf(server)).toBe(https);
  await until(async () => (await issuerAt(https, authority.root)) === 'CN=Test Authority', 'the certificate is in use');
  expect(authority.looks).toEqual([`tls-alpn-01 ${DOMAIN} fits`]);
  expect(server.context.settings.publicUrl).toBe(`https://${DOMAIN}:${https}`);
  const files = readdirSync(join(data, 'acme'));
  expect(files.toSorted()).toEqual(['account.pem', 'certificate.pem']);
  for (const name of files) expect([name, statSync(join(data, 'acme', name)).mode & 0o777]).toEqual([name, 0o600]);
  expect(await renew(aroundOf(data, authority))).toBe(false);
  expect(authority.orders()).toBe(1);
});

function aroundOf(data: string, authority: Authority, now = () => Math.floor(Date.now() / 1000)) {
  const settings = {
    acmeDomains: [DOMAIN],
    acmeDirectory: authority.directory,
    acmeEmail: null,
    acmeHttpPort: null,
    acmeEabKid: null,
    acmeEabHmacKey: null,
  };
  return { settings, folder: new AcmeFolder(join(data, 'acme')), clock: { now }, log: makeLog('silent') };
}

/** A browser that was sent to the plain port, and the authority at the same one. */
test('over plain HTTP the server proves its name, and sends everybody else to HTTPS', async () => {
  const http = await freePort();
  const authority = await authorityWith({ ports: () => ({ http, https: 0 }) });
  authority.refuseNonce();
  const more = { acmeHttpPort: http, acmeEmail: 'ops@example.org', publicUrl: `https://${DOMAIN}` };
  const server = await serverWith(await dataFolder(), authority.directory, more);
  const port = portOf(server);
  await until(async () => (await issuerAt(port, authority.root)) === 'CN=Test Authority', 'the certificate is in use');
  expect(authority.looks).toEqual([`http-01 ${DOMAIN} fits`]);
  const at = (method: string, path: string): Promise<[status: number | undefined, location: string | undefined]> =>
    new Promise((resolve, reject) => {
      const asking = request({ host: '127.0.0.1', port: http, method, path }, (answer) => {
        answer.resume();
        resolve([answer.statusCode, answer.headers.location]);
      });
      asking.once('error', reject).end();
    });
  expect(await at('GET', '/ada/notes?a=b')).toEqual([301, `https://${DOMAIN}/ada/notes?a=b`]);
  expect(await at('GET', '//evil.example/')).toEqual([301, `https://${DOMAIN}//evil.example/`]);
  expect(await at('POST', '/ada/notes.git/git-receive-pack')).toEqual([403, undefined]);
  expect(await at('GET', '/.well-known/acme-challenge/nothing')).toEqual([404, undefined]);
});

test('two thirds into its life a certificate is renewed, by one process, with another key', async () => {
  let https = 0;
  const authority = await authorityWith({ ports: () => ({ http: 0, https }), lifeSec: 900, ageSec: 0 });
  const data = await dataFolder();
  https = await freePort();
  await serverWith(data, authority.directory, { port: https });
  await until(() => authority.orders() === 1 && !readdirSync(join(data, 'acme')).includes('renewing'), 'the first one');
  const read = (name: string): string => readFileSync(join(data, 'acme', name), 'utf8');
  const before = { certificate: read('certificate.pem'), account: read('account.pem') };
  const later = (sec: number) => () => Math.floor(Date.now() / 1000) + sec;
  expect(await renew(aroundOf(data, authority, later(590)))).toBe(false);
  const both = await Promise.all([1, 2].map(() => renew(aroundOf(data, authority, later(620)))));
  expect(both.toSorted()).toEqual([false, true]);
  expect(authority.orders()).toBe(2);
  expect(read('account.pem')).toBe(before.account);
  const keyIn = (pem: string): string => /-----BEGIN PRIVATE KEY-----[^]*/.exec(pem)?.[0] ?? '';
  expect(keyIn(read('certificate.pem'))).not.toBe(keyIn(before.certificate));
});

test('a refusal changes nothing, says why, and is followed by an hour of silence, also after a restart', async () => {
  const authority = await authorityWith({ ports: () => ({ http: 0, https: 0 }) });
  const data = await dataFolder();
  const lines: string[] = [];
  const log = { ...makeLog('silent'), error: (facts: { err: Error }) => void lines.push(facts.err.message) } as never;
  const server = await serverWith(data, authority.directory, {});
  await until(() => new AcmeFolder(join(data, 'acme')).failedAt() !== null, 'the failure');
  expect(await issuerAt(portOf(server), authority.root)).not.toBe('CN=Test Authority');
  const certificate = readFileSync(join(data, 'acme/certificate.pem'), 'utf8');
  const now = () => Math.floor(Date.now() / 1000);
  expect(await renew({ ...aroundOf(data, authority, () => now() + 3_500), log })).toBe(false);
  expect(authority.orders()).toBe(1);
  expect(await renew({ ...aroundOf(data, authority, () => now() + 3_700), log })).toBe(false);
  expect(authority.orders()).toBe(2);
  expect(lines).toEqual([`the certificate authority did not find ${DOMAIN} to be ours: ${DOMAIN} shows nothing`]);
  expect(readFileSync(join(data, 'acme/certificate.pem'), 'utf8')).toBe(certificate);
});

test('while a challenge is open, clients of another kind are served as ever', async () => {
  const authority = await authorityWith({ ports: () => ({ http: 0, https: 0 }) });
  const data = await dataFolder();
  const server = await serverWith(data, authority.directory, {});
  new AcmeFolder(join(data, 'acme')).showChallenges([
    { type: 'tls-alpn-01', domain: DOMAIN, token: 'a', keyAuthorization: 'a.b' },
  ]);
  const answer = await new Promise<string>((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port: portOf(server), servername: DOMAIN, rejectUnauthorized: false });
    socket.once('error', reject).once('close', () => reject(new Error('closed without an answer')));
    socket.once('data', (bytes: Buffer) => {
      resolve(bytes.toString('latin1'));
      socket.destroy();
    });
    socket.write(`GET /healthz HTTP/1.1\r\nHost: ${DOMAIN}\r\nConnection: close\r\n\r\n`);
  });
  expect(answer).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
});

test('nodes that share the folder share one certificate: one orders, any proves, all use it', async () => {
  let asked = 0;
  const authority = await authorityWith({ ports: () => ({ http: 0, https: asked }) });
  const shared = mkdtempSync(join(tmpdir(), 'latchkey-acme-shared-'));
  onTestFinished(() => rmSync(shared, { recursive: true, force: true }));
  const [first, second] = [await freePort(), await freePort()];
  // Whoever orders, the authority looks at the second.
  asked = second;
  for (const port of [first, second])
    await serverWith(await dataFolder(), authority.directory, { port, acmeFolder: shared });
  for (const port of [first, second])
    await until(async () => (await issuerAt(port, authority.root)) === 'CN=Test Authority', `in use at ${port}`);
  expect(authority.orders()).toBe(1);
  expect(authority.looks).toEqual([`tls-alpn-01 ${DOMAIN} fits`]);
  expect(readdirSync(shared).toSorted()).toEqual(['account.pem', 'certificate.pem']);
});

test('an account bound to one elsewhere gets a certificate; without it the log says what to name', async () => {
  let https = 0;
  const eab = { kid: 'account-7', hmacKey: randomBytes(32).toString('base64url') };
  const authority = await authorityWith({ ports: () => ({ http: 0, https }), eab });
  const bare = aroundOf(await dataFolder(), authority);
  const hints: (string | null)[] = [];
  const log = { ...bare.log, error: (facts: { err: Fault }) => void hints.push(facts.err.hint) } as never;
  expect(await renew({ ...bare, log })).toBe(false);
  const wrong = { ...bare.settings, acmeEabKid: 'account-7', acmeEabHmacKey: new Secret('c29tZXRoaW5nIGVsc2UgaGVyZQ') };
  expect(await renew({ ...aroundOf(await dataFolder(), authority), settings: wrong })).toBe(false);
  expect(hints).toEqual(['name the one that it gave you: --acme-eab-kid and --acme-eab-hmac-key']);
  expect(authority.orders()).toBe(0);
  https = await freePort();
  await serverWith(await dataFolder(), authority.directory, {
    port: https,
    acmeEabKid: eab.kid,
    acmeEabHmacKey: eab.hmacKey,
  });
  await until(async () => (await issuerAt(https, authority.root)) === 'CN=Test Authority', 'the certificate is in use');
});

test('a certificate is renewed when the authority says so, and names the one that it replaces', async () => {
  let https = 0;
  const authority = await authorityWith({ ports: () => ({ http: 0, https }), lifeSec: 90 * 86_400, ageSec: 0 });
  const data = await dataFolder();
  https = await freePort();
  await serverWith(data, authority.directory, { port: https });
  await until(() => authority.orders() === 1 && !readdirSync(join(data, 'acme')).includes('renewing'), 'the first one');
  const day = (days: number): number => Math.floor(Date.now() / 1000) + days * 86_400;
  const renewAt = (days: number): Promise<boolean> => renew(aroundOf(data, authority, () => day(days)));
  // It says nothing yet, and is asked again after hours, not at each look.
  expect(await renewAt(1)).toBe(false);
  authority.suggest({ start: new Date(day(3) * 1000), end: new Date(day(4) * 1000) });
  expect(await renewAt(1.2)).toBe(false);
  const kept = (): { at: number | null } => JSON.parse(readFileSync(join(data, 'acme/renewal.json'), 'utf8'));
  expect(kept().at).toBeNull();
  expect(await renewAt(2)).toBe(false);
  const { at } = kept();
  expect(at).toBeGreaterThanOrEqual(day(3) - 5);
  expect(at).toBeLessThanOrEqual(day(4));
  expect(await renewAt(2.9)).toBe(false);
  expect(await renewAt(4.1)).toBe(true);
  expect(authority.replaced).toEqual([null, expect.stringMatching(/^[\w-]{27}\.[\w-]+$/)]);
  // A word that comes too late for the certificate's life doesn't count.
  authority.suggest({ start: new Date(day(89) * 1000), end: new Date(day(90) * 1000) });
  expect(await renewAt(70)).toBe(false);
  expect(await renewAt(76)).toBe(true);
});
