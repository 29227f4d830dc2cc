/**
 * The file in which the credential helper keeps its data: one JSON file, mode 0600, in the person's data folder.
 *
 * It holds secrets only if git has no other helper to keep them; otherwise just their digests and expirations.
 * Invariant: a change reads, alters and replaces the file under a lock, so two commands at once lose nothing.
 * Never: waiting longer than `LOCK_WAIT_MS`, because git waits for us.
 */
import { randomUUID } from 'node:crypto';
import { closeSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Fault } from '../../base/errors.ts';
import type { UnixSeconds } from '../../base/time.ts';
import { userDataFolder } from './user-folders.ts';

/** A credential as stored. */
export interface KeptCredential {
  readonly protocol: string;
  readonly host: string;
  /** Only with `credential.useHttpPath`. */
  readonly path: string | null;
  readonly username: string;
  /** The scheme of `Authorization` for the secret; undefined for a password. */
  readonly authtype?: string;
  /** Null when git's other helper stores it. */
  readonly secret: string | null;
  /** SHA-256 of the secret, base64url. */
  readonly digest: string;
  readonly expiresAt: UnixSeconds | null;
  readonly oauthRefreshToken: string | null;
  /** For a token that can be renewed: when it was issued. Null for what git passed in. */
  readonly issuedAt: UnixSeconds | null;
  /** Since when a command has been renewing it. Undefined when none is. */
  readonly renewingSince?: UnixSeconds;
}

/** A server that the helper answers for. */
export interface KeptServer {
  /** `https://git.example.org`, or with a port. */
  readonly origin: string;
  /** Where the server has not the whole host: `/git`. */
  readonly path?: string;
  /** The value of `credential.helper` that stores its secrets; null = this file does. */
  readonly helper: string | null;
}

export interface CredentialBook {
  readonly servers: readonly KeptServer[];
  readonly credentials: readonly KeptCredential[];
}

const EMPTY: CredentialBook = { servers: [], credentials: [] };
/** How long to wait for a lock, and the age at which a lock counts as left behind by a dead process. */
const LOCK_WAIT_MS = 3_000;
const LOCK_STALE_MS = 10_000;
const LOCK_RETRY_MS = 20;

/** Where the file is. */
export function credentialFilePath(env: Readonly<Record<string, string | undefined>>): string {
  return join(userDataFolder(env), 'credentials.json');
}

/** The stored contents; empty when there is no file. @throws Fault when it can't be read */
export function readBook(path: string): CredentialBook {
  try {
    return { ...EMPTY, ...(JSON.parse(readFileSync(path, 'utf8')) as Partial<CredentialBook>) };
  } catch (error) {
    // ENOTDIR: the home folder is none, such as /dev/null in a container.
    if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return EMPTY;
    if (error instanceof SyntaxError)
      throw new Fault(`${path} is damaged`, { hint: 'delete it, and sign in again: latchkey login URL', cause: error });
    throw new Fault(`${path} can't be read`, { hint: 'check who owns it', detail: String(error), cause: error });
  }
}

/** Makes sure that the contents can be changed. @throws Fault when the folder can't be written */
export async function demandWritableBook(path: string): Promise<void> {
  await changeBook(path, (book) => book);
}

/** Changes the stored contents. @throws Fault when the folder can't be written, or the lock isn't released */
export async function changeBook(path: string, change: (book: CredentialBook) => CredentialBook): Promise<void> {
  const lock = `${path}.lock`;
  await takeLock(path, lock);
  try {
    const before = readBook(path);
    const after = change(before);
    if (after === before) return;
    const draft = `${path}.${randomUUID()}`;
    writeFileSync(draft, `${JSON.stringify(after, null, 2)}\n`, { mode: 0o600 });
    renameSync(draft, path);
  } catch (error) {
    throw error instanceof Fault ? error : unwritable(path, error);
  } finally {
    rmSync(lock, { force: true });
  }
}

async function takeLock(path: string, lock: string): Promise<void> {
  const giveUpAt = Date.now() + LOCK_WAIT_MS;
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  } catch (error) {
    throw unwritable(path, error);
  }
  for (;;) {
    try {
      closeSync(openSync(lock, 'wx', 0o600));
      return;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw unwritable(path, error);
    }
    if (isStale(lock)) rmSync(lock, { force: true });
    else if (Date.now() > giveUpAt)
      throw new Fault(`another command holds ${lock}`, { hint: 'try again; if nothing else runs, delete that file' });
    else await sleep(LOCK_RETRY_MS);
  }
}

function isStale(lock: string): boolean {
  const stat = statSync(lock, { throwIfNoEntry: false });
  return stat !== undefined && Date.now() - stat.mtimeMs > LOCK_STALE_MS;
}

function unwritable(path: string, error: unknown): Fault {
  return new Fault(`${dirname(path)} can't be written, so nothing is remembered`, {
    hint: 'make it writable, or set XDG_DATA_HOME',
    detail: String(error),
    cause: error,
  });
}
