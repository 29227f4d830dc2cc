/** Where groups put people: truth table, and the laws in random histories. */
import { describe, expect, it } from 'vitest';
import { type GroupRule, type PlaceRole, placesBy, settle } from '../../src/rules/groups/places.ts';

const rule = (group: string, given: Partial<GroupRule> = {}): GroupRule => ({
  id: 1,
  source: 'a',
  group,
  organizationId: 7,
  role: 'member',
  team: null,
  ...given,
});
const after = (before: Record<string, PlaceRole>, current: PlaceRole | null, wanted: PlaceRole | null) => {
  const { role, given } = settle({ before: new Map(Object.entries(before)), current }, 'a', wanted);
  return { role, given: Object.fromEntries(given) };
};

describe('what groups give', () => {
  it('is the highest of their rules, in the organization and in its team, by names to the letter', () => {
    const rules = [
      rule('staff', { team: { id: 3, role: 'member' } }),
      rule('admins', { role: 'owner' }),
      rule('leads', { team: { id: 3, role: 'maintainer' } }),
    ];
    const places = (...groups: string[]) => [...placesBy(rules, new Set(groups)).values()];
    expect(places('Staff', 'staff ')).toEqual([]);
    expect(places('staff')).toEqual([
      { organizationId: 7, teamId: 0, role: 'member' },
      { organizationId: 7, teamId: 3, role: 'member' },
    ]);
    expect(places('staff', 'leads', 'admins')).toEqual([
      { organizationId: 7, teamId: 0, role: 'owner' },
      { organizationId: 7, teamId: 3, role: 'maintainer' },
    ]);
  });
});

describe('a place', () => {
  it.each<[string, Record<string, PlaceRole>, PlaceRole | null, PlaceRole | null, PlaceRole | null, object]>([
    ['that nobody has is given', {}, null, 'member', 'member', { a: 'member' }],
    ['by hand is left alone', {}, 'member', 'owner', 'member', {}],
    ['by hand is not taken', {}, 'owner', null, 'owner', {}],
    ['of this source is changed', { a: 'member' }, 'member', 'owner', 'owner', { a: 'owner' }],
    ['of this source is taken', { a: 'member' }, 'member', null, null, {}],
    ['of two sources stays for the other', { a: 'owner', b: 'member' }, 'owner', null, 'member', { b: 'member' }],
    ['of another source is raised', { b: 'member' }, 'member', 'owner', 'owner', { a: 'owner', b: 'member' }],
    ['changed by hand is theirs', { a: 'owner' }, 'member', 'owner', 'member', {}],
    ['taken by hand comes back while the group gives it', { a: 'member' }, null, 'member', 'member', { a: 'member' }],
    ['taken by hand is not given by its end', { a: 'member' }, null, null, null, {}],
  ])('%s', (_what, before, current, wanted, role, given) => {
    expect(after(before, current, wanted)).toEqual({ role, given });
  });

  it('that somebody has by hand never changes, whatever sources say, in whatever order', () => {
    let seed = 7;
    const next = (below: number): number => {
      seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
      return Math.floor((seed / 2_147_483_648) * below);
    };
    const roles: (PlaceRole | null)[] = [null, 'member', 'owner'];
    let [kept, moved] = [0, 0];
    for (let history = 0; history < 2_000; history++) {
      let current: PlaceRole | null = roles[next(3)] ?? null;
      const byHand = current;
      let given: ReadonlyMap<string, PlaceRole> = new Map();
      for (let step = 0; step < 8; step++) {
        const settled = settle({ before: given, current }, ['a', 'b', 'c'][next(3)] ?? 'a', roles[next(3)] ?? null);
        if (byHand === null) moved += current === settled.role ? 0 : 1;
        else {
          expect(settled.role).toBe(byHand);
          expect(settled.given.size).toBe(0);
          kept++;
        }
        ({ role: current, given } = settled);
      }
      for (const source of ['a', 'b', 'c'])
        ({ role: current, given } = settle({ before: given, current }, source, null));
      expect(current, 'when no source gives anything any more').toBe(byHand);
    }
    expect([kept > 1_000, moved > 1_000]).toEqual([true, true]);
  });
});
