/** Protected branches and tags: which role they leave a move to, and in which words. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { REPOSITORY_ROLES } from '../../src/catalogue/roles.ts';
import {
  DEFAULT_PROTECTION,
  PROTECTION_ROLES,
  protectionAgainst,
  protectionFor,
  protectionSummary,
  type RefProtection,
} from '../../src/rules/refs/ref-protections.ts';
import { REF_ACTS } from '../../src/rules/refs/ref-rules.ts';

const MAIN: RefProtection = { pattern: 'refs/heads/main', ...DEFAULT_PROTECTION, update: 'maintain' };
const ALL: RefProtection = { pattern: 'refs/heads/**', ...DEFAULT_PROTECTION, create: 'admin' };

const role = fc.constantFrom(...PROTECTION_ROLES);
const protection: fc.Arbitrary<RefProtection> = fc.record({
  pattern: fc.constantFrom('refs/heads/main', 'refs/heads/**', 'refs/heads/*', 'refs/heads/a/**', 'refs/tags/*'),
  create: role,
  update: role,
  force: role,
  delete: role,
});
const ref = fc.constantFrom('refs/heads/main', 'refs/heads/a/b', 'refs/heads/Main', 'refs/tags/v1', 'refs/heads/x');

describe('protections', () => {
  it.each([
    ['write', 'refs/heads/main', 'update', 'refs/heads/main'],
    ['maintain', 'refs/heads/main', 'update', null],
    ['admin', 'refs/heads/main', 'force', 'refs/heads/main'],
    ['maintain', 'refs/heads/main', 'create', 'refs/heads/**'],
    ['admin', 'refs/heads/main', 'create', null],
    ['write', 'refs/heads/Main', 'update', null],
    ['write', 'refs/heads/docs', 'update', null],
    ['write', 'refs/tags/main', 'delete', null],
  ] as const)('let %s do at %s: %s, or %s says no', (who, name, act, against) => {
    expect(protectionAgainst([MAIN, ALL], who, name, act)?.pattern ?? null).toBe(against);
  });

  it('keep everybody out who has no role, whatever they are', () => {
    fc.assert(
      fc.property(protection, fc.constantFrom(...REF_ACTS), (one, act) => {
        expect(
          protectionAgainst([{ ...one, pattern: 'refs/heads/main' }], null, 'refs/heads/main', act),
        ).not.toBeNull();
      }),
    );
  });

  it('open nothing by being added, whatever their order, and a higher role is never shut out by one', () => {
    const list = fc.array(protection, { maxLength: 4 });
    const place = fc.tuple(ref, fc.constantFrom(...REF_ACTS), fc.nat(REPOSITORY_ROLES.length - 1));
    fc.assert(
      fc.property(list, protection, place, (some, added, [name, act, at]) => {
        const is = (all: readonly RefProtection[], index: number): boolean =>
          protectionAgainst(all, REPOSITORY_ROLES[index] ?? null, name, act) !== null;
        if (is(some, at)) expect([is([...some, added], at), is([added, ...some], at)]).toEqual([true, true]);
        expect(is(some.toReversed(), at)).toBe(is(some, at));
        if (!is(some, at) && at + 1 < REPOSITORY_ROLES.length) expect(is(some, at + 1)).toBe(false);
      }),
    );
  });

  it('are told as they count: the strictest of all that match', () => {
    expect(protectionFor([MAIN, ALL], 'refs/heads/main')).toEqual({
      create: 'admin',
      update: 'maintain',
      force: 'nobody',
      delete: 'nobody',
    });
    expect(protectionFor([MAIN, ALL], 'refs/tags/v1')).toBeNull();
    expect(protectionSummary(MAIN)).toBe(
      'Only maintainers and administrators may push to it; nobody may force-push to it; nobody may delete it.',
    );
    expect(protectionSummary({ ...MAIN, pattern: 'refs/tags/v*' })).toBe('Nobody may move it; nobody may delete it.');
    expect(protectionSummary({ ...MAIN, update: 'write', force: 'write', delete: 'write' })).toBe(
      'Everybody who may write may do anything to it.',
    );
  });
});
