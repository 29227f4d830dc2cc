/**
 * Where a backup is written to and read from: a folder, or one file in the form of tar, which unpacks into that folder.
 *
 * Invariant: only files whose names passed `NAMES` are written or read, so nothing in a backup leads out of its place.
 * Invariant: a file in a folder is whole and on the disk under its name, or isn't there.
 */
import { randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, mkdir, open, readdir, rename, rm, stat, utimes } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Fault } from '../../base/errors.ts';
import { unlessGone } from '../../base/machine/gone.ts';
import { HEAD_FILE, MAX_FILE_BYTES, NAMES } from './format.ts';
import { readTarHeader, tarEnd, tarHeader } from './tar.ts';

export interface Target {
  put(name: string, bytes: Uint8Array): Promise<void>;
  /** True when a file with that name is there, from an earlier backup. */
  has(name: string): Promise<boolean>;
  /** Like `has`; the file then counts as written now, so that nobody who deletes old backups meanwhile takes it. */
  reuse(name: string): Promise<boolean>;
  close(): Promise<void>;
}

export interface Origin {
  names(): Promise<readonly string[]>;
  /** Null when there is no such file. @throws Fault when it is larger than any of ours */
  read(name: string): Promise<Buffer | null>;
  close(): Promise<void>;
}

/** A folder with backups in it, or for the first one. */
export class BackupFolder implements Target, Origin {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  /** @throws Fault when there are other things in it */
  async demandOurs(): Promise<void> {
    const found = await inWords(this.path, 'written to', async () => {
      await mkdir(this.path, { recursive: true, mode: 0o700 });
      return readdir(this.path);
    });
    if (found.length > 0 && !found.includes(HEAD_FILE))
      throw new Fault(`${this.path} holds other things than backups`, { hint: 'name an empty folder, or a new one' });
  }

