/**
 * How many repositories have a row and no files: a disk that isn't mounted, or a backup that was restored in part.
 *
 * Invariant: looking takes at most a fiftieth of the time, however many repositories there are and whoever asks.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { GitRoom } from '../../git/room.ts';
import type { Query } from '../../store/db.ts';
import { repositoryPlaces } from '../../store/repositories.ts';

/** Names to keep, for those who may see them. */
const MAX_NAMES = 20;
/** A look counts for this long, or for this many times what it took. */
const MIN_KEPT_MS = 1_000;
const KEPT_TIMES = 50;

export interface WithoutFiles {
  readonly count: number;
  /** `owner/name`, the first `MAX_NAMES` of them. */
  readonly names: readonly string[];
}

export class MissingFiles {
  readonly #db: Query;
  readonly #git: Pick<GitRoom, 'exists'>;
  #found: WithoutFiles | null = null;
  #keptUntil = 0;
  #looking: Promise<void> | null = null;

  constructor(db: Query, git: Pick<GitRoom, 'exists'>) {
    this.#db = db;
    this.#git = git;
  }

  /**
   * What the last look found; null before the first has ended.
   * @param patienceMs how long to wait for a look that is due
   */
  async latest(patienceMs: number): Promise<WithoutFiles | null> {
    if (performance.now() >= this.#keptUntil)
      this.#looking ??= this.#look().finally(() => {
        this.#looking = null;
      });
    if (this.#looking !== null) await Promise.race([this.#looking, pause(patienceMs, undefined, { ref: false })]);
    return this.#found;
  }

  /** Never rejects: without a database, the last answer stays. */
  async #look(): Promise<void> {
    const startedAt = performance.now();
    try {
      const names: string[] = [];
      let count = 0;
      for await (const { login, name } of repositoryPlaces(this.#db)) {
        if (this.#git.exists(login, name)) continue;
        count++;
        if (names.length < MAX_NAMES) names.push(`${login}/${name}`);
      }
      this.#found = { count, names };
    } catch {
      // The parts of the server say what is wrong.
    }
    const endedAt = performance.now();
    this.#keptUntil = endedAt + Math.max(MIN_KEPT_MS, KEPT_TIMES * (endedAt - startedAt));
  }
}
