/**
 * What can happen to a server. Each fault strikes, ends its cause, and leaves the server to itself; whoever strikes
 * then waits until it is whole.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync, statfsSync } from 'node:fs';
import { open, rm } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { Chance } from './random.ts';
import type { Engine, World } from './world.ts';

interface Striking {
  readonly world: World;
  readonly chance: Chance;
  /** How long PostgreSQL stays down after it was killed. */
  readonly awayMs: number;
}

export interface Fault {
  readonly name: string;
  /** How often it is chosen, relative to the others. */
  readonly weight: number;
  /** Processes of the server or of its database that it kills. */
  readonly kills: 0 | 1;
  /** Null = both. */
  readonly engine: Engine | null;
  /** What this machine lacks for it; null when nothing. */
  readonly lacks: (world: World) => string | null;
  readonly strike: (striking: Striking) => Promise<void>;
  /** A repair that only an operator can make; the load pauses meanwhile. */
  readonly mend?: (striking: Striking) => Promise<void>;
  /** The next fault may come as soon as requests are answered, before every worker is back. */
  readonly mayPileUp?: true;
}

const always = { engine: null, lacks: () => null } as const;
/** How many stay free when descriptors are short: fewer than a server with a database has open. */
const FEW_DESCRIPTORS = 40;
const BARE_CONNECTIONS = 60;

export const FAULTS: readonly Fault[] = [
  {
    ...always,
    name: 'kill-server',
    weight: 30,
    kills: 1,
    strike: ({ world }) => world.kill(),
    mend: ({ world }) => world.startAgain(),
  },
  {
    ...always,
    name: 'kill-worker',
    weight: 50,
    kills: 1,
    mayPileUp: true,
    lacks: ({ options }) => (options.workers > 1 ? null : '--workers 2 or more'),
    strike: async ({ world, chance }) => signal(chance.oneOf(world.answering()), 'SIGKILL'),
  },
  {
    ...always,
    name: 'kill-database',
    weight: 6,
    kills: 1,
    engine: 'postgres',
    strike: async ({ world, awayMs }) => {
      await world.postgres?.tell('kill');
      await pause(awayMs);
      await world.postgres?.tell('start');
    },
  },
  {
    ...always,
    name: 'stop-and-go-on',
    weight: 5,
    kills: 0,
    strike: async ({ world, chance }) => {
      const pid = chance.oneOf([world.pid, ...world.answering()]);
      signal(pid, 'SIGSTOP');
      await pause(200 + chance.below(1_800));
      signal(pid, 'SIGCONT');
    },
  },
  {
    ...always,
    name: 'cut-clients',
    weight: 4,
    kills: 0,
    strike: async ({ world, chance }) => {
      world.clients.cut(chance.oneOf(['silently', 'loudly']));
      await pause(50 + chance.below(700));
      world.clients.mend();
    },
  },
  {
    ...always,
    name: 'cut-database',
    weight: 4,
    kills: 0,
    engine: 'postgres',
    strike: async ({ world, chance }) => {
      world.database?.cut(chance.oneOf(['silently', 'loudly']));
      await pause(50 + chance.below(3_000));
      world.database?.mend();
    },
  },
  {
    ...always,
    name: 'full-disk',
    weight: 4,
    kills: 0,
    lacks: ({ options }) => (options.ownDisk ? null : 'a disk of its own for the data (root, and unshare, on Linux)'),
    strike: async ({ world, chance }) => {
      const ballast = join(world.data, 'ballast');
      await fillDisk(ballast, 300 + chance.below(1_500));
      await rm(ballast, { force: true });
    },
  },
  {
    ...always,
    name: 'few-descriptors',
    weight: 3,
    kills: 0,
    lacks: () => (hasProgram('prlimit') ? null : 'prlimit (util-linux)'),
    strike: async ({ world, chance }) => {
      const pid = chance.oneOf([world.pid, ...world.answering()]);
      const hard = Number(/Max open files\s+\d+\s+(\d+)/.exec(readFileSync(`/proc/${pid}/limits`, 'utf8'))?.[1]);
      const before = Number(/Max open files\s+(\d+)/.exec(readFileSync(`/proc/${pid}/limits`, 'utf8'))?.[1]);
      const bare = Array.from({ length: BARE_CONNECTIONS }, () => silentConnection(world.clients.port));
      execFileSync('prlimit', ['--pid', String(pid), `--nofile=${FEW_DESCRIPTORS}:${hard}`]);
      await pause(300 + chance.below(1_200));
      execFileSync('prlimit', ['--pid', String(pid), `--nofile=${before}:${hard}`]);
      for (const socket of bare) socket.destroy();
    },
  },
];

/** One of the possible faults, by weight. */
export function chooseFault(faults: readonly Fault[], chance: Chance): Fault {
  let left = chance.next() * faults.reduce((sum, { weight }) => sum + weight, 0);
  for (const fault of faults) if ((left -= fault.weight) < 0) return fault;
  return chance.oneOf(faults);
}

/** A process may have ended by itself since it was listed. */
function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

function silentConnection(port: number): Socket {
  return connect(port, '127.0.0.1').on('error', () => undefined);
}

/** Takes all free space, again and again, for this long. */
async function fillDisk(path: string, ms: number): Promise<void> {
  const until = performance.now() + ms;
  const file = await open(path, 'w', 0o600);
  const piece = Buffer.alloc(1024 * 1024);
  try {
    while (performance.now() < until) {
      const { bavail, bsize } = statfsSync(path);
      const free = bavail * bsize;
      if (free === 0) await pause(5);
      else await file.write(piece, 0, Math.min(free, piece.length)).catch(() => undefined);
    }
  } finally {
    await file.close();
  }
}

export function hasProgram(name: string): boolean {
  try {
    execFileSync(name, ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
