/**
 * One server for one folder: a lock that the system lets go when its process ends, however it ends.
 *
 * Node has no lock of files, and SQLite does: an empty database, locked for as long as the process lives.
 */
import { DatabaseSync } from 'node:sqlite';
import { engineCode } from './db.ts';

/** A process that was just told to end gets this long to be gone. Nothing runs yet that could wait with it. */
const PATIENCE_MS = 2_000;
const SQLITE_BUSY = 5;

/**
 * What lets the file go again, before this process ends; null when another process has it.
 * @throws what the system says when it can't be locked
 */
export function claimFile(path: string): (() => void) | null {
  const lock = new DatabaseSync(path, { timeout: PATIENCE_MS });
  try {
    lock.exec('begin exclusive');
  } catch (error) {
    lock.close();
    const code = engineCode(error);
    if (typeof code === 'number' && (code & 0xff) === SQLITE_BUSY) return null;
    throw error;
  }
  // Unreferenced, it would be closed by the collector.
  const letGo = (): void => lock.close();
  process.once('exit', letGo);
  return () => {
    process.off('exit', letGo);
    letGo();
  };
}
