/**
 * What killed git processes leave behind: locks that would block a branch for ever, and parts of objects that nobody
 * will finish.
 *
 * Invariant: nothing is removed that is young enough for a push to still need it, by the file system's own clock, and
 * nothing in a repository to which git is writing on this machine.
 * Never: a ref, an object, or somebody else's folder: only names that git gives to unfinished things.
 */
import { randomUUID } from 'node:crypto';
import { lstatSync, readdirSync, rmSync } from 'node:fs';
import { readdir, readFile, readlink, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Log } from '../../base/log.ts';
import { unlessGone } from '../../base/machine/gone.ts';
import { DAY_SEC, MINUTE_SEC } from '../../base/time.ts';
import { INCOMPLETE_FOLDER } from '../lfs/object-files.ts';
import type { Folders } from './folders.ts';
import type { ModeWatch } from './modes.ts';

/**
 * Left-overs older than this are stale when every git process that could hold them is visible. Git holds a lock only
 * for the moment in which it moves refs, and writes to its temporary files with every piece that arrives.
 */
const STALE_AFTER_SEC = 30 * MINUTE_SEC;
/** The same where other machines, whose processes can't be seen, may push to the folder. */
export const STALE_UNSEEN_AFTER_SEC = DAY_SEC;

/** The names of left-overs in each folder of a repository. */
const LEFT_OVERS: readonly (readonly [folder: string, names: RegExp])[] = [
  ['.', /^(?:[A-Za-z_-]+\.lock|packed-refs\.new|fast_import_crash_\d+)$/],
  ['objects', /^(?:tmp_objdir-|incoming-|tmp_)/],
  ['objects/pack', /^(?:tmp_|incoming-|\.tmp-)|\.lock$/],
  ['objects/info', /\.lock$|^tmp_/],
  ['objects/info/commit-graphs', /\.lock$|^tmp_/],
  [INCOMPLETE_FOLDER, /^[0-9a-f]{64}\./],
];
/** No ref can end like this (git-check-ref-format), so anything that does is a lock. */
const LOCK = /\.lock$/;
const LOOSE_FOLDER = /^[0-9a-f]{2}$/;
/** Commands that change nothing, by the name of their program: a clone must not keep a lock alive. */
const READERS = /^(?:upload-pack|pack-objects|cat-file|rev-list|for-each-ref|ls-tree|diff-tree|merge-base)$/;

interface Sweep {
  /** Seconds. */
  readonly olderThanSec: number;
  readonly log: Log;
}

/**
 * How old a left-over must be: twice the time after which a silent push is cut off, and at least half an hour.
 * @param seesAll true when no other machine changes the repositories
 */
export function staleAfterSec(idleTimeoutSec: number, seesAll: boolean): number {
  const isSeen = seesAll && process.platform === 'linux';
  return Math.max(2 * idleTimeoutSec, isSeen ? STALE_AFTER_SEC : STALE_UNSEEN_AFTER_SEC);
}

/**
 * Checks who else can read, then cleans one repository after the other, until the signal aborts. A failure is logged,
 * and left for the next time.
 */
export async function sweepRepositories(
  folders: Folders,
  sweep: Sweep & { readonly modes: ModeWatch },
  signal: AbortSignal,
): Promise<void> {
  await sweep.modes.look();
  for (const { owner, name } of await folders.list()) {
    if (signal.aborted) return;
    const path = folders.path(owner, name);
    await sweepRepository(path, sweep).catch((error: unknown) =>
      sweep.log.warn({ err: error, path }, 'what killed processes left in a repository could not be removed'),
    );
  }
}

/** Removes the left-overs of one repository, and logs them. Does nothing where there is none. */
export async function sweepRepository(path: string, { olderThanSec, log }: Sweep): Promise<void> {
  const found = await leftOversOf(path);
  if (found.length === 0) return;
  const before = (await timeOfDisk(path)) - olderThanSec * 1000;
  const stale = found.filter((file) => newestIn(join(path, file)) < before);
  if (stale.length === 0 || (await isWrittenTo(path))) return;
  // Checked again just before: another run may have removed it, and a push made a new one.
  const removed = stale.filter((file) => {
    if (newestIn(join(path, file)) >= before) return false;
    rmSync(join(path, file), { recursive: true, force: true });
    return true;
  });
  if (removed.length > 0) log.warn({ path, removed }, 'removed what git left behind when it was killed');
}

/** Everything named like a left-over, by path from the repository's folder. */
async function leftOversOf(path: string): Promise<string[]> {
  const found: string[] = [];
  for (const [folder, names] of LEFT_OVERS)
    for (const { name } of await entriesOf(join(path, folder))) if (names.test(name)) found.push(join(folder, name));
  for (const { name } of await entriesOf(join(path, 'objects'))) {
    if (!LOOSE_FOLDER.test(name)) continue;
    for (const file of await entriesOf(join(path, 'objects', name)))
      if (file.name.startsWith('tmp_obj_')) found.push(join('objects', name, file.name));
  }
  await addLocks(path, 'refs', found);
  return found;
}

async function addLocks(path: string, folder: string, found: string[]): Promise<void> {
  for (const entry of await entriesOf(join(path, folder))) {
    if (LOCK.test(entry.name)) found.push(join(folder, entry.name));
    else if (entry.isDirectory()) await addLocks(path, join(folder, entry.name), found);
  }
}

async function entriesOf(folder: string): Promise<{ name: string; isDirectory(): boolean }[]> {
  return (await readdir(folder, { withFileTypes: true }).catch(unlessGone)) ?? [];
}

/** The file system's time, in milliseconds: over a network that is another machine's clock. */
async function timeOfDisk(path: string): Promise<number> {
  const probe = join(path, `tmp_latchkey_${randomUUID()}`);
  try {
    await writeFile(probe, '');
    return (await stat(probe)).mtimeMs;
  } finally {
    await rm(probe, { force: true });
  }
}

/** When something in it was last written, in milliseconds; `Infinity` when it is gone. */
function newestIn(path: string): number {
  try {
    const own = lstatSync(path);
    if (!own.isDirectory()) return own.mtimeMs;
    return Math.max(own.mtimeMs, ...readdirSync(path).map((name) => newestIn(join(path, name))));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return Infinity;
    throw error;
  }
}

/**
 * True when a git process that may write is working in the repository: this server's, its workers', or a person's. Git
 * changes to a repository's folder before it opens it, and its children stay there.
 */
async function isWrittenTo(path: string): Promise<boolean> {
  for (const { name } of await entriesOf('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const place = await readlink(join('/proc', name, 'cwd'));
      if (place !== path && !place.startsWith(`${path}/`)) continue;
      const [program = '', ...args] = (await readFile(join('/proc', name, 'cmdline'), 'utf8')).split('\0');
      const command = args.find((arg, i) => !arg.startsWith('-') && args[i - 1] !== '-c') ?? '';
      if (/(?:^|\/)git(?:-[a-z-]+)?$/.test(program) && !READERS.test(command)) return true;
    } catch {
      // It has ended meanwhile, or belongs to another user, who can't change repositories.
    }
  }
  return false;
}
