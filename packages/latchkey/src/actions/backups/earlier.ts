/**
 * What earlier backups in the same place hold of each repository, so that the next one adds only what is new.
 *
 * It is kept in the server's data folder: where a backup is encrypted, the server can't read it again. Without it, or
 * when parts are gone, the next backup holds everything.
 */

import { randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { type FileHandle, mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { OWN_FOLDER } from '../../git/repositories/folders.ts';

/** After so many packs, a repository is kept whole again: restoring it would take ever longer. */
export const MAX_PACKS = 30;

export interface Earlier {
  readonly id: number;
  /** Everything that these reach is in the packs. */
  readonly tips: readonly string[];
  readonly packs: readonly string[][];
  readonly lfs: readonly { readonly oid: string; readonly size: number; readonly parts: string[] }[];
}

interface Draft {
  readonly path: string;
  readonly handle: FileHandle;
}

/** Reads them in the order of ids, and writes those of this backup. */
export class EarlierBackups {
  readonly #file: string;
  readonly #lines: AsyncIterator<string> | null;
  #next: Earlier | null = null;
  readonly #draft: Draft;

  private constructor(file: string, lines: AsyncIterator<string> | null, draft: Draft) {
    this.#file = file;
    this.#lines = lines;
    this.#draft = draft;
  }

  /** @param vault names the place; null = it can't be known, so nothing is read */
  static async open(dataFolder: string, vault: string, readsEarlier: boolean): Promise<EarlierBackups> {
    const file = join(dataFolder, OWN_FOLDER, 'backups', `${vault}.jsonl`);
    await mkdir(dirname(file), { recursive: true, mode: 0o700 });
    const lines = readsEarlier ? linesIn(file) : null;
    const path = `${file}.${randomUUID()}`;
    return new EarlierBackups(file, lines, { path, handle: await open(path, 'wx', 0o600) });
  }

  /** What is known of a repository. Ask in the order of ids. */
  async of(id: number): Promise<Earlier | null> {
    while (this.#lines !== null && (this.#next === null || this.#next.id < id)) {
      const { value, done } = await this.#lines.next();
      if (done === true) return null;
      this.#next = read(value);
      if (this.#next === null) return null;
    }
    return this.#next?.id === id ? this.#next : null;
  }

  async note(earlier: Earlier): Promise<void> {
    await this.#draft.handle.appendFile(`${JSON.stringify(earlier)}\n`);
  }

  /** Puts what was noted in the place of what was read. */
  async keep(): Promise<void> {
    await this.#draft.handle.sync();
    await rename(this.#draft.path, this.#file);
  }

  async close(): Promise<void> {
    await this.#lines?.return?.();
    await this.#draft.handle.close();
    await rm(this.#draft.path, { force: true });
  }
}

async function* linesIn(file: string): AsyncGenerator<string> {
  try {
    yield* createInterface({ input: createReadStream(file, 'utf8') });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}

/** Null for a line that this program did not write. */
function read(line: string): Earlier | null {
  try {
    return JSON.parse(line) as Earlier;
  } catch {
    return null;
  }
}