  put(name: string, bytes: Uint8Array): Promise<void> {
    return inWords(this.path, 'written to', () => writeWhole(this.#fileOf(name), bytes));
  }

  async has(name: string): Promise<boolean> {
    return (await stat(this.#fileOf(name)).catch(unlessGone))?.isFile() === true;
  }

  async reuse(name: string): Promise<boolean> {
    const now = new Date();
    const marked = utimes(this.#fileOf(name), now, now).then(() => true);
    return (await inWords(this.path, 'written to', () => marked.catch(unlessGone))) === true;
  }

  async names(): Promise<readonly string[]> {
    const listed = await readdir(this.path, { recursive: true, withFileTypes: true }).catch(unlessGone);
    if (listed === undefined)
      throw new Fault(`there is no folder ${this.path}`, { hint: 'name one with backups in it' });
    return listed
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(this.path.length + 1))
      .filter((name) => NAMES.test(name));
  }

  read(name: string): Promise<Buffer | null> {
    return inWords(this.path, 'read', () => readWhole(this.#fileOf(name), name));
  }

  async remove(name: string): Promise<void> {
    await rm(this.#fileOf(name), { force: true });
  }

  /** When a file was written, in milliseconds. */
  async writtenAtMs(name: string): Promise<number> {
    return (await stat(this.#fileOf(name)).catch(unlessGone))?.mtimeMs ?? Infinity;
  }

  async close(): Promise<void> {}

  #fileOf(name: string): string {
    if (!NAMES.test(name)) throw new TypeError(`no file of a backup: ${name}`);
    return join(this.path, name);
  }
}

async function writeWhole(file: string, bytes: Uint8Array): Promise<void> {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  const draft = `${file}.${randomUUID()}`;
  const handle = await open(draft, 'wx', 0o600);
  try {
    await handle.writeFile(bytes);
    await handle.sync();
    await rename(draft, file);
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  } finally {
    await handle.close();
  }
}

async function readWhole(file: string, name: string): Promise<Buffer | null> {
  const handle = await open(file, constants.O_RDONLY | constants.O_NOFOLLOW).catch(unlessGone);
  if (handle === undefined) return null;
  try {
    demandSize(name, (await handle.stat()).size);
    return await handle.readFile();
  } finally {
    await handle.close();
  }
}

const REASONS: Readonly<Record<string, string>> = {
  ENOSPC: 'no space is left there',
  EDQUOT: 'its quota is used up',
  EROFS: 'it takes no changes',
  EACCES: 'this user may not',
  EPERM: 'this user may not',
  ENOTDIR: 'it is no folder',
  ELOOP: 'a link lies where a file belongs',
};

/** Says what the system says of a place. */
async function inWords<T>(path: string, what: 'written to' | 'read', work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === undefined || error instanceof Fault) throw error;
    throw new Fault(`${path} can't be ${what}: ${REASONS[code] ?? code}`, {
      hint: what === 'read' ? 'look at its owner and modes' : 'make room, or name another place; call this again',
      cause: error,
    });
  }
}

/** Writes the same files into a stream. */
export class BackupStream implements Target {
  readonly #write: (bytes: Uint8Array) => Promise<boolean>;

  /** @param write resolves when there is room for more; false when nobody reads */
  constructor(write: (bytes: Uint8Array) => Promise<boolean>) {
    this.#write = write;
  }

  async put(name: string, bytes: Uint8Array): Promise<void> {
    for (const piece of [tarHeader(name, bytes.length), bytes, tarEnd(bytes.length)]) await this.#send(piece);
  }

  async has(): Promise<boolean> {
    return false;
  }

  async reuse(): Promise<boolean> {
    return false;
  }

  async close(): Promise<void> {
    await this.#send(Buffer.alloc(1024));
  }

  async #send(piece: Uint8Array): Promise<void> {
    if (piece.length > 0 && !(await this.#write(piece)))
      throw new Fault('the backup is incomplete: nobody reads it', { hint: 'look at what came after the | or >' });
  }
}

interface Entry {
  readonly at: number;
  readonly size: number;
}

/** A file that such a stream was kept in. */
class BackupFile implements Origin {
  readonly #handle: FileHandle;
  readonly #entries: ReadonlyMap<string, Entry>;

  private constructor(handle: FileHandle, entries: ReadonlyMap<string, Entry>) {
    this.#handle = handle;
    this.#entries = entries;
  }

  /** @throws Fault when it is no backup, or is cut off */
  static async open(path: string): Promise<BackupFile> {
    const handle = await inWords(path, 'read', () => open(path, 'r'));
    try {
      return new BackupFile(handle, await entriesIn(handle, path));
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  async names(): Promise<readonly string[]> {
    return [...this.#entries.keys()];
  }

  async read(name: string): Promise<Buffer | null> {
    const entry = this.#entries.get(name);
    if (entry === undefined) return null;
    const bytes = Buffer.alloc(entry.size);
    const { bytesRead } = await this.#handle.read(bytes, 0, entry.size, entry.at);
    return bytes.subarray(0, bytesRead);
  }

  close(): Promise<void> {
    return this.#handle.close();
  }
}

async function entriesIn(handle: FileHandle, path: string): Promise<Map<string, Entry>> {
  const { size: length } = await handle.stat();
  const entries = new Map<string, Entry>();
  const block = Buffer.alloc(512);
  for (let at = 0; ; ) {
    const { bytesRead } = await handle.read(block, 0, 512, at);
    if (bytesRead === 512 && block.every((byte) => byte === 0)) return entries;
    const header = bytesRead === 512 ? readTarHeader(block) : null;
    if (header === null)
      throw new Fault(bytesRead < 512 ? `${path} is cut off` : `${path} is no backup, or is damaged`, {
        hint: 'it must be the whole output of latchkey admin backup -',
      });
    if (!NAMES.test(header.name))
      throw new Fault(`${path} holds what is no part of a backup`, { hint: 'unpack nothing of it' });
    demandSize(header.name, header.size);
    entries.set(header.name, { at: at + 512, size: header.size });
    at += 512 + Math.ceil(header.size / 512) * 512;
    if (at > length)
      throw new Fault(`${path} is cut off`, { hint: 'it must be the whole output of latchkey admin backup -' });
  }
}

function demandSize(name: string, size: number): void {
  if (size > MAX_FILE_BYTES + 1024 * 1024)
    throw new Fault(`the file ${name} of the backup is larger than any that belongs there`, { hint: 'it was changed' });
}

/** A folder, or a file. */
export async function openOrigin(path: string): Promise<Origin> {
  const found = await stat(path).catch(unlessGone);
  if (found === undefined) throw new Fault(`there is no backup at ${path}`, { hint: 'name a folder, or a file' });
  return found.isDirectory() ? new BackupFolder(path) : BackupFile.open(path);
}
