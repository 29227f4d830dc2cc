/** What the sentence about a token says of its pushes is what `decide` answers about the moves of refs. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decide } from '../../src/rules/decide.ts';
import type { RefRule } from '../../src/rules/refs/ref-rules.ts';
import { rightSentence } from '../../src/rules/right/right-sentence.ts';
import { ACME, ADA, askWith, grant, NOW, PUSH, token } from './questions.ts';
import { HOME, worldOf } from './right-worlds.ts';

const NAMES = ['main', 'docs', 'old', 'next'] as const;
const rules: fc.Arbitrary<RefRule[]> = fc
  .uniqueArray(
    fc.record({
      name: fc.constantFrom(...NAMES),
      allow: fc.constantFrom<RefRule['allow']>(['create', 'update'], ['create', 'update'], ['ask'], []),
    }),
    { selector: ({ name }) => name, minLength: 1, maxLength: 3 },
  )
  .map((all) => all.map(({ name, allow }) => ({ pattern: `refs/heads/${name}`, allow })));

test('a ref moves if the sentence names it, asks if it says so, and is refused if it doesn’t', () => {
  const seen = new Set<string>();
  fc.assert(
    fc.property(rules, (refRules) => {
      const grants = [grant({ permissions: { contents: 'write' } })];
      const facts = {
        ...token({ refRules, grants }),
        state: 'active' as const,
        grants: grants.map((each) => ({
          ...each,
          owner: 'acme',
          ownerKind: 'organization' as const,
          repositoryNames: [],
          request: null,
          decidedAt: null,
        })),
        takenBackAt: new Map(),
        world: worldOf({ user: ADA, owners: [HOME, ACME], repositories: [], given: new Set() }),
      };
      const [, said = ''] = /May push (only to .+|nowhere)\./.exec(rightSentence(facts, 'owner')) ?? [];
      for (const name of NAMES) {
        const question = askWith(
          { refRules, grants },
          { need: PUSH, move: { ref: `refs/heads/${name}`, act: 'update', isApproved: false } },
        );
        const answer = decide({ ...question, at: NOW });
        const [reason] = answer.allowed ? ['allowed'] : answer.refusals.map((refusal) => refusal.reason);
        const told = said.includes(`${name} (after approval)`)
          ? 'ref_needs_approval'
          : said.includes(name)
            ? 'allowed'
            : 'ref_not_allowed';
        seen.add(told);
        expect([said, name, reason]).toEqual([said, name, told]);
      }
    }),
  );
  expect([...seen].sort()).toEqual(['allowed', 'ref_needs_approval', 'ref_not_allowed']);
});

test('of a token that can’t push, nothing is said about where it may', () => {
  const refRules = [{ pattern: 'refs/heads/main', allow: ['create', 'update'] }] as const;
  const told = (level: 'read' | 'write'): string => {
    const grants = [grant({ permissions: { contents: level } })];
    return rightSentence(
      {
        ...token({ refRules, grants }),
        state: 'active',
        grants: grants.map((each) => ({
          ...each,
          owner: 'acme',
          ownerKind: 'organization',
          repositoryNames: [],
          request: null,
          decidedAt: null,
        })),
        takenBackAt: new Map(),
        world: worldOf({ user: ADA, owners: [HOME, ACME], repositories: [], given: new Set() }),
      },
      'owner',
    );
  };
  expect(told('write')).toContain('May push only to main.');
  expect(told('read')).not.toContain('push');
});
