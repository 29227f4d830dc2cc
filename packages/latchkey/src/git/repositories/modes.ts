/**
 * Looks whether others on this machine can read repositories: those that were made by hand, or by a release that left
 * that to the umask.
 *
 * Never: a change of modes. They may be meant, for a backup or a program beside the server.
 */
import { lstat, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Log } from '../../base/log.ts';
import { DAY_SEC } from '../../base/time.ts';
import type { Folders } from './folders.ts';

const OTHERS = { read: 0o004, pass: 0o001 } as const;
const GROUP = { read: 0o040, pass: 0o010 } as const;
type Reader = typeof OTHERS | typeof GROUP;

export class ModeWatch {
  readonly #folders: Folders;
  readonly #log: Log;
  readonly #classes: readonly Reader[];
  #toldAtMs = Number.NEGATIVE_INFINITY;

  constructor(folders: Folders, log: Log, groupAccess: boolean) {
    this.#folders = folders;
    this.#log = log;
    this.#classes = groupAccess ? [OTHERS] : [OTHERS, GROUP];
  }

  /** Warns when others can read a repository, at most once a day. */
  async look(): Promise<void> {
    if (performance.now() - this.#toldAtMs < DAY_SEC * 1000) return;
    const exposed = await exposedRepositories(this.#folders, this.#classes);
    if (exposed.length === 0) return;
    this.#toldAtMs = performance.now();
    this.#log.warn(
      { count: exposed.length, first: exposed[0] },
      'other users of this machine can read repositories: chmod -R go-rwx them, or close the folder that they are in',
    );
  }
}

/** The paths of those that others could read, as far as they can reach them. */
async function exposedRepositories(folders: Folders, classes: readonly Reader[]): Promise<string[]> {
  const above = await modesAbove(folders.root);
  const reaching = classes.filter(({ pass }) => above.every((mode) => (mode & pass) !== 0));
  if (reaching.length === 0) return [];
  const exposed: string[] = [];
  for (const { owner, name } of await folders.list()) {
    const path = join(folders.root, owner, `${name}.git`);
    const modes = await Promise.all(
      [dirname(path), path].map((place) =>
        lstat(place).then(
          ({ mode }) => mode,
          () => 0,
        ),
      ),
    );
    if (reaching.some(({ read, pass }) => modes.every((mode) => (mode & pass) !== 0) && ((modes[1] ?? 0) & read) !== 0))
      exposed.push(path);
  }
  return exposed;
}

/** The modes of a folder and of all folders above it. */
async function modesAbove(folder: string): Promise<number[]> {
  const modes: number[] = [];
  for (let place = folder; ; place = dirname(place)) {
    modes.push((await stat(place)).mode);
    if (dirname(place) === place) return modes;
  }
}
