/**
 * Puts a backup back into an empty data folder, or an empty database.
 *
 * Invariant: everything was verified before anything is written.
 * Invariant: repositories come first, each moved into its place complete; then all rows in one transaction. A mark
 * beside the repositories says that a restoration is under way: until it is gone, no server and no other command works
 * here, and the same command goes on where it was cut off.
 */
import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Readable as Stream } from 'node:stream';
import { Fault, Problem } from '../../base/errors.ts';
import type { Log } from '../../base/log.ts';
import { unlessGone } from '../../base/machine/gone.ts';
import { KeyFile } from '../../base/sealing/key-file.ts';
import type { Settings } from '../../base/settings/settings.ts';
import { makeGitRoom } from '../../git/room.ts';
import { fill } from '../../store/copies/filling.ts';
import { type Alive, countAlive, namedRepositories } from '../../store/copies/repositories.ts';
import type { Row } from '../../store/copies/rows.ts';
import { refuseUnknown, type Table } from '../../store/copies/tables.ts';
import type { OpenedEngine } from '../../store/db.ts';
import { readDatabaseState } from '../../store/epochs.ts';
import { stepsOf } from '../../store/migrations.ts';
import { openEngine } from '../../store/open.ts';
import type { Context } from '../ground/context.ts';
import { claimDataFolder } from '../instance/data-folder-claim.ts';
import { restorationMark } from '../instance/high-water.ts';
import { keyFilePath } from '../instance/sealing.ts';
import type { Kept, Manifest } from './format.ts';
import { type Readable, readLines, readParts } from './parts.ts';
import { keptRepositories, type OpenedBackup, openBackup, verifyContents, verifyParts } from './verifying.ts';

export interface Restoring {
  readonly settings: Settings;
  readonly from: Readable;
  readonly name: string;
  /** The key that seals is lost: what it sealed stays closed. */
  readonly keyIsLost: boolean;
  readonly log: Log;
  readonly say: (line: string) => void;
}

/** Puts everything back. Until `endRestoration`, nothing else works here. @throws Fault; then the next call goes on */
export async function restoreBackup(restoring: Restoring): Promise<Manifest> {
  const { settings, from, name, say } = restoring;
  const opened = await openBackup(from, name, keysNow(settings));
  await demandKey(restoring, opened);
  refuseUnknown(opened.manifest.steps);
  const parts = await verifyParts(from, name);
  const { rows, missing } = await verifyContents(from, opened);
  say(`verified ${parts} parts, ${rows} rows`);
  const letGo = claimDataFolder(settings);
  try {
    await mkdir(settings.data, { recursive: true, mode: 0o700 });
    const store = await openEngine({
      dataDir: settings.data,
      databaseUrl: settings.database?.reveal() ?? null,
      postgres: { poolSize: 1, caFile: settings.databaseCa },
      log: restoring.log,
    });
    try {
      await beginRestoration(restoring, opened, store);
      await restoreKey(settings, opened.manifest);
      await restoreRepositories(restoring, opened.manifest);
      for (const one of missing) say(`without files: ${one}`);
      if (!(await isFilled(store, opened.manifest))) await fillDatabase(store, from, opened.manifest);
      say(`put back ${rows} rows`);
    } finally {
      await store.close();
    }
  } catch (error) {
    throw brokenOff(error);
  } finally {
    letGo();
  }
  return opened.manifest;
}

/** The keys in the file that the settings name; null when there is none. */
export function keysNow(settings: Settings): KeyFile | null {
  const path = keyFilePath(settings);
  return existsSync(path) ? new KeyFile(path) : null;
}

/** What the disk, git or the database say, with what to do. */
function brokenOff(error: unknown): unknown {
  if (error instanceof Fault || error instanceof Problem) return error;
  return new Fault('the restoration broke off', {
    hint: 'make room, or mend what LATCHKEY_LOG_LEVEL=debug shows; the same command, called again, goes on from here',
    detail: error instanceof Error ? error.message : String(error),
    cause: error,
  });
}

/** Before anything is written: a server would not start without the key, and nobody could tell whose backup it is. */
async function demandKey({ settings, keyIsLost, say }: Restoring, { manifest, origin }: OpenedBackup): Promise<void> {
  const path = keyFilePath(settings);
  const keys = keysNow(settings);
  // Whoever can write where backups lie can name any key: only a signature of ours counts.
  if (keys !== null && origin !== 'ours' && !keyIsLost)
    throw new Fault(`the backup was not made with a key in ${path}, or was changed since`, {
      hint:
        'take the key file of the instance that made it, and another copy of the backup; if that key is lost, add ' +
        '--lost-key: then nobody can tell whose backup it is',
    });
  const hasKey = manifest.key_id === null || (keys?.ids.includes(manifest.key_id) ?? manifest.key_file !== null);
  if (!hasKey && !keyIsLost)
    throw new Fault(`the backup is sealed with the key ${manifest.key_id}, which is not in ${path}`, {
      hint:
        'copy the key file of the instance there, or name it with --secret-key-file; if it is lost, add --lost-key: ' +
        'then second factors, webhook secrets and waiting mails are lost, too',
    });
  if (origin === 'unknown') say('who made the backup can’t be told: the key that signed it is not here');
}

interface Mark {
  readonly backup: string;
  readonly instance: string;
}

