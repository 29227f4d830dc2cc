/**
 * Every command where it can't write: its output goes to a full disk, or to a reader that has gone, or its person's
 * home folder can't be written to. Streams, disk, pipe and folder are real.
 *
 * A new command fails here until it has its line in `CALLS`.
 */
import { spawn, spawnSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Readable, Writable } from 'node:stream';
import { finished } from 'node:stream/promises';
import type { Command } from 'commander';
import { expect, onTestFinished, test } from 'vitest';
import { everyCommand } from '../../src/cli/command-tree.ts';
import { EXIT, type ExitCode } from '../../src/cli/exit-codes.ts';
import { buildProgram, run } from '../../src/cli/program.ts';
import { processTerminal, type Surroundings } from '../../src/cli/terminal.ts';
import { causesWorld } from '../causes/world.ts';
import { once } from '../waits.ts';
import { recordingTerminal } from './recording-terminal.ts';

/** Where a sequence of calls runs. Each has a data folder and a server of its own. */
interface Scene {
  readonly data: string;
  readonly url: string;
  /** A repository to import. */
  readonly source: string;
}

interface Call {
  readonly args: (scene: Scene) => readonly string[];
  readonly input?: string;
  /** What it ends with where everything can be written; left out, 0. */
  readonly code?: ExitCode;
  /** True for a command that keeps something in the home folder: a fault where it can't. */
  readonly keeps?: true;
  /** True for a command that prints a secret which is never shown again: a fault where nobody reads it. */
  readonly hands?: true;
}

const CREDENTIAL = 'protocol=https\nhost=git.example.org\nusername=bob\npassword=hunter2\n\n';
const admin =
  (...args: readonly string[]): Call['args'] =>
  ({ data }) => [...args, '--data', data];
const always =
  (...args: readonly string[]): Call['args'] =>
  () =>
    args;

const ISSUER = 'https://kubernetes.example.org';
const keysBeside = (data: string): string => join(dirname(data), 'keys.json');

