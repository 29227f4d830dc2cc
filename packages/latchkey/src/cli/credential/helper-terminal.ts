/**
 * The terminal of a call by git: it reads and writes by the descriptors alone, which starts 10 ms sooner than Node's
 * streams do. `terminal.ts` has the one for people.
 */
import { readSync, writeSync } from 'node:fs';
import { isatty } from 'node:tty';
import { Fault } from '../../base/errors.ts';
import { decodeInput, inputTooLong, lostOutput, type Terminal } from '../terminal.ts';

const READ_BYTES = 64 * 1024;
const [STDIN, STDOUT, STDERR] = [0, 1, 2];

export function helperTerminal(): Terminal {
  return {
    env: process.env,
    print: (line) => void write(STDOUT, `${line}\n`),
    write: async (data) => write(STDOUT, data),
    deliver: async (text) => write(STDOUT, text) || !write(STDERR, `error: ${lostOutput('EPIPE')}\n`),
    say: (line) => void write(STDERR, `${line}\n`),
    readInput: async (maxBytes) => decodeInput(await readToEnd(maxBytes)),
    get interactive() {
      return isatty(STDERR);
    },
  };
}

async function readToEnd(maxBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  const add = (chunk: Buffer): void => {
    chunks.push(chunk);
    if (chunks.reduce((size, { length }) => size + length, 0) > maxBytes) throw inputTooLong(maxBytes);
  };
  try {
    for (let chunk = read(); chunk.length > 0; chunk = read()) add(chunk);
  } catch (error) {
    // The parent process may have made the pipe non-blocking; Node's stream does.
    if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
    for await (const chunk of process.stdin) add(chunk as Buffer);
  }
  return Buffer.concat(chunks);
}

/** The next bytes on stdin; empty at the end. */
function read(): Buffer {
  const buffer = Buffer.allocUnsafe(READ_BYTES);
  try {
    return buffer.subarray(0, readSync(STDIN, buffer));
  } catch (error) {
    // Windows reports the end of a pipe this way.
    if ((error as NodeJS.ErrnoException).code === 'EOF') return Buffer.alloc(0);
    throw error;
  }
}

/** False when nobody reads it: readers may stop early, and that is no failure of ours. */
function write(descriptor: number, data: string | Uint8Array): boolean {
  let left = typeof data === 'string' ? Buffer.from(data) : Buffer.from(data);
  try {
    while (left.length > 0) left = left.subarray(writeSync(descriptor, left));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EPIPE') return false;
    if (code !== 'EAGAIN') {
      if (descriptor === STDERR) return false;
      throw new Fault(lostOutput(code), { cause: error });
    }
    (descriptor === STDOUT ? process.stdout : process.stderr).write(left);
  }
  return true;
}
