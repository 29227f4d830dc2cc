/** PostgreSQL with TLS, PostgreSQL without, and pools of different sizes: always the real thing. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'kysely';
import { generate } from 'selfsigned';
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import { Fault } from '../../src/base/errors.ts';
import { makeLog } from '../../src/base/log.ts';
import { EXIT } from '../../src/cli/exit-codes.ts';
import { type Store } from '../../src/store/db.ts';
import { openStore } from '../../src/store/open.ts';
import type { PostgresTuning } from '../../src/store/postgres-connection.ts';
import { freshDatabase } from '../engines/engines.ts';
import { type RunningServer, startPostgres } from '../engines/postgres-server.ts';
import { latchkey, serveUntilReady } from '../scripts/latchkey-process.ts';

const folder = mkdtempSync(join(tmpdir(), 'latchkey-tls-'));
const file = (name: string): string => join(folder, name);
let server: RunningServer;
let authority: { key: string; cert: string };

async function makeAuthority(name: string): Promise<{ key: string; cert: string }> {
  const made = await generate([{ name: 'commonName', value: name }], {
    algorithm: 'sha256',
    extensions: [
      { name: 'basicConstraints', cA: true, critical: true },
      { name: 'keyUsage', keyCertSign: true, cRLSign: true, critical: true },
    ],
  });
  writeFileSync(file(`${name}.pem`), made.cert);
  return { key: made.private, cert: made.cert };
}

/** A certificate only for `localhost`, so that 127.0.0.1 is another name. */
function certify(ca: { key: string; cert: string }, notAfterDate?: Date): ReturnType<typeof generate> {
  return generate([{ name: 'commonName', value: 'localhost' }], {
    algorithm: 'sha256',
    ca,
    extensions: [{ name: 'subjectAltName', altNames: [{ type: 2, value: 'localhost' }] }],
    ...(notAfterDate === undefined ? {} : { notBeforeDate: new Date(notAfterDate.getTime() - 1000), notAfterDate }),
  });
}

beforeAll(async () => {
  authority = await makeAuthority('authority');
  await makeAuthority('stranger');
  const made = await certify(authority);
  writeFileSync(file('server.crt'), made.cert);
  writeFileSync(file('server.key'), made.private);
  server = await startPostgres([file('server.crt'), file('server.key')]);
});

