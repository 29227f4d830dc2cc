/**
 * Where the programs that sshd starts find the running server: a socket and a secret in the data folder.
 *
 * Invariant: only the account that runs the server can read either. The folder is 0700 and the file 0600, whatever the
 * umask and `--group-access` say.
 * Never: an address that another machine could reach.
 */
import { hash, randomBytes } from 'node:crypto';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { Secret } from '../secret.ts';

export interface SshPlace {
  /** The path of the socket. */
  readonly socket: string;
  /** What a program shows there, as a bearer. */
  readonly secret: Secret;
}

/** Headers in which those programs say what sshd told them. */
export const SSH_HEADERS = {
  /** The name of the key, as `/~key` gave it. */
  key: 'latchkey-ssh-key',
  /** The client's address. */
  client: 'latchkey-ssh-client',
  /** Set when the request's body and its answer are a whole conversation with git: protocols 0 and 1. */
  whole: 'latchkey-ssh-whole',
} as const;

/** Paths that no repository has. */
export const SSH_PATHS = {
  /** `?fingerprint=SHA256:…`: two lines, the key's name and the key. */
  key: '/~key',
  /** `?repository=OWNER/NAME&operation=download`: what git-lfs needs over HTTP, as JSON. */
  lfs: '/~lfs',
  /** Whom the server takes the key for, in a line. */
  who: '/~who',
} as const;

/** In the folder: the key by which clients know the server's own sshd again. The public half ends in `.pub`. */
export const SSH_HOST_KEY = 'host_ed25519';

const FOLDER = 'ssh';
const FILE = 'server.json';
/** The kernel's limit is 108 bytes on Linux, 104 elsewhere, with the end. */
const MAX_SOCKET_BYTES = 103;

/** The folder of everything about SSH. */
export const sshFolder = (data: string): string => join(resolve(data), FOLDER);

/** Makes the place anew, before the server listens there: what programs knew of an earlier one is worth nothing. */
export function makeSshPlace(data: string): SshPlace {
  const folder = sshFolder(data);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  chmodSync(folder, 0o700);
  forgetSshPlace(data);
  const inFolder = join(folder, 'socket');
  const socket =
    Buffer.byteLength(inFolder) <= MAX_SOCKET_BYTES ? inFolder : join(mkdtempSync(join(tmpdir(), 'latchkey-')), 'ssh');
  rmSync(socket, { force: true });
  const secret = randomBytes(32).toString('base64url');
  const file = join(folder, FILE);
  writeFileSync(`${file}.new`, JSON.stringify({ socket, secret }), { mode: 0o600 });
  renameSync(`${file}.new`, file);
  return { socket, secret: new Secret(secret) };
}

/** The place, for whoever may read it. @throws what the file system says */
export function readSshPlace(data: string): SshPlace {
  const { socket, secret } = JSON.parse(readFileSync(join(sshFolder(data), FILE), 'utf8')) as Record<string, string>;
  return { socket: String(socket), secret: new Secret(String(secret)) };
}

/** The fingerprint of that key: `SHA256:…`; null when there is none. */
export function hostKeyFingerprint(data: string): string | null {
  try {
    const [, blob = ''] = readFileSync(join(sshFolder(data), `${SSH_HOST_KEY}.pub`), 'utf8').split(' ');
    return `SHA256:${hash('sha256', Buffer.from(blob, 'base64'), 'base64').replace(/=+$/, '')}`;
  } catch {
    return null;
  }
}

/** Removes the place. Never throws. */
export function forgetSshPlace(data: string): void {
  try {
    const { socket } = readSshPlace(data);
    rmSync(join(sshFolder(data), FILE), { force: true });
    rmSync(socket, { force: true });
    if (dirname(socket) !== sshFolder(data)) rmSync(dirname(socket), { recursive: true, force: true });
  } catch {
    // There is none.
  }
}
