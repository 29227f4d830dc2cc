/**
 * The few parts of tar (POSIX.1-1988, "ustar") that a backup needs: plain files with short names. `tar -x` unpacks it.
 *
 * Invariant: a header that is anything else, such as a link or a folder, is not read.
 */

const BLOCK = 512;
const NAME_BYTES = 100;
const MODE = '0000600\0';
const NOBODY = '0000000\0';

/** The block before a file. */
export function tarHeader(name: string, size: number): Buffer {
  const block = Buffer.alloc(BLOCK);
  if (Buffer.byteLength(name) > NAME_BYTES) throw new TypeError(`too long for a header: ${name}`);
  block.write(name, 0);
  block.write(`${MODE}${NOBODY}${NOBODY}${octal(size, 11)} ${octal(0, 11)} `, 100);
  block.write('        0', 148);
  block.write('ustar\x0000', 257);
  block.write(`${octal(checksum(block), 6)}\0 `, 148);
  return block;
}

/** What fills the last block of a file. */
export function tarEnd(size: number): Buffer {
  return Buffer.alloc((BLOCK - (size % BLOCK)) % BLOCK);
}

/** Name and size of the file after this block; null when it is no header of a plain file. */
export function readTarHeader(block: Buffer): { readonly name: string; readonly size: number } | null {
  const sum = /^[0-7]{6}\0 $/.exec(block.toString('latin1', 148, 156));
  const size = /^[0-7]{11} $/.exec(block.toString('latin1', 124, 136));
  if (sum === null || size === null || block.toString('latin1', 156, 157) !== '0') return null;
  const blank = Buffer.from(block);
  blank.write('        ', 148);
  if (Number.parseInt(sum[0], 8) !== checksum(blank)) return null;
  const name = block.toString('latin1', 0, NAME_BYTES);
  return {
    name: name.slice(0, (name.indexOf('\0') + NAME_BYTES + 1) % (NAME_BYTES + 1)),
    size: Number.parseInt(size[0], 8),
  };
}

const octal = (value: number, digits: number): string => value.toString(8).padStart(digits, '0');

/** The sum of all bytes, those of the sum itself taken as spaces. */
function checksum(block: Buffer): number {
  return block.reduce((sum, byte) => sum + byte, 0);
}
