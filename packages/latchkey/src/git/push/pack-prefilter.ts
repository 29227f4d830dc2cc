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

/** Longer pushes are always scanned. */
export const MAX_PREFILTERED_BYTES = 256 * 1024;
/** So are pushes with more objects, or larger ones: nobody else is served during the prefilter. */
export const MAX_PREFILTERED_OBJECTS = 256;
export const MAX_INFLATED_BYTES = 1024 * 1024;

/** What to look for, in text whose bytes are characters. */
export interface Suspicion {
  readonly text: (whole: string) => boolean;
  readonly piece: (piece: string) => boolean;
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

class Unreadable extends Error {}

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
    if (type === OFS_DELTA || type === REF_DELTA) return this.#suspicion.piece(piecesOf(content));
    return this.#suspicion.text(content.toString('latin1'));
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

/** A number in a delta's header, the lowest seven bits first, and where the rest begins. */
function numberAt(delta: Buffer, start: number): readonly [value: number, end: number] {
  let value = 0;
  let at = start;
  for (let weight = 1; ; weight *= 128) {
    const byte = delta.readUInt8(at++);
    value += (byte & 0x7f) * weight;
    if (byte < 0x80) return [value, at];
  }
}

/** What a delta adds, with a line break wherever copied bytes come in between. */
function piecesOf(delta: Buffer): string {
  const [, from] = numberAt(delta, 0);
  const [becomes, start] = numberAt(delta, from);
  // A few bytes of a delta can claim any size.
  if (becomes > MAX_INFLATED_BYTES) throw new Unreadable();
  let at = start;
  let pieces = '';
  let isBroken = false;
  while (at < delta.length) {
    const step = delta[at++] ?? 0;
    if (step >= 0x80) {
      for (let bit = 0; bit < 7; bit++) if ((step >> bit) & 1) at++;
      if (!isBroken) pieces += '\n';
      isBroken = true;
    } else if (step === 0 || at + step > delta.length) throw new Unreadable();
    else {
      pieces += delta.toString('latin1', at, at + step);
      isBroken = false;
      at += step;
    }
  }
  return pieces;
}
