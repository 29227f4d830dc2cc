/**
 * Lines with their length in front, in which git's protocols are written.
 *
 * Source: git's documentation, gitprotocol-common, "pkt-line Format", and gitprotocol-v2, "Packet-Line Framing".
 */

/** Separates the parts of a request in protocol version 2. */
export const DELIMITER = 1;
/** Ends a list. */
export const FLUSH = '0000';

/** The text and a line feed, behind their length in four hexadecimal digits. */
export function packetLine(text: string): string {
  return `${(text.length + 5).toString(16).padStart(4, '0')}${text}\n`;
}

/** The lines of a request that ends with a flush, without their line feeds; null when it is damaged. */
export function packetsOf(body: Buffer): (string | typeof DELIMITER)[] | null {
  const lines: (string | typeof DELIMITER)[] = [];
  for (let at = 0; at + 4 <= body.length; ) {
    const header = body.toString('latin1', at, at + 4);
    if (!/^[0-9a-f]{4}$/.test(header)) return null;
    const length = parseInt(header, 16);
    if (length === 0) return at + 4 === body.length ? lines : null;
    if (length === DELIMITER) lines.push(DELIMITER);
    else if (length <= 4 || at + length > body.length) return null;
    else lines.push(body.toString('latin1', at + 4, at + length).replace(/\n$/, ''));
    at += Math.max(4, length);
  }
  return null;
}
