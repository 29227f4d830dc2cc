/**
 * LFS objects of one repository, as files inside its folder: `lfs/objects/ab/cd/<digest>`, where git-lfs itself keeps
 * them in a clone.
 *
 * So they move, and are deleted and backed up, with their repository, and no digest leads to another one's (decision
 * 0500).
 * Invariant: a file under its digest is whole and has that digest: it is moved there after both were checked.
 * Never: a path that a link leads out of the repository's folder; a digest that wasn't checked against `isDigest`.
 */
import { randomUUID } from 'node:crypto';
import { constants, createReadStream, type ReadStream } from 'node:fs';
import { lstat, mkdir, open, opendir, readdir, realpath, rename, rm, utimes } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import { unlessGone } from '../../base/machine/gone.ts';
import type { HashedFile, HashingWriter } from './hashing-writer.ts';

const DIGEST = /^[0-9a-f]{64}$/;
const PART = /^[0-9a-f]{2}$/;
/** What is received goes here first. The sweep of left-overs knows the name. */
export const INCOMPLETE_FOLDER = 'lfs/incomplete';
const OBJECTS_FOLDER = 'lfs/objects';
/** How much is read from a file at a time. */
const PIECE_BYTES = 1024 * 1024;

/** What a pointer says of an object: its SHA-256 in lower-case hexadecimal, and its size in bytes. */
export interface ObjectName {
  readonly oid: string;
  readonly size: number;
}

export interface StoredObject extends ObjectName {
  /** When it was written, or touched, in milliseconds. */
  readonly writtenAtMs: number;
}

/** Bytes on their way. */
export interface Arrival {
  readonly body: Readable;
  /** Hears of each piece. */
  readonly onBytes: (count: number) => void;
}

/** Why bytes were not taken. */
export type Mismatch = 'size' | 'digest';

export function isDigest(text: string): boolean {
  return DIGEST.test(text);
}

/** The size of an object in bytes; null when the repository doesn't have it. */
export async function objectSize(repository: string, oid: string): Promise<number | null> {
  return (await objectAt(repository, oid))?.size ?? null;
}

async function objectAt(
  repository: string,
  oid: string,
): Promise<{ file: string; size: number; mtimeMs: number } | null> {
  const file = fileOf(repository, oid);
  const folder = await realpath(dirname(file)).catch(unlessGone);
  if (folder !== dirname(file)) return null;
  const found = await lstat(file).catch(unlessGone);
  return found?.isFile() === true ? { file, size: found.size, mtimeMs: found.mtimeMs } : null;
}

/**
 * The bytes of an object from the first to the last, both counted; null when the repository doesn't have it. Whoever
 * takes the stream reads it to its end or destroys it.
 */
export async function openObject(
  repository: string,
  oid: string,
  range: { readonly first: number; readonly last: number },
): Promise<ReadStream | null> {
  const found = await objectAt(repository, oid);
  if (found === null) return null;
  const handle = await open(found.file, constants.O_RDONLY | constants.O_NOFOLLOW).catch(unlessGone);
  if (handle === undefined) return null;
  return createReadStream(found.file, {
    fd: handle,
    start: range.first,
    end: range.last,
    highWaterMark: PIECE_BYTES,
  });
}

/**
 * Writes an object, checking its size and digest on the way. Null when it is there, whole, and will stay after a power
 * cut; otherwise what was wrong, and nothing is kept. Rejects with what broke the body off, or what the disk says.
 */
export async function receiveObject(
  writer: HashingWriter,
  repository: string,
  name: ObjectName,
  arrival: Arrival,
): Promise<Mismatch | null> {
  const incomplete = join(repository, INCOMPLETE_FOLDER);
  await makeFolder(repository, incomplete);
  const draft = join(incomplete, `${name.oid}.${randomUUID()}`);
  const handle = await open(draft, 'wx');
  const file = writer.begin(handle);
  try {
    const mismatch = await writeChecked(file, name, arrival);
    if (mismatch !== null) return mismatch;
    await handle.sync();
    const place = fileOf(repository, name.oid);
    await makeFolder(repository, dirname(place));
    await rename(draft, place);
    await syncFolder(dirname(place));
    return null;
  } finally {
    await file.drop();
    await handle.close();
    await rm(draft, { force: true });
  }
}

async function writeChecked(
  file: HashedFile,
  { oid, size }: ObjectName,
  { body, onBytes }: Arrival,
): Promise<Mismatch | null> {
  let received = 0;
  // The request must stay open: its client waits for an answer.
  for await (const chunk of body.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    received += chunk.length;
    onBytes(chunk.length);
    if (received > size) return 'size';
    await file.add(chunk);
  }
  if (received !== size) return 'size';
  return (await file.end()) === oid ? null : 'digest';
}

/** Makes a folder inside a repository. @throws Error when a link leads elsewhere */
async function makeFolder(repository: string, folder: string): Promise<void> {
  const own = join(repository, 'lfs');
  await mkdir(own).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error;
  });
  if ((await realpath(own)) === own) {
    await mkdir(folder, { recursive: true });
    if ((await realpath(folder)) === folder) return;
  }
  throw new Error(`the folder of LFS objects in ${repository} is behind a link`);
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Makes an object young again: somebody is about to push a file that names it. */
export async function touchObject(repository: string, oid: string): Promise<void> {
  const now = new Date();
  await utimes(fileOf(repository, oid), now, now);
}

/** Removes an object, unless it was written or touched since. False when it stays. */
export async function removeOldObject(repository: string, oid: string, beforeMs: number): Promise<boolean> {
  const found = await objectAt(repository, oid);
  if (found === null || found.mtimeMs >= beforeMs) return false;
  await rm(found.file, { force: true });
  return true;
}

/** Every object of a repository, in no particular order. */
export async function* storedObjects(repository: string): AsyncGenerator<StoredObject> {
  const root = join(repository, OBJECTS_FOLDER);
  for (const first of await partsIn(root))
    for (const second of await partsIn(join(root, first))) {
      const folder = await opendir(join(root, first, second)).catch(unlessGone);
      if (folder === undefined) continue;
      for await (const { name } of folder) {
        const found = isDigest(name) ? await objectAt(repository, name) : null;
        if (found !== null) yield { oid: name, size: found.size, writtenAtMs: found.mtimeMs };
      }
    }
}

async function partsIn(folder: string): Promise<string[]> {
  return ((await readdir(folder).catch(unlessGone)) ?? []).filter((name) => PART.test(name));
}

/** The bytes that the objects of a repository take. */
export async function storedBytes(repository: string): Promise<number> {
  let bytes = 0;
  for await (const { size } of storedObjects(repository)) bytes += size;
  return bytes;
}

function fileOf(repository: string, oid: string): string {
  if (!isDigest(oid)) throw new TypeError('an object is found by its digest alone');
  return join(repository, OBJECTS_FOLDER, oid.slice(0, 2), oid.slice(2, 4), oid);
}
