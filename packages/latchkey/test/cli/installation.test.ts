/** `latchkey check`: what it finds on a machine, and that it changes nothing there. */
import { chmod, copyFile, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { generate } from 'selfsigned';
import { SMTPServer } from 'smtp-server';
import { expect, onTestFinished, test } from 'vitest';
import { addUser, type NewUserDraft } from '../../src/actions/accounts/accounts.ts';
import { operatorPermit } from '../../src/actions/decision/authorize.ts';
import { openContext } from '../../src/actions/instance/open.ts';
import { addRepository } from '../../src/actions/repositories/repositories.ts';
import { makeLog } from '../../src/base/log.ts';
import { loadSettings } from '../../src/base/settings/settings.ts';
import { systemClock } from '../../src/base/time.ts';
import { EXIT } from '../../src/cli/exit-codes.ts';
import { run } from '../../src/cli/program.ts';
import { ENGINES, type FreshDatabase, readyDatabase } from '../engines/engines.ts';
import { once } from '../waits.ts';
import { recordingTerminal } from './recording-terminal.ts';

const operator = operatorPermit();

const person = (login: string): NewUserDraft => ({
  login,
  email: `${login}@example.org`,
  verified: true,
  admin: false,
  password: null,
});

interface Finding {
  readonly name: string;
  readonly state: string;
  readonly found: string;
  readonly hint: string | null;
}

interface Checked {
  readonly code: number;
  readonly text: string;
  /** Name of a part → `STATE what was found`. */
  readonly parts: Readonly<Record<string, string>>;
  readonly hints: readonly string[];
}

async function check(words: readonly string[], env: Record<string, string> = {}): Promise<Checked> {
  const terminal = recordingTerminal(env);
  const code = await run(['check', '--json', ...words], terminal);
  const text = [...terminal.printed, ...terminal.said].join('\n');
  const { ok, checks } = JSON.parse(terminal.printed.join('\n')) as { ok: boolean; checks: Finding[] };
  expect(ok).toBe(code === EXIT.ok);
  return {
    code,
    text,
    parts: Object.fromEntries(checks.map(({ name, state, found }) => [name, `${state} ${found}`])),
    hints: checks.flatMap(({ hint }) => hint ?? []),
  };
}

const optionsOf = ({ dataDir, databaseUrl }: FreshDatabase): string[] => [
  '--data',
  dataDir,
  ...(databaseUrl === null ? [] : ['--database', databaseUrl]),
];

/** A data folder with a person and a repository, as a server leaves it. */
async function installed(engine: FreshDatabase['engine'] = 'sqlite', aheadSec = 0): Promise<FreshDatabase> {
  const database = await readyDatabase(engine);
  onTestFinished(database.remove);
  const { dataDir, databaseUrl } = database;
  const flags = { data: dataDir, ...(databaseUrl === null ? {} : { database: databaseUrl }) };
  const clock = { ...systemClock, now: () => systemClock.now() + aheadSec };
  const ctx = await openContext(loadSettings({ flags, env: {} }), makeLog('silent'), { clock });
  await addUser(ctx, operator, person('ada'));
  await addRepository(ctx, operator, { owner: 'ada', name: 'site', visibility: 'private' });
  await ctx.close();
  return database;
}

function changeDatabase({ dataDir }: FreshDatabase, statement: string): void {
  const db = new DatabaseSync(join(dataDir, 'latchkey.db'));
  db.exec(statement);
  db.close();
}

async function folder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'latchkey-check-'));
  onTestFinished(() => rm(path, { recursive: true, force: true }));
  return path;
}

test('before the first start, a check says what will be made, and makes none of it', async () => {
  const place = await folder();
  const { code, parts } = await check(['--data', join(place, 'data')]);
  expect(code).toBe(EXIT.ok);
  expect(parts['data folder']).toMatch(/^ok .*is not there yet; the first start makes it$/);
  expect(parts['database']).toMatch(/^ok .*is not there yet/);
  expect(await readdir(place)).toEqual([]);
});

test.each(ENGINES)('a sound installation passes every part, and is the same afterwards: %s', async (engine) => {
  const database = await installed(engine);
  const before = await readdir(database.dataDir, { recursive: true });
  const { code, parts } = await check(optionsOf(database));
  expect(code).toBe(EXIT.ok);
  expect(Object.entries(parts).filter(([, found]) => !/^(?:ok|skip) /.test(found))).toEqual([]);
  expect(parts['database']).toContain('is whole, has the tables of this version, and takes changes');
  expect(parts['repositories']).toContain('has the files of all 1');
  expect(await readdir(database.dataDir, { recursive: true })).toEqual(before);
});

