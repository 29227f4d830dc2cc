/**
 * Keeps repositories fast after pushes: packs rolled up geometrically, a multi-pack index with reachability bitmaps,
 * a commit-graph with changed-path filters, packed refs, and no leftovers of interrupted pushes.
 *
 * Invariant: one repository at a time, at low priority, some time after its last push; no push or clone ever waits
 * for it.
 * Never: a needed object deleted. Geometric repacking keeps unreachable objects, too.
 */
import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Log } from '../../base/log.ts';
import { unlessGone } from '../../base/machine/gone.ts';
import { type GitProcess, startGit } from '../processes/git-process.ts';
import { lowerPriority } from '../processes/priority.ts';
import { STALE_UNSEEN_AFTER_SEC, sweepRepository } from './leftovers.ts';

/** Work begins when nothing was pushed to the repository for this long … */
const QUIET_SEC = 20;
/** … and at the latest this long after the first push of a busy time. */
const MAX_DELAY_SEC = 300;
/**
 * Loose objects are packed from about 256 × this many on: objects/17 holds one in 256 of them, as `git gc --auto`
 * estimates.
 */
const MAX_LOOSE_SAMPLE = 2;
/** From this many on, packs are combined. */
const MAX_PACKS = 8;

export interface MaintenanceOptions {
  readonly log: Log;
  readonly environment: Record<string, string>;
  /** Throws when the repository at a path must not be touched. */
  readonly demand: (path: string) => unknown;
  readonly quietSec?: number;
}

export class Maintenance {
  readonly #options: MaintenanceOptions;
  readonly #due = new Map<string, { timer: NodeJS.Timeout; since: number }>();
  #line: Promise<void> = Promise.resolve();
  #now: GitProcess | null = null;
  #stopped = false;

  constructor(options: MaintenanceOptions) {
    this.#options = options;
  }

  /** Something was pushed to the repository at this path. Returns at once. */
  touched(path: string): void {
    if (this.#stopped) return;
    const waiting = this.#due.get(path);
    const since = waiting?.since ?? Date.now();
    clearTimeout(waiting?.timer);
    const quietMs = (this.#options.quietSec ?? QUIET_SEC) * 1000;
    const waitMs = Math.max(0, Math.min(quietMs, since + MAX_DELAY_SEC * 1000 - Date.now()));
    const timer = setTimeout(() => {
      this.#due.delete(path);
      this.#line = this.#line.then(() => this.maintain(path));
    }, waitMs).unref();
    this.#due.set(path, { timer, since });
  }

  /** The repository has moved: what is due at its old place is done at the new one. */
  moved(from: string, to: string): void {
    const waiting = this.#due.get(from);
    if (waiting === undefined) return;
    clearTimeout(waiting.timer);
    this.#due.delete(from);
    this.touched(to);
  }

  /**
   * Does now what is due for one repository; nothing when it has been moved or deleted. Never rejects: failures are
   * logged, and tried again after the next push.
   */
  async maintain(path: string): Promise<void> {
    if (!isThere(path)) return;
    try {
      await this.#options.demand(path);
      await sweepRepository(path, { olderThanSec: STALE_UNSEEN_AFTER_SEC, log: this.#options.log });
      for (const args of await dueCommands(path)) {
        if (this.#stopped) return;
        await this.#run(path, args);
      }
    } catch (error) {
      if (isThere(path)) this.#options.log.warn({ err: error, path }, 'a repository could not be maintained');
    }
  }

  /** Starts no more, and ends what is running. Settles when it has ended. */
  async stop(): Promise<void> {
    this.#stopped = true;
    for (const { timer } of this.#due.values()) clearTimeout(timer);
    this.#due.clear();
    this.#now?.stop();
    await this.#line;
  }

  async #run(path: string, args: readonly string[]): Promise<void> {
    const git = startGit({
      args: [`--git-dir=${path}`, '-c', 'pack.threads=1', ...args],
      environment: this.#options.environment,
      // A folder that may be renamed at any moment can't be the place to start a process in.
      cwd: dirname(path),
    });
    this.#now = git;
    lowerPriority(git.pid);
    git.stdin.end();
    git.stdout.resume();
    const end = await git.ended;
    this.#now = null;
    if (end.code === 0 || end.stopped || !isThere(path)) return;
    this.#options.log.warn(
      { path, command: args[0], code: end.code, stderr: end.stderr },
      'a repository could not be maintained',
    );
  }
}

function isThere(path: string): boolean {
  return existsSync(join(path, 'HEAD'));
}

/** What a repository needs now. Reads a few folders, no process. */
async function dueCommands(path: string): Promise<(readonly string[])[]> {
  const packFolder = await namesIn(join(path, 'objects', 'pack'));
  const packs = packFolder.filter((name) => name.endsWith('.pack')).length;
  const loose = (await namesIn(join(path, 'objects', '17'))).length;
  const repack =
    loose >= MAX_LOOSE_SAMPLE ||
    packs >= MAX_PACKS ||
    (packs > 0 && !packFolder.some((name) => name.endsWith('.bitmap')));
  return [
    ['pack-refs', '--all'],
    ...(repack ? [['repack', '-d', '-l', '-n', '-q', '--geometric=2', '--write-midx', '--write-bitmap-index']] : []),
    ['commit-graph', 'write', '--reachable', '--split', '--changed-paths', '--no-progress'],
  ];
}

async function namesIn(folder: string): Promise<string[]> {
  return (await readdir(folder).catch(unlessGone)) ?? [];
}
