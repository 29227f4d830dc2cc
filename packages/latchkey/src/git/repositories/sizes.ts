/**
 * How much of the disk repositories take up, as far as their limit needs it: a push does not wait until hundreds of
 * files are counted.
 *
 * Invariant: near the limit it is measured anew; else a measure of the last `TRUSTED_MS` will do, with all that was
 * pushed here since. Other workers and nodes may have pushed meanwhile: by so much a repository can get over its limit.
 */
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { unlessGone } from '../../base/machine/gone.ts';
import { RecentMap } from '../../base/recent-map.ts';

const MIB = 1024 * 1024;
const TRUSTED_MS = 60_000;
const MAX_REMEMBERED = 10_000;
/** Folders of an object database that contain objects. */
const HOLDS_OBJECTS = /^(?:[0-9a-f]{2}|pack)$/;

interface Measure {
  readonly atMs: number;
  bytes: number;
}

/** In MiB; 0 = no limit. */
export interface SizeLimits {
  readonly maxPushMib: number;
  readonly maxFileMib: number;
  readonly maxRepositoryMib: number;
}

/** How much more fits in a repository. */
export interface RoomLeft {
  /** At least 1, which is less than a pack has; null = no limit. */
  readonly bytes: number | null;
  /** Which limit this comes from, and the limit in MiB. */
  readonly reason: 'push_too_large' | 'repository_full';
  readonly limitMib: number;
}

/** Sizes of folders, as far as a limit needs them. */
export class Measures {
  readonly #measure: (path: string) => Promise<number>;
  readonly #measures = new RecentMap<string, Measure>(MAX_REMEMBERED);

  /** @param measure counts the bytes */
  constructor(measure: (path: string) => Promise<number>) {
    this.#measure = measure;
  }

  /** Bytes. @param believed up to this size, the remembered value counts */
  async of(path: string, believed = Infinity): Promise<number> {
    const known = this.#measures.get(path);
    if (known !== undefined && known.bytes <= believed && performance.now() - known.atMs < TRUSTED_MS)
      return known.bytes;
    const bytes = await this.#measure(path);
    this.#measures.set(path, { atMs: performance.now(), bytes });
    return bytes;
  }

  /** Something of this size was written, and may have been accepted. */
  add(path: string, bytes: number): void {
    const known = this.#measures.get(path);
    if (known !== undefined) known.bytes += bytes;
  }
}

export class Sizes {
  readonly #limits: SizeLimits;
  readonly #objects = new Measures(objectBytes);

  constructor(limits: SizeLimits) {
    this.#limits = limits;
  }

  /** The largest file that a push may bring; Infinity = no limit. */
  get maxFileBytes(): number {
    return this.#limits.maxFileMib === 0 ? Infinity : this.#limits.maxFileMib * MIB;
  }

  /** How much one push may bring. */
  async roomFor(path: string): Promise<RoomLeft> {
    const { maxPushMib, maxRepositoryMib } = this.#limits;
    const most = maxPushMib === 0 ? Infinity : maxPushMib * MIB;
    const limit = maxRepositoryMib * MIB;
    const left = limit === 0 ? Infinity : limit - (await this.of(path, limit - most));
    if (left >= most) return { bytes: most === Infinity ? null : most, reason: 'push_too_large', limitMib: maxPushMib };
    return { bytes: Math.max(left, 1), reason: 'repository_full', limitMib: maxRepositoryMib };
  }

  /** Bytes. @param believed up to this size, the remembered value counts */
  of(path: string, believed?: number): Promise<number> {
    return this.#objects.of(path, believed);
  }

  /** Something of this size was pushed, and may have been accepted. */
  add(path: string, bytes: number): void {
    this.#objects.add(path, bytes);
  }
}

/** The space that a repository's objects take, packed or not. */
async function objectBytes(path: string): Promise<number> {
  const objects = join(path, 'objects');
  const folders = (await namesIn(objects)).filter((name) => HOLDS_OBJECTS.test(name));
  const sizes = await Promise.all(folders.map((folder) => bytesIn(join(objects, folder))));
  return sizes.reduce((sum, size) => sum + size, 0);
}

async function bytesIn(folder: string): Promise<number> {
  const sizes = await Promise.all(
    (await namesIn(folder)).map((name) =>
      stat(join(folder, name)).then(
        (entry) => (entry.isFile() ? entry.size : 0),
        // Packed or deleted meanwhile.
        (error: NodeJS.ErrnoException) => unlessGone(error) ?? 0,
      ),
    ),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}

async function namesIn(folder: string): Promise<string[]> {
  return (await readdir(folder).catch(unlessGone)) ?? [];
}
