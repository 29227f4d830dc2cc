/** The client as people get it, as an npm package and as one executable, against a real server and a real git. */
import { existsSync, lstatSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { programVersion } from '../../src/base/version.ts';
import { bundleClient } from '../../tools/client-bundle.ts';
import { writeClientPackage } from '../../tools/client-package.ts';
import { buildExecutable, type ExecutableName, TARGETS } from '../../tools/executables.ts';
import { causesWorld } from '../causes/world.ts';
import { type Ended, runProgram } from './latchkey-process.ts';

const MOST_BYTES = 2_000_000;
const OWN_EXECUTABLE = (Object.keys(TARGETS) as ExecutableName[]).find(
  (name) => TARGETS[name].platform === process.platform && TARGETS[name].arch === process.arch,
);

let folder: string;
let packed: string;
/** Where only the npm package is installed. */
let installed: string;
let executable: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'latchkey-client-'));
  await writeClientPackage(join(folder, 'package'));
  const npm = async (cwd: string, ...args: string[]): Promise<string> => {
    const env = { HOME: folder, npm_config_cache: join(folder, 'cache'), npm_config_update_notifier: 'false' };
    const ended = await runProgram('npm', args, { cwd, env });
    expect(ended.code, ended.stderr).toBe(0);
    return ended.stdout.trim();
  };
  packed = join(folder, await npm(join(folder, 'package'), 'pack', '--silent', '--pack-destination', folder));
  installed = join(folder, 'empty');
  await mkdir(installed);
  await npm(installed, 'install', '--offline', '--ignore-scripts', '--no-audit', '--no-fund', packed);
  executable = join(folder, OWN_EXECUTABLE!);
  await buildExecutable(OWN_EXECUTABLE!, executable);
});

afterAll(() => rm(folder, { recursive: true, force: true }));

const FORMS = ['the npm package', 'the executable'] as const;
const programOf = (form: (typeof FORMS)[number]): string =>
  form === 'the executable' ? executable : join(installed, 'node_modules/.bin/latchkey');

/** A person with their own home folder, who runs the client. */
async function person(form: (typeof FORMS)[number]) {
  const home = await mkdtemp(join(folder, 'home-'));
  await writeFile(join(home, '.gitconfig'), '');
  const env = {
    HOME: home,
    XDG_DATA_HOME: join(home, 'data'),
    GIT_CONFIG_GLOBAL: join(home, '.gitconfig'),
    PATH: [dirname(process.execPath), process.env['PATH']].join(delimiter),
  };
  const call = (args: readonly string[], input = '', more: Record<string, string> = {}): Promise<Ended> =>
    runProgram(programOf(form), args, { env: { ...env, ...more }, input, cwd: home });
  const git = (...args: string[]): Promise<Ended> => runProgram('git', args, { env, cwd: home });
  return { home, call, git };
}

test('the client is made of its own commands and of commander, and of nothing that serves', async () => {
  const { modules } = await bundleClient(true);
  expect(modules).toContain('src/cli/credential/call.ts');
  const foreign = modules.filter((name) => !/^(?:src\/|node_modules\/commander\/|\0)/.test(name));
  expect(foreign).toEqual([]);
  const rooms = new Set(modules.map((name) => /^src\/(cli\/(?:admin|serve)(?=\/)|[\w.-]+)/.exec(name)?.[1]));
  for (const room of ['actions', 'doors', 'store', 'git', 'telemetry', 'listener', 'app.ts', 'cli/admin', 'cli/serve'])
    expect(rooms).not.toContain(room);
});

test('the npm package is under 2 MB, needs no other, and brings manual page, completions, licence and readme', () => {
  const root = join(installed, 'node_modules/@latchkey/cli');
  const files = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((name) =>
    statSync(join(root, name)).isFile(),
  );
  for (const name of ['LICENSE', 'THIRD-PARTY-LICENSES', 'README.md', 'man/latchkey.1', 'completions/_latchkey'])
    expect(files).toContain(name);
  const unpacked = files.reduce((sum, name) => sum + statSync(join(root, name)).size, 0);
  expect(statSync(packed).size + unpacked).toBeLessThan(MOST_BYTES);
  const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as Record<string, unknown>;
  expect(Object.keys(manifest)).not.toEqual(expect.arrayContaining(['dependencies']));
  expect(Object.keys(manifest)).not.toEqual(expect.arrayContaining(['scripts']));
  expect(readdirSync(join(installed, 'node_modules')).filter((name) => !name.startsWith('.'))).toEqual(['@latchkey']);
  expect(readFileSync(join(root, 'THIRD-PARTY-LICENSES'), 'utf8')).toMatch(/^commander\n\n\(The MIT License\)/);
});

