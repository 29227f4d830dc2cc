/**
 * Where things are below the repositories' root, and how they are moved and removed there.
 *
 *     <root>/<owner>/<name>.git    the bare repositories
 *     <root>/.latchkey/            ours: an empty home for git, hooks, and folders on their way out
 *                                  (on a node that only reads: in its data folder), and empty repositories
 *
 * Invariant: a path that leaves this file is inside the root and no link, or what a link of the operator's names
 * outside of it (`linkedPlace`). So no two names in the folder are the same files.
 * Never: a name taken directly from a URL; callers pass the names that the store knows, and even those are checked.
 */
import { randomUUID } from 'node:crypto';
import { constants, existsSync, mkdirSync, realpathSync, statSync } from 'node:fs';
import { access, mkdir, readdir, rename, rm, rmdir } from 'node:fs/promises';
import { basename, dirname, join, sep } from 'node:path';
import { Fault } from '../../base/errors.ts';
import { probeWrite } from '../../base/machine/disk.ts';
import { outageOf } from '../../base/machine/outage.ts';
import { type Place, placeFault } from '../../base/machine/place-fault.ts';
import { DAY_SEC } from '../../base/time.ts';
import type { ObjectFormat } from '../processes/profile.ts';
import { installHooks } from '../push/hooks.ts';
import { makeBare } from './bare.ts';
import { linkedPlace, makeLinkAbsolute } from './links.ts';

/** An owner's folder never begins with a dot, so this can't be one. */
export const OWN_FOLDER = '.latchkey';
/** One path segment: no separator, no control character, no dash at the beginning, not only dots. */
const SEGMENT = /^(?!-)(?!\.+$)[A-Za-z0-9._-]{1,100}$/;

export interface RepositoryName {
  readonly owner: string;
  readonly name: string;
}

export class Folders {
  readonly root: string;
  /** Empty: git looks here for settings and finds none. */
  readonly home: string;
  /** Empty: git looks here for hooks and finds none. */
  readonly noHooks: string;
  /** Our hooks: one folder for each way of running them, see `git/push/hooks.ts`. */
  readonly hooks: string;
  readonly #bare: string;
  readonly #trash: string;
  #isReady = false;

  /**
   * Creates what is missing. The root may itself be, or be behind, a symbolic link: that is the operator's choice.
   * @param ownPlace the path of our own folder; if given, nothing is created in the root, which must exist (otherwise a
   * `Fault`)
   */
  constructor(root: string, ownPlace: string | null = null) {
    const place = { what: 'the folder of repositories', path: root, setting: '--repositories' };
    if (ownPlace === null) inPlace(place, () => mkdirSync(root, { recursive: true }));
    else if (!existsSync(root))
      throw new Fault(`There is no folder of repositories at ${root}.`, {
        hint: 'Mount or copy it there first, or check --repositories.',
      });
    this.root = inPlace(place, () => realpathSync.native(root));
    const own = join(ownPlace ?? this.root, OWN_FOLDER);
    this.home = join(own, 'home');
    this.noHooks = join(own, 'no-hooks');
    this.hooks = join(own, 'hooks');
    this.#bare = join(own, 'bare');
    this.#trash = join(own, 'trash');
    try {
      this.demandPlace();
    } catch (error) {
      if (!(error instanceof DiskRefuses)) throw placeFault({ ...place, path: own }, error);
    }
  }

