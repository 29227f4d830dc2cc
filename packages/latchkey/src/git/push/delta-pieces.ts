/**
 * What the deltas of a pack add, and whether that belongs to a folder (a tree) or a file: a delta doesn't say.
 *
 * Source: git's documentation, gitformat-pack "Deltified representation"; a tree's entries are `MODE NAME\0HASH`.
 */

/** Damaged, or more than is read. */
export class Unreadable extends Error {}

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

/** What a delta adds: the bytes between two copied stretches are one piece. @throws Unreadable */
export function* piecesOf(delta: Buffer, maxBytes: number): Generator<Buffer> {
  const [, from] = numberAt(delta, 0);
  const [becomes, start] = numberAt(delta, from);
  // A few bytes of a delta can claim any size.
  if (becomes > maxBytes) throw new Unreadable();
  let at = start;
  let added: Buffer[] = [];
  while (at < delta.length) {
    const step = delta[at++] ?? 0;
    if (step >= 0x80) {
      for (let bit = 0; bit < 7; bit++) if ((step >> bit) & 1) at++;
      if (added.length > 0) yield Buffer.concat(added);
      added = [];
    } else if (step === 0 || at + step > delta.length) throw new Unreadable();
    else {
      added.push(delta.subarray(at, at + step));
      at += step;
    }
  }
  if (added.length > 0) yield Buffer.concat(added);
}

const MODES = ['100644 ', '100755 ', '40000 ', '120000 ', '160000 ', '100664 '];
const CONTROL = /[\x00-\x1f]/;

/**
 * True when these bytes can be from the middle of a folder: they begin within a hash, or within a mode and a name, and
 * go on as entries do. Packed bytes look so by chance only while they are few.
 */
export function isOfFolder(piece: Buffer, hashBytes: number): boolean {
  for (let skipped = 0; skipped <= Math.min(hashBytes, piece.length); skipped++)
    if (areEntries(piece, skipped, hashBytes)) return true;
  const end = piece.indexOf(0);
  return (
    end >= 0 && !CONTROL.test(piece.toString('latin1', 0, end)) && areEntries(piece, end + 1 + hashBytes, hashBytes)
  );
}

/** True when entries begin here; the last one may be cut off anywhere. */
function areEntries(piece: Buffer, start: number, hashBytes: number): boolean {
  let at = start;
  while (at < piece.length) {
    const begins = piece.toString('latin1', at, at + 7);
    if (!MODES.some((mode) => mode.startsWith(begins) || begins.startsWith(mode))) return false;
    const end = piece.indexOf(0, at);
    const name = piece.toString('latin1', at, end < 0 ? piece.length : end);
    if (CONTROL.test(name)) return false;
    if (end < 0) return true;
    at = end + 1 + hashBytes;
  }
  return true;
}
