/**
 * Disks that are really full or refuse writes: a server whose folders are on small file systems of their own, in
 * memory, mounted where only it sees them (`unshare --user --mount`; Linux, no rights needed).
 *
 * Never: a silent skip. If the machine doesn't allow such mounts, a line says so; with `npm run test:faults` it fails.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { appendFile, mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Serving, serveUntilReady } from './latchkey-process.ts';

/** True when this machine gives a process its own mounts. */
export function canMount(): boolean {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-mount-'));
  try {
    execFileSync('unshare', ['--map-root-user', '--mount', 'mount', '-t', 'tmpfs', 'none', folder], {
      stdio: 'ignore',
    });
    return true;
  } catch {
    if (process.env.LATCHKEY_TEST_FAULTS === 'all')
      throw new Error('this machine allows no mounts of a process alone (unshare --map-root-user --mount)');
    process.stderr.write('Full and read-only disks were NOT tried: this machine allows no mounts (unshare -rm).\n');
    return false;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** A folder that becomes a separate file system, with its current content. */
export interface SmallDisk {
  readonly folder: string;
  readonly mib: number;
  readonly readOnly?: boolean;
  /** Filled to the last byte before the server starts. */
  readonly full?: boolean;
}

/** Starts a server that sees these disks. */
export async function serveOn(disks: readonly SmallDisk[], args: readonly string[]): Promise<Serving> {
  const steps: string[] = [];
  for (const { folder, mib, readOnly, full } of disks) {
    await mkdir(folder, { recursive: true });
    steps.push(
      `cp -a '${folder}' '${folder}.kept'`,
      `mount -t tmpfs -o size=${mib}m none '${folder}'`,
      `cp -a '${folder}.kept/.' '${folder}'`,
      `rm -r '${folder}.kept'`,
    );
    if (full === true) steps.push(`(cat /dev/zero > '${folder}/filler' 2>&-; true)`);
    if (readOnly === true) steps.push(`mount -o remount,ro '${folder}'`);
  }
  const script = `${steps.join(' && ')} && exec "$0" "$@"`;
  return serveUntilReady(args, undefined, ['unshare', '--map-root-user', '--mount', 'sh', '-c', script]);
}

/** The path at which we see a folder of the server, mounted as the server sees it. */
function seenBy(server: Serving, folder: string): string {
  return `/proc/${server.child.pid}/root${folder}`;
}

/** Fills a disk of the server to its last block. @returns the file to remove to make space */
export async function fill(server: Serving, folder: string): Promise<string> {
  const filler = join(seenBy(server, folder), 'filler');
  const block = Buffer.alloc(64 * 1024);
  // The server may write meanwhile: only the disk itself shows when it is full.
  for (let full = false; !full; ) {
    await appendFile(filler, block).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOSPC') throw error;
      full = true;
    });
  }
  return filler;
}
