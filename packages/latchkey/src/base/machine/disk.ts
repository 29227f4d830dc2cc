/** Whether a disk takes what is written, and how much room it has. */
import { randomUUID } from 'node:crypto';
import { rm, statfs, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** At least one block, so that a full disk refuses it. */
const PROBE = Buffer.alloc(4096, 'latchkey\n');

/**
 * Bytes that a server may still write to the disk of a folder.
 * @throws what the system says
 */
export async function freeBytes(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize;
}

/**
 * Writes a small file to a folder and removes it.
 * @throws what the system says when the disk refuses
 */
export async function probeWrite(folder: string): Promise<void> {
  const file = join(folder, `.probe-${randomUUID()}`);
  try {
    await writeFile(file, PROBE, { flag: 'wx', mode: 0o600 });
  } finally {
    await rm(file, { force: true });
  }
}