/** In the order in which they run: what one makes, the next one needs. */
const CALLS: Readonly<Record<string, Call>> = {
  'admin user add': { args: admin('cy', '--email', 'cy@example.org', '--verified') },
  'admin user list': { args: admin() },
  'admin user show': { args: admin('cy') },
  'admin user suspend': { args: admin('cy') },
  'admin user restore': { args: admin('cy') },
  'admin user lock': { args: admin('cy') },
  'admin user unlock': { args: admin('cy') },
  'admin user password': { args: admin('cy'), input: 'correct horse battery\n' },
  'admin user two-factor': { args: admin('cy', '--off'), code: EXIT.refused },
  'admin org add': { args: admin('acme', '--owner', 'cy') },
  'admin org list': { args: admin() },
  'admin policy show': { args: admin('acme') },
  'admin policy set': { args: admin('acme', '--allow', 'classic') },
  'admin request list': { args: admin('acme') },
  'admin request show': { args: admin('acme', '1'), code: EXIT.refused },
  'admin request approve': { args: admin('acme', '1'), code: EXIT.refused },
  'admin request deny': { args: admin('acme', '1'), code: EXIT.refused },
  'admin member-token list': { args: admin('acme', '--json') },
  'admin member-token revoke': { args: admin('acme', '99'), code: EXIT.refused },
  'admin member-token restore': { args: admin('acme', '99'), code: EXIT.refused },
  'admin repo add': { args: admin('acme/site') },
  'admin repo import': { args: ({ data, source }) => ['acme/old', source, '--data', data] },
  'admin repo adopt': { args: admin() },
  'admin repo list': { args: admin() },
  'admin repo mirror add': { args: admin('acme/site', 'push', 'https://git.example.org/site.git') },
  'admin repo mirror list': { args: admin('acme/site') },
  'admin repo mirror run': { args: admin('acme/site', '9'), code: EXIT.refused },
  'admin repo mirror remove': { args: admin('acme/site', '1') },
  'admin repo protection add': { args: admin('acme/site', 'main', '--update', 'maintain') },
  'admin repo protection list': { args: admin('acme/site') },
  'admin repo protection remove': { args: admin('acme/site', 'main') },
  'admin repo rename': { args: admin('acme/old', 'older') },
  'admin repo archive': { args: admin('acme/older') },
  'admin repo transfer': { args: admin('acme/older', 'cy') },
  'admin repo delete': { args: admin('cy/older', '--confirm', 'cy/older') },
  'admin token add': {
    args: admin('cy', '--name', 'ci', '--all-repos', '--permission', 'contents=read'),
    hands: true,
  },
  'admin token list': { args: admin('cy') },
  'admin token edit': { args: admin('1', '--name', 'laptop') },
  'admin token renew': { args: admin('1'), hands: true },
  'admin token revoke': { args: admin('1') },
  'admin token restore': { args: admin('--all') },
  'admin server add': { args: admin('files'), hands: true },
  'admin server list': { args: admin() },
  'admin server remove': { args: admin('docs') },
  'admin machine add': { args: admin('deploy-bot', '--owner', 'acme') },
  'admin machine list': { args: admin('acme') },
  'admin issuer add': {
    args: ({ data }) => [
      'cluster',
      '--preset',
      'kubernetes',
      '--issuer',
      ISSUER,
      '--jwks',
      keysBeside(data),
      '--data',
      data,
    ],
  },
  'admin issuer list': { args: admin() },
  'admin issuer show': { args: admin('cluster') },
  'admin issuer set': { args: admin('cluster', '--max-life', '600') },
  'admin issuer test': { args: admin('cluster') },
  'admin machine rule add': {
    args: admin('deploy-bot', '--owner', 'acme', '--name', 'ci', '--issuer', 'cluster', '--claim', 'sub=job'),
  },
  'admin machine rule list': { args: admin('deploy-bot', '--owner', 'acme') },
  'admin machine rule test': { args: admin('deploy-bot', '--owner', 'acme'), input: 'no token' },
  'admin machine rule set': { args: admin('deploy-bot', '1', '--owner', 'acme', '--life', '600') },
  'admin machine rule remove': { args: admin('deploy-bot', '1', '--owner', 'acme') },
  'admin issuer remove': { args: admin('cluster') },
  'admin machine delete': { args: admin('deploy-bot', '--owner', 'acme') },
  'admin org member add': { args: admin('acme', 'dan') },
  'admin org member remove': { args: admin('acme', 'dan') },
  'admin repo collaborator add': { args: admin('acme/site', 'dan', '--role', 'read') },
  'admin repo collaborator remove': { args: admin('acme/site', 'dan') },
  'admin scim add': { args: admin('okta') },
  'admin scim link': { args: admin('dan', '--client', 'okta', '--user-name', 'dan@example.org') },
  'admin scim unlink': { args: admin('dan') },
  'admin scim list': { args: admin() },
  'admin org group add': { args: admin('acme', 'directory/okta', 'Everyone') },
  'admin org group list': { args: admin('acme') },
  'admin org group remove': { args: admin('acme', '1') },
  'admin team add': { args: admin('acme', 'Core') },
  'admin team change': { args: admin('acme', 'core', '--name', 'Centre') },
  'admin team list': { args: admin('acme') },
  'admin team show': { args: admin('acme', 'centre') },
  'admin team member add': { args: admin('acme', 'centre', 'cy') },
  'admin team member remove': { args: admin('acme', 'centre', 'cy') },
  'admin team repo give': { args: admin('acme', 'centre', 'site') },
  'admin team repo take': { args: admin('acme', 'centre', 'site') },
  'admin team delete': { args: admin('acme', 'centre') },
  'admin scim rotate': { args: admin('okta') },
  'admin scim remove': { args: admin('okta') },
  'admin user export': { args: admin('dan') },
  'admin user rename': { args: admin('dan', 'dana') },
  'admin user delete': { args: admin('dana') },
  'admin org rename': { args: admin('acme', 'acme-labs') },
  'admin org delete': { args: admin('acme-labs', '--confirm', 'acme-labs') },
  'admin check': { args: admin('--json') },
  'admin lfs gc': { args: admin('--dry-run') },
  'admin secrets rotate': { args: admin() },
  'admin audit checkpoint': { args: admin() },
  'admin audit verify': { args: admin('--json') },
  'admin audit export': { args: admin() },
  'admin audit prune': { args: admin('--before', '2020-01-01'), code: EXIT.refused },
  'admin audit streams': { args: admin('--json') },
  'admin backup': { args: ({ data }) => [join(dirname(data), 'backups'), '--data', data] },
  'admin restore': { args: admin('--nothing-ended') },
  // Nothing answers there.
  'admin migrate': { args: admin('--to', 'postgres://127.0.0.1:1/none?sslmode=disable'), code: EXIT.fault },
  check: { args: admin('--json') },
  'ssh-keys': { args: admin('SHA256:x'), code: EXIT.fault },
  'ssh-session': { args: admin('deploy-1'), code: EXIT.fault },
  doctor: { args: ({ url }) => [`${url}/acme/site.git`] },
  // Nothing answers there. Whether it could keep a token, it finds out before.
  login: { args: always('http://127.0.0.1:1'), code: EXIT.fault, keeps: true },
  'credential install': { args: always('https://git.example.org'), keeps: true },
  'credential store': { args: always(), input: CREDENTIAL },
  'credential get': { args: always(), input: CREDENTIAL },
  'credential erase': { args: always(), input: CREDENTIAL },
  'credential capability': { args: always() },
  'credential uninstall': { args: always('https://git.example.org'), keeps: true },
  'token create': { args: always('--name', 'ci', '--all-repos', '--permission', 'contents=read'), hands: true },
  'token list': { args: always() },
  'token show': { args: always('2') },
  'token derive': { args: always('--permission', 'contents=read'), hands: true },
  'token rotate': { args: always('2'), hands: true },
  'token revoke': { args: always('2') },
  'token check': { args: always('contents=read', 'acme/site') },
  'token permissions': { args: always('push') },
  'token remind': { args: always() },
  'token cancel': { args: always() },
  whoami: { args: always() },
  agent: { args: always('--repo', 'acme/site', '--', 'true') },
  mcp: { args: always() },
  'open token': { args: always('--print') },
  'route explain': { args: ({ url }) => ['GET', `${url}/acme/site.git/HEAD`] },
  completion: { args: always('bash') },
};

