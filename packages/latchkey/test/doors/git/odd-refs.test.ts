/**
 * The attack: a branch called `-x` or `HEAD` waits for the next `git branch -d $(…)` of somebody who cloned it. It then
 * runs an option, or moves another branch. No push brings one, small or large; and existing ones can be deleted.
 */

import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeWorld, type World } from './server.ts';

const ODD = ['refs/heads/-x', 'refs/heads/--force', 'refs/heads/HEAD', 'refs/tags/-d', 'refs/tags/HEAD'];
const WORDS = 'Git takes these names for something else than a ref';

let world: World;
let path: string;

const refs = (): Promise<string> => world.ok(['--git-dir', path, 'for-each-ref', '--format=%(refname)']);

beforeAll(async () => {
  world = await makeWorld();
  path = world.server.context.git.path('ada', 'closed');
  await world.ok(['init', '-q', '-b', 'main', 'work']);
  await world.ok(['commit', '-qm', 'one', '--allow-empty'], { in: 'work' });
});

afterAll(() => world.close());

describe.each(['full', 'writer'] as const)('a push by a token that may change content (%s)', (who) => {
  const push = (...what: string[]) =>
    world.git(['push', world.remote('ada/closed', world[who]), ...what], { in: 'work' });

  it.each(ODD)('brings no %s, alone or beside others, and says why', async (ref) => {
    const before = await refs();
    for (const beside of [[], [`main:refs/heads/beside-${who}`]]) {
      const ran = await push(`main:${ref}`, ...beside);
      expect(ran).toMatchObject({ code: 1, stderr: expect.stringContaining(WORDS) });
      expect(ran.stderr).toContain(`  ${ref}`);
    }
    expect(await refs()).toBe(before);
  });

  it('brings none either when it is too large to be read before git starts', async () => {
    const before = await refs();
    writeFileSync(join(world.folder, 'work', 'large.bin'), randomBytes(2 * 1024 * 1024));
    await world.ok(['add', '.'], { in: 'work' });
    await world.ok(['commit', '-qm', 'large'], { in: 'work' });
    expect(await push('HEAD:refs/heads/-x')).toMatchObject({ code: 1, stderr: expect.stringContaining(WORDS) });
    expect(await refs()).toBe(before);
  });

  it('brings names that only look like one', async () => {
    const good = ['refs/heads/a-x', 'refs/heads/HEADS', 'refs/heads/a/HEAD'];
    const ran = await push(...good.map((ref) => `main~0:${ref}-${who}`));
    expect(ran).toMatchObject({ code: 0 });
  });

  it('takes away one that was there before', async () => {
    await world.ok(['--git-dir', path, 'fetch', '-q', join(world.folder, 'work'), 'main:refs/heads/-old']);
    expect(await push(':refs/heads/-old')).toMatchObject({ code: 0 });
    expect(await refs()).not.toContain('-old');
  });
});
