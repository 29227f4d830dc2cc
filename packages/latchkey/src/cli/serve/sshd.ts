/**
 * `--ssh-port`: runs the machine's sshd beside the server, as the server's own account, with a configuration that lets
 * nobody do anything but git.
 *
 * Source: sshd_config(5). sshd runs `AuthorizedKeysCommand` only where root owns it: that is `env`, which runs us.
 * Invariant: sshd ends with the server, however that ends: it is watched by a shell whose standard input is a pipe of
 * this process.
 * Never: a private host key that anybody but the account can read, or a setting of the machine's own sshd.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Fault } from '../../base/errors.ts';
import type { Log } from '../../base/log.ts';
import { SSH_HOST_KEY, sshFolder } from '../../base/machine/ssh-place.ts';
import type { Settings } from '../../base/settings/settings.ts';

/** Beside PATH: users other than root don't have these in it. */
const PLACES = ['/usr/sbin', '/usr/local/sbin', '/sbin', '/opt/homebrew/sbin', '/usr/bin', '/usr/local/bin'];
/** Shells that run no command, so that sshd can't run ours. */
const NO_SHELL = /\/(?:nologin|false)$/;
const START_LIMIT_MS = 15_000;
const RESTART_MS = 1_000;
/** Runs a program until standard input ends, or it does. */
const WATCHED = `exec 3<&0
"$@" </dev/null 3<&- & pid=$!
{ cat <&3 >/dev/null; kill "$pid" 2>/dev/null; } &
wait "$pid"`;

export interface Sshd {
  /** Takes no more connections. */
  close(): Promise<void>;
}

/**
 * Starts it, and resolves when it takes connections.
 * @throws Fault when this machine has none, or it can't start
 */
export async function startSshd(settings: Settings, port: number, log: Log): Promise<Sshd> {
  const sshd = new Watched(prepare(settings, port), log);
  await sshd.start();
  return sshd;
}

/** The command line. */
function prepare(settings: Settings, port: number): readonly string[] {
  const [sshd, keygen] = [find('sshd'), find('ssh-keygen')];
  if (sshd === null || keygen === null)
    throw new Fault("--ssh-port needs OpenSSH's server, and this machine has none", {
      hint: 'install it (Debian: openssh-server; it need not run itself), or leave --ssh-port out',
    });
  const { username, uid } = accountOf();
  const folder = sshFolder(settings.data);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const hostKey = join(folder, SSH_HOST_KEY);
  if (!existsSync(hostKey)) run(keygen, ['-q', '-t', 'ed25519', '-N', '', '-C', 'latchkey', '-f', hostKey]);
  // Where sshd gives up its rights, which it only can as root.
  if (uid === 0) mkdirSync('/run/sshd', { recursive: true, mode: 0o755 });
  const config = join(folder, 'sshd_config');
  writeFileSync(config, sshdConfiguration({ settings, port, username, hostKey }), { mode: 0o600 });
  run(sshd, ['-t', '-f', config]);
  return [sshd, '-D', '-e', '-f', config];
}

/** @throws Fault where sshd could not run a command for it */
function accountOf(): { username: string; uid: number } {
  const { username, uid, shell } = userInfo();
  if (shell !== null && !NO_SHELL.test(shell)) return { username, uid };
  throw new Fault(`sshd runs commands by the shell of ${username}, and that is ${shell ?? 'none'}`, {
    hint: `sudo usermod --shell /bin/sh ${username} (its password stays locked), or leave --ssh-port out`,
  });
}