afterAll(async () => {
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** The address of the database that only accepts TLS, by one of its names. */
const address = (host: string, parameters = ''): string => `${server.url.replace('127.0.0.1', host)}${parameters}`;

async function open(databaseUrl: string, postgres: PostgresTuning = {}): Promise<Store> {
  const store = await openStore({ dataDir: folder, databaseUrl, postgres, log: makeLog('silent') });
  onTestFinished(() => store.close());
  return store;
}

async function faultOf(opening: Promise<Store>): Promise<Fault> {
  const error = await opening.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(Fault);
  const { message, hint, detail } = error as Fault;
  expect(`${message} ${hint} ${detail}`).not.toMatch(/latchkey:|postgres:\/\/latchkey/);
  return error as Fault;
}

describe('a database that takes TLS only', () => {
  test('is connected to by the name and the authority of its certificate, by every connection', async () => {
    const store = await open(address('localhost'), { caFile: file('authority.pem'), poolSize: 3 });
    const node = store.join(async () => undefined)!;
    onTestFinished(() => node.leave());
    await vi.waitFor(() => expect(node.trusts()).toBe(true), { timeout: 20_000 });
    await Promise.all([1, 2, 3, 4].map(() => sql`select pg_sleep(0.1)`.execute(store.db)));
    const { rows } = await sql<{
      ssl: boolean;
    }>`select ssl from pg_stat_ssl join pg_stat_activity using (pid) where application_name = 'latchkey'`.execute(
      store.db,
    );
    // Three of the pool, and the one that listens.
    expect(rows).toHaveLength(4);
    expect(rows.every(({ ssl }) => ssl)).toBe(true);
  });

  test('is refused with an authority that is not its own, and without any', async () => {
    for (const postgres of [{ caFile: file('stranger.pem') }, {}]) {
      const { message, hint } = await faultOf(open(address('localhost', '?sslmode=verify-full'), postgres));
      expect(message).toBe('the certificate of the database comes from nobody who is trusted');
      expect(hint).toBe('name the certificate of its authority: --database-ca FILE');
    }
  });

  test('is refused under another name than its certificate has, unless the authority alone is asked for', async () => {
    const { message, hint } = await faultOf(open(address('127.0.0.1'), { caFile: file('authority.pem') }));
    expect(message).toBe('the certificate of the database is for another name than the address has');
    expect(hint).toContain('?sslmode=verify-ca with --database-ca FILE');
    expect((await open(address('127.0.0.1', '?sslmode=verify-ca'), { caFile: file('authority.pem') })).engine).toBe(
      'postgres',
    );
    await faultOf(open(address('127.0.0.1', '?sslmode=verify-ca'), { caFile: file('stranger.pem') }));
  });

  test('says that it takes nothing else, where TLS was not asked for', async () => {
    vi.stubEnv('PGSSLMODE', 'no-verify');
    onTestFinished(() => void vi.unstubAllEnvs());
    for (const parameters of ['', '?sslmode=disable']) {
      const { message, hint } = await faultOf(open(address('127.0.0.1', parameters)));
      expect(message).toBe('the database takes no connection without TLS');
      expect(hint).toBe(
        'end the address with ?sslmode=verify-full, and name the certificate of its authority: --database-ca FILE',
      );
    }
  });

  test('is refused with a certificate out of its time', async () => {
    const store = await open(address('localhost'), { caFile: file('authority.pem') });
    const {
      rows: [row],
    } = await sql<{ data_directory: string }>`show data_directory`.execute(store.db);
    const certificate = join(row!.data_directory, 'server.crt');
    const key = join(row!.data_directory, 'server.key');
    const before = [readFileSync(certificate), readFileSync(key)] as const;
    const old = await certify(authority, new Date(Date.now() - 60_000));
    const use = async (cert: string | Buffer, privateKey: string | Buffer): Promise<void> => {
      writeFileSync(certificate, cert);
      writeFileSync(key, privateKey);
      await sql`select pg_reload_conf()`.execute(store.db);
    };
    await use(old.cert, old.private);
    await vi.waitFor(
      async () => {
        const { message } = await faultOf(open(address('localhost'), { caFile: file('authority.pem') }));
        expect(message).toBe('the certificate of the database has expired, or is not valid yet');
      },
      { timeout: 20_000 },
    );
    await use(...before);
    await vi.waitFor(() => open(address('localhost'), { caFile: file('authority.pem') }), { timeout: 20_000 });
  });

  test('serves, started from the command line, and the wrong authority is told with its remedy', {
    timeout: 60_000,
  }, async () => {
    const data = ['--data', folder, '--database', address('localhost')];
    const wrong = await latchkey(['admin', 'user', 'suspend', 'ada', ...data, '--database-ca', file('stranger.pem')]);
    expect(wrong).toMatchObject({ code: EXIT.fault, stdout: '' });
    expect(wrong.stderr).toBe(
      'error: the certificate of the database comes from nobody who is trusted\nhint: name the certificate of ' +
        'its authority: --database-ca FILE\n',
    );
    const none = await latchkey(['serve', ...data, '--database-ca', file('none.pem')]);
    expect(none.stderr).toContain(
      "error: the file that --database-ca names can't be read\nhint: check --database-ca, and that the server's " +
        'user may read the file',
    );
    writeFileSync(file('empty.pem'), '');
    expect((await latchkey(['serve', ...data, '--database-ca', file('empty.pem')])).stderr).toContain(
      'error: the file that --database-ca names holds no certificate in PEM',
    );
    const serving = await serveUntilReady([
      ...data,
      '--database-ca',
      file('authority.pem'),
      '--database-pool',
      '2',
      '--workers',
      '2',
    ]);
    for (let n = 0; n < 8; n++) expect((await fetch(`${serving.url}/readyz`)).status).toBe(200);
    expect((await serving.stop('SIGTERM')).code).toBe(0);
  });
});

test('a database that speaks no TLS is refused where TLS is asked for', async () => {
  const database = await freshDatabase('postgres');
  onTestFinished(database.remove);
  for (const mode of ['require', 'verify-full']) {
    const { message, hint } = await faultOf(open(`${database.databaseUrl!}?sslmode=${mode}`));
    expect(message).toBe('the database does not speak TLS');
    expect(hint).toContain('on a closed network, say that clear text is meant: ?sslmode=disable');
  }
});

test('a database on another machine is spoken to in clear text only where the address says so; every start warns', {
  timeout: 60_000,
}, async () => {
  const database = await freshDatabase('postgres');
  onTestFinished(database.remove);
  // An old spelling of 127.0.0.1, which the system knows but which doesn't look like this machine.
  const away = database.databaseUrl!.replace('127.0.0.1', '127.1');
  expect((await faultOf(open(away))).message).toBe('the database does not speak TLS');
  const serving = await serveUntilReady(['--data', database.dataDir, '--database', `${away}?sslmode=disable`]);
  const { code, stderr } = await serving.stop('SIGTERM');
  expect(code).toBe(0);
  const warning = stderr.split('\n').find((line) => line.includes('clear text'))!;
  expect(JSON.parse(warning)).toMatchObject({
    level: 'warn',
    host: '127.1',
    msg: 'what is said to the database crosses the network in clear text: sslmode=disable',
  });
  expect(stderr).not.toContain('latchkey:latchkey');
});

test.each([2, 5])('a pool of %i opens so many connections and no more', async (poolSize) => {
  const database = await freshDatabase('postgres');
  onTestFinished(database.remove);
  const store = await open(database.databaseUrl!, { poolSize });
  const work = Promise.all(Array.from({ length: 8 }, () => sql`select pg_sleep(0.3)`.execute(store.db)));
  await vi.waitFor(() => expect(store.connections()).toEqual({ open: poolSize, idle: 0, waiting: 8 - poolSize }), {
    timeout: 10_000,
  });
  await work;
});
