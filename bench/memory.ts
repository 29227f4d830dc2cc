/** Resident memory of the server while a repository of 1 GiB is pushed to it and cloned from it. */
import { randomBytes } from 'node:crypto';
import { mkdir, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { QUIET_GIT, run } from './command.ts';
import type { Row } from './measure.ts';
import { type World, withToken } from './server.ts';

/**
 * More than git's limit of 100 objects, above which it keeps a pushed pack as it is instead of compressing each object
 * again.
 */
const FILES = 147;
const FILE_BYTES = 7 * 1024 * 1024;
const SAMPLE_MS = 50;
const MIB = 1024 * 1024;

export async function benchMemory(folder: string, world: World): Promise<Row[]> {
  await world.admin(['repo', 'add', 'ada/big', '--private']);
  const remote = withToken(world.url, world.token, '/ada/big.git');
  const work = join(folder, 'big');
  await makeBig(work);
  const before = world.memory();
  const pushing = await highest(world, () =>
    run('git', ['push', '-q', remote, 'HEAD:main'], { cwd: work, env: QUIET_GIT }),
  );
  const cloning = await highest(world, () =>
    run('git', ['clone', '-q', '--bare', remote, join(folder, 'big-clone')], { env: QUIET_GIT }),
  );
  await rm(work, { recursive: true });
  await rm(join(folder, 'big-clone'), { recursive: true });
  return [
    ['push', pushing],
    ['clone', cloning],
  ].map(([what, peak]) => {
    const grown = ((peak as number) - before) / MIB;
    return {
      suite: 'memory',
      what: `${what} of 1 GiB`,
      figure: `grows by ${grown.toFixed(0)} MiB`,
      goal: '< 64 MiB',
      reached: grown < 64,
      detail:
        `resident ${(before / MIB).toFixed(0)} MiB before, ${((peak as number) / MIB).toFixed(0)} MiB at the ` +
        `highest, sampled every ${SAMPLE_MS} ms`,
    };
  });
}

/**
 * Random bytes don't compress, so 147 files of 7 MiB cross the wire as 1 GiB. Each is just small enough to be scanned
 * for tokens.
 */
async function makeBig(work: string): Promise<void> {
  await mkdir(work);
  await run('git', ['init', '-q', '-b', 'main'], { cwd: work, env: QUIET_GIT });
  await run('git', ['config', 'core.bigFileThreshold', '1m'], { cwd: work, env: QUIET_GIT });
  await run('git', ['config', 'core.compression', '0'], { cwd: work, env: QUIET_GIT });
  for (let i = 0; i < FILES; i++) {
    const file = await open(join(work, `file-${i}`), 'w');
    for (let written = 0; written < FILE_BYTES; written += MIB) await file.write(randomBytes(MIB));
    await file.close();
  }
  await run('git', ['add', '.'], { cwd: work, env: QUIET_GIT });
  await run('git', ['commit', '-qm', 'big'], { cwd: work, env: QUIET_GIT });
}

async function highest(world: World, work: () => Promise<unknown>): Promise<number> {
  let peak = world.memory();
  const timer = setInterval(() => (peak = Math.max(peak, world.memory())), SAMPLE_MS);
  try {
    await work();
  } finally {
    clearInterval(timer);
  }
  return peak;
}
