/**
 * The parts that ask questions, in a pseudo-terminal, where the machine has `script` (util-linux) to make one. Without
 * it a line says so, and in CI it fails. That an answer is obeyed is tested everywhere, with a given terminal
 * (doctor.test.ts).
 */
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { closeSync, existsSync, openSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { once } from '../waits.ts';
import { MAIN } from './latchkey-process.ts';

const HAS_SCRIPT = spawnSync('script', ['--version'], { encoding: 'utf8' }).stdout?.includes('util-linux') === true;

if (!HAS_SCRIPT)
  process.stderr.write(
    'terminal.test.ts: util-linux `script` is not here, so nothing is typed into a pseudo-terminal (apt-get ' +
      'install bsdutils)\n',
  );
const inTerminal = test.runIf(HAS_SCRIPT);

test('CI has a pseudo-terminal, so that nothing is left out there', () => {
  expect(HAS_SCRIPT || process.env['CI'] === undefined, 'install util-linux `script`').toBe(true);
});

const WITH_OUTPUT = [
  ['--help'],
  ['completion', 'bash'],
  ['open', 'token', '--print', '--url', 'https://git.example.org'],
  ['credential', 'capability'],
];

/** How a command ends whose output a shell sends there. */
function endOf(args: readonly string[], to: string): { code: string; said: string } {
  const { stdout, stderr } = spawnSync(
    'sh',
    ['-c', `exec 3>&1; { "$@"; echo "code $?" >&3; } ${to}`, 'sh', process.execPath, MAIN, ...args],
    {
      encoding: 'utf8',
      env: { PATH: process.env['PATH'], HOME: '/nonexistent' },
    },
  );
  return { code: /^code (\d+)$/m.exec(stdout)?.[1] ?? '', said: stderr };
}

test.each(WITH_OUTPUT)('a full disk is one line and a fault: latchkey %s %s', (...args) => {
  expect(endOf(args, '>/dev/full')).toEqual({
    code: '3',
    said: "error: standard output can't be written: no space is left where it goes\n",
  });
});

test.each(WITH_OUTPUT)('a reader that has gone is no failure: latchkey %s %s', (...args) => {
  expect(endOf(args, '| :')).toEqual({ code: '0', said: '' });
});

test('a server whose greeting finds a full disk serves on, says so once, and ends with a fault', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'latchkey-full-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const disk = openSync('/dev/full', 'w');
  const child = spawn(process.execPath, [MAIN, 'serve', '--data', folder, '--port', '0'], {
    stdio: ['ignore', disk, 'pipe'],
    env: { PATH: process.env['PATH'] },
  });
  closeSync(disk);
  onTestFinished(() => void child.kill('SIGKILL'));
  let said = '';
  child.stderr?.setEncoding('utf8').on('data', (chunk: string) => (said += chunk));
  await expect.poll(() => said).toMatch(/^error: standard output can't be written: no space is left where it goes$/m);
  expect((await fetch(`${/"url":"([^"]+)"/.exec(said)?.[1]}/readyz`)).status).toBe(200);
  const closed = once(child, 'close');
  child.kill('SIGTERM');
  expect(await closed).toEqual([3, null]);
  expect(said.match(/^error:/gm)).toHaveLength(1);
});

/** Runs a command in a pseudo-terminal; types each answer after its question. */
async function typed(
  line: string,
  env: Record<string, string>,
  answers: readonly (readonly [question: RegExp, answer: string])[],
): Promise<string> {
  const child = spawn('script', ['--quiet', '--return', '--command', line, '/dev/null'], {
    env: { PATH: process.env['PATH'], ...env },
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  let screen = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (chunk: string) => (screen += chunk));
  const closed = once(child, 'close', 120_000);
  for (const [question, answer] of answers) {
    await expect.poll(() => screen, { timeout: 30_000 }).toMatch(question);
    child.stdin.write(answer);
  }
  await closed;
  return screen;
}

async function clone(): Promise<{ env: Record<string, string>; remote: () => string }> {
  const folder = await mkdtemp(join(tmpdir(), 'latchkey-pty-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  await writeFile(join(folder, '.gitconfig'), '');
  const env = { HOME: folder, GIT_CONFIG_NOSYSTEM: '1', GIT_DIR: join(folder, '.git') };
  const git = (...args: string[]): string =>
    execFileSync('git', args, {
      env: { PATH: process.env['PATH'], ...env },
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
  git('init', '--quiet', folder);
  git('remote', 'add', 'origin', 'git@127.0.0.1:acme/site.git');
  return { env, remote: () => git('remote', 'get-url', 'origin') };
}

const DOCTOR = `'${process.execPath}' '${MAIN}' doctor --fix`;

inTerminal('a person who types yes has the remote mended', async () => {
  const { env, remote } = await clone();
  const screen = await typed(DOCTOR, env, [[/do that\? \[y\/N\] /, 'y\r']]);
  expect(screen).toContain('fail  remote over https: the remote uses SSH, and tokens work over https only');
  expect(remote()).toBe('https://127.0.0.1/acme/site.git');
});

inTerminal('a person who starts a server in a terminal reads the set-up link there, and no file keeps it', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'latchkey-pty-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const line = `'${process.execPath}' '${MAIN}' serve --port 0 --data '${folder}'`;
  const screen = await typed(line, { HOME: folder }, [[/which is printed once\./, '\u0003']]);
  expect(screen).toMatch(/with this link; it works once:\r?\nhttp:\/\/\S+\/setup\/[\w-]{43}\r?\n/);
  expect(existsSync(join(folder, 'set-up-link'))).toBe(false);
});

inTerminal('a person who presses Enter, or Ctrl-D, changes nothing', async () => {
  const { env, remote } = await clone();
  await typed(DOCTOR, env, [[/do that\? \[y\/N\] /, '\r']]);
  await typed(DOCTOR, env, [[/do that\? \[y\/N\] /, '\u0004']]);
  expect(remote()).toBe('git@127.0.0.1:acme/site.git');
});
