/**
 * Coalescing: 50 clones of one commit, ten at a time, through Latchkey, against the same requests answered by `git
 * http-backend` alone.
 *
 * What is compared is processor time of the server with all its git processes. The peer's is that of `git http-backend`
 * without any web server in front of it, which favours it: it can't speak HTTP by itself. A second row adds what nginx
 * and fcgiwrap take to deliver its answers; a third has a larger repository.
 */
import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { QUIET_GIT, run } from './command.ts';
import { makeHistory } from './history.ts';
import { type Figure, figureOf, type Row, ratioOf, spread, takeTurns } from './measure.ts';
import { peerMissing, startPeer } from './nginx-peer.ts';
import { type World, withToken } from './server.ts';

const CLONES = 50;
const AT_ONCE = 10;
const TICKS_PER_SEC = 100;
/** Commits of the larger repository: 100,000 objects. */
const LARGE_COMMITS = 20_000;
const LARGE_ROUNDS = 3;

type Sides = Readonly<Record<'latchkey' | 'backend', Figure>>;

export async function benchCoalescing(folder: string, world: World, history: string, rounds: number): Promise<Row[]> {
  const taken = await compare(folder, world, 'work', rounds);
  const delivery = await deliverySec(folder, history, rounds);
  const large = join(folder, 'data/repositories/ada/large.git');
  const objects = await makeHistory(large, LARGE_COMMITS);
  await world.admin(['repo', 'import', 'ada/large', large]);
  const takenLarge = await compare(folder, world, 'large', LARGE_ROUNDS);
  const plot = {
    title: `Processor time of the server for ${CLONES} clones of one commit`,
    unit: 's',
    bars: [
      { label: 'git http-backend', value: taken.backend.median },
      { label: 'Latchkey', value: taken.latchkey.median },
    ],
  };
  return [
    { ...rowOf('git http-backend against Latchkey', taken), plot },
    typeof delivery === 'string'
      ? {
          suite: 'coalescing',
          what: 'the same behind nginx and fcgiwrap',
          figure: delivery,
          goal: null,
          reached: null,
          detail: '',
        }
      : {
          ...rowOf('git http-backend behind nginx and fcgiwrap, all processes counted, against Latchkey', {
            ...taken,
            backend: sum(taken.backend, delivery),
          }),
          goal: null,
          reached: null,
        },
    rowOf(`git http-backend against Latchkey, a repository of ${objects} objects`, takenLarge),
  ];
}

function rowOf(what: string, { latchkey, backend }: Sides): Row {
  const ratio = ratioOf(backend, latchkey);
  return {
    suite: 'coalescing',
    what: `processor time of the server for ${CLONES} clones of one commit, ${what}`,
    figure: spread(ratio, 1, '×'),
    goal: '≥ 5×',
    reached: ratio.median >= 5,
    detail: `Latchkey ${spread(latchkey, 2, ' s')}, peer ${spread(backend, 2, ' s')}; ${AT_ONCE} at a time`,
  };
}

function sum(a: Figure, b: Figure): Figure {
  return figureOf(a.runs.map((value, i) => value + b.runs[i]!));
}

async function compare(folder: string, world: World, name: string, rounds: number): Promise<Sides> {
  const projects = join(folder, 'data/repositories/ada');
  const head = (
    await run('git', ['-C', join(projects, `${name}.git`), 'rev-parse', 'HEAD'], { env: QUIET_GIT })
  ).stdout.trim();
  const remote = withToken(world.url, world.token, `/ada/${name}.git`);
  return takeTurns(rounds, {
    latchkey: () =>
      processorSec(
        () => ticksOf(world.child.pid!, 'with children'),
        () => burst(() => clone(folder, remote)),
      ),
    backend: () =>
      processorSec(
        () => ticksOf(process.pid, 'children'),
        () => burst(() => backendClone(projects, name, head)),
      ),
  });
}

/**
 * The processor time of nginx and fcgiwrap themselves for a burst, without `git http-backend`: fcgiwrap doesn't wait
 * for its children, so the system doesn't count them there. Words when the programs are missing.
 */
