/**
 * A server was killed in the middle of pushes, half an hour ago or just now: what it left, and what belongs to
 * somebody.
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { HOUR_SEC, MINUTE_SEC } from '../../../src/base/time.ts';
import { staleAfterSec } from '../../../src/git/repositories/leftovers.ts';
import { type Bench, makeBench } from '../bench.ts';

const LOCKS = [
  'refs/heads/main.lock',
  'refs/heads/feature/deep.lock',
  'packed-refs.lock',
  'packed-refs.new',
  'HEAD.lock',
  'config.lock',
  'shallow.lock',
  'index.lock',
  'objects/info/commit-graph.lock',
  'objects/info/commit-graphs/commit-graph-chain.lock',
  'objects/pack/multi-pack-index.lock',
];
const UNFINISHED = [
  'objects/tmp_objdir-incoming-a1/pack/tmp_pack_x',
  'objects/incoming-b2/x',
  'objects/pack/tmp_pack_c3',
  'objects/pack/tmp_idx_c3',
  'objects/17/tmp_obj_d4',
  'fast_import_crash_4711',
];
const THRESHOLD_SEC = 30 * MINUTE_SEC;
const NEVER = new AbortController().signal;

let bench: Bench;
let path: string;

beforeEach(async () => {
  bench = await makeBench();
  path = bench.room.path('ada', 'site');
  await bench.room.create('ada', 'site');
  await bench.room.create('ada', 'other');
});
afterEach(() => bench.close());

function leave(files: readonly string[], ageSec: number, repository = path): void {
  const then = Date.now() / 1000 - ageSec;
  for (const file of files) {
    mkdirSync(dirname(join(repository, file)), { recursive: true });
    writeFileSync(join(repository, file), '');
    utimesSync(join(repository, file), then, then);
    if (/incoming-/.test(file))
      for (let up = dirname(file); up !== 'objects'; up = dirname(up)) utimesSync(join(repository, up), then, then);
  }
}

const left = (files: readonly string[]): string[] => files.filter((file) => existsSync(join(path, file)));
const sweep = (): Promise<void> => bench.room.removeLeftOvers(THRESHOLD_SEC, NEVER);

describe('what a killed server left in a repository', () => {
  it('goes when it is old enough, so that branches move again', async () => {
    leave([...LOCKS, ...UNFINISHED], THRESHOLD_SEC + MINUTE_SEC);
    const tree = bench.git(['-C', path, 'mktree']).trim();
    const commit = bench.git(['-C', path, 'commit-tree', '-m', 'first', tree]).trim();
    expect(() => bench.git(['-C', path, 'update-ref', 'refs/heads/main', commit])).toThrow(/File exists/);
    await sweep();
    expect(left([...LOCKS, ...UNFINISHED])).toEqual([]);
    bench.git(['-C', path, 'update-ref', 'refs/heads/main', commit]);
    bench.git(['-C', path, 'pack-refs', '--all']);
    expect(bench.git(['-C', path, 'fsck', '--strict'])).toBe('');
  });

  it('goes from every repository, pushed to or not', async () => {
    const other = bench.room.path('ada', 'other');
    leave(LOCKS, THRESHOLD_SEC + MINUTE_SEC, other);
    await sweep();
    expect(existsSync(join(other, 'refs/heads/main.lock'))).toBe(false);
  });

  it('stays while it is younger', async () => {
    leave([...LOCKS, ...UNFINISHED], THRESHOLD_SEC - MINUTE_SEC);
    await sweep();
    expect(left([...LOCKS, ...UNFINISHED])).toEqual([...LOCKS, ...UNFINISHED]);
  });

  it('is young as long as something in it is written to', async () => {
    leave(UNFINISHED, HOUR_SEC);
    utimesSync(join(path, 'objects/tmp_objdir-incoming-a1/pack/tmp_pack_x'), new Date(), new Date());
    await sweep();
    expect(left(UNFINISHED)).toEqual(['objects/tmp_objdir-incoming-a1/pack/tmp_pack_x']);
  });

  it('stays while a process of git that may write works there, however old; who only reads keeps nothing', async () => {
    leave(LOCKS, HOUR_SEC);
    const held = async (args: readonly string[]): Promise<() => Promise<void>> => {
      const git = spawn('git', args, { stdio: ['pipe', 'ignore', 'ignore'], cwd: path });
      while (readlinkSync(`/proc/${git.pid}/cwd`) !== path || !existsSync(`/proc/${git.pid}/exe`))
        await new Promise((resolve) => setTimeout(resolve, 5));
      return () =>
        new Promise((resolve) => {
          git.once('exit', () => resolve());
          git.stdin.end();
        });
    };
    const push = await held(['fast-import', '--quiet']);
    await sweep();
    expect(left(LOCKS)).toEqual(LOCKS);
    await push();
    const clone = await held(['cat-file', '--batch']);
    await sweep();
    await clone();
    expect(left(LOCKS)).toEqual([]);
  });

  it('is told from refs, objects and files of others, which stay', async () => {
    const others = ['refs/heads/lock', 'objects/pack/pack-1.keep', 'description', 'hooks/post-receive', 'notes.txt'];
    leave(others, 100 * HOUR_SEC);
    await sweep();
    expect(left(others)).toEqual(others);
  });
});

describe('how old a left-over must be', () => {
  it('is half an hour, twice the time after which a silent push is cut off where that is longer', () => {
    expect(staleAfterSec(300, true)).toBe(30 * MINUTE_SEC);
    expect(staleAfterSec(15 * MINUTE_SEC + 1, true)).toBe(30 * MINUTE_SEC + 2);
  });

  it('is a day where machines may push whose processes are not seen here', () => {
    expect(staleAfterSec(300, false)).toBe(24 * HOUR_SEC);
  });
});
