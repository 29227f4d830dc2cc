import { existsSync, mkdirSync, readdirSync, renameSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Log, makeLog } from '../../../src/base/log.ts';
import { gitEnvironment } from '../../../src/git/processes/environment.ts';
import { Maintenance } from '../../../src/git/repositories/maintenance.ts';
import { until } from '../../waits.ts';
import { type Bench, makeBench } from '../bench.ts';

let bench: Bench;
let path: string;
let work: string;

beforeEach(async () => {
  bench = await makeBench();
  path = bench.room.path('ada', 'site');
  work = join(bench.folder, 'work');
  await bench.room.create('ada', 'site');
  bench.git(['init', '-q', '-b', 'main', work]);
});
afterEach(() => bench.close());

/** `count` pushes of one commit each; `packed` keeps every push as a separate pack. */
function push(count: number, packed: boolean): void {
  bench.git(['-C', path, 'config', 'receive.unpackLimit', packed ? '1' : '1000']);
  for (let i = 0; i < count; i += 1) {
    writeFileSync(join(work, `file-${i}`), String(i));
    bench.git(['-C', work, 'add', '.']);
    bench.git(['-C', work, 'commit', '-q', '-m', String(i)]);
    bench.git(['-C', work, 'push', '-q', path, 'main']);
  }
}

const packs = (): string[] => readdirSync(join(path, 'objects/pack'));

describe('the upkeep of a repository', () => {
  it('makes few packs of many, with an index over all, bitmaps and a commit-graph', async () => {
    push(10, true);
    expect(packs().filter((name) => name.endsWith('.pack'))).toHaveLength(10);
    await bench.room.maintain(path);
    expect(packs().filter((name) => name.endsWith('.pack')).length).toBeLessThan(4);
    expect(packs()).toContain('multi-pack-index');
    expect(packs().some((name) => /^multi-pack-index-.*\.bitmap$/.test(name))).toBe(true);
    expect(existsSync(join(path, 'objects/info/commit-graphs'))).toBe(true);
    expect(existsSync(join(path, 'packed-refs'))).toBe(true);
    expect(bench.git(['-C', path, 'fsck', '--full', '--strict'])).toBe('');
    expect(bench.git(['-C', path, 'rev-list', '--count', 'main'])).toBe('10\n');
  });

  it('leaves a repository alone that needs nothing', async () => {
    push(9, true);
    await bench.room.maintain(path);
    const before = packs().sort();
    await bench.room.maintain(path);
    expect(packs().sort()).toEqual(before);
  });

  it('deletes what cut-off pushes left, but not what may still be in use', async () => {
    const objects = join(path, 'objects');
    for (const name of ['tmp_objdir-incoming-old', 'tmp_objdir-incoming-new']) mkdirSync(join(objects, name));
    writeFileSync(join(objects, 'pack', 'tmp_pack_old'), 'x');
    const twoDaysAgo = Date.now() / 1000 - 2 * 86_400;
    for (const name of ['tmp_objdir-incoming-old', 'pack/tmp_pack_old'])
      utimesSync(join(objects, name), twoDaysAgo, twoDaysAgo);
    await bench.room.maintain(path);
    expect(readdirSync(objects)).toContain('tmp_objdir-incoming-new');
    expect(readdirSync(objects)).not.toContain('tmp_objdir-incoming-old');
    expect(packs()).not.toContain('tmp_pack_old');
  });

  it('does not fail for a repository that is gone', async () => {
    await bench.room.maintain(join(bench.room.root, 'ada', 'gone.git'));
  });

  it('begins once after a busy time, and not after a stop', async () => {
    const home = join(bench.room.root, '.latchkey', 'home');
    const maintenance = new Maintenance({
      log: makeLog('silent'),
      environment: gitEnvironment({ homeFolder: home, hooksFolder: home }),
      demand: () => undefined,
      quietSec: 0.05,
    });
    push(1, false);
    for (let i = 0; i < 5; i += 1) maintenance.touched(path);
    expect(existsSync(join(path, 'packed-refs'))).toBe(false);
    await until(() => existsSync(join(path, 'objects/info/commit-graphs')), 'the graph of commits is written');
    await maintenance.stop();
    maintenance.touched(path);
    await maintenance.stop();
  });

  it('follows a repository that is renamed before its turn, and says nothing of its old place', async () => {
    const said: unknown[] = [];
    const home = join(bench.room.root, '.latchkey', 'home');
    const maintenance = new Maintenance({
      log: { ...makeLog('silent'), warn: (...words: unknown[]) => void said.push(words) } as Log,
      environment: gitEnvironment({ homeFolder: home, hooksFolder: home }),
      demand: () => undefined,
      quietSec: 0.05,
    });
    push(1, false);
    maintenance.touched(path);
    const moved = join(bench.room.root, 'ada', 'moved.git');
    renameSync(path, moved);
    maintenance.moved(path, moved);
    await until(() => existsSync(join(moved, 'objects/info/commit-graphs')), 'the repository is kept fast where it is');
    await maintenance.maintain(path);
    await maintenance.stop();
    expect(said).toEqual([]);
  });
});
