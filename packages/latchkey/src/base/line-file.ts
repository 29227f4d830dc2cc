/**
 * Files of lines that are only ever appended to: a log that is exported or streamed.
 *
 * Invariant: what a crash left of a half-written line is cut off before anything is added, so that every line is
 * whole; a file that is only looked at stays as it is.
 */
import { type FileHandle, open } from 'node:fs/promises';

const CHUNK_BYTES = 64 * 1024;
const LINE_FEED = 10;

export interface LineFile {
  /** The last whole line, without its line end; null when there is none. */
  readonly lastLine: string | null;
  /** Appends whole lines, each with its line end. */
  append(text: string): Promise<void>;
  /** Resolves when everything appended would survive a power loss. */
  sync(): Promise<void>;
  close(): Promise<void>;
}

/**
 * Opens a file to append to. A new file can be read by this user only.
 * @param mustBeNew fails with EEXIST when the file exists
 */
export async function openLineFile(path: string, mustBeNew = false): Promise<LineFile> {
  const file = await open(path, mustBeNew ? 'ax+' : 'a+', 0o600);
  try {
    let { size, surplus, lastLine } = await lastWholeLine(file);
    return {
      lastLine,
      append: async (text) => {
        if (surplus > 0) await file.truncate(size);
        surplus = 0;
        await file.appendFile(text);
      },
      sync: () => file.datasync(),
      close: () => file.close(),
    };
  } catch (error) {
    await file.close();
    throw error;
  }
}

interface End {
  /** Bytes in whole lines. */
  readonly size: number;
  /** Bytes after them. */
  readonly surplus: number;
  readonly lastLine: string | null;
}

/** Reads the file backwards until it has the last whole line. */
async function lastWholeLine(file: FileHandle): Promise<End> {
  const { size } = await file.stat();
  let tail: Buffer = Buffer.alloc(0);
  for (let start = size; ; ) {
    const end = tail.lastIndexOf(LINE_FEED) + 1;
    const before = end < 2 ? -1 : tail.lastIndexOf(LINE_FEED, end - 2);
    if (before >= 0 || start === 0) {
      const lastLine = end === 0 ? null : tail.subarray(before + 1, end - 1).toString('utf8');
      return { size: start + end, surplus: tail.length - end, lastLine };
    }
    const length = Math.min(CHUNK_BYTES, start);
    start -= length;
    const chunk = Buffer.alloc(length);
    await file.read(chunk, 0, length, start);
    tail = Buffer.concat([chunk, tail]);
  }
}
