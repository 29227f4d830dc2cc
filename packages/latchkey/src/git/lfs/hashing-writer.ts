/**
 * Files written and hashed by a thread of their own, in large pieces.
 *
 * Invariant: a file has at most two pieces in memory, one being filled and one being written, so memory doesn't depend
 * on what is sent.
 */
import type { FileHandle } from 'node:fs/promises';
import { Worker } from 'node:worker_threads';
import type { ToWrite, Written } from './writing-thread.ts';

/** What is handed to the thread at a time. */
const PIECE_BYTES = 512 * 1024;
/** Slabs that are kept for the next files: twice as many as git-lfs sends files at once. */
const KEPT_SLABS = 16;
/** Beside this file, in the sources and as compiled. */
const THREAD = new URL(
  import.meta.url.endsWith('.ts') ? './writing-thread.ts' : './writing-thread.js',
  import.meta.url,
);

export class HashingWriter {
  #thread: Worker | null = null;
  #lastId = 0;
  readonly #waiting = new Map<number, (written: Written) => void>();
  readonly #slabs: SharedArrayBuffer[] = [];

  /** Begins a file, at the end of what is in it. */
  begin(handle: FileHandle): HashedFile {
    const id = ++this.#lastId;
    return new HashedFile({
      take: () => this.#slabs.pop() ?? new SharedArrayBuffer(PIECE_BYTES),
      release: (slab) => {
        if (this.#slabs.length < KEPT_SLABS) this.#slabs.push(slab);
      },
      write: (slab, bytes, isLast) => this.#write({ id, fd: handle.fd, slab, bytes, isLast }),
      forget: () => this.#thread?.postMessage({ drop: id }),
    });
  }

  async close(): Promise<void> {
    await this.#thread?.terminate();
    this.#thread = null;
  }

  #write(message: ToWrite): Promise<Written> {
    return new Promise((resolve) => {
      this.#waiting.set(message.id, resolve);
      this.#started().postMessage(message);
    });
  }

  #started(): Worker {
    if (this.#thread !== null) return this.#thread;
    const thread = new Worker(THREAD);
    this.#thread = thread;
    thread.unref();
    thread.on('message', (written: Written) => this.#settle(written));
    thread.once('error', ({ message }) => this.#lose(message));
    thread.once('exit', () => this.#lose('the thread that writes has ended'));
    return thread;
  }

  #settle(written: Written): void {
    this.#waiting.get(written.id)?.(written);
    this.#waiting.delete(written.id);
  }

  /** The next file starts another one. */
  #lose(message: string): void {
    this.#thread = null;
    for (const id of this.#waiting.keys()) this.#settle({ id, error: { message, code: undefined } });
  }
}

interface Means {
  take(): SharedArrayBuffer;
  release(slab: SharedArrayBuffer): void;
  write(slab: SharedArrayBuffer, bytes: number, isLast: boolean): Promise<Written>;
  forget(): void;
}

/** A file that is being written. */
export class HashedFile {
  readonly #means: Means;
  #slab: SharedArrayBuffer;
  #filled = 0;
  /** Settles, with its slab free again, when the piece before is on the disk. */
  #pending: Promise<Written> | null = null;

  constructor(means: Means) {
    this.#means = means;
    this.#slab = means.take();
  }

  /** Adds bytes. Waits while the piece before is being written. @throws what the disk says */
  async add(chunk: Buffer): Promise<void> {
    for (let at = 0; at < chunk.length; ) {
      const part = chunk.subarray(at, at + PIECE_BYTES - this.#filled);
      new Uint8Array(this.#slab, this.#filled).set(part);
      at += part.length;
      this.#filled += part.length;
      if (this.#filled === PIECE_BYTES) await this.#flush(false);
    }
  }

  /** Writes the rest; returns the SHA-256 in hexadecimal. @throws what the disk says */
  async end(): Promise<string> {
    await this.#flush(true);
    const { digest = '' } = await this.#settled();
    return digest;
  }

  /** Gives up what isn't written. */
  async drop(): Promise<void> {
    await this.#pending;
    this.#means.release(this.#slab);
    this.#means.forget();
  }

  async #flush(isLast: boolean): Promise<void> {
    await this.#settled();
    const [slab, bytes] = [this.#slab, this.#filled];
    this.#slab = this.#means.take();
    this.#filled = 0;
    this.#pending = this.#means.write(slab, bytes, isLast).then((written) => {
      this.#means.release(slab);
      return written;
    });
  }

  async #settled(): Promise<Written> {
    const written = (await this.#pending) ?? { id: 0 };
    if (written.error !== undefined)
      throw Object.assign(new Error(written.error.message), { code: written.error.code });
    return written;
  }
}
