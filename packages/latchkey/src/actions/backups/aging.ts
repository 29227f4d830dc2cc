/**
 * Deletes old backups of a folder, what is left of those that were cut off, and the parts that no other needs.
 *
 * Invariant: a part that a kept backup needs stays. So does one that was written or used again within a day, perhaps by
 * a backup that is being made.
 */
import { DAY_SEC } from '../../base/time.ts';
import type { BackupFolder } from './places.ts';
import { backupNames } from './verifying.ts';

/** Keeps so many, the newest. Returns the names of those that are gone. */
export async function keepNewest(folder: BackupFolder, count: number): Promise<string[]> {
  const all = await backupNames({ origin: folder });
  const old = all.slice(count);
  for (const name of old)
    for (const end of ['.json', '.json.age', '.parts']) await folder.remove(`snapshots/${name}${end}`);
  const before = Date.now() - DAY_SEC * 1000;
  const needed = new Set<string>();
  const names = await folder.names();
  for (const name of names.filter((one) => one.endsWith('.parts'))) {
    const isComplete = all.some((one) => name === `snapshots/${one}.parts`);
    if (!isComplete && (await folder.writtenAtMs(name)) < before) {
      await folder.remove(name);
      continue;
    }
    const list = (await folder.read(name))?.toString('latin1') ?? '';
    for (const digest of list.split('\n')) needed.add(digest);
  }
  for (const name of names) {
    const digest = /^parts\/..\/(\w+)$/.exec(name)?.[1];
    if (digest === undefined || needed.has(digest)) continue;
    if ((await folder.writtenAtMs(name)) < before) await folder.remove(name);
  }
  return old;
}
