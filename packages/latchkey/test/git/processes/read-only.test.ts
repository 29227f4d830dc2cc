import { existsSync, readdirSync, rmSync } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { Fault } from '../../../src/base/errors.ts';
import { isReading } from '../../../src/git/processes/read-only.ts';
import { makeBench } from '../bench.ts';

const SENTENCE =
  'This node only reads: it serves a copy of the repositories. Push to https://git.example.org, and change them there.';

async function reader() {
  const copy = await mkdtemp(join(tmpdir(), 'latchkey-copy-'));
  onTestFinished(() => rm(copy, { recursive: true, force: true }));
  await mkdir(join(copy, 'ada'));
  const bench = await makeBench({ repositories: copy, readOnly: true });
  onTestFinished(() => bench.close());
  bench.git(['init', '-q', '--bare', join(copy, 'ada', 'site.git')]);
  return { ...bench, copy, path: bench.room.path('ada', 'site') };
}

it('a room that only reads refuses everything that writes, before it is begun', async () => {
  const { room, path, copy } = await reader();
  const push = {
    service: 'receive-pack' as const,
    path,
    advertise: false,
    protocol: undefined,
    caller: 'ada',
    workflowRefusal: null,
    scan: null,
    oddRefs: false,
    maxInputBytes: null,
  };
  const plumbing = room.open('ada', 'site', 'ada');
  for (const work of [
    () => room.create('ada', 'new'),
    () => room.importFrom(path, 'ada', 'other'),
    () => room.importFrom(path, 'ada', 'site'),
    () => room.remove('ada', 'site'),
    () => room.rename({ owner: 'ada', name: 'site' }, { owner: 'ada', name: 'web' }),
    () => room.serve(push),
    () => room.serve({ ...push, advertise: true }),
    () => room.pushRefs({ ...push, advertise: true }),
    () => plumbing.read(['symbolic-ref', 'HEAD', 'refs/heads/other']),
    () => plumbing.attempt(['update-ref', '--stdin'], ''),
    () => plumbing.start(['mktag']),
    () => plumbing.start(['fast-import']),
    () => plumbing.read(['config', 'core.x', 'y']),
    () => plumbing.read(['a-command-of-tomorrow']),
    () => plumbing.read([]),
  ]) {
    await expect(work()).rejects.toThrow(SENTENCE);
  }
  room.touched(path);
  await room.maintain(path);
  expect(readdirSync(copy)).toEqual(['ada']);
  expect(readdirSync(join(copy, 'ada'))).toEqual(['site.git']);
  expect(await plumbing.read(['for-each-ref'])).toHaveLength(0);
});

it('only commands that are known to read are taken for such', () => {
  expect(isReading(['cat-file', 'blob', 'x'])).toBe(true);
  expect(isReading(['config', '-z', '--blob=x', '--get-regexp', 'y'])).toBe(true);
  expect(isReading(['config', 'x', 'y'])).toBe(false);
  expect(isReading(['repack'])).toBe(false);
});

it('a repository that is not in the copy is told apart from one that was lost', async () => {
  const { room, path } = await reader();
  rmSync(path, { recursive: true });
  await expect(room.open('ada', 'site', 'ada').read(['for-each-ref'])).rejects.toThrow(
    'This node has no copy of the repository yet. Try again in a while, or at https://git.example.org.',
  );
});

it('a room that only reads makes no folder where none is mounted', async () => {
  const place = join(tmpdir(), 'latchkey-not-mounted');
  await expect(makeBench({ repositories: place, readOnly: true })).rejects.toThrow(Fault);
  expect(existsSync(place)).toBe(false);
});
