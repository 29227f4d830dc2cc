import { describe, expect, it, onTestFinished, vi } from 'vitest';
import {
  type Allowance,
  EXACT_BELOW,
  FLUSH_EVERY_MS,
  PENDING_PART,
  RateLimits,
} from '../../../src/actions/ground/rate-limit.ts';
import { networkOf } from '../../../src/base/address.ts';
import { makeLog } from '../../../src/base/log.ts';
import { loadSettings } from '../../../src/base/settings/settings.ts';
import type { Store } from '../../../src/store/db.ts';
import { deleteEndedWindows, windowOf } from '../../../src/store/rate-windows.ts';
import { ENGINES, forEachEngine, freshDatabase, openAgain } from '../../engines/engines.ts';
import { THEN } from '../../store/world.ts';

const HOUR = 3_600;

function nodeOn(store: Store, flags: Record<string, number> = {}) {
  const clock = { at: THEN, now: () => clock.at, passed: () => 0 };
  const limits = new RateLimits({ store, clock, log: makeLog('silent'), settings: loadSettings({ flags, env: {} }) });
  onTestFinished(() => limits.close());
  return { limits, clock };
}

async function takeMany(limits: RateLimits, count: number, key = '7'): Promise<(Allowance | null)[]> {
  return Promise.all(Array.from({ length: count }, async () => limits.consume('api-user', key)));
}

forEachEngine('a rate limit', (open) => {
  it('allows exactly the limit, and reports correctly what is left', async () => {
    const { limits } = nodeOn(await open(), { apiRateLimit: 50 });
    for (let n = 1; n <= 50; n++) {
      expect(await limits.consume('api-user', '7')).toEqual({
        allowed: true,
        limit: 50,
        used: n,
        remaining: 50 - n,
        resetsAt: THEN + HOUR,
        retryAfterSec: HOUR,
      });
    }
    expect(await limits.consume('api-user', '7')).toMatchObject({
      allowed: false,
      used: 50,
      remaining: 0,
      resetsAt: THEN + HOUR,
    });
    expect(await limits.consume('api-user', '8')).toMatchObject({ allowed: true, used: 1 });
  });

  it('starts again when its window has ended', async () => {
    const { limits, clock } = nodeOn(await open(), { apiRateLimit: 2 });
    await takeMany(limits, 3);
    clock.at += HOUR - 1;
    expect(await limits.consume('api-user', '7')).toMatchObject({ allowed: false, retryAfterSec: 1 });
    clock.at += 1;
    expect(await limits.consume('api-user', '7')).toMatchObject({ allowed: true, used: 1, resetsAt: THEN + 2 * HOUR });
  });

  it('of zero limits nobody', async () => {
    const store = await open();
    const { limits } = nodeOn(store, { apiRateLimit: 0 });
    expect(await limits.consume('api-user', '7')).toBeNull();
    expect(await limits.peek('api-user', '7')).toBeNull();
  });

  it('can be read without using it', async () => {
    const { limits } = nodeOn(await open(), { apiRateLimit: 2 });
    expect(await limits.peek('api-user', '7')).toMatchObject({ allowed: true, used: 0, remaining: 2 });
    await takeMany(limits, 2);
    expect(await limits.peek('api-user', '7')).toMatchObject({ allowed: false, used: 2, remaining: 0 });
  });

  it('far from exhausted costs the store a write now and then, and the store counts every use', async () => {
    const store = await open();
    const { limits } = nodeOn(store, { apiRateLimit: 5_000 });
    const transaction = vi.spyOn(store, 'transaction');
    await limits.consume('api-user', '7');
    for (let n = 0; n < 50; n++) expect(limits.consume('api-user', '7')).not.toBeInstanceOf(Promise);
    expect(transaction).toHaveBeenCalledTimes(1);
    await vi.waitFor(
      async () => expect(await windowOf(store.db, 'api-user 7', THEN, THEN + 3_600)).toMatchObject({ used: 51 }),
      {
        timeout: 20 * FLUSH_EVERY_MS + 20_000,
      },
    );
    expect(transaction).toHaveBeenCalledTimes(2);
  });

  it('that is used up costs the store nothing', async () => {
    const store = await open();
    const { limits } = nodeOn(store, { failedCredentialLimit: 5 });
    for (let n = 0; n < 6; n++) await limits.consume('failed-credentials', '203.0.113.7');
    const transaction = vi.spyOn(store, 'transaction');
    for (let n = 0; n < 1_000; n++)
      expect(limits.consume('failed-credentials', '203.0.113.7')).toMatchObject({ allowed: false });
    expect(transaction).not.toHaveBeenCalled();
  });

  it('is forgotten by the store when its window has ended', async () => {
    const store = await open();
    const { limits } = nodeOn(store);
    await limits.consume('api-user', '7');
    expect(await store.transaction((tx) => deleteEndedWindows(tx, THEN + HOUR - 1))).toBe(0);
    expect(await store.transaction((tx) => deleteEndedWindows(tx, THEN + HOUR))).toBe(1);
  });

  it('holds per node when the store cannot be written', async () => {
    const store = await open();
    const { limits } = nodeOn(store, { apiRateLimit: 10 });
    await store.db.schema.dropTable('rate_windows').execute();
    const answers = [];
    for (let n = 0; n < 12; n++) answers.push(await limits.consume('api-user', '7'));
    expect(answers.filter((answer) => answer?.allowed)).toHaveLength(10);
  });
});

describe.each(ENGINES)('a rate limit over several nodes [%s]', (engine) => {
  it.each([
    [40, 40],
    [EXACT_BELOW - 1, EXACT_BELOW - 1],
    [1_000, 1_000 * (1 + 2 * PENDING_PART)],
  ])('of %i lets at most %i through, whoever is asked', async (limit, most) => {
    const database = await freshDatabase(engine);
    onTestFinished(database.remove);
    const nodes = [];
    for (let n = 0; n < 3; n++) nodes.push(nodeOn(await openAgain(database), { apiRateLimit: limit }));
    let allowed = 0;
    await Promise.all(
      nodes.map(async ({ limits }) => {
        for (let round = 0; round < limit / 9; round++)
          for (const answer of await takeMany(limits, 10)) if (answer?.allowed) allowed++;
      }),
    );
    expect(allowed).toBeGreaterThanOrEqual(limit);
    expect(allowed).toBeLessThanOrEqual(most);
    for (const { limits } of nodes)
      expect(await limits.consume('api-user', '7')).toMatchObject({ allowed: false, remaining: 0 });
  });
});

describe('a network', () => {
  it.each([
    ['192.0.2.7', '192.0.2.7'],
    ['::ffff:192.0.2.7', '192.0.2.7'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:0DB8:1:2::6', '2001:db8:1:2::/64'],
    ['2001:db8::6', '2001:db8:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
    ['unknown', 'unknown'],
  ])('of %s is %s', (address, network) => {
    expect(networkOf(address)).toBe(network);
  });
});
