/**
 * Which server a person's command talks to, and with which token.
 *
 * The server: `--url`, else `LATCHKEY_URL`, else the current clone's `origin` if the helper knows that server, else
 * the helper's only server. The token: `LATCHKEY_TOKEN`, else the helper's token for that server.
 * Invariant: whatever keeps a command from its server and its token is told as one cause, with one line to paste.
 * Never: one server's token sent to another; `LATCHKEY_TOKEN` goes where `--url` or `LATCHKEY_URL` says, or to the
 * clone's origin.
 */
import { execFileSync } from 'node:child_process';
import { Fault } from '../base/errors.ts';
import { Secret } from '../base/secret.ts';
import { spokenInstant, systemClock } from '../base/time.ts';
import { misspellingOf } from '../rules/token-spelling.ts';
import { addressOf, CredentialStore, placeOf } from './credential/store.ts';
import { ServerClient } from './server-client.ts';
import { type Terminal, UsageError } from './terminal.ts';

export interface ServerFlags {
  readonly url?: string;
}

/** For every command that talks to a server. */
export const URL_OPTION = [
  '--url <URL>',
  'the server; left out: LATCHKEY_URL, the remote of this clone, or the only server you are signed in to',
] as const;

/** The server with a token. @throws UsageError | Fault when one of them isn't known */
export function connect(terminal: Terminal, flags: ServerFlags): ServerClient {
  const address = serverAddress(terminal, flags);
  const given = givenToken(terminal.env);
  if (given !== null) return new ServerClient(address, given, { where: 'it is in LATCHKEY_TOKEN' });
  const remedy = `latchkey login ${address}`;
  const store = new CredentialStore(terminal.env);
  const held = store.find(placeOf(address), systemClock.now());
  if (held !== null) return new ServerClient(address, held.secret, { where: 'the credential helper holds it', remedy });
  const ended = store.endOf(placeOf(address));
  const found =
    ended === null ? `nobody is signed in at ${address}` : `the sign-in at ${address} ended on ${spokenInstant(ended)}`;
  throw new Fault(found, { hint: remedy });
}

/** What `LATCHKEY_TOKEN` holds; null when it isn't set. @throws UsageError when it is no token as it stands */
function givenToken({ LATCHKEY_TOKEN: given }: Terminal['env']): Secret | null {
  if (given === undefined || given === '') return null;
  const text = given.trim();
  const misspelling = misspellingOf(text);
  if (misspelling === null) return new Secret(text);
  if (misspelling.kind === 'wrapped')
    throw new UsageError(
      `LATCHKEY_TOKEN holds a token ${misspelling.how}, so it can't be read`,
      'set it to the token alone, where it is set: in a file, a CI secret, or this shell',
    );
  throw new UsageError(
    `LATCHKEY_TOKEN holds ${misspelling.how}, where a token belongs`,
    'a variable was not replaced: set LATCHKEY_TOKEN where the command runs, or unset LATCHKEY_TOKEN',
  );
}

/** Scheme, host, port and, below a path, the path of the server to use. @throws UsageError */
export function serverAddress({ env }: Terminal, { url }: ServerFlags): string {
  const given = url ?? env['LATCHKEY_URL'];
  const servers = new CredentialStore(env).servers().map(addressOf);
  const keptOf = (address: string): string | undefined => servers.find((server) => isWithin(address, server));
  if (given !== undefined && given !== '') {
    const address = addressIn(given);
    return keptOf(address) ?? address;
  }
  const remote = remoteAddress(env);
  const kept = remote === null ? undefined : keptOf(remote);
  if (kept !== undefined) return kept;
  if (remote !== null && env['LATCHKEY_TOKEN'] !== undefined) return remote;
  const [server, ...others] = servers;
  if (server !== undefined && others.length === 0) return server;
  throw new UsageError(
    servers.length === 0
      ? 'no server is named, and none was signed in at'
      : `which server is meant? ${servers.join(', ')}`,
    'name it: --url https://git.example.org',
  );
}

/**
 * The server that a person typed, or whose repository they typed: scheme, host, port, and the path before a name that
 * ends with `.git`. @throws UsageError
 */
export function addressIn(text: string): string {
  const url = URL.parse(text.includes('://') ? text : `https://${text}`);
  if (url === null || (url.protocol !== 'https:' && url.protocol !== 'http:') || url.host === '') {
    throw new UsageError(`${JSON.stringify(text)} is no address of a server`, 'for example: https://git.example.org');
  }
  const address = url.origin + url.pathname.replace(/\/+$/, '');
  return address.endsWith('.git') ? withoutRepository(address) : address;
}

/** True for an address of the server, or of something on it. */
function isWithin(address: string, server: string): boolean {
  return address === server || address.startsWith(`${server}/`);
}

/** Without the last two segments, `OWNER/NAME.git`. */
export function withoutRepository(address: string): string {
  return address.replace(/(?<=[^/])\/[^/]+\/[^/]+$/, '');
}

/** The server of the clone's remote `origin`, if there is one and it uses HTTP. */
function remoteAddress(env: Terminal['env']): string | null {
  const url = remoteUrl(env);
  return url === null ? null : withoutRepository(url);
}

/** The repository of this clone, `OWNER/NAME`, as a list; null when its `origin` is on no such server. */
export function repositoryHere(env: Terminal['env'], address: string): readonly string[] | null {
  const url = remoteUrl(env);
  if (url === null || withoutRepository(url) !== address) return null;
  return [url.slice(address.length + 1).replace(/\.git$/, '')];
}

/** The address of the clone's remote `origin`, without a user, if there is one and it uses HTTP. */
function remoteUrl(env: Terminal['env']): string | null {
  try {
    const url = URL.parse(
      execFileSync('git', ['remote', 'get-url', 'origin'], {
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'ignore'],
        env: { ...env },
      }).trim(),
    );
    if (url === null || (url.protocol !== 'https:' && url.protocol !== 'http:')) return null;
    return url.origin + url.pathname.replace(/\/+$/, '');
  } catch {
    return null;
  }
}
