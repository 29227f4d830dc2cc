/**
 * Moves everything from one database to another: from SQLite to PostgreSQL, back, or to another PostgreSQL.
 *
 * Invariant: nobody changes the old one meanwhile, and no server runs on it.
 * Invariant: the new one is filled in one transaction, which compares each table before it ends. Whatever fails, the
 * old one is as it was, and the new one empty.
 * Invariant: a file that was moved away from gets another name, so that no server takes it for the instance.
 */
import { existsSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Fault, Problem, problem } from '../../base/errors.ts';
import type { Log } from '../../base/log.ts';
import { unlessGone } from '../../base/machine/gone.ts';
import type { Settings } from '../../base/settings/settings.ts';
import { systemClock } from '../../base/time.ts';
import { type FillHooks, fill } from '../../store/copies/filling.ts';
import { type Row, readRows, type Source, sumOf } from '../../store/copies/rows.ts';
import { countOtherProcesses, holdStill } from '../../store/copies/standstill.ts';
import { type Table, tablesMadeBy } from '../../store/copies/tables.ts';
import { engineCode, type OpenedEngine, type Query, SQLITE_FILE_NAME } from '../../store/db.ts';
import { readCounters } from '../../store/epochs.ts';
import { appliedSteps, stepsOf } from '../../store/migrations.ts';
import { openEngine } from '../../store/open.ts';
import type { Permit } from '../decision/authorize.ts';
import { record } from '../ground/record.ts';
import { claimDataFolder } from '../instance/data-folder-claim.ts';
import { demandKnown } from '../instance/high-water.ts';
import { keysAsTheyAre } from '../instance/sealing.ts';

export interface Moved {
  readonly tables: number;
  readonly rows: number;
  /** Where the old file is now; null when the old database was PostgreSQL, which stays as it is. */
  readonly keptAs: string | null;
}

/** The two places, as settings. They differ by their database alone. */
export interface Move {
  readonly from: Settings;
  readonly to: Settings;
  readonly log: Log;
  /** Hears of each table that has arrived. */
  readonly onTable: (table: string, rows: number) => void;
}

/** @throws Fault or Problem, which says what stands in the way; then nothing has changed */
export async function moveDatabase(permit: Permit, { from, to, log, onTable }: Move): Promise<Moved> {
  if (from.database?.reveal() === to.database?.reveal())
    throw problem(
      'unprocessable',
      'That is the database that the settings name already: there is nothing to move. Leave --database (and ' +
        'LATCHKEY_DATABASE, and database in the file) as it was until the move is done.',
    );
  const fileOf = ({ data, database }: Settings): string | null =>
    database === null ? join(data, SQLITE_FILE_NAME) : null;
  const [oldFile, newFile] = [fileOf(from), fileOf(to)];
  if (oldFile !== null && !existsSync(oldFile))
    throw new Fault(`there is no database at ${oldFile}`, { hint: 'name the data folder of the server: --data DIR' });
  await mkdir(to.data, { recursive: true, mode: 0o700 });
  const kept = oldFile === null ? null : `${oldFile}.moved`;
  if (kept !== null && existsSync(kept))
    throw new Fault(`${kept} is there already, from an earlier move`, {
      hint: 'move it away first; nothing was changed',
    });
  const isNewFile = newFile !== null && !existsSync(newFile);
  const letGo = claimDataFolder(from);
  try {
    const total = await copyAll(permit, { from, to, log, onTable });
    if (oldFile !== null && kept !== null) await putAway(oldFile, kept);
    return { ...total, keptAs: kept };
  } catch (error) {
    if (isNewFile) for (const end of ['', '-wal', '-shm']) await rm(`${newFile}${end}`, { force: true });
    throw inWords(error);
  } finally {
    letGo();
  }
}

const nameOf = ({ database }: Settings): string => (database === null ? 'SQLite' : 'PostgreSQL');

