/** A folder in which another server kept repositories is taken over: everything in it is accounted for. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, expect, it, onTestFinished } from 'vitest';
import { addUser } from '../../../src/actions/accounts/accounts.ts';
import { operatorPermit } from '../../../src/actions/decision/authorize.ts';
import { type OpenContext, openContext } from '../../../src/actions/instance/open.ts';
import { type AdoptionWish, adoptRepositories } from '../../../src/actions/repositories/inventory/adoption.ts';
import { listForOperator } from '../../../src/actions/repositories/inventory/every-repository.ts';
import { addRepository } from '../../../src/actions/repositories/repositories.ts';
import { makeLog } from '../../../src/base/log.ts';
import { loadSettings } from '../../../src/base/settings/settings.ts';
import { readyDatabase } from '../../engines/engines.ts';

let ctx: OpenContext;
let root: string;

beforeEach(async () => {
  const { dataDir, remove } = await readyDatabase('sqlite');
  onTestFinished(remove);
  ctx = await openContext(loadSettings({ flags: { data: dataDir }, env: {} }), makeLog('silent'));
  onTestFinished(() => ctx.close());
  const ada = { login: 'ada', email: 'ada@example.org', verified: true, admin: false, password: null };
  await addUser(ctx, operatorPermit(), ada);
  await addRepository(ctx, operatorPermit(), { owner: 'ada', name: 'known', visibility: 'public' });
  root = ctx.git.root;
});

function git(...args: string[]): void {
  execFileSync('git', args, { cwd: root, env: { PATH: process.env['PATH'], GIT_CONFIG_NOSYSTEM: '1', HOME: root } });
}
const bare = (place: string): void => git('init', '-q', '--bare', '--template=', join(root, place));
const adopt = (wish?: AdoptionWish) => adoptRepositories(ctx, operatorPermit(), wish);

it('every folder is adopted, known, or left out with its reason', async () => {
  for (const place of [
    'ada/site.git',
    'ada/c++.git',
    'ada/my site.git',
    'ada/größe.git',
    'ada/-dash.git',
    'ada/KNOWN.git',
    'ada/no-suffix',
    'ada/group/deep.git',
    'top.git',
    'ghosts/site.git',
    'Ada/upper.git',
  ])
    bare(place);
  git('init', '-q', join(root, 'ada/working'));
  mkdirSync(join(root, 'attic/old/older'), { recursive: true });
  symlinkSync('site.git', join(root, 'ada/alias.git'));
  symlinkSync('nowhere', join(root, 'ada/broken.git'));
  const outside = join(ctx.settings.data, 'second-disk.git');
  git('init', '-q', '--bare', outside);
  symlinkSync(outside, join(root, 'ada/linked.git'));
  symlinkSync(outside, join(root, 'ada/second-link.git'));
  writeFileSync(join(root, 'ada/README'), 'not a folder');

  const { adopted, leftOut, known } = await adopt({ dryRun: true });
  expect(await listForOperator(ctx)).toHaveLength(1);
  expect(known).toBe(1);
  expect(adopted.map(({ fullName }) => fullName)).toEqual(['ada/linked', 'ada/site']);
  const why = Object.fromEntries(leftOut.map(({ place, why: reason }) => [place, reason]));
  expect(why).toEqual({
    'Ada/upper.git': expect.stringContaining("spelled ada. Take it with --map 'Ada/upper.git=OWNER/NAME'."),
    'ada/-dash.git': expect.stringContaining('does not begin with a hyphen'),
    'ada/KNOWN.git': expect.stringContaining('has a repository known already'),
    'ada/alias.git': expect.stringContaining('link to files that have another name here'),
    'ada/broken.git': expect.stringContaining('leads nowhere'),
    'ada/c++.git': expect.stringContaining('letters, digits, hyphens, underscores and dots. Take it with --map'),
    'ada/group/deep.git': expect.stringContaining('deeper than OWNER/NAME.git'),
    'ada/größe.git': expect.stringContaining('letters, digits'),
    'ada/second-link.git': expect.stringContaining('link to files that have another name here'),
    'ada/my site.git': expect.stringContaining('letters, digits'),
    'ada/no-suffix': expect.stringContaining('does not end in .git'),
    'ada/working': expect.stringContaining('latchkey admin repo import'),
    attic: expect.stringContaining('no repository'),
    'ghosts/site.git': expect.stringContaining('There is no user or organization ghosts'),
    'top.git': expect.stringContaining('no owner'),
  });

  const real = await adopt();
  expect({ ...real, leftOut: real.leftOut.length }).toEqual({ adopted, leftOut: leftOut.length, known });
  expect((await listForOperator(ctx)).map(({ full_name }) => full_name)).toEqual([
    'ada/known',
    'ada/linked',
    'ada/site',
  ]);
  symlinkSync(outside, join(root, 'ada/a-link-that-sorts-first.git'));
  expect(await adopt()).toMatchObject({ adopted: [], known: 3 });
});

it('a map renames a repository, or all of an owner, and a place in it that is wrong changes nothing', async () => {
  for (const place of ['tools/c++.git', 'old-team/one.git', 'old-team/two.git', 'top.git']) bare(place);
  const map = new Map([
    ['tools/c++.git', 'ada/cpp'],
    ['old-team', 'ada'],
    ['top', 'ada/one-more'],
  ]);
  await expect(adopt({ map: new Map([...map, ['nowhere.git', 'ada/x']]) })).rejects.toThrow('lies at nowhere.git');
  expect(existsSync(join(root, 'tools/c++.git'))).toBe(true);
  const { adopted } = await adopt({ map });
  expect(adopted.map(({ place, fullName }) => `${place} ${fullName}`)).toEqual([
    'old-team/one.git ada/one',
    'old-team/two.git ada/two',
    'tools/c++.git ada/cpp',
    'top.git ada/one-more',
  ]);
  expect(existsSync(join(root, 'tools/c++.git'))).toBe(false);
  expect((await listForOperator(ctx)).every(({ has_files }) => has_files)).toBe(true);
});

it('two places can not get one name, and what is taken away from under a map lies where it lay', async () => {
  bare('old/known.git');
  bare('old/twice.git');
  bare('ada/twice.git');
  const { adopted, leftOut } = await adopt({ map: new Map([['old', 'ada']]) });
  expect(adopted.map(({ place }) => place)).toEqual(['ada/twice.git']);
  expect(leftOut.map(({ place }) => place)).toEqual(['old/known.git', 'old/twice.git']);
  expect(existsSync(join(root, 'old/twice.git'))).toBe(true);
});

it('tells of each repository which of its own settings and hooks still do something', async () => {
  bare('ada/site.git');
  const path = join(root, 'ada/site.git');
  for (const [key, value] of [
    ['http.receivepack', 'false'],
    ['receive.denyDeletes', 'true'],
    ['receive.fsckObjects', 'true'],
    ['uploadpack.allowFilter', 'false'],
    ['http.getanyfile', 'false'],
    ['gc.auto', '5'],
    ['core.bare', 'true'],
  ] as const)
    git('-C', path, 'config', key, value);
  mkdirSync(join(path, 'hooks'), { recursive: true });
  for (const hook of ['post-receive', 'post-receive.sample']) writeFileSync(join(path, 'hooks', hook), '#!/bin/sh\n');
  expect((await adopt()).adopted).toEqual([
    {
      fullName: 'ada/site',
      place: 'ada/site.git',
      effects: {
        kept: ['http.receivepack', 'receive.denydeletes', 'receive.fsckobjects'],
        idle: ['gc.auto', 'http.getanyfile', 'uploadpack.allowfilter'],
        idleHooks: ['post-receive'],
      },
    },
  ]);
});
