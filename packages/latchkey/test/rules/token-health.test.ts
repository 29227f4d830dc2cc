/** Problems with a token are found in time. */
import { expect, test } from 'vitest';
import { DAY_SEC } from '../../src/base/time.ts';
import { ENDING_SOON_SEC, findingsOf, type HealthFacts, IDLE_SEC } from '../../src/rules/token-health.ts';

const AT = 1_790_000_000;
const well: HealthFacts = {
  kind: 'fine-grained',
  scopes: [],
  grants: [{ selection: 'selected', permissions: { contents: 'write' } }],
  createdAt: AT,
  expiresAt: AT + 60 * DAY_SEC,
  usedAt: AT,
};

test.each<[string, Partial<HealthFacts>, readonly string[]]>([
  ['nothing', {}, []],
  ['a token that has ended', { expiresAt: AT }, ['ended']],
  ['one that ends just within the warning', { expiresAt: AT + ENDING_SOON_SEC - 1 }, ['ending-soon']],
  ['one that ends just after it', { expiresAt: AT + ENDING_SOON_SEC }, []],
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