test('the table has a line for every command', () => {
  const pathOf = (command: Command): string =>
    command.parent === null ? '' : `${pathOf(command.parent)} ${command.name()}`.trim();
  const commands = everyCommand(buildProgram(recordingTerminal()))
    .filter(({ commands: below }) => below.length === 0)
    .map(pathOf);
  // `serve` doesn't end by itself: see scripts/terminal.test.ts.
  expect([...Object.keys(CALLS), 'serve'].toSorted()).toEqual(commands.toSorted());
});

/** Where the output of a call goes. */
type Output = () => Promise<Writable>;

async function fullDisk(): Promise<Writable> {
  const disk = createWriteStream('/dev/full');
  await once(disk, 'open');
  return disk;
}

/** A pipe whose reader has ended. */
async function readerGone(): Promise<Writable> {
  const reader = spawn('true', { stdio: ['pipe', 'ignore', 'ignore'] });
  await once(reader, 'close');
  return reader.stdin;
}

async function somewhere(): Promise<Writable> {
  return new Writable({ write: (_chunk, _encoding, done) => done() });
}

/** How one call ended. */
interface Ended {
  readonly code: number;
  readonly said: string;
  /** True when it wrote something on its output. */
  readonly printed: boolean;
}

async function call(words: readonly string[], input: string, env: Surroundings['env'], output: Output): Promise<Ended> {
  const stdout = await output();
  let [said, writes] = ['', 0];
  const write = stdout.write.bind(stdout) as (...args: unknown[]) => boolean;
  stdout.write = (...args: unknown[]) => ++writes > 0 && write(...args);
  const atExit: (() => void)[] = [];
  const place: Surroundings = {
    env,
    stdin: Readable.from([Buffer.from(input)]),
    stdout,
    stderr: new Writable({
      write: (chunk, _encoding, done) => {
        said += String(chunk);
        done();
      },
    }),
    once: (_event, then) => atExit.push(then),
  };
  const ended = finished(stdout).catch(() => {});
  place.exitCode = await run(words, processTerminal(place));
  stdout.end();
  await ended;
  for (const then of atExit) then();
  return { code: Number(place.exitCode), said, printed: writes > 0 };
}

/** Nobody makes a file there, not even root. */
const UNWRITABLE_HOME = '/sys';

/** How every command ended, and the names of what lives in the two data folders then. */
interface Outcomes {
  readonly ended: ReadonlyMap<string, Ended>;
  readonly living: readonly string[];
}

