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

/** False when another process has the file. @throws what the system says when it can't be locked */
export function claimFile(path: string): boolean {
  const lock = new DatabaseSync(path, { timeout: PATIENCE_MS });
  try {
    lock.exec('begin exclusive');
  } catch (error) {
    lock.close();
    const code = engineCode(error);
    if (typeof code === 'number' && (code & 0xff) === SQLITE_BUSY) return false;
    throw error;
  }
  // Unreferenced, it would be closed by the collector.
  process.once('exit', () => lock.close());
  return true;
}
