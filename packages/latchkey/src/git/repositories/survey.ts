/**
 * What lies in the folder of repositories: each repository, and each folder that holds none, so that whoever takes the
 * folder over hears of everything in it.
 *
 * Invariant: every folder is part of exactly one finding, or lies above one.
 * Never: a link followed further than to what it names.
 */
import { existsSync } from 'node:fs';
import { readdir, realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type Folders, OWN_FOLDER } from './folders.ts';

/** Folders below this level are not looked into. */
const MAX_LEVELS = 6;
/** With more folders, the rest is not looked into. */
const MAX_FOLDERS = 200_000;

export type Lying =
  | 'repository'
  /** It holds neither a repository nor a folder that does. */
  | 'nothing'
  /** Files of a project beside its `.git`. */
  | 'work_tree'
  /** A link to what lies in the folder, or above it. */
  | 'same_files'
  /** A link to nothing. */
  | 'broken_link'
  | 'unreadable'
  /** Too deep, or too many folders before it. */
  | 'not_looked_into';

export interface Finding {
  /** Below the folder: `ada/site.git`. */
  readonly place: string;
  readonly lies: Lying;
  readonly isLink: boolean;
  /** Of a repository: where its files are, with every link resolved. */
  readonly real: string | null;
}

/** All findings, in the order of their names. */
export async function survey(folders: Folders): Promise<readonly Finding[]> {
  const found = await new Survey(folders).below('', 1);
  return found ?? [];
}

class Survey {
  readonly #folders: Folders;
  #left = MAX_FOLDERS;

  constructor(folders: Folders) {
    this.#folders = folders;
  }

  /** Null when the folder can't be read. */
  async below(place: string, level: number): Promise<readonly Finding[] | null> {
    const path = join(this.#folders.root, place);
    const entries = await readdir(path, { withFileTypes: true }).catch(() => null);
    if (entries === null) return null;
    const found: Finding[] = [];
    for (const entry of entries.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
      const inner = place === '' ? entry.name : `${place}/${entry.name}`;
      if (inner === OWN_FOLDER) continue;
      if (entry.isDirectory()) found.push(...(await this.#folder(inner, level)));
      else if (entry.isSymbolicLink()) found.push(...(await this.#link(inner, level)));
    }
    return found;
  }

  async #folder(place: string, level: number, isLink = false): Promise<readonly Finding[]> {
    const path = join(this.#folders.root, place);
    if (this.#folders.holdsRepository(path)) return [{ place, lies: 'repository', isLink, real: await realpath(path) }];
    const one = (lies: Lying): readonly Finding[] => [{ place, lies, isLink, real: null }];
    if (existsSync(join(path, '.git'))) return one('work_tree');
    if (level >= MAX_LEVELS || --this.#left < 0) return one('not_looked_into');
    const found = await this.below(place, level + 1);
    if (found === null) return one('unreadable');
    return found.every(({ lies }) => lies === 'nothing') ? one('nothing') : found;
  }

  /** A link to a file is none of ours. */
  async #link(place: string, level: number): Promise<readonly Finding[]> {
    const one = (lies: Lying): readonly Finding[] => [{ place, lies, isLink: true, real: null }];
    const path = join(this.#folders.root, place);
    const real = await realpath(path).catch(() => null);
    if (real === null) return one('broken_link');
    if (!(await stat(real)).isDirectory()) return [];
    const { root } = this.#folders;
    if (`${real}/`.startsWith(`${root}/`) || `${root}/`.startsWith(`${real}/`)) return one('same_files');
    return this.#folder(place, level, true);
  }
}
