/**
 * What is packed in an archive that is pushed: gzip (with it `.tar.gz`) and zip (with it `.jar`, `.whl`, `.docx`). A
 * tar that is not packed needs nothing: its files stand in it as they are.
 *
 * Source: RFC 1952; PKWARE's APPNOTE.TXT 4.3 (`local file header`, `central directory header`, `end of central
 * directory record`).
 * Invariant: at most `maxBytes` are unpacked, whatever an archive says of itself; a damaged one ends where it is
 * damaged. Nobody waits for it: zlib works beside the loop of events.
 * Never: an archive in an archive, one with a password, or another method than deflate.
 */
import { createGunzip, createInflateRaw } from 'node:zlib';

/** Of everything packed in one push, this many bytes are checked. */
export const MAX_UNPACKED_BYTES = 64 * 1024 * 1024;
/** The most files of one zip. */
export const MAX_UNPACKED_FILES = 4_000;

/** Some unpacked bytes, in order. */
export interface Unpacked {
  /** The file's name in the archive; '' when there is none. */
  readonly name: string;
  readonly bytes: Buffer;
  readonly ends: boolean;
}

const GZIP = '\x1f\x8b\x08';
const ZIP = 'PK\x03\x04';

/** True for the beginning of an archive that is searched. @param start its bytes as characters, at least four */
export function isArchive(start: string): boolean {
  return start.startsWith(GZIP) || start.startsWith(ZIP);
}

/** The contents of an archive for which `isArchive` is true. */
export async function* unpack(archive: Buffer, maxBytes: number): AsyncGenerator<Unpacked> {
  if (archive.toString('latin1', 0, GZIP.length) === GZIP) {
    yield* inflated(createGunzip(), '', archive, maxBytes);
    return;
  }
  let left = maxBytes;
  for (const { name, data } of packedFiles(archive)) {
    for await (const piece of inflated(createInflateRaw(), name, data, left)) {
      left -= piece.bytes.length;
      yield piece;
    }
    if (left <= 0) return;
  }
}

async function* inflated(
  stream: ReturnType<typeof createGunzip>,
  name: string,
  packed: Buffer,
  maxBytes: number,
): AsyncGenerator<Unpacked> {
  let left = maxBytes;
  stream.end(packed);
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      yield { name, bytes: chunk.subarray(0, left), ends: false };
      left -= chunk.length;
      if (left <= 0) break;
    }
  } catch {
    // Damaged: what came before still counts.
  } finally {
    stream.destroy();
  }
  yield { name, bytes: Buffer.alloc(0), ends: true };
}

const END_RECORD = Buffer.from('PK\x05\x06', 'latin1');
const CENTRAL = 0x02014b50;
const LOCAL = 0x04034b50;
const DEFLATE = 8;
const IS_ENCRYPTED = 1;

/** The deflated files of a zip; stored ones are in it unchanged. */
function* packedFiles(zip: Buffer): Generator<{ name: string; data: Buffer }> {
  try {
    const end = zip.lastIndexOf(END_RECORD);
    if (end < 0) return;
    let at = zip.readUInt32LE(end + 16);
    const count = Math.min(zip.readUInt16LE(end + 10), MAX_UNPACKED_FILES);
    for (let i = 0; i < count && zip.readUInt32LE(at) === CENTRAL; i++) {
      const [nameLength, extraLength, commentLength] = [28, 30, 32].map((field) => zip.readUInt16LE(at + field)) as [
        number,
        number,
        number,
      ];
      const local = zip.readUInt32LE(at + 42);
      const isRead = zip.readUInt16LE(at + 10) === DEFLATE && (zip.readUInt16LE(at + 8) & IS_ENCRYPTED) === 0;
      if (isRead && zip.readUInt32LE(local) === LOCAL) {
        const from = local + 30 + zip.readUInt16LE(local + 26) + zip.readUInt16LE(local + 28);
        const name = zip.toString('utf8', at + 46, at + 46 + nameLength);
        yield { name, data: zip.subarray(from, from + zip.readUInt32LE(at + 20)) };
      }
      at += 46 + nameLength + extraLength + commentLength;
    }
  } catch (error) {
    // It points beyond its own end: damaged.
    if (!(error instanceof RangeError)) throw error;
  }
}
