/**
 * What this node can do now: answer checks, and take changes. Told apart, since a full disk ends pushes and not checks.
 *
 * Invariant: a look takes `LIMIT_MS` at most, whatever hangs: a silent database is noticed within a second.
 * Invariant: however often somebody asks, the database and the disks are tried no more often than `QUICK` and `SLOW`
 * say.
 * Never: a path, an address or the system's own words; whoever asks may be a stranger.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { Log } from '../../base/log.ts';
import { freeBytes, probeWrite } from '../../base/machine/disk.ts';
import { outageOf } from '../../base/machine/outage.ts';
import type { Settings } from '../../base/settings/settings.ts';
import type { GitRoom } from '../../git/room.ts';
import type { Store } from '../../store/db.ts';
import { probeDatabase } from '../../store/write-probe.ts';
import type { Memory } from '../decision/memory.ts';
import { MissingFiles, type WithoutFiles } from './missing-files.ts';
import type { SteadyTime } from './steady-time.ts';

/** How long a check waits for the first answer of a part. */
const LIMIT_MS = 900;
/** How long a check waits for what is only read again, while the last answer still counts. */
const AGAIN_MS = 100;
/**
 * Every check knows whether the database is there. `AGAIN_MS` of the check before, `keptMs` and `patienceMs` together
 * are how long its absence may go unnoticed: less than a second.
 */
const QUICK = { keptMs: 100, patienceMs: 700, waitMs: 720 } as const;
/** A write may take its time when the database or the disk is merely slow. */
const SLOW = { keptMs: 2_000, patienceMs: 5_000, waitMs: AGAIN_MS } as const;
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

/** Why a part doesn't work. An API: `/readyz` reports it. */
export type PartProblem =
  | 'no_answer'
  | 'disk_unavailable'
  | 'permission_denied'
  | 'missing'
  | 'low_space'
  | 'wrong_clock'
  | 'not_held'
  | 'failed';

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

/** A known kind of failure. */
class Known extends Error {
  readonly why: PartProblem;
  constructor(why: PartProblem) {
    super(why);
    this.why = why;
  }
}

export class FitnessWatch {
  readonly #options: FitnessOptions;
  readonly #probes: Readonly<Record<Exclude<PartName, 'lease'>, Probe>>;
  readonly #free: { data: number | null; repositories: number | null } = { data: null, repositories: null };
  readonly #missingFiles: MissingFiles | null;
  #said = '';

  constructor(options: FitnessOptions) {
    this.#options = options;
    const { store, settings, git } = options;
    // A copy may lack what was made a moment ago.
    this.#missingFiles = settings.readOnly ? null : new MissingFiles(store.db, git);
    this.#probes = {
      database: new Probe(() => this.#askDatabase(), QUICK),
      clock: new Probe(() => this.#askClock(), SLOW),
      database_writes: new Probe(() => probeDatabase(store.db), SLOW),
      data_disk: new Probe(() => this.#tryDisk('data', settings.data, () => probeWrite(settings.data)), SLOW),
      repositories_disk: new Probe(() => this.#tryDisk('repositories', git.root, () => git.probe()), SLOW),
    };
  }

  /** The current state. Never rejects. */
  async look(): Promise<Fitness> {
    const { settings, store, memory } = this.#options;
    const looks = Object.entries(this.#probes).map(async ([name, probe]) => [name, await probe.look()] as const);
    const missing = this.#missingFiles?.latest(AGAIN_MS) ?? null;
    const found = Object.fromEntries(await Promise.all(looks)) as Record<
      Exclude<PartName, 'lease'>,
      PartProblem | null
    >;
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

/** How long an answer counts, how long while the next is awaited, and how long whoever asks waits for that. */
interface Timing {
  readonly keptMs: number;
  readonly patienceMs: number;
  readonly waitMs: number;
}

/** Something that is tried now and then, and may hang. */
class Probe {
  readonly #attempt: () => Promise<void>;
  readonly #timing: Timing;
  #found: { readonly problem: PartProblem | null; readonly at: number } | null = null;
  #running: { readonly end: Promise<void>; readonly startedAt: number } | null = null;

  constructor(attempt: () => Promise<void>, timing: Timing) {
    this.#attempt = attempt;
    this.#timing = timing;
  }

  async look(): Promise<PartProblem | null> {
    const now = performance.now();
    if (this.#running === null && (this.#found === null || now - this.#found.at > this.#timing.keptMs))
      this.#running = { end: this.#run(), startedAt: now };
    const waitMs = this.#found === null ? LIMIT_MS : this.#timing.waitMs;
    if (this.#running !== null) {
      const leftMs = Math.max(0, waitMs - (now - this.#running.startedAt));
      await Promise.race([this.#running.end, pause(leftMs, undefined, { ref: false })]);
    }
    const { startedAt } = this.#running ?? { startedAt: Number.POSITIVE_INFINITY };
    if (this.#found === null || performance.now() - startedAt >= this.#timing.patienceMs) return 'no_answer';
    return this.#found.problem;
  }

  async #run(): Promise<void> {
    let problem: PartProblem | null = null;
    try {
      await this.#attempt();
    } catch (error) {
      problem = problemIn(error);
    }
    this.#found = { problem, at: performance.now() };
    this.#running = null;
  }
}

const CODES: Readonly<Record<string, PartProblem>> = {
  EACCES: 'permission_denied',
  EPERM: 'permission_denied',
  ENOENT: 'missing',
};

function problemIn(error: unknown): PartProblem {
  if (error instanceof Known) return error.why;
  const code = CODES[String((error as NodeJS.ErrnoException).code)];
  if (code !== undefined) return code;
  const outage = outageOf(error);
  if (outage === 'disk_unavailable') return 'disk_unavailable';
  return outage === 'database_unavailable' ? 'no_answer' : 'failed';
}
