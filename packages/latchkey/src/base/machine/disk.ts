/** Whether a disk takes what is written, and how much room it has. */
import { randomUUID } from 'node:crypto';
import { rm, statfs, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Of a block at least, so that a disk without a free one says so. */
const PROBE = Buffer.alloc(4096, 'latchkey\n');

/** Bytes that a server may still write to the disk that a folder lies on. @throws what the system says */
export async function freeBytes(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize;
}

/** Writes a small file into a folder and takes it away again. @throws what the system says when the disk refuses */
export async function probeWrite(folder: string): Promise<void> {
  const file = join(folder, `.probe-${randomUUID()}`);
  try {
    await writeFile(file, PROBE, { flag: 'wx', mode: 0o600 });
  } finally {
    await rm(file, { force: true });
  }
}
