/**
 * The values that a shell offers and only a server, git or the helper's file knows: `VALUE`, or `VALUE<tab>ABOUT`.
 *
 * Invariant: it ends within `ASK_TIMEOUT_MS` of asking, and whatever goes wrong is no value: somebody is typing, and
 * an error would be written into their line.
 * Never: a value that a shell could read as more than a word, whoever named it.
 */
import { execFileSync } from 'node:child_process';
import { connect, type ServerFlags } from '../connection.ts';
import { addressOf, CredentialStore } from '../credential/store.ts';
import type { ServerClient } from '../server-client.ts';
import type { Terminal } from '../terminal.ts';
import type { AskedValues } from './values.ts';

/** How long somebody waits who pressed the tabulator. */
const ASK_TIMEOUT_MS = 1_500;
/** As many as fit a page of the API; nobody reads more below a prompt. */
const MAX_VALUES = 100;
/** What is a word to every shell as it stands. */
const PLAIN = /^[A-Za-z0-9][A-Za-z0-9._:/@=-]{0,200}$/;
const MAX_ABOUT = 60;

interface Offered {
  readonly value: string;
  readonly about?: string;
}

/** Lines for a shell. Never throws. */
export async function askedValues(
  terminal: Terminal,
  what: AskedValues,
  flags: ServerFlags,
): Promise<readonly string[]> {
  try {
    // A script always names one, which is empty where nobody typed it.
    const offered = await SOURCES[what](terminal, flags.url === '' ? {} : flags);
    return offered.filter(({ value }) => PLAIN.test(value)).map(lineOf);
  } catch {
    return [];
  }
}

function lineOf({ value, about = '' }: Offered): string {
  const plain = about
    .replaceAll(/[^\p{L}\p{N}._/@+-]+/gu, ' ')
    .trim()
    .slice(0, MAX_ABOUT);
  return plain === '' ? value : `${value}\t${plain}`;
}

const SOURCES: Readonly<
  Record<AskedValues, (terminal: Terminal, flags: ServerFlags) => readonly Offered[] | Promise<readonly Offered[]>>
> = {
  tokens: async (terminal, flags) =>
    (await listed<{ id: number; name: string }>(connect(terminal, flags), '/user/personal-access-tokens')).map(
      ({ id, name }) => ({ value: String(id), about: name }),
    ),
  repositories: async (terminal, flags) => repositories(connect(terminal, flags)),
  owners: async (terminal, flags) => owners(connect(terminal, flags)),
  targets: async (terminal, flags) => {
    const client = connect(terminal, flags);
    return (await Promise.all([repositories(client), organizations(client)])).flat();
  },
  servers: (terminal) => servers(terminal),
  remotes: (terminal) => [...remotes(terminal), ...servers(terminal)],
};

function listed<T>(client: ServerClient, path: string): Promise<readonly T[]> {
  return client.api<readonly T[]>(`${path}?per_page=${MAX_VALUES}`, { timeoutMs: ASK_TIMEOUT_MS });
}

async function repositories(client: ServerClient): Promise<readonly Offered[]> {
  const found = await listed<{ full_name: string }>(client, '/user/repos');
  return found.map(({ full_name }) => ({ value: full_name }));
}

async function organizations(client: ServerClient): Promise<readonly Offered[]> {
  return (await listed<{ login: string }>(client, '/user/orgs')).map(({ login }) => ({ value: login }));
}

async function owners(client: ServerClient): Promise<readonly Offered[]> {
  const [{ login }, found] = await Promise.all([
    client.api<{ login: string }>('/user', { timeoutMs: ASK_TIMEOUT_MS }),
    organizations(client),
  ]);
  return [{ value: login, about: 'you' }, ...found];
}

function servers({ env }: Terminal): readonly Offered[] {
  return new CredentialStore(env).servers().map((server) => ({ value: addressOf(server) }));
}

function remotes({ env }: Terminal): readonly Offered[] {
  try {
    const names = execFileSync('git', ['remote'], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
      env: { ...env },
      timeout: ASK_TIMEOUT_MS,
    });
    return names.split('\n').map((value) => ({ value, about: 'a remote of this clone' }));
  } catch {
    return [];
  }
}
