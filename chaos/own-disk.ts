/**
 * A small disk of its own for the data, so that it can be full without harm to anybody: a tmpfs that only this process
 * and those below it see. It is gone when they are.
 */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { hasProgram } from './faults.ts';

const DISK_BYTES = 768 * 1024 * 1024;
/** Tells the process that it has its own mounts. */
const MARK = 'CHAOS_OWN_MOUNTS';

/**
 * Runs this program again where it may mount, if the machine allows that. Null when it has to go on as it is: it
 * already has its own mounts, or can't have them.
 */
export async function runWithOwnMounts(): Promise<number | null> {
  if (process.env[MARK] !== undefined || process.getuid?.() !== 0 || !canUnshare()) return null;
  const child = spawn('unshare', ['--mount', '--', process.execPath, ...process.argv.slice(1)], {
    stdio: 'inherit',
    env: { ...process.env, [MARK]: '1' },
  });
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.on(name, () => child.kill(name));
  const [code] = (await once(child, 'exit')) as [number | null];
  return code ?? 1;
}

/** Mounts the disk there. False where that isn't allowed. */
export function mountOwnDisk(folder: string): boolean {
  if (process.env[MARK] === undefined) return false;
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${DISK_BYTES},mode=0700`, 'latchkey-chaos', folder]);
  return true;
}

/** Otherwise the folder could not be removed. */
export function unmountOwnDisk(folder: string): void {
  execFileSync('umount', ['--lazy', folder]);
}

function canUnshare(): boolean {
  if (!hasProgram('unshare') || !hasProgram('mount')) return false;
  try {
    execFileSync('unshare', ['--mount', 'true'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