async function beginRestoration(
  { settings, name, log }: Restoring,
  { manifest }: OpenedBackup,
  store: OpenedEngine,
): Promise<void> {
  const file = restorationMark(settings);
  const mark: Mark = { backup: name, instance: manifest.instance };
  const text = await readFile(file, 'utf8').catch(unlessGone);
  if (text !== undefined) {
    const { backup, instance } = JSON.parse(text) as Mark;
    if (backup === name && instance === manifest.instance) return;
    throw new Fault(`another restoration was cut off here: that of the backup ${backup}`, {
      hint: 'end that one first, with the same command; or take an empty folder and an empty database',
    });
  }
  if ((await stepsOf(store.db)).applied > 0)
    throw new Fault('there is an instance in the database already', {
      hint: 'take an empty folder, --data DIR, or an empty database; nothing was changed',
    });
  const lies = await makeGitRoom(settings, log).list();
  if (lies.length > 0)
    throw new Fault(`there are repositories in ${settings.repositories} already`, {
      hint: 'take an empty folder: --repositories DIR; nothing was changed',
    });
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  await writeFile(`${file}.draft`, JSON.stringify(mark), { mode: 0o600 });
  await rename(`${file}.draft`, file);
}

/** What goes on by itself once a server starts, and which repositories and rows don't fit each other. */
export interface Awake extends Alive {
  readonly withoutFiles: readonly string[];
  readonly unknown: readonly string[];
}

export async function whatWakesUp(ctx: Context): Promise<Awake> {
  const onDisk = new Set((await ctx.git.list()).map(({ owner, name }) => `${owner}/${name}`));
  const rows = (await namedRepositories(ctx.store.db)).map(({ owner, name }) => `${owner}/${name}`);
  return {
    ...(await countAlive(ctx.store.db, ctx.clock.now())),
    withoutFiles: rows.filter((name) => !onDisk.has(name)),
    unknown: [...onDisk.difference(new Set(rows))],
  };
}

/** From now on, servers and commands work here. */
export async function endRestoration(settings: Settings): Promise<void> {
  await rm(restorationMark(settings), { force: true });
}

async function restoreKey(settings: Settings, { key_file: text }: Manifest): Promise<void> {
  const path = keyFilePath(settings);
  if (text === null || existsSync(path)) return;
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  await writeFile(`${path}.draft`, text, { mode: 0o600 });
  await rename(`${path}.draft`, path);
}

async function restoreRepositories({ settings, from, log, say }: Restoring, manifest: Manifest): Promise<void> {
  const git = makeGitRoom(settings, log);
  let count = 0;
  try {
    for await (const kept of keptRepositories(from, manifest)) {
      if ('missing' in kept) continue;
      // It was moved into its place complete, before the restoration was cut off.
      if (!git.copies.isTaken(kept)) await restoreOne(git, from, kept);
      for (const what of kept.left_out) say(`not in the backup: ${what} of ${kept.owner}/${kept.name}`);
      count++;
    }
  } finally {
    await git.close(0);
  }
  say(`put back ${count} ${count === 1 ? 'repository' : 'repositories'}`);
}

async function restoreOne(git: ReturnType<typeof makeGitRoom>, from: Readable, kept: Kept): Promise<void> {
  const outline = {
    format: kept.format,
    head: kept.head,
    refs: new Map(kept.refs.map(([ref = '', id = '']) => [ref, id])),
    settings: kept.settings.map(([key = '', value]) =>
      value === undefined ? ([key] as const) : ([key, value] as const),
    ),
    leftOut: [],
  };
  const packs = kept.packs.map((parts) => () => Stream.from(readParts(from, 'bytes', parts)));
  await git.copies.build(kept, outline, packs, async (draft) => {
    for (const { oid, size, parts } of kept.lfs) {
      const body = Stream.from(readParts(from, 'bytes', parts));
      const wrong = await git.receiveLfs(draft, { oid, size }, { body, onBytes: () => {} });
      if (wrong !== null) throw new Fault('an LFS object in the backup is not what its name says', { detail: oid });
    }
  });
}

/** True when an earlier call had come so far. */
async function isFilled(store: OpenedEngine, { instance, audit_id: auditId }: Manifest): Promise<boolean> {
  if ((await stepsOf(store.db)).applied === 0) return false;
  const state = await readDatabaseState(store);
  return state.instance === instance && state.auditId >= auditId;
}

async function fillDatabase(store: OpenedEngine, from: Readable, manifest: Manifest): Promise<void> {
  const made = new Map(manifest.tables.map((table) => [table.name, table]));
  await fill(store, {
    steps: manifest.steps,
    counters: manifest.counters,
    rowsOf: (table) => rowsOf(from, made.get(table.name), table),
    sumOf: async ({ name }) => ({ rows: made.get(name)?.rows ?? 0, digest: made.get(name)?.digest ?? EMPTY }),
  });
}

const EMPTY = '0'.repeat(64);
const BATCH = 200;

async function* rowsOf(
  from: Readable,
  kept: Manifest['tables'][number] | undefined,
  { name, columns }: Table,
): AsyncGenerator<Row[]> {
  if (kept === undefined) return;
  if (kept.columns.join() !== columns.join())
    throw new Fault(`the table ${name} in the backup has other columns than its version made`);
  let batch: Row[] = [];
  for await (const line of readLines(from, kept.parts)) {
    batch.push(rowIn(line, columns.length));
    if (batch.length < BATCH) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}

function rowIn(line: string, columns: number): Row {
  const row: unknown = JSON.parse(line);
  const isRow =
    Array.isArray(row) &&
    row.length === columns &&
    row.every((value) => value === null || typeof value === 'string' || typeof value === 'number');
  if (!isRow) throw new Fault('a line of the backup is no row');
  return row as Row;
}
