/**
 * Answers to identical fetches by several clients at about the same time: produced once, read by all.
 *
 * An answer is in an unnamed file, which disappears with the process whatever happens. It can be read while it is
 * being written, and what one client reads stays in memory for the next: in a burst, nearly all read the same place
 * at about the same time, and a small answer is entirely in memory.
 * Invariant: the total space on disk and in memory is bounded; the oldest answers go first. An answer that finds no
 * room to grow continues in the room it has: it gets no new readers, and overwrites what all of its readers have had,
 * at the pace of the slowest.
 * Never: a decision about who may read. Anyone who asks for an answer by its key has been admitted, and the key
 * contains the repository.
 */
import { randomUUID } from 'node:crypto';
import { type FileHandle, mkdir, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { LRUCache } from 'lru-cache';

/** How long an answer is kept, and a request counts as recent. Long enough for a burst; what is kept takes space. */
const KEEP_MS = 60_000;
/** Answers are read and sent in pieces of this size. Larger ones: fewer calls, but more memory per slow reader. */
export const PIECE_BYTES = 256 * 1024;
/** Recently read pieces stay in memory for the next reader, up to this much for all answers of a worker. */
const MAX_HELD_BYTES = 32 * 1024 * 1024;
const MAX_SEEN = 10_000;

export interface PackCacheOptions {
  /** Created when missing; nothing stays in it. */
  readonly folder: string;
  /** For all answers together. One may take half of it. 0 keeps nothing. */
  readonly maxBytes: number;
  /** The most answers, each of which holds a descriptor; as many as fit by default. */
  readonly maxFiles?: number;
  /** `MAX_HELD_BYTES` by default. */
  readonly maxHeldBytes?: number;
  readonly keepMs?: number;
}

type PieceCache = LRUCache<string, Promise<Buffer>>;

/** An answer that is complete, or growing. */
export class SharedPack {
  readonly repositoryId: number;
  readonly #name = randomUUID();
  readonly #file: FileHandle;
  readonly #pieces: PieceCache;
  /** Aborted when nobody reads an unfinished answer any more. */
  readonly abandoned = new AbortController();
  #written = 0;
  #state: 'growing' | 'whole' | { readonly failure: unknown } = 'growing';
  readonly #readers = new Set<{ at: number }>();
  #isKept = true;
  #isClosed = false;
  /** The size of the ring it is written in. */
  #roundBytes = Infinity;
  #grown = Promise.withResolvers<void>();
  #read = Promise.withResolvers<void>();

  constructor(repositoryId: number, file: FileHandle, pieces: PieceCache) {
    this.repositoryId = repositoryId;
    this.#file = file;
    this.#pieces = pieces;
  }

  get bytes(): number {
    return this.#written;
  }

  /** Its space on disk until it is closed. */
  get diskBytes(): number {
    return Math.min(this.#written, this.#roundBytes);
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  get hasFailed(): boolean {
    return typeof this.#state === 'object';
  }

  /** Its length in bytes; null while it grows. */
  get wholeBytes(): number | null {
    return this.#state === 'whole' ? this.#written : null;
  }

  async append(chunk: Buffer): Promise<void> {
    for (let from = 0; from < chunk.length; ) {
      const part = chunk.subarray(from, from + (await this.#room()));
      const { bytesWritten } = await this.#file.write(part, 0, part.length, this.#written % this.#roundBytes);
      if (bytesWritten < part.length) throw new Error('the disk took only a part of an answer');
      this.#written += part.length;
      from += part.length;
      this.#wake();
    }
  }

  /** From now on it takes no more space and overwrites its beginning. No new reader may start. */
  goRound(): void {
    if (this.#roundBytes === Infinity) this.#roundBytes = Math.ceil(this.#written / PIECE_BYTES) * PIECE_BYTES;
  }

  finish(): void {
    this.#state = 'whole';
    this.#wake();
    this.#closeIfDone();
  }

  /** Every reader gets the failure. */
  fail(failure: unknown): void {
    this.#state = { failure };
    this.#wake();
    this.#closeIfDone();
  }

  /**
   * The answer from its beginning, as it grows. Readers share its pieces: read them, never write to them.
   * @throws the error it failed with
   */
  async *read(): AsyncGenerator<Buffer> {
    if (this.#written > this.#roundBytes) throw new Error('the beginning of an answer was written over');
    const reader = { at: 0 };
    this.#readers.add(reader);
    try {
      for (;;) {
        const grown = this.#grown.promise;
        if (reader.at < this.#written) {
          const piece = await this.#pieceAt(reader.at);
          reader.at += piece.length;
          this.#makeRoom();
          yield piece;
        } else if (typeof this.#state === 'object') throw this.#state.failure;
        else if (this.#state === 'whole') return;
        else await grown;
      }
    } finally {
      this.#readers.delete(reader);
      this.#makeRoom();
      if (this.#readers.size === 0 && this.#state === 'growing')
        this.abandoned.abort(new Error('nobody reads it any more'));
      this.#closeIfDone();
    }
  }

  /** No new readers will come. */
  release(): void {
    this.#isKept = false;
    this.#closeIfDone();
  }

  /** The bytes from an offset to the end of its piece at most: read once for all readers at this offset. */
  #pieceAt(at: number): Promise<Buffer> {
    const end = Math.min(at - (at % PIECE_BYTES) + PIECE_BYTES, this.#written);
    const name = `${this.#name} ${at} ${end}`;
    let piece = this.#pieces.get(name);
    if (piece === undefined) {
      piece = this.#readFile(at, end);
      this.#pieces.set(name, piece, { size: end - at });
      piece.catch(() => this.#pieces.delete(name));
    }
    return piece;
  }

  async #readFile(from: number, to: number): Promise<Buffer> {
    const { bytesRead, buffer } = await this.#file.read(
      Buffer.allocUnsafeSlow(to - from),
      0,
      to - from,
      from % this.#roundBytes,
    );
    if (bytesRead < to - from) throw new Error('an answer on the disk has become shorter');
    return buffer;
  }

  /** How much may be written at once, > 0. A ring waits for its slowest reader. */
  async #room(): Promise<number> {
    for (;;) {
      const read = this.#read.promise;
      const slowest = Math.min(this.#written, ...[...this.#readers].map(({ at }) => at));
      const free = Math.min(
        this.#roundBytes - (this.#written % this.#roundBytes),
        slowest + this.#roundBytes - this.#written,
      );
      if (free > 0) return free;
      await read;
    }
  }

  #makeRoom(): void {
    this.#read.resolve();
    this.#read = Promise.withResolvers();
  }

  #wake(): void {
    this.#grown.resolve();
    this.#grown = Promise.withResolvers();
  }

  #closeIfDone(): void {
    if (this.#isKept || this.#isClosed || this.#readers.size > 0 || this.#state === 'growing') return;
    this.#isClosed = true;
    for (const name of Array.from(this.#pieces.keys())) if (name.startsWith(this.#name)) this.#pieces.delete(name);
    void this.#file.close().catch(() => {});
  }
}

export class PackCache {
  readonly #options: PackCacheOptions;
  readonly #packs = new Map<string, SharedPack>();
  /** Answers that are kept, and those that somebody still reads. */
  readonly #open = new Set<SharedPack>();
  /** Both are limited in time or in bytes, so neither is a `RecentMap`, which counts entries (decision 0112). */
  readonly #seen: LRUCache<string, true>;
  readonly #pieces: PieceCache;

  constructor(options: PackCacheOptions) {
    this.#options = options;
    this.#seen = new LRUCache({ max: MAX_SEEN, ttl: options.keepMs ?? KEEP_MS });
    this.#pieces = new LRUCache({ maxSize: options.maxHeldBytes ?? MAX_HELD_BYTES });
  }

  /** Bytes of all answers now in memory. */
  get heldBytes(): number {
    return this.#pieces.calculatedSize;
  }

  /** The answer under a key, complete or growing. */
  find(key: string): SharedPack | null {
    return this.#packs.get(key) ?? null;
  }

  /** Records a request; true when the same one came recently, so that its answer is worth keeping, if it fits. */
  isRepeated(key: string): boolean {
    if (this.#options.maxBytes === 0) return false;
    const isRepeated = this.#seen.has(key);
    this.#seen.set(key, true);
    const { maxBytes, maxFiles = Infinity } = this.#options;
    return isRepeated && this.#diskBytes() <= maxBytes && this.#open.size < maxFiles;
  }

  /** Begins an answer under a key. Its writer calls `append`, then `finish` or `fail`, and `settle` here. */
  async begin(key: string, repositoryId: number): Promise<SharedPack> {
    await mkdir(this.#options.folder, { recursive: true, mode: 0o700 });
    const path = join(this.#options.folder, randomUUID());
    const file = await open(path, 'wx+', 0o600);
    await rm(path, { force: true });
    const found = this.#packs.get(key);
    if (found !== undefined) {
      // Another request was faster.
      await file.close();
      return found;
    }
    const pack = new SharedPack(repositoryId, file, this.#pieces);
    this.#packs.set(key, pack);
    this.#open.add(pack);
    return pack;
  }

  /**
   * Frees space after an answer has grown. If there is none, or the answer would exceed its share, it takes no more.
   */
  trim(key: string, pack: SharedPack): void {
    const { maxBytes } = this.#options;
    for (const [oldKey, old] of this.#packs) {
      if (this.#diskBytes() <= maxBytes || old === pack) break;
      this.#drop(oldKey, old);
    }
    if (pack.bytes <= maxBytes / 2 && this.#diskBytes() <= maxBytes) return;
    this.#drop(key, pack);
    pack.goRound();
  }

  #diskBytes(): number {
    let total = 0;
    for (const pack of this.#open) {
      if (pack.isClosed) this.#open.delete(pack);
      else total += pack.diskBytes;
    }
    return total;
  }

  /** An answer has ended: a failed one is removed at once, others after a while. */
  settle(key: string, pack: SharedPack): void {
    if (pack.hasFailed) this.#drop(key, pack);
    else setTimeout(() => this.#drop(key, pack), this.#options.keepMs ?? KEEP_MS).unref();
  }

  /** Something was pushed to a repository: no new reader gets an earlier answer. Null: for any repository. */
  forget(repositoryId: number | null): void {
    for (const [key, pack] of this.#packs)
      if (repositoryId === null || pack.repositoryId === repositoryId) this.#drop(key, pack);
  }

  #drop(key: string, pack: SharedPack): void {
    if (this.#packs.get(key) === pack) this.#packs.delete(key);
    pack.release();
  }
}
