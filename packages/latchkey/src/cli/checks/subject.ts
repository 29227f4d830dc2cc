/** What the doctor examines: a remote or an address, and what it finds out about it on the way. */
import { execFile } from 'node:child_process';
import { EMPTY_PROBE, type Probe } from './probe.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** A credential that git would use; its secret is for asking the server alone. */
export interface FoundCredential {
  readonly username: string;
  readonly password: string;
  /** The helper that answered, as git calls it. */
  readonly from: string;
}

export interface Subject {
  readonly env: Environment;
  /** The remote's name; null when an address was given, or there is no clone. */
  readonly remote: string | null;
  /** As git uses it, after `insteadOf`; null when there is none. It may hold a secret. */
  readonly url: string | null;
  /** Scheme, host and port over HTTP: the remote's own, or what an SSH remote would have. Null when not known. */
  readonly origin: string | null;
  /** `acme/site`; null when the address names no repository. */
  readonly repository: string | null;
  /** What later checks may use of earlier ones. */
  probe: Probe;
  credential: FoundCredential | null;
  /** Whose token it is, as the server says. */
  tokenOwner: string | null;
}

export interface GitEnded {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** How long anything that the doctor starts may take. */
const PROGRAM_TIMEOUT_MS = 20_000;

/** Runs a program to its end; a program that isn't there ends with 127. It is never asked anything. */
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

/** Runs git, which may not ask anybody. */
export function runGit(subject: Pick<Subject, 'env'>, args: readonly string[], input = ''): Promise<GitEnded> {
  return runProgram(
    'git',
    args,
    { ...subject.env, GIT_TERMINAL_PROMPT: '0', GIT_ASKPASS: '', SSH_ASKPASS: '', LC_ALL: 'C' },
    input,
  );
}

/** Finds out what is meant: an address, a remote's name, or the clone one stands in. */
export async function subjectOf(
  named: string | undefined,
  env: Environment,
  knownOrigins: readonly string[],
): Promise<Subject> {
  const isAddress = named !== undefined && (named.includes('://') || /^[\w.-]+@[\w.-]+:/.test(named));
  const remote = isAddress ? null : (named ?? (await firstRemote(env)));
  const url = isAddress
    ? named
    : remote === null
      ? null
      : (await runGit({ env }, ['remote', 'get-url', remote])).stdout.trim() || null;
  const place = url === null ? null : placeIn(url, [...knownOrigins, ...(await configuredOrigins(env))]);
  return {
    env,
    remote: remote !== null && url !== null ? remote : null,
    url,
    origin: place?.origin ?? null,
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

/** Servers that git's configuration has something for: they tell the port that an SSH remote would have over HTTP. */
async function configuredOrigins(env: Environment): Promise<readonly string[]> {
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

function placeIn(url: string, knownOrigins: readonly string[]): { origin: string | null; repository: string | null } {
  const scp = isSsh(url) && !url.includes('://') ? /^(?:[^@/]+@)?([^:/]+):\/?(.*)$/.exec(url) : null;
  const parsed = scp === null ? URL.parse(url) : null;
  // `git@host:2222/acme/site.git` is meant as a port, though SSH takes it for a folder.
  const path = scp?.[2]?.replace(/^\d+\/(?=[^/]+\/[^/]+$)/, '') ?? parsed?.pathname;
  const host = scp?.[1] ?? parsed?.hostname;
  if (path === undefined || host === undefined) return { origin: null, repository: null };
  const repository = /^\/*([\w.-]+\/[\w.-]+?)(?:\.git)?\/*$/.exec(path)?.[1] ?? null;
  if (parsed !== null && /^https?:$/.test(parsed.protocol)) return { origin: parsed.origin, repository };
  return {
    origin:
      knownOrigins.find((origin) => new URL(origin).hostname === host) ?? (host === '' ? null : `https://${host}`),
    repository,
  };
}

/** An address that may be shown: without username and password. */
export function withoutSecrets(url: string): string {
  return url.replace(/^([a-z+]+:\/\/)[^/@]*@/i, '$1');
}
