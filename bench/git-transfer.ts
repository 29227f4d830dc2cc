/**
 * Real git against Latchkey and against nginx + `git http-backend`: `ls-remote`, a full clone, a push of one commit.
 */
import { appendFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { QUIET_GIT, run } from './command.ts';
import { type Row, ratioOf, spread, takeTurns, timed } from './measure.ts';
import { type Peer, peerMissing, startPeer } from './nginx-peer.ts';
import type { Bar } from './plot.ts';
import { type World, withToken } from './server.ts';

export async function benchTransfers(folder: string, world: World, history: string, rounds: number): Promise<Row[]> {
  const missing = peerMissing();
  if (missing !== null)
    return [
      {
        suite: 'git',
        what: 'ls-remote, clone, push against nginx + git http-backend + auth_basic',
        figure: missing,
        goal: '≤ 1.0',
        reached: null,
        detail: '',
      },
    ];
  const peer = await startPeer(folder, history);
  try {
    const remotes = { latchkey: withToken(world.url, world.token, '/ada/work.git'), peer: peerRemote(peer) };
    const compared = [
      await compare(
        'git ls-remote',
        rounds * 3,
        (side) => () => timed(() => run('git', ['ls-remote', remotes[side]], { env: QUIET_GIT })),
      ),
      await compare('full clone', rounds * 2, (side) => () => cloneOnce(folder, remotes[side])),
      await benchPush('push of one commit', folder, remotes, rounds),
      await withHook(peer, () =>
        benchPush(
          'push of one commit, looked at for workflow files by the same hook on both sides,',
          folder,
          { ...remotes, latchkey: withToken(world.url, world.checked, '/ada/work.git') },
          rounds,
        ),
      ),
    ];
    const plot = {
      title: 'Git over HTTP: Latchkey, and nginx + git http-backend',
      unit: 'ms',
      bars: compared.flatMap(({ row, bars }) => (row.goal === null ? [] : bars)),
    };
    return compared.map(({ row }, i) => (i === 0 ? { ...row, plot } : row));
  } finally {
    await peer.stop();
  }
}

/** Has the peer look for workflow files in pushes as Latchkey does, by Latchkey's own script. */
async function withHook<T>(peer: Peer, work: () => Promise<T>): Promise<T> {
  const script = join(import.meta.dirname, '../packages/latchkey/assets/hooks/pre-receive');
  const hook = join(peer.repository, 'hooks/pre-receive');
  await mkdir(join(peer.repository, 'hooks'), { recursive: true });
  const refusal = 'LATCHKEY_WORKFLOW_REFUSAL=refused';
  await writeFile(hook, `#!/bin/sh\nexec 3</dev/null\nexport ${refusal}\nexec sh '${script}'\n`, { mode: 0o755 });
  try {
    return await work();
  } finally {
    await rm(hook);
  }
}

export function peerRemote(peer: Peer): string {
  return withToken(peer.url, peer.token, '/ada/work.git');
}

export type Side = 'latchkey' | 'peer';

interface Compared {
  readonly row: Row;
  readonly bars: readonly Bar[];
}

export async function compare(
  what: string,
  rounds: number,
  thing: (side: Side) => () => Promise<number>,
  most: number | null = 1,
  suite = 'git',
): Promise<Compared> {
  const taken = await takeTurns(rounds, { latchkey: thing('latchkey'), peer: thing('peer') });
  const ratio = ratioOf(taken.latchkey, taken.peer);
  const row = {
    suite,
    what: `${what} against nginx + git http-backend + auth_basic`,
    figure: `${spread(ratio, 2)} of the time`,
    goal: most === null ? null : `≤ ${most.toFixed(1)}`,
    reached: most === null ? null : ratio.median <= most,
    detail: `Latchkey ${spread(taken.latchkey, 1, ' ms')}, peer ${spread(taken.peer, 1, ' ms')}, ${rounds} runs each`,
  };
  return {
    row,
    bars: [
      { label: `${what}, Latchkey`, value: taken.latchkey.median },
      { label: 'nginx + git http-backend', value: taken.peer.median },
    ],
  };
}

async function cloneOnce(folder: string, remote: string): Promise<number> {
  const into = await mkdtemp(join(folder, 'clone-'));
  const took = await timed(() => run('git', ['clone', '-q', '--bare', remote, into], { env: QUIET_GIT }));
  await rm(into, { recursive: true });
  return took;
}

async function benchPush(
  what: string,
  folder: string,
  remotes: Record<Side, string>,
  rounds: number,
  most: number | null = 1,
): Promise<Compared> {
  const copies = {} as Record<Side, string>;
  for (const side of ['latchkey', 'peer'] as const) {
    copies[side] = await mkdtemp(join(folder, `push-${side}-`));
    await run('git', ['clone', '-q', remotes[side], copies[side]], { env: QUIET_GIT });
  }
  return compare(
    what,
    rounds * 6,
    (side) => async () => {
      await appendFile(join(copies[side], 'src/part-0/file-0.txt'), `${performance.now()}\n`);
      await run('git', ['commit', '-qam', 'one more'], { cwd: copies[side], env: QUIET_GIT });
      return timed(() => run('git', ['push', '-q', 'origin', 'HEAD:main'], { cwd: copies[side], env: QUIET_GIT }));
    },
    most,
  );
}
