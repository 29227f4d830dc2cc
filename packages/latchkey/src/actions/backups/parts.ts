/**
 * The parts of a backup: compressed where that helps, encrypted if asked, named by their digest.
 *
 * Invariant: memory holds one part at a time, whatever the size of a table, a pack or an object.
 * Invariant: a part opens only if its digest is that of its name, and to no more than `MAX_FILE_BYTES`.
 */
import { hash } from 'node:crypto';
import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import { Fault } from '../../base/errors.ts';
import type { Encryption } from './encryption.ts';
import { MAX_FILE_BYTES, PART_BYTES, partFile } from './format.ts';
import type { Origin, Target } from './places.ts';

const [compress, expand] = [promisify(gzip), promisify(gunzip)];

/** Text is compressed; packs and LFS objects are, or can't be. */
export type Kind = 'text' | 'bytes';

/** Takes bytes as they come, and puts them away in parts. */
export class PartsWriter {
  readonly #target: Target;
  readonly #encryption: Encryption;
  readonly #rewrites: boolean;
  /** Every digest that was put away or used again. */
  readonly used = new Set<string>();
  bytes = 0;

  /** @param rewrites also parts that are there already, which may be damaged */
  constructor(target: Target, encryption: Encryption, rewrites = false) {
    this.#target = target;
    this.#encryption = encryption;
    this.#rewrites = rewrites;
  }

  /** Writes a whole stream, and returns the digests of its parts. */
  async write(kind: Kind, pieces: AsyncIterable<Buffer>): Promise<string[]> {
    const digests: string[] = [];
    let [waiting, size] = [[] as Buffer[], 0];
    const flush = async (): Promise<void> => {
      digests.push(await this.#put(kind, Buffer.concat(waiting, size)));
      [waiting, size] = [[], 0];
    };
    for await (const piece of pieces) {
      waiting.push(piece);
      size += piece.length;
      if (size >= PART_BYTES) await flush();
    }
    if (size > 0) await flush();
    return digests;
  }

  async #put(kind: Kind, bytes: Buffer): Promise<string> {
    if (bytes.length > MAX_FILE_BYTES)
      throw new Fault('something is too large for a backup', { detail: `${bytes.length} bytes in one piece` });
    const stored = await this.#encryption.seal(kind === 'text' ? await compress(bytes) : bytes);
    const digest = hash('sha256', stored, 'hex');
    const isThere = this.used.has(digest) || (!this.#rewrites && (await this.#target.reuse(partFile(digest))));
    if (!isThere) {
      await this.#target.put(partFile(digest), stored);
      this.bytes += stored.length;
    }
    this.used.add(digest);
    return digest;
  }

  /** True when all parts are still where an earlier backup put them; then they count as used. */
  async reuses(digests: readonly string[]): Promise<boolean> {
    for (const digest of digests) if (!(await this.#target.reuse(partFile(digest)))) return false;
    for (const digest of digests) this.used.add(digest);
    return true;
  }
}

/** A part as it is stored. @throws Fault when it is missing or damaged */
export async function storedPart(origin: Origin, digest: string): Promise<Buffer> {
  const stored = await origin.read(partFile(digest));
  if (stored === null) throw new Fault(`the backup is not whole: ${partFile(digest)} is missing`, { hint: HINT });
  if (hash('sha256', stored, 'hex') !== digest)
    throw new Fault(`the backup is damaged: ${partFile(digest)} is not what was written`, { hint: HINT });
  return stored;
}

const HINT = 'take it from another copy, or take an earlier backup (--at)';

/** A backup that can be read. */
export interface Readable {
  readonly origin: Origin;
  readonly encryption: Encryption;
}

/** The bytes of some parts, in order. */
export async function* readParts(from: Readable, kind: Kind, digests: readonly string[]): AsyncGenerator<Buffer> {
  for (const digest of digests) {
    const opened = await from.encryption.open(await storedPart(from.origin, digest));
    yield kind === 'bytes' ? opened : await expanded(opened, digest);
  }
}

async function expanded(bytes: Buffer, digest: string): Promise<Buffer> {
  try {
    return await expand(bytes, { maxOutputLength: MAX_FILE_BYTES });
  } catch (error) {
    throw new Fault(`the backup is damaged: ${partFile(digest)} does not open, or opens to too much`, { cause: error });
  }
}

/** The lines of some parts, which may be cut anywhere. */
export async function* readLines(from: Readable, digests: readonly string[]): AsyncGenerator<string> {
  let rest = '';
  const decoder = new TextDecoder();
  for await (const bytes of readParts(from, 'text', digests)) {
    const lines = (rest + decoder.decode(bytes, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    if (rest.length > MAX_FILE_BYTES) throw new Fault('the backup is damaged: a line in it has no end');
    yield* lines;
  }
  if (rest !== '') yield rest;
}
