/**
 * The thread that hashes and writes what arrives: each takes as long as the rest of an upload, and the server's own
 * thread has checks to answer meanwhile.
 */
import { createHash, type Hash } from 'node:crypto';
import { writeSync } from 'node:fs';
import { parentPort } from 'node:worker_threads';

/** A piece of a file, to be written to its descriptor where it stands. */
export interface ToWrite {
  readonly id: number;
  readonly fd: number;
  /** Memory that both threads see; the writer leaves it alone until it hears that the piece was written. */
  readonly slab: SharedArrayBuffer;
  readonly bytes: number;
  readonly isLast: boolean;
}

/** What became of it. */
export interface Written {
  readonly id: number;
  /** SHA-256 in hexadecimal, of all pieces, after the last one. */
  readonly digest?: string;
  /** What the system said. */
  readonly error?: { readonly message: string; readonly code: string | undefined };
}

const hashes = new Map<number, Hash>();

function write({ id, fd, slab, bytes, isLast }: ToWrite): Written {
  const hash = hashes.get(id) ?? createHash('sha256');
  hashes.set(id, hash);
  const piece = new Uint8Array(slab, 0, bytes);
  try {
    hash.update(piece);
    for (let at = 0; at < bytes; ) at += writeSync(fd, piece, at);
  } catch (error) {
    hashes.delete(id);
    const { message, code } = error as NodeJS.ErrnoException;
    return { id, error: { message, code } };
  }
  if (!isLast) return { id };
  hashes.delete(id);
  return { id, digest: hash.digest('hex') };
}

parentPort?.on('message', (message: ToWrite | { readonly drop: number }) => {
  if ('drop' in message) hashes.delete(message.drop);
  else parentPort?.postMessage(write(message));
});
