/** What the doctor examines: a remote or an address, and what it finds out about it on the way. */
import { execFile } from 'node:child_process';
import { withoutRepository } from '../connection.ts';
import { EMPTY_PROBE, type Probe } from './probe.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** A credential that git would use. Its secret is only for asking the server. */
export interface FoundCredential {
  readonly username: string;
  readonly password: string;
  /** The helper that answered, by git's name for it. */
  readonly from: string;
}

export interface Subject {
  readonly env: Environment;
  /** The remote's name; null when an address was given, or there is no clone. */
  readonly remote: string | null;
  /** As git uses it, after `insteadOf`; null when there is none. It may contain a secret. */
  readonly url: string | null;
  /**
   * The server over HTTP, with the path below which it is: the remote's own, or the one for an SSH remote. Null when
   * unknown.
   */
  readonly address: string | null;
  /** `acme/site`; null when the address names no repository. */
  readonly repository: string | null;
  /** Results that later checks may use. */
  probe: Probe;
  credential: FoundCredential | null;
  /** The token's owner, according to the server. */
  tokenOwner: string | null;
}

export interface GitEnded {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** The limit for any program that the doctor starts. */
const PROGRAM_TIMEOUT_MS = 20_000;

/** Runs a program to its end; a missing program ends with 127. It gets no input. */
export function runProgram(program: string, args: readonly string[], env: Environment, input = ''): Promise<GitEnded> {
  return new Promise((resolve) => {
    const child = execFile(
      program,
      args,
      { env: { ...env }, timeout: PROGRAM_TIMEOUT_MS, encoding: 'utf8', maxBuffer: 4 * 1024 * 1024 },
      (error, stdout, stderr) => {
        const code =
          error === null ? 0 : error.code === 'ENOENT' ? 127 : typeof error.code === 'number' ? error.code : 1;
        resolve({ code, stdout, stderr });
      },
    );
    child.stdin?.on('error', () => {}).end(input);
  });
}

/** Runs git without letting it prompt. */
export function runGit(subject: Pick<Subject, 'env'>, args: readonly string[], input = ''): Promise<GitEnded> {
  return runProgram(
    'git',
    args,
    { ...subject.env, GIT_TERMINAL_PROMPT: '0', GIT_ASKPASS: '', SSH_ASKPASS: '', LC_ALL: 'C' },
    input,
  );
}

/** Works out the target: an address, a remote's name, or the clone in the working directory. */
export async function subjectOf(
  named: string | undefined,
  env: Environment,
  knownAddresses: readonly string[],
): Promise<Subject> {
  const isAddress = named !== undefined && (named.includes('://') || /^[\w.-]+@[\w.-]+:/.test(named));
  const remote = isAddress ? null : (named ?? (await firstRemote(env)));
  const url = isAddress
    ? named
    : remote === null
      ? null
      : (await runGit({ env }, ['remote', 'get-url', remote])).stdout.trim() || null;
  const place = url === null ? null : placeIn(url, [...knownAddresses, ...(await configuredAddresses(env))]);
  return {
    env,
    remote: remote !== null && url !== null ? remote : null,
    url,
    address: place?.address ?? null,
    repository: place?.repository ?? null,
    probe: EMPTY_PROBE,
    credential: null,
    tokenOwner: null,
  };
}

async function firstRemote(env: Environment): Promise<string | null> {
  const remotes = (await runGit({ env }, ['remote'])).stdout.split('\n').filter((line) => line !== '');
  return remotes.includes('origin') ? 'origin' : (remotes[0] ?? null);
}

/** Servers with an entry in git's configuration. They reveal the HTTP port that goes with an SSH remote. */
async function configuredAddresses(env: Environment): Promise<readonly string[]> {
  const { stdout } = await runGit({ env }, ['config', '--name-only', '--get-regexp', '^(credential|http)\\.https?://']);
  const urls = [...stdout.matchAll(/^(?:credential|http)\.(https?:\/\/\S+)\.\w+$/gim)].map(([, url = '']) =>
    URL.parse(url),
  );
  return [URL.parse(env['LATCHKEY_URL'] ?? ''), ...urls].flatMap((url) => (url === null ? [] : [url.origin]));
}

/** True for `ssh://…`, `git@host:path` and the like. */
export function isSsh(url: string): boolean {
  return (
    /^(?:ssh|git\+ssh):\/\//.test(url) || (!url.includes('://') && /^[^/]+:/.test(url) && !/^[A-Za-z]:[\\/]/.test(url))
  );
}

function placeIn(url: string, knownAddresses: readonly string[]): Pick<Subject, 'address' | 'repository'> {
  const scp = isSsh(url) && !url.includes('://') ? /^(?:[^@/]+@)?([^:/]+):\/?(.*)$/.exec(url) : null;
  const parsed = scp === null ? URL.parse(url) : null;
  // In `git@host:2222/acme/site.git` people mean a port, though SSH takes it for a folder.
  const path = scp?.[2]?.replace(/^\d+\/(?=[^/]+\/[^/]+$)/, '') ?? parsed?.pathname;
  const host = scp?.[1] ?? parsed?.hostname;
  if (path === undefined || host === undefined) return { address: null, repository: null };
  if (parsed !== null && /^https?:$/.test(parsed.protocol)) {
    const plain = parsed.origin + path.replace(/\/+$/, '');
    const address =
      knownAddresses.find((known) => plain === known || plain.startsWith(`${known}/`)) ??
      (plain.endsWith('.git') ? withoutRepository(plain) : parsed.origin);
    return { address, repository: repositoryIn(plain.slice(address.length)) };
  }
  return {
    address:
      knownAddresses.find((address) => new URL(address).hostname === host) ?? (host === '' ? null : `https://${host}`),
    repository: repositoryIn(path),
  };
}

function repositoryIn(path: string): string | null {
  return /^\/*([\w.-]+\/[\w.-]+?)(?:\.git)?\/*$/.exec(path)?.[1] ?? null;
}

/** An address that is safe to show: without username and password. */
export function withoutSecrets(url: string): string {
  return url.replace(/^([a-z+]+:\/\/)[^/@]*@/i, '$1');
}
