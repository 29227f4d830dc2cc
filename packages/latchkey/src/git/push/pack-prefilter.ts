/**
 * Reads through the body of a short push, to tell at once that nothing in it needs a closer look. A closer look takes
 * processes, and the pusher's time; most pushes don't need one.
 *
 * Source: git's documentation, gitprotocol-pack "Reference Update Request and Packfile Transfer", and gitformat-pack.
 * Invariant: false only if it was read to its end, and neither a text in it nor a piece of one is suspicious. Of an
 * object sent as a delta, the pieces are known, not the whole.
 */
import { inflateSync } from 'node:zlib';
import type { ObjectFormat } from '../processes/profile.ts';
import { listAt } from '../protocol/pkt-lines.ts';
import { isOfFolder, piecesOf, Unreadable } from './delta-pieces.ts';

/** Longer pushes are always scanned. */
export const MAX_PREFILTERED_BYTES = 256 * 1024;
/** So are pushes with more objects, or larger ones: nobody else is served during the prefilter. */
export const MAX_PREFILTERED_OBJECTS = 256;
export const MAX_INFLATED_BYTES = 1024 * 1024;

/** What to look for, in text whose bytes are characters. */
export interface Suspicion {
  readonly text: (whole: string) => boolean;
  /** A piece of a text, or of a folder: then all but names in it is binary. */
  readonly piece: (piece: string, isOfFolder: boolean) => boolean;
}

const TREE = 2;
const OFS_DELTA = 6;
const REF_DELTA = 7;
const HASH_BYTES = { sha1: 20, sha256: 32 } as const;

/** True when the push may contain it. */
export function needsScan(body: Buffer, format: ObjectFormat, suspicion: Suspicion): boolean {
  try {
    const packAt = packOf(body);
    return packAt !== null && new Prefilter(body, packAt, HASH_BYTES[format], suspicion).finds();
  } catch {
    // Damaged, cut off, or more than is prefiltered.
    return true;
  }
}

/** Where the pack begins: after the commands, and after the push options if there are any. Null when there is none. */
function packOf(body: Buffer): number | null {
  for (let at = 0; at < body.length; ) {
    if (body.toString('latin1', at, at + 4) === 'PACK') return at;
    const list = listAt(body, at);
    if (list === null) throw new Unreadable();
    at = list.end;
  }
  return null;
}

class Prefilter {
  readonly #body: Buffer;
  readonly #hashBytes: number;
  readonly #suspicion: Suspicion;
  #at: number;
  #inflatedBytes = 0;

  constructor(body: Buffer, at: number, hashBytes: number, suspicion: Suspicion) {
    this.#body = body;
    this.#at = at;
    this.#hashBytes = hashBytes;
    this.#suspicion = suspicion;
  }

  finds(): boolean {
    const count = this.#body.readUInt32BE(this.#at + 8);
    if (count > MAX_PREFILTERED_OBJECTS) return true;
    this.#at += 12;
    for (let i = 0; i < count; i++) if (this.#nextIsSuspicious()) return true;
    return this.#at + this.#hashBytes !== this.#body.length;
  }

  #nextIsSuspicious(): boolean {
    const type = this.#header();
    if (type === OFS_DELTA) this.#skipNumber();
    if (type === REF_DELTA) this.#at += this.#hashBytes;
    const content = this.#inflate();
    if (type === TREE) return false;
    if (type === OFS_DELTA || type === REF_DELTA) return this.#isSuspiciousDelta(content);
    return this.#suspicion.text(content.toString('latin1'));
  }

  /** What a delta changes, a file or a folder, it doesn't say: each piece is judged by its own form. */
  #isSuspiciousDelta(delta: Buffer): boolean {
    for (const piece of piecesOf(delta, MAX_INFLATED_BYTES))
      if (this.#suspicion.piece(piece.toString('latin1'), isOfFolder(piece, this.#hashBytes))) return true;
    return false;
  }

  /** The type of an object. Its size is known after inflating it. */
  #header(): number {
    const type = ((this.#body[this.#at] ?? 0) >> 4) & 7;
    this.#skipNumber();
    return type;
  }

  /** A number in bytes of which all but the last have the highest bit. */
  #skipNumber(): void {
    while (this.#body.readUInt8(this.#at++) >= 0x80);
  }

  #inflate(): Buffer {
    const { buffer, engine } = inflateSync(this.#body.subarray(this.#at), {
      info: true,
      maxOutputLength: MAX_INFLATED_BYTES,
    }) as unknown as { buffer: Buffer; engine: { bytesWritten: number } };
    this.#at += engine.bytesWritten;
    this.#inflatedBytes += buffer.length;
    if (this.#inflatedBytes > MAX_INFLATED_BYTES) throw new Unreadable();
    return buffer;
  }
}
