/**
 * Length-prefixed lines, the format of git's protocols. The only reader of them, as strict as git's own: what git
 * calls corrupt is corrupt here, so nobody can show git a different request than the one that was judged.
 *
 * Source: git's documentation, gitprotocol-common, "pkt-line Format", and gitprotocol-v2, "Packet-Line Framing";
 * `test/git/protocol/pkt-lines.test.ts` checks it against git itself.
 */

/** Ends a list. */
export const FLUSH = '0000';
const HEADER_BYTES = 4;
/** Git has room for this much content and refuses more. */
const MAX_CONTENT_BYTES = 65_519;

/**
 * The meaning of a length of 0 to 2: the end of a list, of a part of a request, of an answer (the last two in version
 * 2).
 */
const MARKS = ['flush', 'delimiter', 'response-end'] as const;
type Mark = (typeof MARKS)[number];

/** One packet of some bytes. `end` is where the next one begins. */
export type Packet =
  | { readonly kind: Mark; readonly end: number }
  | { readonly kind: 'data'; readonly start: number; readonly end: number };

/** The text and a line feed, after their length in four hexadecimal digits. */
export function packetLine(text: string): string {
  return packet(`${text}\n`);
}

/** The same without a line feed behind it. */
export function packet(text: string): string {
  return `${(text.length + HEADER_BYTES).toString(16).padStart(HEADER_BYTES, '0')}${text}`;
}

/** The packet that begins at `at`; `cut` when the bytes end before it does, `damaged` where git would give up. */
export function packetAt(bytes: Buffer, at: number): Packet | 'cut' | 'damaged' {
  if (at + HEADER_BYTES > bytes.length) return 'cut';
  let length = 0;
  for (let i = at; i < at + HEADER_BYTES; i++) length = length * 16 + hexDigit(bytes[i] ?? 0);
  // A single invalid digit makes it NaN.
  if (Number.isNaN(length)) return 'damaged';
  const mark = MARKS[length];
  if (mark !== undefined) return { kind: mark, end: at + HEADER_BYTES };
  if (length < HEADER_BYTES || length - HEADER_BYTES > MAX_CONTENT_BYTES) return 'damaged';
  const end = at + length;
  return end > bytes.length ? 'cut' : { kind: 'data', start: at + HEADER_BYTES, end };
}

/** The value of an ASCII hex digit, in upper or lower case as git accepts it; `NaN` for any other byte. */
function hexDigit(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const letter = byte | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : NaN;
}

/** A list up to its flush, as contents, and where the rest begins; null when it is damaged or cut. */
export function listAt(bytes: Buffer, from: number): { readonly contents: Buffer[]; readonly end: number } | null {
  const contents: Buffer[] = [];
  for (let at = from; ; ) {
    const packet = packetAt(bytes, at);
    if (typeof packet === 'string') return null;
    if (packet.kind === 'flush') return { contents, end: packet.end };
    if (packet.kind !== 'data') return null;
    contents.push(bytes.subarray(packet.start, packet.end));
    at = packet.end;
  }
}

/** Separates the parts of a request in protocol version 2. */
export const DELIMITER = 1;

/** The lines of a request that ends with a flush, without their line feeds; null when it is damaged. */
export function packetsOf(body: Buffer): (string | typeof DELIMITER)[] | null {
  const lines: (string | typeof DELIMITER)[] = [];
  for (let at = 0; ; ) {
    const packet = packetAt(body, at);
    if (typeof packet === 'string') return null;
    if (packet.kind === 'flush') return packet.end === body.length ? lines : null;
    if (packet.kind === 'data') {
      if (packet.start === packet.end) return null;
      lines.push(body.toString('latin1', packet.start, packet.end).replace(/\n$/, ''));
    } else if (packet.kind === 'delimiter') lines.push(DELIMITER);
    else return null;
    at = packet.end;
  }
}

/** Reads packets from bytes that come in pieces. Keeps at most one packet; stops at a damaged one. */
export class PacketStream {
  #kept: Buffer = Buffer.alloc(0);
  #isDamaged = false;
  #flushed = false;

  /** True once a flush has come. */
  get flushed(): boolean {
    return this.#flushed;
  }

  /** The contents of the packets that are now complete, without marks. */
  read(chunk: Buffer): Buffer[] {
    if (this.#isDamaged) return [];
    const bytes = this.#kept.length === 0 ? chunk : Buffer.concat([this.#kept, chunk]);
    const contents: Buffer[] = [];
    let at = 0;
    let packet = packetAt(bytes, at);
    for (; typeof packet !== 'string'; packet = packetAt(bytes, at)) {
      if (packet.kind === 'data') contents.push(bytes.subarray(packet.start, packet.end));
      this.#flushed ||= packet.kind === 'flush';
      at = packet.end;
    }
    this.#isDamaged = packet === 'damaged';
    this.#kept = this.#isDamaged ? Buffer.alloc(0) : Buffer.from(bytes.subarray(at));
    return contents;
  }
}
