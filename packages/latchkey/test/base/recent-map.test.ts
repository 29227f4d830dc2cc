import fc from 'fast-check';
import { expect, it } from 'vitest';
import { RecentMap } from '../../src/base/recent-map.ts';

const MAX = 20;

it('a map of recent entries never exceeds its limit, and always has the last used ones', () => {
  let gone = 0;
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.constantFrom('get', 'set', 'delete'), fc.nat(40)), { minLength: 100, maxLength: 300 }),
      (steps) => {
        const map = new RecentMap<number, { readonly step: number }>(MAX);
        const plain = new Map<number, { readonly step: number }>();
        /** Every key in it, by last use, oldest first. */
        let used: number[] = [];
        for (const [step, [what, key]] of steps.entries()) {
          const value = { step };
          if (what === 'set') {
            map.set(key, value);
            plain.set(key, value);
          }
          if (what === 'delete') {
            map.delete(key);
            plain.delete(key);
          }
          const found = map.get(key);
          if (found === undefined && plain.has(key)) gone++;
          expect(found === undefined || found === plain.get(key)).toBe(true);
          if (found !== undefined) used = [...used.filter((other) => other !== key), key];
          expect(map.size).toBeLessThanOrEqual(MAX);
        }
        for (const key of used.slice(-MAX / 2)) expect(map.get(key)).toBe(plain.get(key));
      },
    ),
    { seed: 7, numRuns: 100 },
  );
  expect(gone).toBeGreaterThan(0);
});

it('a map of recent entries keeps what is used all the time through a flood of entries used once', () => {
  const map = new RecentMap<string, object>(MAX);
  const mine = {};
  map.set('mine', mine);
  for (let n = 0; n < 1_000; n++) {
    map.set(`flood ${n}`, {});
    expect(map.get('mine')).toBe(mine);
  }
  expect(map.get('flood 0')).toBeUndefined();
});

it('a map of recent entries drops at a turn what was not used since the turn before', () => {
  const map = new RecentMap<string, object>(MAX);
  for (const key of ['used', 'unused']) map.set(key, {});
  map.turn();
  expect(map.get('used')).toBeDefined();
  map.turn();
  expect([map.size, map.get('unused')]).toEqual([1, undefined]);
  map.turn();
  map.turn();
  expect(map.size).toBe(0);
});

it('a map of recent entries is empty after it was cleared', () => {
  const map = new RecentMap<string, object>(MAX);
  for (let n = 0; n < MAX; n++) map.set(`${n}`, {});
  map.clear();
  expect([map.size, map.get('0'), map.get(`${MAX - 1}`)]).toEqual([0, undefined, undefined]);
});
