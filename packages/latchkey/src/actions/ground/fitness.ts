/**
 * What this node can do now: answer checks, and take changes. Told apart, since a full disk ends pushes and not checks.
 *
 * Invariant: a silent database is noticed within a second, whatever else hangs (`probes.ts`).
 * Never: a path, an address or the system's own words; whoever asks may be a stranger.
 */
import type { Log } from '../../base/log.ts';
import { freeBytes, probeWrite } from '../../base/machine/disk.ts';
import type { Settings } from '../../base/settings/settings.ts';
import type { GitRoom } from '../../git/room.ts';
import type { Store } from '../../store/db.ts';
import { probeDatabase } from '../../store/write-probe.ts';
import type { Memory } from '../decision/memory.ts';
import { MissingFiles, type WithoutFiles } from './missing-files.ts';
import { AGAIN_MS, Known, type PartProblem, Probes, QUICK, SLOW } from './probes.ts';
import type { SteadyTime } from './steady-time.ts';

const MIB = 1024 * 1024;

/** Each part, and what can't be done without it. A lease makes checks fast, but they are right without it. */
export const PARTS = {
  database: 'check',
  clock: 'check',
  lease: null,
  database_writes: 'write',
  data_disk: 'write',
  repositories_disk: 'write',
} as const;

export type PartName = keyof typeof PARTS;

export interface Fitness {
  readonly check: boolean;
  /** Pushes, files over REST, tokens: everything that changes something. */
  readonly write: boolean;
  /** True when the repositories are a copy: the node never writes, which is intended. */
  readonly readsOnly: boolean;
  /** What is wrong with each part; null = nothing. Parts that this node doesn't have are left out. */
  readonly parts: Readonly<Partial<Record<PartName, PartProblem | null>>>;
  /** Free bytes; null when unknown. */
  readonly free: { readonly data: number | null; readonly repositories: number | null };
  /** Repositories whose files are not on the disk; null when that isn't known, and on a node that only reads. */
  readonly withoutFiles: WithoutFiles | null;
}

export interface FitnessOptions {
  readonly settings: Pick<Settings, 'data' | 'readOnly' | 'minFreeMib'>;
  readonly store: Store;
  readonly memory: Pick<Memory, 'hears' | 'isTrusted'>;
  readonly git: Pick<GitRoom, 'root' | 'probe' | 'exists'>;
  readonly steadyTime: Pick<SteadyTime, 'agrees'>;
  readonly log: Log;
}

export class FitnessWatch {
  readonly #options: FitnessOptions;
  readonly #probes: Probes<Exclude<PartName, 'lease'>>;
  readonly #free: { data: number | null; repositories: number | null } = { data: null, repositories: null };
  readonly #missingFiles: MissingFiles | null;
  #said = '';

  constructor(options: FitnessOptions) {
    this.#options = options;
    const { store, settings, git } = options;
    // A copy may lack what was made a moment ago.
    this.#missingFiles = settings.readOnly ? null : new MissingFiles(store.db, git);
    this.#probes = new Probes({
      database: [() => this.#askDatabase(), QUICK],
      clock: [() => this.#askClock(), SLOW],
      database_writes: [() => probeDatabase(store.db), SLOW],
      data_disk: [() => this.#tryDisk('data', settings.data, () => probeWrite(settings.data)), SLOW],
      repositories_disk: [() => this.#tryDisk('repositories', git.root, () => git.probe()), SLOW],
    });
  }

  /** The current state. Never rejects. */
  async look(): Promise<Fitness> {
    const { settings, store, memory } = this.#options;
    const missing = this.#missingFiles?.latest(AGAIN_MS) ?? null;
    const found = await this.#probes.look();
    const parts =
      store.engine === 'sqlite' ? found : { ...found, lease: memory.isTrusted ? null : ('not_held' as const) };
    const works = (need: 'check' | 'write'): boolean =>
      (Object.keys(PARTS) as PartName[]).every(
        (name) => PARTS[name] !== need || (parts as Fitness['parts'])[name] == null,
      );
    const check = works('check');
    const write = check && !settings.readOnly && works('write');
    this.#say({ check, write }, parts);
    const withoutFiles = await missing;
    return { check, write, readsOnly: settings.readOnly, parts, free: { ...this.#free }, withoutFiles };
  }

  /** Logs each change once. */
  #say(can: { readonly check: boolean; readonly write: boolean }, parts: Fitness['parts']): void {
    const broken = Object.entries(parts).filter(([name, why]) => why !== null && name !== 'lease');
    const words = JSON.stringify(broken);
    if (words === this.#said || (this.#said === '' && broken.length === 0)) return;
    this.#said = words;
    const { log } = this.#options;
    if (broken.length === 0) log.info(can, 'every part of the server works again');
    else log.warn({ ...can, parts: Object.fromEntries(broken) }, 'parts of the server do not work');
  }

  async #askDatabase(): Promise<void> {
    const { memory, store } = this.#options;
    const heard = memory.hears();
    if (heard === null) await store.revision();
    else if (!(await heard)) throw new Known('no_answer');
  }

  /** A clock that can't be compared, because the database is down, isn't wrong. */
  async #askClock(): Promise<void> {
    if (!(await this.#options.steadyTime.agrees().catch(() => true))) throw new Known('wrong_clock');
  }

  async #tryDisk(disk: 'data' | 'repositories', folder: string, write: () => Promise<void>): Promise<void> {
    this.#free[disk] = null;
    const free = await freeBytes(folder);
    this.#free[disk] = free;
    const { readOnly, minFreeMib } = this.#options.settings;
    if (readOnly && disk === 'repositories') return;
    await write();
    if (free < minFreeMib * MIB) throw new Known('low_space');
  }
}
