import { appendFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { collectOutput } from '../../../src/git/processes/git-process.ts';
import { MAX_LOOSE_REFS, MAX_PACKED_REFS_BYTES } from '../../../src/git/push/ref-advertisement.ts';
import type { ServiceRun } from '../../../src/git/room.ts';
import { type Bench, makeBench } from '../bench.ts';

let bench: Bench;
beforeEach(async () => {
  bench = await makeBench();
});
afterEach(() => bench.close());

const runOn = (path: string): ServiceRun => ({
  service: 'receive-pack',
  path,
  advertise: true,
  protocol: undefined,
  caller: 'user 1',
  workflowRefusal: null,
  scan: null,
  oddRefs: false,
  maxInputBytes: null,
});

/** git's own output. */
async function told(path: string): Promise<string> {
  const git = await bench.room.serve(runOn(path));
  return (await collectOutput(git, ['receive-pack'], {})).toString('latin1');
}

async function read(path: string): Promise<string | null> {
  return (await bench.room.pushRefs(runOn(path)))?.toString('latin1') ?? null;
}

/** A repository with two commits that no ref names yet. */
async function repository(
  objectFormat: 'sha1' | 'sha256' = 'sha1',
): Promise<{ path: string; ids: string[]; git: (...args: string[]) => string }> {
  await bench.room.create('ada', 'site', { objectFormat });
  const path = bench.room.path('ada', 'site');
  const git = (...args: string[]): string => bench.git(['-C', path, ...args]);
  const tree = git('hash-object', '-t', 'tree', '-w', '--stdin').trim();
  return { path, git, ids: ['one', 'two'].map((message) => git('commit-tree', '-m', message, tree).trim()) };
}

describe('the list of refs that opens a push, without a process', () => {
  it.each(['sha1', 'sha256'] as const)(
    'is what git prints, through all that happens to refs, with %s names',
    async (format) => {
      const { path, ids, git } = await repository(format);
      const same = async (): Promise<void> => expect(await read(path)).toBe(await told(path));
      await same();
      git('update-ref', 'refs/heads/main', ids[0]!);
      await same();
      git('update-ref', 'refs/heads/topic/a-b.c+d', ids[1]!);
      git('tag', '-a', '-m', 'the first', 'v1', ids[0]!);
      await same();
      git('pack-refs', '--all');
      await same();
      git('update-ref', 'refs/heads/main', ids[1]!);
      git('update-ref', 'refs/heads/topic-b', ids[0]!);
      await same();
      git('update-ref', '-d', 'refs/heads/topic/a-b.c+d');
      await same();
      git('update-ref', '--no-deref', 'HEAD', ids[0]!);
      await same();
      expect((await read(path))!.split('\n')).toHaveLength(4);
    },
  );

  it('is what git prints, whatever is made, deleted and packed', async () => {
    const { path, ids, git } = await repository();
    const names = [
      'heads/a',
      'heads/b/c',
      'heads/b-c',
      'heads/B',
      'tags/a',
      'notes/x',
      'pull/1/head',
      'heads/b.c',
      'heads/main@1',
    ];
    const step = fc.oneof(
      { weight: 6, arbitrary: fc.record({ name: fc.constantFrom(...names), id: fc.constantFrom(...ids, null) }) },
      { weight: 1, arbitrary: fc.constant('pack' as const) },
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 6 }), async (steps) => {
        for (const one of steps) {
          if (one === 'pack') git('pack-refs', '--all', '--prune');
          else if (one.id === null) git('update-ref', '-d', `refs/${one.name}`);
          else git('update-ref', `refs/${one.name}`, one.id);
        }
        expect(await read(path)).toBe(await told(path));
      }),
      { numRuns: 25, seed: 20261121 },
    );
  });

  it('passes over what is being written, as git does', async () => {
    const { path, ids, git } = await repository();
    git('update-ref', 'refs/heads/main', ids[0]!);
    writeFileSync(join(path, 'refs/heads/main.lock'), '');
    expect(await read(path)).toBe(await told(path));
  });

  it('ends with a flush, and says what the server can do behind the first ref', async () => {
    const { path, ids, git } = await repository();
    git('update-ref', 'refs/heads/main', ids[0]!);
    expect(await read(path)).toMatch(
      new RegExp(`^[0-9a-f]{4}${ids[0]} refs/heads/main\\0report-status .*atomic .*agent=git/\\S+\\n0000$`),
    );
  });

  const left: readonly [
    what: string,
    change: (path: string, git: (...args: string[]) => string, id: string) => void,
  ][] = [
    ['a setting of pushes and fetches', (_, git) => git('config', 'transfer.advertiseSID', 'true')],
    ['signed pushes', (_, git) => git('config', 'receive.certNonceSeed', 'seed')],
    ['a file of settings that is read along', (_, git) => git('config', 'include.path', '/dev/null')],
    ['an extension of the format', (_, git) => git('config', 'extensions.noop', 'true')],
    ['a shallow history', (path, _, id) => writeFileSync(join(path, 'shallow'), `${id}\n`)],
    ['settings of a work tree', (path) => writeFileSync(join(path, 'config.worktree'), '')],
    ['a symbolic ref', (_, git) => git('symbolic-ref', 'refs/remotes/origin/HEAD', 'refs/heads/main')],
    ['a link among the refs', (path) => symlinkSync('main', join(path, 'refs/heads/linked'))],
    ['a name beyond ASCII', (_, git, id) => git('update-ref', 'refs/heads/grün', id)],
    ['a name that git passes over', (path, _, id) => writeFileSync(join(path, 'refs/heads/a..b'), `${id}\n`)],
    ['a ref that is cut off', (path, _, id) => writeFileSync(join(path, 'refs/heads/half'), id.slice(0, 20))],
    ['a ref that is empty', (path) => writeFileSync(join(path, 'refs/heads/empty'), '')],
    ['a ref of zeros', (path) => writeFileSync(join(path, 'refs/heads/none'), `${'0'.repeat(40)}\n`)],
    [
      'a ref with an id of the other format',
      (path) => writeFileSync(join(path, 'refs/heads/long'), `${'1'.repeat(64)}\n`),
    ],
    [
      'packed refs that are damaged',
      (path, git) => {
        git('pack-refs', '--all');
        appendFileSync(join(path, 'packed-refs'), 'nonsense\n');
      },
    ],
    [
      'packed refs that are cut off',
      (path, git, id) => {
        git('pack-refs', '--all');
        appendFileSync(join(path, 'packed-refs'), `${id} refs/heads/z`);
      },
    ],
    ['a damaged HEAD', (path) => writeFileSync(join(path, 'HEAD'), 'nonsense\n')],
    ['a lost HEAD', (path) => rmSync(join(path, 'HEAD'))],
    ['no folder of refs', (path) => rmSync(join(path, 'refs'), { recursive: true })],
  ];
  it.each(left)('is left to git with %s', async (_, change) => {
    const { path, ids, git } = await repository();
    git('update-ref', 'refs/heads/main', ids[0]!);
    expect(await read(path)).not.toBeNull();
    change(path, git, ids[0]!);
    expect(await read(path)).toBeNull();
  });

  it('is left to git in protocol version 1, which has a line more', async () => {
    const { path } = await repository();
    expect(await bench.room.pushRefs({ ...runOn(path), protocol: 'version=1' })).toBeNull();
    expect(await bench.room.pushRefs({ ...runOn(path), protocol: 'version=2' })).not.toBeNull();
  });

  it(`is made of up to ${MAX_LOOSE_REFS} loose refs and folders`, async () => {
    const { path, ids } = await repository();
    // Two of them are refs/heads and refs/tags.
    for (let i = 2; i < MAX_LOOSE_REFS; i++) writeFileSync(join(path, `refs/heads/b${i}`), `${ids[0]}\n`);
    expect(await read(path)).toBe(await told(path));
    writeFileSync(join(path, 'refs/heads/more'), `${ids[0]}\n`);
    expect(await read(path)).toBeNull();
  });

  it(`is made of up to ${MAX_PACKED_REFS_BYTES} bytes of packed refs`, async () => {
    const { path, ids } = await repository();
    const header = '# pack-refs with: peeled fully-peeled sorted \n';
    const line = (i: number, pad = ''): string => `${ids[0]} refs/heads/b${String(i).padStart(6, '0')}${pad}\n`;
    const full = Math.floor((MAX_PACKED_REFS_BYTES - header.length) / line(0).length);
    const rest = MAX_PACKED_REFS_BYTES - header.length - full * line(0).length;
    const lines = Array.from({ length: full }, (_, i) => line(i, i === full - 1 ? 'x'.repeat(rest) : ''));
    writeFileSync(join(path, 'packed-refs'), header + lines.join(''));
    expect(await read(path)).toBe(await told(path));
    lines.push(line(full));
    writeFileSync(join(path, 'packed-refs'), header + lines.join(''));
    expect(await read(path)).toBeNull();
  });
});
