/**
 * What keeps a server from starting. Each error names the setting, the place and the next step; none is just "something
 * failed". The most important one is a database that was lost while its repositories are there: otherwise, the first
 * visitor would own the new instance.
 */
import { mkdir, mkdtemp, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { addUser } from '../../../src/actions/accounts/accounts.ts';
import { operatorPermit } from '../../../src/actions/decision/authorize.ts';
import { openContext } from '../../../src/actions/instance/open.ts';
import { startServer } from '../../../src/app.ts';
import { Fault } from '../../../src/base/errors.ts';
import { makeLog } from '../../../src/base/log.ts';
import { placeFault } from '../../../src/base/machine/place-fault.ts';
import { loadSettings } from '../../../src/base/settings/settings.ts';
import { SQLITE_FILE_NAME } from '../../../src/store/db.ts';
import { once } from '../../waits.ts';

interface Places {
  readonly home: string;
  readonly data: string;
  readonly repositories: string;
  readonly database: string;
}

async function places(): Promise<Places> {
  const home = await mkdtemp(join(tmpdir(), 'latchkey-start-'));
  onTestFinished(() => rm(home, { recursive: true, force: true }));
  const data = join(home, 'data');
  return { home, data, repositories: join(home, 'repositories'), database: join(data, SQLITE_FILE_NAME) };
}

const settingsOf = ({ data, repositories }: Places, flags: object = {}) =>
  loadSettings({ flags: { data, repositories, port: 0, logLevel: 'silent', ...flags }, env: {} });

/** An instance with ada in it, stopped. */
async function instance(at: Places): Promise<void> {
  const ctx = await openContext(settingsOf(at), makeLog('silent'));
  const draft = { login: 'ada', email: 'ada@example.org', verified: true, admin: true, password: null };
  await addUser(ctx, operatorPermit(), draft);
  await ctx.close();
}

async function faultOfStart(at: Places, flags: object = {}): Promise<Fault> {
  try {
    const server = await startServer(settingsOf(at, flags));
    await server.close();
  } catch (error) {
    expect(error).toBeInstanceOf(Fault);
    return error as Fault;
  }
  throw new Error('it started');
}

type Broken = (at: Places) => Promise<{ readonly flags?: object; readonly setting: string; readonly names: string }>;

const BROKEN: Readonly<Record<string, Broken>> = {
  'a file where the data folder should be': async ({ data }) => {
    await writeFile(data, '');
    return { setting: '--data', names: data };
  },
  'a data folder below a file': async ({ home }) => {
    await writeFile(join(home, 'file'), '');
    const data = join(home, 'file/data');
    return { flags: { data }, setting: '--data', names: data };
  },
  'a folder where the database should be': async ({ database }) => {
    await mkdir(database, { recursive: true });
    return { setting: '--data', names: database };
  },
  'a database that is none': async ({ data, database }) => {
    await mkdir(data);
    await writeFile(database, 'A letter, and long enough to be taken for a database.\n'.repeat(100));
    return { setting: '--data', names: database };
  },
  'a database of which the second half is gone': async (at) => {
    await instance(at);
    await truncate(at.database, (await stat(at.database)).size / 2);
    return { setting: '--data', names: at.database };
  },
  'a database that was emptied': async (at) => {
    await instance(at);
    await truncate(at.database, 0);
    return { setting: '--data', names: at.database };
  },
  'a database that is gone': async (at) => {
    await instance(at);
    await rm(at.data, { recursive: true });
    return { setting: '--data', names: at.database };
  },
  'a file where the repositories should be': async ({ repositories }) => {
    await writeFile(repositories, '');
    return { setting: '--repositories', names: repositories };
  },
  'a file where our own folder beside them should be': async ({ repositories }) => {
    await mkdir(repositories);
    await writeFile(join(repositories, '.latchkey'), '');
    return { setting: '--repositories', names: join(repositories, '.latchkey') };
  },
  'a key file that is not there': async ({ home }) => {
    const secretKeyFile = join(home, 'absent.key');
    await mkdir(secretKeyFile);
    return { flags: { secretKeyFile }, setting: '--secret-key-file', names: secretKeyFile };
  },
  'a route map that is not there': async ({ home }) => {
    const routeMap = join(home, 'absent.yaml');
    return { flags: { routeMap }, setting: '--route-map', names: routeMap };
  },
  'a certificate that is not there': async ({ home }) => {
    const [tlsCert, tlsKey] = [join(home, 'absent.pem'), join(home, 'absent.key')];
    return { flags: { tlsCert, tlsKey }, setting: '--tls-', names: 'absent' };
  },
  'a port that is taken': async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    onTestFinished(() => void other.close());
    const { port } = other.address() as AddressInfo;
    return { flags: { port }, setting: '--port', names: String(port) };
  },
  'a database server that is not there': async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;
    await new Promise((resolve) => other.close(resolve));
    const database = `postgres://ada:hunter2@127.0.0.1:${port}/latchkey`;
    return { flags: { database }, setting: '--database', names: 'database' };
  },
};

it.each(Object.keys(BROKEN))('a start that meets %s names the setting, the place and the next step', async (name) => {
  const at = await places();
  const { flags, setting, names } = await BROKEN[name]!(at);
  const { message, hint } = await faultOfStart(at, flags);
  expect(message).toContain(names);
  expect(`${message} ${hint}`).toContain(setting);
  expect(hint).toMatch(/\w \S/);
  expect(`${message} ${hint}`).not.toContain('hunter2');
});

it('a lost database is not created again beside its repositories until the mark there is deleted', async () => {
  const at = await places();
  await instance(at);
  const mark = join(at.repositories, '.latchkey/high-water');
  expect(JSON.parse(await readFile(mark, 'utf8'))).toMatchObject({ epoch: 1, auditId: expect.any(Number) });
  await rm(at.data, { recursive: true });
  const { message, hint } = await faultOfStart(at);
  expect(message).toBe(
    `the database ${at.database} is empty, but the repositories in ${at.repositories} had an instance`,
  );
  expect(hint).toContain(`to begin anew with these repositories, delete ${mark}`);
  await expect(openContext(settingsOf(at), makeLog('silent'))).rejects.toThrow('is empty');
  await rm(mark);
  await (await startServer(settingsOf(at))).close();
});

it.each([
  ['EACCES', 'this user has no permission', 'chown'],
  ['ENOSPC', 'its disk is full', 'make room'],
  ['EROFS', 'its disk is mounted read-only', 'mount it'],
  ['EWHATEVER', 'nobody knows', 'look at it'],
])('a place that can’t be used for %s is told with the reason and a step', (code, why, step) => {
  const place = { what: 'the data folder', path: '/srv/data', setting: '--data' };
  const { message, hint } = placeFault(place, Object.assign(new Error('nobody knows'), { code }));
  expect(message).toBe(`the data folder /srv/data can’t be used: ${why}`);
  expect(hint).toMatch(new RegExp(`${step}.*, or name another place with --data$`));
});