async function copyAll(permit: Permit, { from, to, log, onTable }: Move): Promise<Omit<Moved, 'keptAs'>> {
  const source = await engineOf(from, log);
  try {
    if ((await stepsOf(source.db)).applied === 0)
      throw new Fault('there is no instance in the database that the settings name', {
        hint: 'name the data folder of the server, --data DIR, or its --database; nothing was changed',
      });
    await demandKnown(from, source, false);
    await keysAsTheyAre(from, source);
    const target = await engineOf(to, log);
    try {
      const total = { tables: 0, rows: 0 };
      await source.alone(async (tx) => {
        Object.assign(total, { tables: 0, rows: 0 });
        await copy({ q: tx, engine: source.engine }, target, {
          onTable(table, rows) {
            total.tables++;
            total.rows += rows;
            onTable(table, rows);
          },
          finish: (into) =>
            record(into, permit, systemClock.now(), {
              action: 'instance.move',
              data: { from: nameOf(from), to: nameOf(to), rows: total.rows },
            }),
        });
      });
      return total;
    } finally {
      await target.close();
    }
  } finally {
    await source.close();
  }
}

/** One connection is enough, and leaves the others of the database to be counted. */
function engineOf(settings: Settings, log: Log): Promise<OpenedEngine> {
  return openEngine({
    dataDir: settings.data,
    databaseUrl: settings.database?.reveal() ?? null,
    postgres: { poolSize: 1, caFile: settings.databaseCa },
    log,
  });
}

async function copy(source: Source, target: OpenedEngine, hooks: FillHooks): Promise<void> {
  const steps = await appliedSteps(source.q);
  const tables = await tablesMadeBy(steps);
  if (source.engine === 'postgres') await demandStandstill(source.q, tables);
  await fill(
    target,
    {
      steps,
      counters: await readCounters(source.q, source.engine),
      rowsOf: (table: Table): AsyncIterable<Row[]> => readRows(source, table),
      sumOf: (table: Table) => sumOf(source, table),
    },
    hooks,
  );
}

async function demandStandstill(tx: Query, tables: readonly Table[]): Promise<void> {
  const others = await countOtherProcesses(tx);
  if (others > 0)
    throw new Fault(`a server or a command still uses the database: it has ${others} connections`, {
      hint: 'stop every latchkey serve on it first; nothing was changed',
    });
  await holdStill(tx, tables);
}

async function putAway(file: string, kept: string): Promise<void> {
  await rename(file, kept);
  // Normally gone: the last connection has written them into the file.
  for (const end of ['-wal', '-shm']) await rename(`${file}${end}`, `${kept}${end}`).catch(unlessGone);
}

/** What the engines say most often when they can't go on: codes of PostgreSQL (its manual, appendix A) and SQLite. */
const CAUSES: readonly (readonly [codes: readonly unknown[], message: string, hint: string])[] = [
  [
    ['42501'],
    'the user of the new database may not make tables in it',
    'as its owner: grant create on schema public to that user; nothing was changed',
  ],
  [
    ['53100', 13],
    'the disk of the new database is full',
    'make room, and call this again: nothing was kept there, and the old database is as it was',
  ],
  [
    ['25006'],
    'the new database takes no changes: it is a replica, or read-only',
    'name the server that takes changes; nothing was changed',
  ],
];

/** @returns a Fault that says what was to be done about it, and that nothing has changed */
function inWords(error: unknown): unknown {
  if (error instanceof Fault || error instanceof Problem) return error;
  const code = engineCode(error);
  const [, message, hint] = CAUSES.find(([codes]) => codes.includes(code)) ?? [];
  const detail = error instanceof Error ? error.message : String(error);
  if (message !== undefined && hint !== undefined) return new Fault(message, { hint, detail, cause: error });
  return new Fault('the move broke off: the old database is as it was, and nothing was kept in the new one', {
    hint: 'look whether both can still be reached, and call this again; LATCHKEY_LOG_LEVEL=debug shows what was said',
    detail,
    cause: error,
  });
}
