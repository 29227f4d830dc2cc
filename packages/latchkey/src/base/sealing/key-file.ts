/**
 * The file with the sealing keys: the first one seals, any of them opens.
 *
 * Invariant: it is reloaded when it changes, so that running processes follow a rotation.
 * Invariant: a file is written completely or not at all, readable only by the server's user.
 */
import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto';
import { linkSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { Fault } from '../errors.ts';
import { Secret } from '../secret.ts';
import { keyIdOf, newKeyText, readKeys, type Sealed, type SealingKey, seal, unseal } from './sealed-text.ts';

/** The file in the data folder, when none is named. */
export const KEY_FILE_NAME = 'secret.key';
const MODE = 0o600;
const HEAD =
  '# Latchkey: keys that seal what the database must not give away. Back this file up apart from the database.\n' +
  '# The first key seals, all of them open. To change it: latchkey admin secrets rotate\n';

/**
 * Makes the file with a new key, unless it exists.
 * @throws Fault when it can't be written
 */
export function makeKeyFile(path: string): void {
  const draft = `${path}.${process.pid}`;
  write(path, () => {
    writeFileSync(draft, `${HEAD}${newKeyText().reveal()}\n`, { mode: MODE });
    try {
      linkSync(draft, path);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    } finally {
      rmSync(draft, { force: true });
    }
  });
}

/**
 * Puts a new key before the others.
 * @throws Fault when the file can't be written
 */
export function addKey(path: string): void {
  const draft = `${path}.${process.pid}`;
  write(path, () => {
    const lines = readFileSync(path, 'utf8').split('\n');
    const first = lines.findIndex((line) => line.trim() !== '' && !line.trim().startsWith('#'));
    lines.splice(Math.max(first, 0), 0, newKeyText().reveal());
    writeFileSync(draft, lines.join('\n'), { mode: MODE });
    renameSync(draft, path);
  });
}

function write(path: string, work: () => void): void {
  try {
    work();
  } catch (error) {
    throw new Fault(`can't write the key file ${path}`, {
      hint: 'let this user write in its folder, or name a file that you made: --secret-key-file',
      detail: (error as Error).message,
      cause: error,
    });
  }
}

/** The keys in a file, as it is now. */
export class KeyFile {
  readonly path: string;
  #version = '';
  #keys: readonly SealingKey[] = [];
  /** Keys for signing, by the key that they come from and their purpose: few, each derived once. */
  readonly #derived = new Map<string, Buffer>();

  /** @throws Fault when the file is missing, can't be read, or contains something else */
  constructor(path: string) {
    this.path = path;
    this.#read();
  }

  /** Ids of all keys; the first one seals. */
  get ids(): readonly string[] {
    this.#follow();
    return this.#keys.map(({ id }) => id);
  }

  /** Seals a text for one place, given by its column and the owner of its row: `webhooks.secret`, 7. */
  seal(column: SealedColumn, owner: number | string, text: string): Sealed {
    this.#follow();
    const [key] = this.#keys;
    if (key === undefined) throw new TypeError('a key file holds a key');
    return seal(key, `${column} ${owner}`, text);
  }

  /**
   * What was sealed for that place. A text from before sealing existed is returned as it is.
   * @throws Fault when it can't be opened
   */
  open(column: SealedColumn, owner: number | string, text: string): Secret {
    const id = keyIdOf(text);
    if (id === null) return new Secret(text);
    this.#follow();
    const key = this.#keys.find((each) => each.id === id);
    const opened = key === undefined ? null : unseal(key, `${column} ${owner}`, text);
    if (opened !== null) return opened;
    const why = key === undefined ? `its key ${id} is not in ${this.path}` : 'it was changed, or moved here';
    throw new Fault('something sealed in the database can’t be opened', { detail: `${column} of ${owner}: ${why}` });
  }

  /** A signature (HMAC-SHA256) of a text for one purpose: `KEY.MAC`. */
  sign(purpose: string, text: string): string {
    this.#follow();
    const [key] = this.#keys;
    if (key === undefined) throw new TypeError('a key file holds a key');
    return `${key.id}.${this.#macOf(key, purpose, text)}`;
  }

  /** Whether a signature was made here. No when a key in the file gives another; unknown when its key is gone. */
  isSignedHere(purpose: string, text: string, signature: string): boolean | 'unknown key' {
    this.#follow();
    const [id = '', mac = ''] = signature.split('.');
    const key = this.#keys.find((each) => each.id === id);
    return key === undefined ? 'unknown key' : sameText(this.#macOf(key, purpose, text), mac);
  }

  /** If the file disappears or is half written, nothing changes: the keys read before stay in use. */
  #follow(): void {
    try {
      if (this.#versionOnDisk() !== this.#version) this.#read();
    } catch {
      // The next start reports it.
    }
  }

  #versionOnDisk(): string {
    const { mtimeMs, ino, size } = statSync(this.path);
    return `${mtimeMs} ${ino} ${size}`;
  }

  #read(): void {
    let text: string;
    let version: string;
    try {
      version = this.#versionOnDisk();
      text = readFileSync(this.path, 'utf8');
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      throw new Fault(`can't read the key file ${this.path}: ${code === 'ENOENT' ? 'there is no such file' : code}`, {
        hint: 'name another with --secret-key-file, or make one: (umask 077; head -c 32 /dev/urandom | base64 > FILE)',
        cause: error,
      });
    }
    const keys = readKeys(text);
    if (keys === null)
      throw new Fault(`${this.path} is no key file: it holds one key a line, base64 of 32 bytes`, {
        hint: 'name another with --secret-key-file, or make one: (umask 077; head -c 32 /dev/urandom | base64 > FILE)',
      });
    this.#keys = keys;
    this.#version = version;
    this.#derived.clear();
  }

  /** Uses a key derived for this alone (RFC 5869), since the one in the file seals. */
  #macOf({ id, key }: SealingKey, purpose: string, text: string): string {
    const name = `${id} ${purpose}`;
    const derived = this.#derived.get(name) ?? Buffer.from(hkdfSync('sha256', key, '', `latchkey sign ${purpose}`, 32));
    this.#derived.set(name, derived);
    return createHmac('sha256', derived).update(text).digest('base64url');
  }
}

function sameText(one: string, other: string): boolean {
  const [a, b] = [Buffer.from(one), Buffer.from(other)];
  return a.length === b.length && timingSafeEqual(a, b);
}

/** Every column that holds sealed text. */
export const SEALED_COLUMNS = [
  'mirrors.secret',
  'outbox.text',
  'outbox.html',
  'provider_sessions.id_token',
  'second_factors.secret',
  'webhooks.secret',
] as const;
export type SealedColumn = (typeof SEALED_COLUMNS)[number];
