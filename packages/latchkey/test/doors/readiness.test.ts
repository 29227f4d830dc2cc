/**
 * What /readyz says while parts of the server really don't work: a database behind a slow or cut connection, a disk
 * without space, a wrong clock. It distinguishes checks from changes.
 */
import { rename } from 'node:fs/promises';
import { expect, it, onTestFinished, vi } from 'vitest';
import { openContext } from '../../src/actions/instance/open.ts';
import { makeLog } from '../../src/base/log.ts';
import { loadSettings } from '../../src/base/settings/settings.ts';
import { systemClock } from '../../src/base/time.ts';
import { cuttableProxy } from '../engines/cuttable-proxy.ts';
import { readyDatabase } from '../engines/engines.ts';
import { type Running, startWorld } from './github/running.ts';

async function begin(flags: Readonly<Record<string, unknown>>): Promise<Running> {
  const world = await startWorld(flags);
  onTestFinished(() => world.close());
  return world;
}

async function ready(world: Running, purpose = '') {
  const response = await fetch(`${world.server.url}/readyz${purpose}`);
  const body = (await response.json()) as {
    status: string;
    check: boolean;
    write: boolean;
    parts: Record<string, { ok: boolean; reason?: string }>;
    repositories_without_files: number | null;
  };
  return { code: response.status, ...body };
}

it('a server whose disks have too little room is ready to check, and not to write', async () => {
  const roomy = await begin({});
  expect(await ready(roomy)).toEqual({
    code: 200,
    status: 'ready',
    check: true,
    write: true,
    parts: {
      database: { ok: true },
      clock: { ok: true },
      database_writes: { ok: true },
      data_disk: { ok: true },
      repositories_disk: { ok: true },
    },
    repositories_without_files: 0,
  });
  expect((await ready(roomy, '?for=write')).code).toBe(200);
  const crowded = await begin({ minFreeMib: 100_000_000 });
  expect(await ready(crowded)).toMatchObject({ code: 200, status: 'ready to check', check: true, write: false });
  expect(await ready(crowded, '?for=write')).toMatchObject({
    code: 503,
    parts: { database_writes: { ok: true }, data_disk: { ok: false, reason: 'low_space' } },
  });
});

it('repositories whose disk went away keep nobody from checking, and can be written when it is back', async () => {
  const world = await begin({});
  await world.person('ada');
  await world.repository('ada/site', 'private');
  const { root, capabilities } = world.server.context.git;
  // At the start, git is asked for its capabilities, in a temporary repository.
  await capabilities('sha1');
  await rename(root, `${root}.away`);
  await vi.waitFor(
    async () =>
      expect(await ready(world)).toMatchObject({
        code: 200,
        write: false,
        parts: { repositories_disk: { ok: false, reason: 'missing' } },
      }),
    { timeout: 20_000, interval: 200 },
  );
  await vi.waitFor(async () => expect(await ready(world)).toMatchObject({ repositories_without_files: 1 }), {
    timeout: 20_000,
    interval: 200,
  });
  const { withoutFiles } = await world.server.context.fitness.look();
  expect(withoutFiles?.names).toEqual(['ada/site']);
  await rename(`${root}.away`, root);
  const back = { write: true, repositories_without_files: 0 };
  await vi.waitFor(async () => expect(await ready(world)).toMatchObject(back), {
    timeout: 20_000,
    interval: 200,
  });
});

it('a database that is slow leaves the node its lease; one that goes silent is noticed before a query gives up', {
  timeout: 90_000,
}, async () => {
  const database = await readyDatabase('postgres');
  onTestFinished(database.remove);
  const url = new URL(database.databaseUrl ?? '');
  const databasePort = Number(url.port);
  const proxy = await cuttableProxy(() => databasePort);
  onTestFinished(() => proxy.close());
  url.port = String(proxy.port);
  const world = await begin({ database: url.href });
  await vi.waitFor(
    async () => expect(await ready(world)).toMatchObject({ status: 'ready', parts: { lease: { ok: true } } }),
    {
      timeout: 20_000,
    },
  );
  proxy.slow(500);
  // The earlier connections are gone, and a new one takes several round trips.
  proxy.mend();
  await vi.waitFor(
    async () => expect(await ready(world)).toMatchObject({ code: 200, parts: { lease: { ok: true } } }),
    { timeout: 30_000, interval: 100 },
  );
  proxy.slow(0);
  const whole = { code: 200, write: true, parts: { lease: { ok: true } } };
  await vi.waitFor(async () => expect(await ready(world)).toMatchObject(whole), { timeout: 20_000, interval: 10 });
  proxy.cut('silently');
  const cutAt = performance.now();
  await vi.waitFor(async () => expect(await ready(world)).toMatchObject({ code: 503, status: 'no database' }), {
    timeout: 20_000,
    interval: 1,
  });
  // In less than a second, as `actions/ground/probes.test.ts` shows at no machine's pace. A query would wait for three.
  expect(performance.now() - cutAt).toBeLessThan(2_900);
  proxy.mend();
  await vi.waitFor(async () => expect(await ready(world, '?for=write')).toMatchObject({ code: 200 }), {
    timeout: 20_000,
  });
});

it('a node whose clock differs from the database’s is ready for nothing', async () => {
  const database = await readyDatabase('sqlite');
  onTestFinished(database.remove);
  const settings = loadSettings({ flags: { data: database.dataDir }, env: {} });
  const clocks = { clock: systemClock, databaseTime: async () => systemClock.now() - 31 };
  const context = await openContext(settings, makeLog('silent'), clocks);
  onTestFinished(() => context.close());
  expect(await context.fitness.look()).toMatchObject({ check: false, write: false, parts: { clock: 'wrong_clock' } });
});
