/**
 * Makes git ask our helper for a server, and nobody else before it.
 *
 * Invariant: for that address alone, helpers configured for everything are set aside (an empty value forgets the
 * previous ones: gitcredentials, "credential.helper"), and the one that can keep secrets works behind ours.
 */
import { execFileSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { Fault } from '../../base/errors.ts';
import type { Terminal } from '../terminal.ts';
import { credentialFilePath, demandWritableBook } from './file.ts';
import { generalHelpers } from './helper-chain.ts';
import { ownWords } from './own-program.ts';
import { CredentialStore } from './store.ts';

/**
 * Helpers that store credentials, by the end of their name. Others (`cache`, `gh`, readers of password managers) don't,
 * or not for long.
 */
const KEEPING =
  /(?:^|[/\\-])(?:osxkeychain|libsecret|gnome-keyring|wincred|manager|manager-core|store)(?:\.exe)?(?:\s|$)/;

/** Exit code of `git config --unset-all` when there is no such key (git-config, "DESCRIPTION"). */
const NOTHING_TO_UNSET = 5;

/**
 * Sets up the server. Returns the helper that stores its secrets, or null when our own file does.
 * @throws Fault when git's configuration can't be written
 */
export async function installFor(address: string, terminal: Terminal): Promise<string | null> {
  const { origin, pathname } = new URL(address);
  const helper = generalHelpers(terminal.env).find((each) => KEEPING.test(each)) ?? null;
  const key = `credential.${origin}.helper`;
  await new CredentialStore(terminal.env).addServer(
    { origin, ...(pathname === '/' ? {} : { path: pathname }), helper },
    () => {
      configure(terminal, ['--replace-all', key, '']);
      configure(terminal, ['--add', key, ownHelper(terminal.env)]);
    },
  );
  return helper;
}

/**
 * Makes sure that the set-up will work, before anything that can't be undone: a token that nobody can keep is lost.
 * @throws Fault when git's configuration or our own file can't be written
 */
export async function demandInstallable({ env }: Terminal): Promise<void> {
  await demandWritableBook(credentialFilePath(env));
  try {
    setGlobally(env, ['--unset-all', 'latchkey.none']);
  } catch (error) {
    // git takes its lock before it looks for what it should take away.
    if ((error as { status?: number | null }).status !== NOTHING_TO_UNSET) throw unwritableConfiguration(error);
  }
}

/** Undoes that. */
export async function uninstallFor(address: string, terminal: Terminal): Promise<void> {
  const { origin } = new URL(address);
  await new CredentialStore(terminal.env).removeServer(origin);
  try {
    configure(terminal, ['--unset-all', `credential.${origin}.helper`]);
  } catch {
    // It was not set.
  }
}

/** How git calls this program: by name if it is on the path, otherwise by the running files. */
function ownHelper(env: Terminal['env']): string {
  return isOnPath(env) ? '!latchkey credential' : `!${ownWords().map(quoted).join(' ')} credential`;
}

function isOnPath(env: Terminal['env']): boolean {
  const names = process.platform === 'win32' ? ['latchkey.cmd', 'latchkey.exe'] : ['latchkey'];
  return (env['PATH'] ?? '')
    .split(delimiter)
    .filter((folder) => folder !== '' && !folder.includes('node_modules'))
    .some((folder) => names.some((name) => isExecutable(join(folder, name))));
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Quoted for the shell in which git runs helpers, on every system. */
function quoted(path: string): string {
  return `'${path.replaceAll('\\', '/').replaceAll("'", `'\\''`)}'`;
}

function configure({ env }: Terminal, args: readonly string[]): void {
  try {
    setGlobally(env, args);
  } catch (error) {
    throw unwritableConfiguration(error);
  }
}

function setGlobally(env: Terminal['env'], args: readonly string[]): void {
  execFileSync('git', ['config', '--global', ...args], { stdio: ['ignore', 'ignore', 'pipe'], env: { ...env } });
}

function unwritableConfiguration(error: unknown): Fault {
  if ((error as { code?: string }).code === 'ENOENT')
    return new Fault('git is not installed, or not on the path', { hint: 'https://git-scm.com/downloads' });
  return new Fault("git's configuration of this person can't be written", {
    hint: 'check ~/.gitconfig: git config --global --list',
    detail: String((error as { stderr?: Buffer }).stderr ?? error),
    cause: error,
  });
}
