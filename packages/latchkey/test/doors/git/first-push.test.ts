/** The first push into an empty repository: a later clone has files in it, and an old history brings no noise. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { operatorPermit } from '../../../src/actions/decision/authorize.ts';
import { addRepository } from '../../../src/actions/repositories/repositories.ts';
import { makeWorld, type World } from './server.ts';

let world: World;
beforeAll(async () => {
  world = await makeWorld();
  await world.ok(['init', '-q', '-b', 'trunk', 'work']);
  await world.ok(['commit', '-q', '--allow-empty', '-m', 'one'], { in: 'work' });
  for (const branch of ['master', 'main', 'develop']) await world.ok(['branch', branch], { in: 'work' });
});
afterAll(() => world.close());

async function emptyRepository(name: string): Promise<string> {
  await addRepository(world.server.context, operatorPermit(), { owner: 'ada', name, visibility: 'private' });
  return world.remote(`ada/${name}`, world.full);
}

async function headOf(remote: string): Promise<string | undefined> {
  const told = await world.ok(['ls-remote', '--symref', remote, 'HEAD']);
  return /^ref: refs\/heads\/(\S+)\tHEAD$/m.exec(told)?.[1];
}

test.each([
  ['one that is named otherwise', ['trunk'], 'trunk'],
  ['master, where main does not come', ['develop', 'master', 'trunk'], 'master'],
  ['main, wherever it stands', ['develop', 'trunk', 'main'], 'main'],
  ['the first of the others', ['trunk', 'develop'], 'trunk'],
])('the default branch of an empty repository becomes %s', async (what, branches, expected) => {
  const remote = await emptyRepository(what.replaceAll(/\W+/g, '-').slice(0, 40));
  await world.ok(['push', '-q', remote, ...branches], { in: 'work' });
  expect(await headOf(remote)).toBe(expected);
  const answer = await fetch(`${world.url}/api/v3/repos/ada/${remote.split('/').at(-1)?.replace('.git', '')}`, {
    headers: { authorization: `Bearer ${world.full.reveal()}` },
  });
  expect(await answer.json()).toMatchObject({ default_branch: expected });
});

test('a later push of another branch changes no default branch, and tags alone make none', async () => {
  const remote = await emptyRepository('later');
  await world.ok(['push', '-q', remote, 'trunk:refs/tags/v1'], { in: 'work' });
  expect(await headOf(remote)).toBeUndefined();
  await world.ok(['push', '-q', remote, 'trunk'], { in: 'work' });
  await world.ok(['push', '-q', remote, 'main'], { in: 'work' });
  expect(await headOf(remote)).toBe('trunk');
});

test('the first file over REST sets it, too, on whichever branch', async () => {
  const remote = await emptyRepository('over-rest');
  const answer = await fetch(`${world.url}/api/v3/repos/ada/over-rest/contents/readme.md`, {
    method: 'PUT',
    headers: { authorization: `Bearer ${world.full.reveal()}`, 'content-type': 'application/json' },
    body: JSON.stringify({ message: 'one', content: 'eA==', branch: 'trunk' }),
  });
  expect(answer.status).toBe(201);
  expect(await headOf(remote)).toBe('trunk');
});

test('a history with the file modes and tags of old programs is pushed without a line for each', async () => {
  const remote = await emptyRepository('old-history');
  await world.ok(['init', '-q', 'old']);
  const blob = (await world.ok(['hash-object', '-w', '.git/HEAD'], { in: 'old' })).trim();
  const tree = Buffer.concat([Buffer.from('100664 file\0'), Buffer.from(blob, 'hex')]);
  await writeFile(join(world.folder, 'tree'), tree);
  const treeId = await world.ok(['hash-object', '-t', 'tree', '-w', '--literally', '../tree'], { in: 'old' });
  const commit = (await world.ok(['commit-tree', treeId.trim(), '-m', 'old'], { in: 'old' })).trim();
  await writeFile(join(world.folder, 'tag'), `object ${commit}\ntype commit\ntag v0\n\nold\n`);
  const tag = (await world.ok(['hash-object', '-t', 'tag', '-w', '--literally', '../tag'], { in: 'old' })).trim();
  const pushed = await world.git(['push', remote, `${commit}:refs/heads/main`, `${tag}:refs/tags/v0`], { in: 'old' });
  expect([pushed.code, pushed.stderr]).toEqual([0, expect.not.stringContaining('remote:')]);
});
