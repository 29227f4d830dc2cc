/**
 * A mark beside the repositories of how far their audit log has come, so that a database that was lost is not taken for
 * that of a new instance, which the first visitor would own.
 *
 * Invariant: the mark only rises. It is no part of what a backup of the database brings back.
 */
import { randomUUID } from 'node:crypto';
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Fault } from '../../base/errors.ts';
import type { Log } from '../../base/log.ts';
import type { Settings } from '../../base/settings/settings.ts';
import { OWN_FOLDER } from '../../git/repositories/folders.ts';
import { newestAuditId } from '../../store/audit.ts';
import type { Store } from '../../store/db.ts';
import type { Context } from '../ground/context.ts';

type Place = Pick<Settings, 'repositories' | 'readOnly' | 'data' | 'database'>;

const FILE = 'high-water';

/** A whole number in decimal, and nothing else. */
function markIn({ repositories }: Place): string {
  return join(repositories, OWN_FOLDER, FILE);
}

/** The id of the newest entry that was seen; 0 where there is no mark. */
async function readMark(settings: Place): Promise<number> {
  const text = await readFile(markIn(settings), 'utf8').catch(() => '');
  return /^\d{1,15}\n?$/.test(text) ? Number(text) : 0;
}

/** @throws Fault when the database is empty though the repositories belong to an instance */
export async function demandKnown(settings: Place, store: Store, log: Log): Promise<void> {
  if (settings.readOnly) return;
  const [mark, newest] = [await readMark(settings), await newestAuditId(store.db)];
  if (newest >= mark) return;
  if (newest > 0) {
    log.warn(
      { newestEntry: newest, seenBefore: mark },
      'the database is older than the repositories: was a backup restored? What came after it is not in it',
    );
    return;
  }
  const [where, step] =
    settings.database === null
      ? [join(settings.data, 'latchkey.db'), 'put its backup there, or name its folder with --data']
      : ['that --database names', 'restore its backup, or correct the address in --database'];
  throw new Fault(`the database ${where} is empty, but the repositories in ${settings.repositories} had an instance`, {
    hint: `${step}; to begin anew with these repositories, delete ${markIn(settings)}`,
  });
}

/** The job `note-high-water`; also when the data is closed. Never rejects: the next time it may be written. */
export async function noteHighWater({
  settings,
  store,
  log,
}: Pick<Context, 'settings' | 'store' | 'log'>): Promise<void> {
  if (settings.readOnly) return;
  const file = markIn(settings);
  const draft = `${file}.${randomUUID()}`;
  try {
    const newest = await newestAuditId(store.db);
    if (newest <= (await readMark(settings))) return;
    await writeFile(draft, `${newest}\n`, { mode: 0o600 });
    await rename(draft, file);
  } catch (error) {
    log.debug({ err: error }, 'the mark beside the repositories could not be written');
    await rm(draft, { force: true }).catch(() => undefined);
  }
}
