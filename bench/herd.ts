/**
 * A herd: 50 clones of one commit, ten at a time, through Latchkey, against the same requests answered by `git http-backend` alone.
 *
 * What is compared is processor time of the server with all its git processes. The peer's is that of `git http-backend` without any web server in front of it,
 * which favours it.
 */
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { QUIET_GIT, run } from './command.ts';
import { ratioOf, spread, takeTurns, type Row } from './measure.ts';
import { withToken, type World } from './server.ts';

const CLONES = 50;
const AT_ONCE = 10;
const TICKS_PER_SEC = 100;

export async function benchHerd(folder: string, world: World, rounds: number): Promise<Row[]> {
  const projects = join(folder, 'data/repositories/ada');
  const head = (await run('git', ['-C', join(projects, 'work.git'), 'rev-parse', 'HEAD'], { env: QUIET_GIT })).stdout.trim();
  const remote = withToken(world.url, world.token, '/ada/work.git');
  let clones = 0;
  const clone = async (): Promise<void> => {
    const into = join(folder, `herd-${++clones}`);
    await run('git', ['clone', '-q', '--bare', remote, into], { env: QUIET_GIT });
    await rm(into, { recursive: true });
  };
  const taken = await takeTurns(rounds, {
    latchkey: () => processorSec(world.child.pid!, () => herd(clone)),
    backend: () => processorSec(process.pid, () => herd(() => backendClone(projects, head))),
  });
  const ratio = ratioOf(taken.backend, taken.latchkey);
  return [{
    suite: 'herd', what: `processor time of the server for ${CLONES} clones of one commit, git http-backend against Latchkey`, figure: spread(ratio, 1, '×'), goal: '≥ 5×', reached: ratio.median >= 5,
    detail: `Latchkey ${spread(taken.latchkey, 2, ' s')}, git http-backend ${spread(taken.backend, 2, ' s')}; ${AT_ONCE} at a time`,
    plot: { title: `Processor time of the server for ${CLONES} clones of one commit`, unit: 's', bars: [{ label: 'git http-backend', value: taken.backend.median }, { label: 'Latchkey', value: taken.latchkey.median }] },
  }];
}

async function herd(clone: () => Promise<void>): Promise<void> {
  let left = CLONES;
  await Promise.all(Array.from({ length: AT_ONCE }, async () => {
    while (left-- > 0) await clone();
  }));
}

/** What a process and the children that it has waited for used meanwhile; for the peer, less what this process itself used. */
async function processorSec(pid: number, work: () => Promise<void>): Promise<number> {
  const own = pid === process.pid;
  const before = ticksOf(pid, own);
  await work();
  return (ticksOf(pid, own) - before) / TICKS_PER_SEC;
}

function ticksOf(pid: number, childrenOnly: boolean): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/^.*\) /, '').split(' ').map(Number);
  const [user, system, childUser, childSystem] = fields.slice(11, 15) as [number, number, number, number];
  return childUser + childSystem + (childrenOnly ? 0 : user + system);
}

/** The three requests of a clone, each by a process of its own, as a web server starts them. */
async function backendClone(projects: string, head: string): Promise<void> {
  const line = (words: string): string => (words.length + 5).toString(16).padStart(4, '0') + words + '\n';
  const prefixes = ['HEAD', 'refs/heads/', 'refs/tags/'].map((prefix) => line(`ref-prefix ${prefix}`)).join('');
  await backend(projects, 'GET', '/work.git/info/refs', 'service=git-upload-pack', '');
  await backend(projects, 'POST', '/work.git/git-upload-pack', '', `${line('command=ls-refs')}${line('object-format=sha1')}0001${line('peel')}${line('symrefs')}${prefixes}0000`);
  await backend(projects, 'POST', '/work.git/git-upload-pack', '', `${line('command=fetch')}${line('object-format=sha1')}0001${line('thin-pack')}${line('ofs-delta')}${line(`want ${head}`)}${line('done')}0000`);
}

async function backend(projects: string, method: string, path: string, query: string, body: string): Promise<void> {
  const child = spawn('git', ['http-backend'], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: {
      ...QUIET_GIT, GIT_PROJECT_ROOT: projects, GIT_HTTP_EXPORT_ALL: '1', REQUEST_METHOD: method, PATH_INFO: path, QUERY_STRING: query, GIT_PROTOCOL: 'version=2', REMOTE_USER: 'ada',
      CONTENT_TYPE: 'application/x-git-upload-pack-request', CONTENT_LENGTH: String(body.length),
    },
  });
  child.stdin.on('error', () => undefined).end(body);
  child.stdout.setEncoding('latin1');
  const answer = await text(child.stdout);
  if (!answer.includes(method === 'GET' ? 'version 2' : body.includes('ls-refs') ? 'refs/heads/' : 'packfile')) throw new Error(`git http-backend said ${answer.slice(0, 200)}`);
}