/** Calls every command in turn, in a world of its own. */
async function callEach(output: Output, home: string | null = null): Promise<Outcomes> {
  const place = await mkdtemp(join(tmpdir(), 'latchkey-commands-'));
  onTestFinished(() => rm(place, { recursive: true, force: true }));
  const world = await causesWorld();
  const { secret } = await world.token({
    grants: [{ owner: 'bob', permissions: { personal_access_tokens: 'write', contents: 'write' } }, {}],
  });
  const scene: Scene = { data: join(place, 'data'), url: world.url, source: join(place, 'old.git') };
  spawnSync('git', ['init', '--quiet', '--bare', scene.source]);
  const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  await writeFile(keysBeside(scene.data), JSON.stringify({ keys: [publicKey.export({ format: 'jwk' })] }));
  const env = {
    PATH: process.env['PATH'],
    HOME: home ?? place,
    GIT_CONFIG_NOSYSTEM: '1',
    LATCHKEY_URL: world.url,
    LATCHKEY_TOKEN: secret,
    LATCHKEY_LOG_LEVEL: 'silent',
  };
  await world.token({ name: 'spare' });
  const inData = async (...words: readonly string[]): Promise<string> => {
    const terminal = recordingTerminal(env);
    expect(await run(['admin', ...words, '--data', scene.data], terminal)).toBe(EXIT.ok);
    return terminal.printed.join('\n');
  };
  await inData('user', 'add', 'dan', '--email', 'dan@example.org', '--verified');
  await inData('token', 'add', 'dan', '--name', 'old', '--classic', '--scope', 'repo');
  await inData('server', 'add', 'docs');
  const ended = new Map<string, Ended>();
  for (const [path, { args, input = '' }] of Object.entries(CALLS))
    ended.set(path, await call([...path.split(' '), ...args(scene)], input, env, output));
  const { db } = world.server.context.store;
  const alive = [
    ...(await db.selectFrom('tokens').select('name').where('revoked_at', 'is', null).execute()),
    ...(await db.selectFrom('derived_tokens').select('name').where('revoked_at', 'is', null).execute()),
    ...(JSON.parse(await inData('token', 'list', 'cy', '--json')) as { name: string; state: string }[]).filter(
      ({ state }) => state === 'active',
    ),
    ...(JSON.parse((await inData('server', 'list', '--json')) || '[]') as { name: string }[]),
  ];
  return { ended, living: alive.map(({ name }) => name) };
}

/** The codes and errors of a whole table, so that a failure shows each command that differs. */
const summary = (outcomes: ReadonlyMap<string, Ended>, errorsOf: (ended: Ended) => unknown): object =>
  Object.fromEntries([...outcomes].map(([path, ended]) => [path, [ended.code, errorsOf(ended)]]));

const errorLines = ({ said }: Ended): string[] => said.split('\n').filter((line) => line.startsWith('error:'));
/** How the command ends where everything can be written. */
function asUsual(path: string): [code: ExitCode, errors: unknown] {
  const code = CALLS[path]?.code ?? EXIT.ok;
  return [code, code === EXIT.ok ? [] : [expect.any(String)]];
}

const isTrace = (line: string): boolean => /^\s+at |node:internal|\bE(?:NOSPC|PIPE|ACCES|NOENT|ROFS)\b/.test(line);

test('a full disk is one line and a fault, for every command that prints', async () => {
  const { ended: outcomes, living } = await callEach(fullDisk);
  const lost = "error: standard output can't be written: no space is left where it goes";
  const expected = [...outcomes].map(([path, { printed }]) => [path, printed ? [EXIT.fault, [lost]] : asUsual(path)]);
  expect(summary(outcomes, errorLines)).toEqual(Object.fromEntries(expected));
  expect([...outcomes.values()].filter(({ printed }) => printed).length).toBeGreaterThan(20);
  expect([...outcomes.values()].flatMap(({ said }) => said.split('\n')).filter(isTrace)).toEqual([]);
  expect(living, 'what was made, and whose secret went nowhere').toEqual(['laptop']);
});

test('a reader that has gone is no failure, for every command but one whose secret nobody read', async () => {
  const { ended: outcomes, living } = await callEach(readerGone);
  const lost = "error: standard output can't be written: nobody reads it";
  const expected = [...outcomes.keys()].map((path) => [
    path,
    CALLS[path]?.hands === true ? [EXIT.fault, [lost]] : asUsual(path),
  ]);
  expect(summary(outcomes, errorLines)).toEqual(Object.fromEntries(expected));
  expect(living).toEqual(['laptop']);
  const next = ['admin token add', 'admin server add', 'token create', 'token derive', 'token rotate'];
  expect(next.map((path) => outcomes.get(path)?.said.match(/^hint: .*$/m)?.[0])).toMatchInlineSnapshot(`
    [
      "hint: the token 2 is revoked, since nobody has its secret; call this again",
      "hint: the server files is removed again, since nobody has its secret; call this again",
      "hint: token 3 is revoked, since nobody has its secret; call this again",
      "hint: derived token 1 is revoked, since nobody has its secret; call this again",
      "hint: nobody has the new secret, and the old one still works for a while: call this again before it ends",
    ]
  `);
});

test('in a home folder that can’t be written, what keeps something says so, and the rest works', async () => {
  const { ended: outcomes } = await callEach(somewhere, UNWRITABLE_HOME);
  const expected = [...outcomes.keys()].map((path) => [
    path,
    CALLS[path]?.keeps === true ? [EXIT.fault, [expect.stringContaining("can't be written")]] : asUsual(path),
  ]);
  expect(summary(outcomes, errorLines)).toEqual(Object.fromEntries(expected));
  expect([...outcomes.values()].flatMap(({ said }) => said.split('\n')).filter(isTrace)).toEqual([]);
});
