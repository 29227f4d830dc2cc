/** Problems with a token are found in time. */
import { expect, test } from 'vitest';
import { DAY_SEC } from '../../src/base/time.ts';
import { findingsOf, type HealthFacts, IDLE_SEC } from '../../src/rules/token-health.ts';

const AT = 1_790_000_000;
const well: HealthFacts = {
  kind: 'fine-grained',
  scopes: [],
  grants: [{ selection: 'selected', permissions: { contents: 'write' } }],
  createdAt: AT,
  issuedAt: AT,
  expiresAt: AT + 60 * DAY_SEC,
  usedAt: AT,
};

test.each<[string, Partial<HealthFacts>, readonly string[]]>([
  ['nothing', {}, []],
  ['a token that has ended', { expiresAt: AT }, ['ended']],
  ...(
    [
      ['a year', 365, 7 * DAY_SEC],
      ['35 days', 35, 7 * DAY_SEC],
      ['30 days', 30, 6 * DAY_SEC],
      ['5 days', 5, DAY_SEC],
      ['2 days', 2, DAY_SEC],
      ['a day', 1, DAY_SEC / 2],
    ] as const
  ).flatMap(([words, days, soon]): [string, Partial<HealthFacts>, readonly string[]][] => {
    const issuedAt = AT + soon - days * DAY_SEC;
    return [
      [`one of ${words} on its first day`, { expiresAt: AT + days * DAY_SEC }, []],
      [`one of ${words} just before its last share`, { issuedAt: issuedAt + 1, expiresAt: AT + soon + 1 }, []],
      [`one of ${words} within its last share`, { issuedAt, expiresAt: AT + soon }, ['ending-soon']],
    ];
  }),
  ['one that was created long ago, on the first day of its new secret', { createdAt: AT - IDLE_SEC }, []],
  ['one without an end', { expiresAt: null }, ['never-ends']],
  ['one that was last used too long ago', { usedAt: AT - IDLE_SEC - 1 }, ['idle']],
  ['one that was used just in time', { usedAt: AT - IDLE_SEC }, []],
  ['an old one that was never used', { usedAt: null, createdAt: AT - IDLE_SEC - 1 }, ['idle']],
  ['a classic token with a broad scope', { kind: 'classic', scopes: ['repo'], grants: [] }, ['over-powered']],
  ['a classic token with a narrow one', { kind: 'classic', scopes: ['gist'], grants: [] }, []],
  [
    'administration of all repositories',
    { grants: [{ selection: 'all', permissions: { administration: 'write' } }] },
    ['over-powered'],
  ],
])('the health check tells of %s what it should', (_what, facts, findings) => {
  expect(findingsOf({ ...well, ...facts }, AT)).toEqual(findings);
});