test('for people, each part is a line, and what to do is below it', async () => {
  const { dataDir } = await installed();
  await rm(join(dataDir, 'repositories', 'ada', 'site.git'), { recursive: true });
  const terminal = recordingTerminal();
  expect(await run(['check', '--data', dataDir], terminal)).toBe(EXIT.refused);
  const at = terminal.printed.findIndex((line) => line.startsWith('fail  repositories: '));
  expect(terminal.printed[at]).toContain('lacks the files of ada/site, of 1 in all');
  expect(terminal.printed[at + 1]).toMatch(/^ {6}mount the disk/);
  expect(terminal.printed.at(-1)).toBe('\n1 of these must be mended.');
});

test('settings that can’t be used are each told, and end with the code for usage', async () => {
  const { code, parts, text } = await check(['--port', '99999', '--database', 'postgres://ada:hunter2@db/x?mode=1']);
  expect(code).toBe(EXIT.usage);
  expect(Object.keys(parts)).toEqual(['settings']);
  expect(text).toContain('--port must be');
  expect(text).not.toContain('hunter2');
});

test('a database that can’t be reached is told without its password, and the other parts are looked at', async () => {
  const { code, parts, text } = await check(['--data', await folder()], {
    LATCHKEY_DATABASE: 'postgres://ada:hunter2@127.0.0.1:1/latchkey?sslmode=disable',
  });
  expect(code).toBe(EXIT.refused);
  expect(parts).toMatchObject({ database: 'fail the database cannot be reached', git: /^ok git 2\./ });
  expect(parts['repositories']).toBe('skip needs the database');
  expect(text).not.toContain('hunter2');
});

test('a damaged, an older and a newer database are told apart, and none is changed', async () => {
  const database = await installed();
  const file = join(database.dataDir, 'latchkey.db');
  await copyFile(file, `${file}.sound`);
  const name = '0395-external-identities';
  changeDatabase(database, `delete from migrations where name = '${name}'`);
  const older = await check(optionsOf(database));
  expect(older).toMatchObject({ code: EXIT.ok, parts: { database: expect.stringContaining(`lacks 1 step`) } });
  // How much room the disk has is others' doing, too.
  expect((await check(optionsOf(database))).parts['database']).toBe(older.parts['database']);
  changeDatabase(database, `insert into migrations values ('${name}', 1), ('9999-later', 1)`);
  const newer = await check(optionsOf(database));
  expect(newer).toMatchObject({ code: EXIT.refused, parts: { database: expect.stringContaining('9999-later') } });
  await writeFile(file, 'no database, but a text that is long enough to be looked at '.repeat(100));
  const damaged = await check(optionsOf(database));
  expect(damaged).toMatchObject({ code: EXIT.refused, parts: { database: expect.stringContaining('damaged') } });
});

test('a database that was put back to an earlier state is told before a start refuses it', async () => {
  const database = await installed();
  const file = join(database.dataDir, 'latchkey.db');
  await copyFile(file, `${file}.copy`);
  const ctx = await openContext(loadSettings({ flags: { data: database.dataDir }, env: {} }), makeLog('silent'));
  await addUser(ctx, operator, person('bob'));
  await ctx.close();
  for (const end of ['-wal', '-shm']) await rm(`${file}${end}`, { force: true });
  await copyFile(`${file}.copy`, file);
  const { code, parts, hints } = await check(optionsOf(database));
  expect(code).toBe(EXIT.refused);
  expect(parts['time lost']).toContain('was put back to an earlier state');
  expect(hints.join()).toContain('latchkey admin restore --tail FILE');
});

test('a key file without the key in force is told', async () => {
  const database = await installed();
  await writeFile(join(database.dataDir, 'secret.key'), `${Buffer.alloc(32, 7).toString('base64')}\n`);
  expect((await check(optionsOf(database))).parts['secret key']).toMatch(/^fail the database is sealed with the key/);
});

