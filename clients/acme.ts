/**
 * A certificate from Pebble, the test server of Let's Encrypt, by TLS-ALPN-01 and by HTTP-01, for an account that is
 * bound to an external one, and with Pebble's word on when to renew. Needs Go on the machine,
 * which builds Pebble and its name server from the module proxy; a folder that has both already saves that.
 *
 * Pebble refuses some good nonces, and reuses some authorizations, on purpose.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { generate } from 'selfsigned';
import { run } from '../bench/command.ts';
import { ended, freePort } from './service-trial.ts';

const MAIN = join(import.meta.dirname, '../packages/latchkey/dist/cli/main.js');
const MODULE = 'github.com/letsencrypt/pebble/v2/cmd';
const DOMAIN = 'git.example.org';
const LIMIT_MS = 60_000;
const EAB = { kid: 'account-7', hmacKey: randomBytes(32).toString('base64url') };

/** @param kept a folder that has the programs already, or will */
export async function acme(kept: string | undefined): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'latchkey-acme-'));
  const programs = kept ?? join(folder, 'programs');
  const children: ChildProcess[] = [];
  try {
    for (const name of ['pebble', 'pebble-challtestsrv'])
      if (!existsSync(join(programs, name)))
        await run('go', ['install', `${MODULE}/${name}@v2.10.3`], { env: { ...process.env, GOBIN: programs } });
    const [directory, management, dns, https, http] = await Promise.all([1, 2, 3, 4, 5].map(freePort));
    const pair = await generate([{ name: 'commonName', value: 'pebble' }], {
      keyType: 'ec',
      extensions: [{ name: 'subjectAltName', altNames: [{ type: 7, ip: '127.0.0.1' }] }],
    });
    const file = (name: string): string => join(folder, name);
    await writeFile(file('ca.pem'), pair.cert);
    await writeFile(file('key.pem'), pair.private);
    const config = {
      listenAddress: `127.0.0.1:${directory}`,
      managementListenAddress: `127.0.0.1:${management}`,
      certificate: file('ca.pem'),
      privateKey: file('key.pem'),
      httpPort: http,
      tlsPort: https,
      externalAccountBindingRequired: true,
      externalAccountMACKeys: { [EAB.kid]: EAB.hmacKey },
      profiles: { default: { description: 'a week', validityPeriod: 604_800 } },
    };
    await writeFile(file('pebble.json'), JSON.stringify({ pebble: config }));
    const start = (program: string, args: readonly string[], env: Record<string, string> = {}): ChildProcess => {
      const child = spawn(program, args, { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
      children.push(child);
      return child;
    };
    // Every name leads to this machine.
    const none = ['-http01', '', '-https01', '', '-tlsalpn01', '', '-doh', '', '-management', ''];
    start(join(programs, 'pebble-challtestsrv'), ['-dnsserver', `127.0.0.1:${dns}`, '-defaultIPv6', '', ...none]);
    start(join(programs, 'pebble'), ['-config', file('pebble.json'), '-dnsserver', `127.0.0.1:${dns}`], {
      PEBBLE_VA_NOSLEEP: '1',
      PEBBLE_WFE_NONCEREJECT: '50',
    });
    for (const [how, port, more] of [
      ['TLS-ALPN-01', https ?? 0, []],
      ['HTTP-01', await freePort(), ['--acme-http-port', String(http)]],
    ] as const) {
      const authority = `https://127.0.0.1:${directory}/dir`;
      const args = [
        '--port',
        String(port),
        '--data',
        file(how),
        '--acme-domain',
        DOMAIN,
        '--acme-directory',
        authority,
      ];
      const env = {
        NODE_EXTRA_CA_CERTS: file('ca.pem'),
        LATCHKEY_ACME_EAB_KID: EAB.kid,
        LATCHKEY_ACME_EAB_HMAC_KEY: EAB.hmacKey,
      };
      let words = '';
      const startServer = (): ChildProcess => {
        const server = start(process.execPath, [MAIN, 'serve', ...args, ...more], env);
        server.stderr?.on('data', (bytes) => (words += String(bytes)));
        return server;
      };
      const server = startServer();
      const endsAt = Date.now() + LIMIT_MS;
      let issuer = await issuerAt(port);
      while (!issuer.startsWith('CN=Pebble')) {
        if (Date.now() > endsAt || words.includes('got no certificate')) throw new Error(`${how}: ${issuer}\n${words}`);
        await new Promise((resolve) => setTimeout(resolve, 200));
        issuer = await issuerAt(port);
      }
      await ended(server);
      // A start asks when to renew the certificate that is there.
      const again = startServer();
      const said = join(file(how), 'acme/renewal.json');
      while (!existsSync(said)) {
        if (Date.now() > endsAt + LIMIT_MS) throw new Error(`${how}: Pebble says nothing of renewal\n${words}`);
        await new Promise((resolve) => setTimeout(resolve, 200));
      }
      const { at } = JSON.parse(await readFile(said, 'utf8')) as { at: number | null };
      if (at === null) throw new Error(`${how}: Pebble's word on renewal was not understood`);
      const when = new Date(at * 1000).toISOString();
      console.log(`${how.padEnd(12)} ${issuer}, for ${DOMAIN}, to be renewed at ${when}`);
      await ended(again);
    }
  } finally {
    for (const child of children.toReversed()) await ended(child);
    await rm(folder, { recursive: true, force: true });
  }
}

/** Who issued the certificate that is shown there, or why none is. */
function issuerAt(port: number): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port, servername: DOMAIN, rejectUnauthorized: false }, () => {
      resolve(socket.getPeerX509Certificate()?.issuer ?? 'nobody');
      socket.destroy();
    });
    socket.once('error', (error) => resolve(error.message));
  });
}