describe.each(FORMS)('%s', (form) => {
  test('keeps a token for git, which clones with it; whoami, token list and doctor find all well', async () => {
    const world = await causesWorld();
    const { secret } = await world.token({
      name: 'laptop',
      grants: [{ owner: 'bob', permissions: { contents: 'write', personal_access_tokens: 'read' } }],
    });
    const { home, call, git } = await person(form);
    expect(await call(['credential', 'install', world.url])).toMatchObject({ code: 0, stdout: '' });

    const place = `protocol=http\nhost=${new URL(world.url).host}\n`;
    const nobody = await call(['credential', 'get'], place);
    expect(nobody).toEqual({ code: 0, stdout: '', stderr: '' });
    const credential = `${place}username=bob\npassword=${secret}\n`;
    expect(await call(['credential', 'store'], credential)).toEqual({ code: 0, stdout: '', stderr: '' });
    expect(await call(['credential', 'get'], place)).toEqual({ code: 0, stdout: credential, stderr: '' });

    const cloned = await git('clone', `${world.url}/bob/diary.git`);
    expect(cloned.code, cloned.stderr).toBe(0);
    expect(existsSync(join(home, 'diary/.git'))).toBe(true);
    expect((await call(['whoami'])).stdout).toMatch(`bob at ${world.url}\ntoken 1 "laptop"`);
    expect((await call(['token', 'list'])).stdout).toMatch(/laptop .*\n {4}Can read and write code in .*\n/);
    const doctor = await call(['doctor', `${world.url}/bob/diary.git`]);
    expect(doctor.code, doctor.stdout).toBe(0);

    expect(await call(['credential', 'erase'], credential)).toEqual({ code: 0, stdout: '', stderr: '' });
    expect((await call(['credential', 'get'], place)).stdout).toBe('');
  });

  test('has its help, version, texts and completions with it, and says whose the server’s commands are', async () => {
    const { call } = await person(form);
    expect((await call(['--version'])).stdout).toBe(`${programVersion()}\n`);
    expect(await call(['login', '--help'])).toMatchObject({ code: 0, stdout: expect.stringContaining('--device') });
    expect((await call(['about', 'manual'])).stdout).toMatch(/^\.TH LATCHKEY 1$/m);
    expect((await call(['about', 'readme'])).stdout).toMatch(/^# latchkey, the client\n/);
    const licences = (await call(['about', 'license'])).stdout;
    for (const words of ['Apache License', '(The MIT License)']) expect(licences).toContain(words);
    if (form === 'the executable') expect(licences).toContain('Node.js is licensed for use as follows');
    const completion = (await call(['completion', 'bash'])).stdout;
    expect(completion).toContain('doctor');
    expect(completion).not.toMatch(/(?<![\w=])admin(?![\w:])/);
    for (const command of ['serve', 'admin'])
      expect(await call([command])).toMatchObject({
        code: 2,
        stderr: expect.stringMatching(new RegExp(`^error: latchkey ${command} belongs to the server.*\nhint: `)),
      });
    expect((await call(['serv'])).stderr).toMatch(/^error: unknown command 'serv'\n/);
  });

  test('bounds what git may send, and says when it is no text', async () => {
    const { call } = await person(form);
    const tooMuch = await call(['credential', 'get'], `protocol=https\n${'x'.repeat(300_000)}`);
    expect(tooMuch).toMatchObject({ code: 2, stderr: expect.stringContaining('holds more than 262144 bytes') });
  });
});

test('an executable is called by its own path where it is not on PATH', async () => {
  const { home, call, git } = await person('the executable');
  onTestFinished(() => rm(home, { recursive: true, force: true }));
  expect((await call(['credential', 'install', 'https://git.example.org'])).code).toBe(0);
  const helper = await git('config', '--global', '--get-all', 'credential.https://git.example.org.helper');
  expect(helper.stdout.trim()).toBe(`!'${executable}' credential`);
  expect(lstatSync(executable).mode & 0o111).not.toBe(0);
  expect((await call(['credential', 'uninstall', 'https://git.example.org'])).code).toBe(0);
});
