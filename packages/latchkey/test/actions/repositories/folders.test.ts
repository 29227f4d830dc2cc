/** Folders of repositories whose server died while moving or removing them. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { addOrganization, addUser } from '../../../src/actions/accounts/accounts.ts';
import { operatorPermit } from '../../../src/actions/decision/authorize.ts';
import { JobRunner } from '../../../src/actions/instance/job-runner.ts';
import { type OpenContext, openContext } from '../../../src/actions/instance/open.ts';
import { SETTLE_AFTER_SEC } from '../../../src/actions/repositories/folders.ts';
import { adoptRepositories } from '../../../src/actions/repositories/inventory/adoption.ts';
import { addRepository } from '../../../src/actions/repositories/repositories.ts';
import { makeLog } from '../../../src/base/log.ts';
import { loadSettings } from '../../../src/base/settings/settings.ts';
import { systemClock } from '../../../src/base/time.ts';
import type { Engine } from '../../../src/store/db.ts';
import { ENGINES, readyDatabase } from '../../engines/engines.ts';
import { once } from '../../waits.ts';

interface World {
  readonly ctx: OpenContext;
  path(name: string): string;
  /** Another server begins an operation on acme/site and dies during it. */
  die(moment: 'renamed' | 'deleted'): Promise<void>;
  /** Looks for jobs after this many seconds. */
  later(seconds: number): Promise<void>;
  names(): Promise<string[]>;
}

async function world(engine: Engine): Promise<World> {
  const database = await readyDatabase(engine);
  onTestFinished(database.remove);
  const clock = { ahead: 0, now: () => systemClock.now() + clock.ahead, passed: systemClock.passed };
  const settings = loadSettings({
    flags: { data: database.dataDir, ...(database.databaseUrl === null ? {} : { database: database.databaseUrl }) },
    env: {},
  });
  const ctx = await openContext(settings, makeLog('silent'), { clock });
  onTestFinished(() => ctx.close());
  const permit = operatorPermit();
  await addUser(ctx, permit, { login: 'ada', email: 'ada@example.org', verified: true, admin: false, password: null });
  await addOrganization(ctx, permit, { name: 'acme', owner: 'ada' });
  await addRepository(ctx, permit, { owner: 'acme', name: 'site', visibility: 'private' });
  const script = fileURLToPath(new URL('die-over-a-folder.ts', import.meta.url));
  return {
    ctx,
    path: (name) => ctx.git.path('acme', name),
    die: async (moment) => {
      const child = spawn(process.execPath, [script, database.dataDir, database.databaseUrl ?? '', moment], {
        stdio: 'inherit',
      });
      expect(await once(child, 'exit')).toEqual([null, 'SIGKILL']);
    },
    later: async (seconds) => {
      clock.ahead += seconds;
      const runner = new JobRunner(ctx, { schedules: [] });
      await runner.look();
      await runner.close(10_000);
    },
    names: async () => (await ctx.store.db.selectFrom('repositories').select('name').execute()).map(({ name }) => name),
  };
}

describe.each(ENGINES)('the folder of a repository [%s]', (engine) => {
  it('that was moved by a server which died before the row followed, is brought back', async () => {
    const { path, die, later, names } = await world(engine);
    await die('renamed');
    expect([existsSync(path('site')), existsSync(path('www')), await names()]).toEqual([false, true, ['site']]);
    await later(SETTLE_AFTER_SEC - 5);
    expect(existsSync(path('site'))).toBe(false);
    await later(10);
    expect([existsSync(path('site')), existsSync(path('www'))]).toEqual([true, false]);
  });

  it('that was left by a server which died when the row was gone, goes, too', async () => {
    const { path, die, later, names } = await world(engine);
    await die('deleted');
    expect([existsSync(path('site')), await names()]).toEqual([true, []]);
    await later(SETTLE_AFTER_SEC + 5);
    expect(existsSync(path('site'))).toBe(false);
  });

  it('is left alone when it is another one than it was', async () => {
    const { path, die, later } = await world(engine);
    await die('deleted');
    await rm(path('site'), { recursive: true });
    await mkdir(path('site'));
    await later(SETTLE_AFTER_SEC + 5);
    expect(existsSync(path('site'))).toBe(true);
  });

  it('is left alone when it has a row again', async () => {
    const { ctx, path, die, later, names } = await world(engine);
    await die('deleted');
    expect((await adoptRepositories(ctx, operatorPermit())).adopted).toMatchObject([{ fullName: 'acme/site' }]);
    await later(SETTLE_AFTER_SEC + 5);
    expect([existsSync(path('site')), await names()]).toEqual([true, ['site']]);
  });
});
