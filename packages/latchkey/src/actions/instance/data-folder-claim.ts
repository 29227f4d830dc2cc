/**
 * A data folder with SQLite belongs to one server at a time: two would each remember answers that the other changed,
 * and run every job twice. Workers of one server, and commands of the operator, may share it.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Fault } from '../../base/errors.ts';
import type { Settings } from '../../base/settings/settings.ts';
import { OWN_FOLDER } from '../../git/repositories/folders.ts';
import { claimFile } from '../../store/claim.ts';

/**
 * Claims the folder until this process ends, or calls what is returned. Where the disk refuses that, the start itself
 * says why it can't go on.
 * @throws Fault when another server has it
 */
export function claimDataFolder({ data, database }: Pick<Settings, 'data' | 'database'>): () => void {
  if (database !== null) return () => {};
  const folder = join(data, OWN_FOLDER);
  const pidFile = join(folder, 'serving.pid');
  let letGo: (() => void) | null = () => {};
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    letGo = claimFile(join(folder, 'serving.lock'));
    if (letGo !== null) writeFileSync(pidFile, `${process.pid}\n`, { mode: 0o600 });
  } catch {}
  if (letGo !== null) return letGo;
  throw new Fault(`another latchkey serve uses the data folder ${data}${processIn(pidFile)}`, {
    hint:
      'stop it first, or give this one a folder of its own with --data; for more processes on one machine there is ' +
      '--workers N, for several machines --database',
  });
}

function processIn(pidFile: string): string {
  try {
    const pid = readFileSync(pidFile, 'utf8').trim();
    return /^\d{1,10}$/.test(pid) ? `: process ${pid}` : '';
  } catch {
    return '';
  }
}
