/**
 * Large repositories: 100,000 refs, and 1,000,000 objects. `ls-remote`, a clone, a fetch and a push of one commit each,
 * against nginx + `git http-backend` with the same files, packed as maintenance leaves them (bitmap, commit-graph).
 *
 * `BENCH_LARGE=0.01` in the environment takes a hundredth of both numbers: for its shape, in a minute.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { QUIET_GIT, run } from './command.ts';
import { compare, peerRemote, type Side } from './git-transfer.ts';
import { type Row, timed } from './measure.ts';
import { peerMissing, startPeer } from './nginx-peer.ts';
import { startWorld, withToken } from './server.ts';

const PART = Number(process.env['BENCH_LARGE'] ?? 1);
const REFS = Math.round(100_000 * PART);
const OBJECTS = Math.round(1_000_000 * PART);
/** A commit, its file, and two trees. */
const OBJECTS_OF_COMMIT = 4;
/** The server counts refs before a push; the limit is not what is measured. */
const FLAGS = ['--max-refs', '0'];

export async function* benchLarge(folder: string, rounds: number): AsyncGenerator<Row> {
  const missing = peerMissing();
  if (missing !== null) {
    const what = 'repositories of 100,000 refs and of 1,000,000 objects against nginx + git http-backend';
    yield { suite: 'large', what, figure: missing, goal: '≤ 1.0', reached: null, detail: '' };
    return;
  }
  await mkdir(folder, { recursive: true });
  const refs = join(folder, 'refs.git');
  await makeHistory(refs, 100);
  await addRefs(refs);
  yield* comparedAt(join(folder, 'refs'), refs, `${REFS.toLocaleString('en')} refs`, rounds);
  const objects = join(folder, 'objects.git');
  await makeHistory(objects, Math.ceil(OBJECTS / OBJECTS_OF_COMMIT));
  yield* comparedAt(join(folder, 'objects'), objects, `${OBJECTS.toLocaleString('en')} objects`, rounds);
}

async function* comparedAt(folder: string, history: string, of: string, rounds: number): AsyncGenerator<Row> {
  await mkdir(folder, { recursive: true });
  const world = await startWorld(join(folder, 'data'), history, FLAGS);
  const peer = await startPeer(join(folder, 'peer'), history);
  try {
    const remotes = { latchkey: withToken(world.url, world.token, '/ada/work.git'), peer: peerRemote(peer) };
    const places = {
      latchkey: join(folder, 'data/repositories/ada/work.git'),
      peer: join(folder, 'peer/srv/ada/work.git'),
    };
    const clones = {} as Record<Side, string>;
    for (const side of ['latchkey', 'peer'] as const) {
      clones[side] = join(folder, `clone-${side}`);
      await git(folder, 'clone', '-q', '--bare', remotes[side], clones[side]);
    }
    const measured = (what: string, many: number, thing: (side: Side) => () => Promise<number>) =>
      compare(`${what}, ${of},`, many, thing, 1, 'large');
    yield (
      await measured('git ls-remote', rounds * 3, (side) => () => timed(() => git(folder, 'ls-remote', remotes[side])))
    ).row;
    yield (
      await measured('fetch of one commit', rounds * 3, (side) => async () => {
        await oneMore(places[side], 'refs/heads/main');
        return timed(() => git(clones[side], 'fetch', '-q', remotes[side], '+refs/heads/main:refs/heads/main'));
      })
    ).row;
    yield (
      await measured('push of one commit', rounds * 3, (side) => async () => {
        await oneMore(clones[side], 'refs/heads/mine');
        return timed(() => git(clones[side], 'push', '-q', remotes[side], 'refs/heads/mine'));
      })
    ).row;
    yield (
      await measured('full clone', rounds, (side) => async () => {
        const into = await mkdtemp(join(folder, 'again-'));
        const took = await timed(() => git(folder, 'clone', '-q', '--bare', remotes[side], into));
        await rm(into, { recursive: true });
        return took;
      })
    ).row;
  } finally {
    await Promise.all([world.stop(), peer.stop()]);
    await rm(folder, { recursive: true, force: true });
  }
}

async function git(folder: string, ...args: readonly string[]): Promise<string> {
  return (await run('git', args, { cwd: folder, env: QUIET_GIT })).stdout.trim();
}

/** A commit more on a branch, which begins at `main`: with a tree of before, so that nothing else is written. */
async function oneMore(path: string, ref: string): Promise<void> {
  const parent = await git(path, 'for-each-ref', '--format=%(objectname)', ref);
  const from = parent === '' ? await git(path, 'rev-parse', 'refs/heads/main') : parent;
  const made = await git(path, 'commit-tree', '-p', from, '-m', String(performance.now()), `${from}^{tree}`);
  await git(path, 'update-ref', ref, made);
}

/** Fed piece by piece: a million objects are more than a text holds. */
async function makeHistory(path: string, commits: number): Promise<void> {
  await run('git', ['init', '-q', '--bare', '-b', 'main', path], { env: QUIET_GIT });
  const child = spawn('git', ['fast-import', '--quiet', '--force'], {
    cwd: path,
    env: QUIET_GIT,
    stdio: ['pipe', 'ignore', 'inherit'],
  });
  const ended = once(child, 'exit');
  for (let i = 0; i < commits; i++) {
    const text = `line ${i}\nof file ${i % 5000}\n`;
    const commit =
      `commit refs/heads/main\nmark :${i + 1}\ncommitter Ada <ada@example.org> ${1_600_000_000 + i} +0000\n` +
      `data ${`change ${i}`.length}\nchange ${i}\n${i === 0 ? '' : `from :${i}\n`}` +
      `M 100644 inline part-${i % 97}/file-${i % 5000}.txt\ndata ${text.length}\n${text}\n`;
    if (!child.stdin.write(commit)) await once(child.stdin, 'drain');
  }
  child.stdin.end();
  const [code] = await ended;
  if (code !== 0) throw new Error(`git fast-import ended with ${code}`);
  await git(path, 'repack', '-adq', '--write-bitmap-index');
  await git(path, 'commit-graph', 'write', '--reachable');
}

async function addRefs(path: string): Promise<void> {
  const commits = (await git(path, 'rev-list', 'main')).split('\n');
  const lines = Array.from({ length: REFS - 1 }, (_, i) => {
    const kind = i % 10 === 0 ? 'heads' : 'tags';
    return `${commits[i % commits.length]} refs/${kind}/group-${i % 100}/name-${i}`;
  });
  const list = [`${commits[0]} refs/heads/main`, ...lines].toSorted((a, b) => (a.slice(41) < b.slice(41) ? -1 : 1));
  await writeFile(join(path, 'packed-refs'), `# pack-refs with: peeled fully-peeled sorted \n${list.join('\n')}\n`);
  await rm(join(path, 'refs/heads/main'), { force: true });
}