async function deliverySec(folder: string, history: string, rounds: number): Promise<Figure | string> {
  const missing = peerMissing();
  if (missing !== null) return missing;
  const peer = await startPeer(join(folder, 'herd-peer'), history);
  try {
    const remote = withToken(peer.url, peer.token, '/ada/work.git');
    const ticks = (): number => withChildren(peer.pids).reduce((total, pid) => total + ticksOf(pid, 'own'), 0);
    const { delivery } = await takeTurns(rounds, {
      delivery: () => processorSec(ticks, () => burst(() => clone(folder, remote))),
    });
    return delivery;
  } finally {
    await peer.stop();
  }
}

let clones = 0;

async function clone(folder: string, remote: string): Promise<void> {
  const into = join(folder, `burst-${++clones}`);
  await run('git', ['clone', '-q', '--bare', remote, into], { env: QUIET_GIT });
  await rm(into, { recursive: true });
}

async function burst(clone: () => Promise<void>): Promise<void> {
  let left = CLONES;
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      while (left-- > 0) await clone();
    }),
  );
}

/** The processor time that some processes used meanwhile. */
async function processorSec(ticks: () => number, work: () => Promise<void>): Promise<number> {
  const before = ticks();
  await work();
  return (ticks() - before) / TICKS_PER_SEC;
}

/** The processor time used so far by a process, by the children it has waited for, or by both. */
function ticksOf(pid: number, whose: 'own' | 'children' | 'with children'): number {
  const [user, system, childUser, childSystem] = statOf(pid).slice(11, 15) as [number, number, number, number];
  return (whose === 'children' ? 0 : user + system) + (whose === 'own' ? 0 : childUser + childSystem);
}

/** The numbers in `/proc/PID/stat` from the state on (`proc_pid_stat(5)`). */
function statOf(pid: number): number[] {
  return readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ')
    .map(Number);
}

function withChildren(parents: readonly number[]): number[] {
  const all = readdirSync('/proc')
    .map(Number)
    .filter((pid) => pid > 0);
  return [...parents, ...all.filter((pid) => parents.includes(parentOf(pid)))];
}

/** 0 when the process has ended. */
function parentOf(pid: number): number {
  try {
    return statOf(pid)[1]!;
  } catch {
    return 0;
  }
}

/** The three requests of a clone, each with its own process, as a web server starts them. */
async function backendClone(projects: string, name: string, head: string): Promise<void> {
  const line = (words: string): string => (words.length + 5).toString(16).padStart(4, '0') + words + '\n';
  const prefixes = ['HEAD', 'refs/heads/', 'refs/tags/'].map((prefix) => line(`ref-prefix ${prefix}`)).join('');
  await backend(projects, 'GET', `/${name}.git/info/refs`, 'service=git-upload-pack', '');
  await backend(
    projects,
    'POST',
    `/${name}.git/git-upload-pack`,
    '',
    `${line('command=ls-refs')}${line('object-format=sha1')}0001${line('peel')}${line('symrefs')}${prefixes}0000`,
  );
  const wanted = ['thin-pack', 'ofs-delta', `want ${head}`, 'done'];
  await backend(
    projects,
    'POST',
    `/${name}.git/git-upload-pack`,
    '',
    `${line('command=fetch')}${line('object-format=sha1')}0001${wanted.map(line).join('')}0000`,
  );
}

async function backend(projects: string, method: string, path: string, query: string, body: string): Promise<void> {
  const child = spawn('git', ['http-backend'], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: {
      ...QUIET_GIT,
      GIT_PROJECT_ROOT: projects,
      GIT_HTTP_EXPORT_ALL: '1',
      REQUEST_METHOD: method,
      PATH_INFO: path,
      QUERY_STRING: query,
      GIT_PROTOCOL: 'version=2',
      REMOTE_USER: 'ada',
      CONTENT_TYPE: 'application/x-git-upload-pack-request',
      CONTENT_LENGTH: String(body.length),
    },
  });
  child.stdin.on('error', () => undefined).end(body);
  child.stdout.setEncoding('latin1');
  const answer = await text(child.stdout);
  if (!answer.includes(method === 'GET' ? 'version 2' : body.includes('ls-refs') ? 'refs/heads/' : 'packfile'))
    throw new Error(`git http-backend said ${answer.slice(0, 200)}`);
}