  /**
   * Makes sure that our own folders exist; without them nothing may be written. If a disk that refused writes has kept
   * us from making them or updating our hooks, this tries again.
   * @throws DiskRefuses
   */
  demandPlace(): void {
    if (this.#isReady) return;
    try {
      for (const folder of [this.home, this.noHooks, this.hooks, this.#trash])
        mkdirSync(folder, { recursive: true, mode: 0o700 });
      installHooks(this.hooks);
      for (const format of ['sha1', 'sha256'] as const) makeBare(this.bare(format), format);
      this.#isReady = true;
    } catch (error) {
      throw isRefusal(error) ? new DiskRefuses(error) : error;
    }
  }

  /** An empty repository of ours: git reads the objects of another one through it, without that one's settings. */
  bare(format: ObjectFormat): string {
    return join(this.#bare, `${format}.git`);
  }

  /**
   * Writes a file to our own folder and deletes it. That folder may be open while the root is closed to new ones.
   * @throws what the system says when the disk refuses
   */
  async probe(): Promise<void> {
    this.demandPlace();
    await access(this.root, constants.W_OK | constants.X_OK);
    await probeWrite(this.hooks);
  }

  /**
   * The repository's folder, whether or not it exists. Throws a `Fault` for anything that could lead out of the root,
   * but for a link of the operator's.
   */
  path(owner: string, name: string): string {
    const place = this.#placeOf(owner, name);
    const real = realOf(place);
    if (real === place || (!real.startsWith(this.root + sep) && real === linkedPlace(this.root, place))) return real;
    throw leaves(place);
  }

  #placeOf(owner: string, name: string): string {
    if (!SEGMENT.test(name)) throw leaves(`${owner}/${name}`);
    return join(this.#ownerPlace(owner), `${name}.git`);
  }

  #ownerPlace(owner: string): string {
    if (!SEGMENT.test(owner) || owner.startsWith('.')) throw leaves(owner);
    return join(this.root, owner);
  }

  /** Moves a repository, or the link to it. Throws a `Fault` when there is something in the other place. */
  async rename(from: RepositoryName, to: RepositoryName): Promise<void> {
    this.path(from.owner, from.name);
    this.path(to.owner, to.name);
    await this.move(this.#placeOf(from.owner, from.name), this.#placeOf(to.owner, to.name));
  }

  /**
   * Moves everything of an owner; nothing when there is nothing.
   * @throws Fault when there is something in the other place
   */
  async renameOwner(from: string, to: string): Promise<void> {
    const [before, after] = [this.#ownerPlace(from), this.#ownerPlace(to)];
    if (!existsSync(before) || before === after) return;
    // On a disk that ignores case, another spelling is the same folder. What was emptied is left behind by deletions.
    if (this.identity(before) !== this.identity(after) && existsSync(after)) await rmdir(after).catch(liesThere(after));
    await rename(before, after);
  }

  /** Names of the repositories that lie in an owner's folder. */
  async namesOf(owner: string): Promise<string[]> {
    const found = await foldersIn(this.#ownerPlace(owner));
    return found.filter((folder) => folder.endsWith('.git')).map((folder) => folder.slice(0, -'.git'.length));
  }

  /** Removes a repository; with a link, what it names as well: whoever deletes a repository means its files. */
  async remove(owner: string, name: string): Promise<void> {
    const [place, path] = [this.#placeOf(owner, name), this.path(owner, name)];
    await this.discard(place);
    if (path !== place) await rm(path, { recursive: true, force: true, maxRetries: 3 });
  }

  /** True when there is a bare repository. */
  holdsRepository(path: string): boolean {
    return ['HEAD', 'objects', 'refs'].every((part) => existsSync(join(path, part)));
  }

  /** When the folder was made, and its inode number, which is reused when it is gone. Null when there is none. */
  identity(path: string): string | null {
    const stat = statSync(path, { bigint: true, throwIfNoEntry: false });
    return stat === undefined ? null : `${stat.ino} ${stat.birthtimeNs}`;
  }

  /** A new, unused path on the same file system, to make something there before it is moved into place. */
  draft(): string {
    return join(this.#trash, `${randomUUID()}.git`);
  }

  /** Moves a folder. Throws a `Fault` when the target exists. */
  async move(from: string, to: string): Promise<void> {
    if (existsSync(to)) liesThere(to)();
    await mkdir(dirname(to), { recursive: true });
    await makeLinkAbsolute(from);
    await rename(from, to);
  }

  /** Moves a folder out of sight at once, then deletes it. */
  async discard(path: string): Promise<void> {
    const out = this.draft();
    try {
      await rename(path, out);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      // It doesn't exist; or there is no trash, because the disk was full when the server started.
      await rm(path, { recursive: true, force: true, maxRetries: 3 });
      return;
    }
    await rm(out, { recursive: true, force: true, maxRetries: 3 });
  }

  /** Deletes what killed runs left in the trash. Anything younger than a day may be another process's draft. */
  async emptyTrash(): Promise<void> {
    for (const left of await readdir(this.#trash)) {
      const path = join(this.#trash, left);
      // One that is gone by now was another process's draft, which was moved into place.
      const writtenAt = statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? Infinity;
      if (Date.now() - writtenAt > DAY_SEC * 1000) await rm(path, { recursive: true, force: true });
    }
  }

  /** The bare repositories that can be served from under the root, sorted. */
  async list(): Promise<RepositoryName[]> {
    const found: RepositoryName[] = [];
    for (const owner of await foldersIn(this.root)) {
      if (owner.startsWith('.') || !SEGMENT.test(owner)) continue;
      for (const folder of await foldersIn(join(this.root, owner))) {
        const name = folder.slice(0, -'.git'.length);
        if (folder.endsWith('.git') && SEGMENT.test(name) && this.#serves(owner, name)) found.push({ owner, name });
      }
    }
    return found;
  }

  #serves(owner: string, name: string): boolean {
    try {
      return this.holdsRepository(this.path(owner, name));
    } catch {
      return false;
    }
  }
}

const liesThere = (place: string) => (): never => {
  throw new Fault('Something already lies where the repository should go.', { detail: place });
};

function inPlace<T>(place: Place, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw placeFault(place, error);
  }
}

/** The disk refuses writes now: reported as an outage, since an operator can fix it. */
class DiskRefuses extends Error {
  override readonly name = 'DiskRefuses';
  readonly outage = 'disk_unavailable';

  constructor(cause: unknown) {
    super('the disk of the repositories takes nothing', { cause });
  }
}

function isRefusal(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  // Node reports ENOENT for a folder that can't be made on a disk that is mounted read-only.
  return outageOf(error) === 'disk_unavailable' || code === 'EACCES' || code === 'EPERM' || code === 'ENOENT';
}

/** Links count, whatever they name: what can't be served is left out later. */
async function foldersIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(unlessNoFolder);
  return entries
    .filter((entry) => entry.isDirectory() || entry.isSymbolicLink())
    .map((entry) => entry.name)
    .sort();
}

/** A link to a file, or to nothing. */
function unlessNoFolder(error: NodeJS.ErrnoException): [] {
  if (error.code === 'ENOTDIR' || error.code === 'ENOENT') return [];
  throw error;
}

/** The path with every link in it resolved, as far as it exists. */
function realOf(path: string): string {
  try {
    return realpathSync.native(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    return join(realOf(dirname(path)), basename(path));
  }
}

function leaves(detail: string): Fault {
  return new Fault('The repository lies outside of the folder that is served.', {
    hint: 'An administrator must look at where it lies.',
    detail,
  });
}