test('files with secrets that everybody may read are a warning, whichever setting leads to them', async () => {
  const database = await installed();
  const at = (name: string): string => join(database.dataDir, name);
  await writeFile(at('latchkey.yaml'), 'smtp: smtp://ada:hunter2@127.0.0.1:1\n', { mode: 0o644 });
  await writeFile(at('webhook'), 'https://example.org/hook', { mode: 0o644 });
  await chmod(at('secret.key'), 0o644);
  const { parts, hints, text } = await check(optionsOf(database), { LATCHKEY_AUDIT_WEBHOOK_FILE: at('webhook') });
  for (const name of ['latchkey.yaml', 'webhook', 'secret.key']) expect(parts['secret files']).toContain(at(name));
  expect(parts['secret files']).toMatch(/^warn /);
  for (const name of ['latchkey.yaml', 'webhook', 'secret.key']) await chmod(at(name), 0o640);
  const closed = await check(optionsOf(database), { LATCHKEY_AUDIT_WEBHOOK_FILE: at('webhook') });
  expect(closed.parts['secret files']).toMatch(/^ok /);
  expect(hints.join()).toContain('chmod o= ');
  expect(text).not.toContain('hunter2');
});

test('a clock behind the newest entry of the log is told', async () => {
  const database = await installed('sqlite', 3_600);
  const { code, parts } = await check(optionsOf(database));
  expect(code).toBe(EXIT.refused);
  expect(parts['clock']).toMatch(/^fail the clock shows .*, but the audit log has an entry of /);
});

test('a disk with less room than asked for is told', async () => {
  const database = await installed();
  const { code, parts } = await check([...optionsOf(database), '--min-free-mib', '100000000']);
  expect(code).toBe(EXIT.refused);
  expect(parts['disk']).toMatch(/^fail .* MiB free, and nothing is written below 100000000$/);
});

test('a mail server is asked for a sign-in, and gets no mail', async () => {
  const database = await installed();
  let mails = 0;
  const server = new SMTPServer({
    disabledCommands: ['STARTTLS'],
    onAuth: ({ password }, _session, done) =>
      password === 'right' ? done(null, { user: 'ada' }) : done(new Error('no')),
    onData: (stream, _session, done) => {
      mails++;
      stream.resume().on('end', () => done());
    },
  });
  server.listen(0, '127.0.0.1');
  await once(server.server, 'listening');
  onTestFinished(() => new Promise((resolve) => server.close(() => resolve())));
  const { port } = server.server.address() as AddressInfo;
  const asked = async (smtp: string): Promise<string | undefined> =>
    (await check(optionsOf(database), { LATCHKEY_SMTP: smtp })).parts['mail'];
  expect(await asked(`smtp://ada:right@127.0.0.1:${port}`)).toMatch(/^ok /);
  expect(await asked(`smtp://ada:wrong@127.0.0.1:${port}`)).toMatch(/^fail .* refuses the user or the password$/);
  expect(await asked('smtp://127.0.0.1:1')).toMatch(/^fail .* takes no connection$/);
  expect(mails).toBe(0);
});

test('a certificate for another name, one that expired and one that ends soon are told apart', async () => {
  const database = await installed();
  const [cert, key] = [join(database.dataDir, 'cert.pem'), join(database.dataDir, 'key.pem')];
  const shown = async (days: number, url = 'https://git.example.org'): Promise<string | undefined> => {
    const from = Date.now() - 10 * 86_400_000;
    const made = await generate([{ name: 'commonName', value: 'git.example.org' }], {
      keyType: 'ec',
      algorithm: 'sha256',
      notBeforeDate: new Date(from),
      notAfterDate: new Date(Date.now() + days * 86_400_000),
      extensions: [{ name: 'subjectAltName', altNames: [{ type: 2, value: 'git.example.org' }] }],
    });
    await writeFile(cert, made.cert);
    await writeFile(key, made.private, { mode: 0o600 });
    const tls = ['--tls-cert', cert, '--tls-key', key, '--public-url', url];
    return (await check([...optionsOf(database), ...tls])).parts['certificate'];
  };
  expect(await shown(60)).toMatch(/^ok for git\.example\.org, until /);
  expect(await shown(5)).toMatch(/^warn for git\.example\.org, until /);
  expect(await shown(-1)).toMatch(/^fail the certificate expired on /);
  expect(await shown(60, 'https://other.example.org')).toMatch(/^fail the certificate is not for other\.example\.org/);
});

test('a route map and providers that can’t be read are told with what is wrong in them', async () => {
  const database = await installed();
  const file = join(database.dataDir, 'map.yaml');
  await writeFile(file, 'routes: 7\n');
  const { code, parts } = await check([...optionsOf(database), '--route-map', file, '--identity-providers', file]);
  expect(code).toBe(EXIT.refused);
  expect(parts['route map']).toMatch(/^fail /);
  expect(parts['identity providers']).toMatch(/^fail /);
});