/** What sshd is told. */
export function sshdConfiguration(about: {
  settings: Pick<Settings, 'data' | 'host'>;
  port: number;
  username: string;
  hostKey: string;
}): string {
  const { settings, port, username, hostKey } = about;
  const program = [process.execPath, process.argv[1] ?? ''];
  const command = [...program, 'ssh-keys', '--data', settings.data].map(configWord).join(' ');
  return [
    `Port ${port}`,
    `ListenAddress ${settings.host}`,
    `HostKey ${configWord(hostKey)}`,
    'PidFile none',
    `AllowUsers ${username}`,
    // Of root: a key with a command.
    'PermitRootLogin forced-commands-only',
    'AuthenticationMethods publickey',
    'AuthorizedKeysFile none',
    `AuthorizedKeysCommand /usr/bin/env ${command} %f`,
    `AuthorizedKeysCommandUser ${username}`,
    'PasswordAuthentication no',
    'KbdInteractiveAuthentication no',
    'UsePAM no',
    'AcceptEnv GIT_PROTOCOL',
    'DisableForwarding yes',
    'PermitTTY no',
    'PermitUserRC no',
    'PermitUserEnvironment no',
    'PrintMotd no',
    'PrintLastLog no',
    'LoginGraceTime 30',
    'ClientAliveInterval 60',
    'ClientAliveCountMax 5',
    '',
  ].join('\n');
}

/** A word of sshd's configuration. `%` begins a token there. @throws Fault for what no line can hold */
function configWord(word: string): string {
  if (/["\n\\]/.test(word))
    throw new Fault(`sshd can't be told of ${JSON.stringify(word)}`, { hint: 'use a path without quotes' });
  return `"${word.replaceAll('%', '%%')}"`;
}

function find(name: string): string | null {
  const folders = [...(process.env['PATH'] ?? '').split(':'), ...PLACES].filter((folder) => folder.startsWith('/'));
  const paths = folders.map((folder) => join(folder, name));
  return paths.find(isProgram) ?? null;
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function run(program: string, args: readonly string[]): void {
  const { status, stderr, error } = spawnSync(program, args, { encoding: 'utf8' });
  if (status !== 0)
    throw new Fault(`${program} refused: ${(stderr || error?.message || '').trim()}`, { hint: 'see docs/ssh.md' });
}

class Watched {
  readonly #words: readonly string[];
  readonly #log: Log;
  #child: ChildProcess | null = null;
  #closing = false;

  constructor(words: readonly string[], log: Log) {
    this.#words = words;
    this.#log = log;
  }

  /** @throws Fault when it ends before it listens */
  start(): Promise<void> {
    return new Promise((resolve, reject) => {
      // Not in our group: Ctrl-C must not end sessions that may finish.
      const child = spawn('/bin/sh', ['-c', WATCHED, 'latchkey-sshd', ...this.#words], {
        stdio: ['pipe', 'ignore', 'pipe'],
        detached: true,
        env: { PATH: process.env['PATH'] ?? '/usr/bin:/bin' },
      });
      this.#child = child;
      child.stdin.on('error', () => undefined);
      const timer = setTimeout(() => child.stdin.end(), START_LIMIT_MS);
      let last = 'it said nothing';
      let isUp = false;
      createInterface({ input: child.stderr }).on('line', (line) => {
        last = line;
        this.#log.info({ sshd: line }, 'sshd');
        if (!line.startsWith('Server listening on ')) return;
        isUp = true;
        clearTimeout(timer);
        resolve();
      });
      child.once('error', reject);
      child.once('exit', () => {
        clearTimeout(timer);
        child.stdin.end();
        if (!isUp)
          return reject(new Fault(`sshd did not start: ${last}`, { hint: 'choose another port with --ssh-port' }));
        if (!this.#closing) this.#again();
      });
    });
  }

  #again(): void {
    this.#log.error('sshd ended; starting another');
    setTimeout(() => {
      if (this.#closing) return;
      this.start().catch((error: unknown) => {
        this.#log.error({ err: error }, 'sshd could not be started again');
        this.#again();
      });
    }, RESTART_MS).unref();
  }

  async close(): Promise<void> {
    this.#closing = true;
    const child = this.#child;
    if (child === null || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    child.stdin?.end();
    await ended;
  }
}
