/**
 * Marks outside of the database of how far it has come: in the data folder, and beside the repositories, since either
 * may be lost. A database that is behind its mark was lost, or put back to an earlier state: then it is not taken for
 * that of a new instance, which the first visitor would own, and nothing that was revoked since comes back to life.
 *
 * Invariant: what a mark says was committed when it was written. It never goes back, but for what two that write at the
 * same moment differ by. It is no part of what a backup of the database brings back.
 */
import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Fault } from '../../base/errors.ts';
import type { Settings } from '../../base/settings/settings.ts';
import { OWN_FOLDER } from '../../git/repositories/folders.ts';
import type { Store } from '../../store/db.ts';
import { type DatabaseState, readDatabaseState } from '../../store/epochs.ts';
import type { Context } from '../ground/context.ts';

type Place = Pick<Settings, 'repositories' | 'readOnly' | 'data' | 'database'>;

const FILE = 'high-water';

/** A node that only reads changes nothing beside its repositories. */
function filesOf({ data, repositories, readOnly }: Place): string[] {
  return [data, ...(readOnly ? [] : [repositories])].map((folder) => join(folder, OWN_FOLDER, FILE));
}

interface Mark {
  readonly file: string;
  readonly state: DatabaseState;
}

/**
 * @throws Fault for a mark that nobody can have written. An unreachable mark counts as missing, since its disk may be
 * away.
 */
async function marksAt(place: Place): Promise<Mark[]> {
  const marks = await Promise.all(
    filesOf(place).map(async (file) => {
      const text = await readFile(file, 'utf8').catch(() => null);
      return text === null ? [] : [{ file, state: stateIn(file, text) }];
    }),
  );
  return marks.flat();
}

function stateIn(file: string, text: string): DatabaseState {
  try {
    const state = JSON.parse(text) as DatabaseState;
    if (typeof state.instance === 'string' && Number.isSafeInteger(state.auditId) && Number.isSafeInteger(state.epoch))
      return { ...state, counters: { ...state.counters } };
  } catch {}
  throw new Fault(`${file} does not say how far the database had come`, {
    hint: 'delete it if you know that the database was not put back to an earlier state',
  });
}

/** How far the database had got at earlier looks. */
export async function statesSeen(place: Place): Promise<DatabaseState[]> {
  return (await marksAt(place)).map(({ state }) => state);
}

/** A database without an entry has nothing to lose. */
function isBehind(state: DatabaseState, seen: DatabaseState): boolean {
  if (seen.auditId === 0) return false;
  return state.instance !== seen.instance || state.epoch < seen.epoch || state.auditId < seen.auditId;
}

/** The file that says that a restoration is under way: see `actions/backups/restoring`. */
export function restorationMark({ repositories }: Pick<Settings, 'repositories'>): string {
  return join(repositories, OWN_FOLDER, 'restoring');
}

/** @throws Fault while a restoration is under way, or was cut off */
export function demandWhole(settings: Settings): void {
  if (!existsSync(restorationMark(settings))) return;
  throw new Fault('a backup is being put back here, or that was cut off', {
    hint: 'call the same latchkey admin restore again: it goes on where it stopped',
  });
}

/**
 * Refuses to serve a database that was lost or restored.
 * @param isRestoring the operator is about to say what is known about the lost time
 * @throws Fault with what to do
 */
export async function demandKnown(settings: Settings, store: Store, isRestoring: boolean): Promise<void> {
  // Read the marks first: another node's later writes may be ahead of what was read before.
  const marks = await marksAt(settings);
  if (marks.length === 0) return;
  const state = await readDatabaseState(store);
  const ahead = marks.filter((mark) => isBehind(state, mark.state));
  if (state.auditId === 0 && ahead.length > 0) throw emptied(settings, ahead);
  const [first] = ahead;
  if (first === undefined || isRestoring) return;
  const found =
    state.instance === first.state.instance
      ? `its audit log ends with entry ${state.auditId}, and had come to ${first.state.auditId}`
      : `the mark ${first.file} is of another one`;
  throw new Fault(`the database was put back to an earlier state: ${found}`, {
    hint:
      'what was revoked since would work again; say what is known of that time: latchkey admin restore --tail FILE ' +
      '(an export of the audit log that was kept elsewhere), --end-all-tokens or --nothing-ended',
  });
}

function emptied({ data, database, repositories }: Place, ahead: readonly Mark[]): Fault {
  const [where, step] =
    database === null
      ? [join(data, 'latchkey.db'), 'put its backup there, or name its folder with --data']
      : ['that --database names', 'restore its backup, or correct the address in --database'];
  const files = ahead.map(({ file }) => file).join(' and ');
  return new Fault(`the database ${where} is empty, but the repositories in ${repositories} had an instance`, {
    hint: `${step}; to begin anew with these repositories, delete ${files}`,
  });
}

/** The job `note-high-water`; also runs on closing. Never rejects: the next one may succeed. */
export async function noteHighWater({
  settings,
  store,
  log,
}: Pick<Context, 'settings' | 'store' | 'log'>): Promise<void> {
  try {
    const marks = await marksAt(settings);
    const state = await readDatabaseState(store);
    if (!marks.some((mark) => isBehind(state, mark.state))) return await markState(settings, state);
    log.error(
      { newestEntry: state.auditId },
      'the database was put back while it was in use: stop the server, and run latchkey admin restore',
    );
  } catch (error) {
    log.debug({ err: error }, 'the marks of how far the database has come could not be written');
  }
}

/** Writes the marks, whatever they were. If a disk refuses, its mark stays as it is. */
export async function markState(place: Place, state: DatabaseState): Promise<void> {
  for (const file of filesOf(place)) {
    const draft = `${file}.${randomUUID()}`;
    try {
      await mkdir(dirname(file), { mode: 0o700 }).catch(() => undefined);
      await writeFile(draft, `${JSON.stringify(state)}\n`, { mode: 0o600 });
      await rename(draft, file);
    } catch {
      await rm(draft, { force: true }).catch(() => undefined);
    }
  }
}
