/** The first sentence about a token never says more than what works. */
import { expect, test } from 'vitest';
import { type RightFacts, type RightGrant, rightSentence } from '../../src/rules/right-sentence.ts';

const at = (iso: string): number => Date.parse(iso) / 1000;

const ledger: RightGrant = {
  owner: 'acme',
  ownerKind: 'organization',
  selection: 'selected',
  repositoryNames: ['ledger'],
  permissions: { contents: 'write', metadata: 'read' },
  access: 'active',
  request: null,
};
const token: RightFacts = {
  kind: 'fine-grained',
  scopes: [],
  state: 'active',
  grants: [ledger],
  blockedBy: [],
  keptOutBy: [],
  revokedAt: null,
  expiresAt: at('2026-12-24T00:00:00Z'),
  notBeforeAt: null,
};
const classic: RightFacts = { ...token, kind: 'classic', scopes: ['repo', 'public_repo', 'workflow'], grants: [] };
const own: RightGrant = { ...ledger, owner: 'ada', ownerKind: 'self', selection: 'all', repositoryNames: [] };
const NOT_ALLOWED = ['acme does not allow fine-grained tokens'];
const CLASSIC_DEEDS =
  'read and change all repositories that you can reach, private ones too; add and change workflow files under ' +
  '.github/workflows';

test.each<[string, RightFacts, string]>([
  ['works', token, 'Can read and write code in acme/ledger.'],
  [
    'waits',
    { ...token, state: 'pending', grants: [{ ...ledger, access: 'pending', request: {} }] },
    'Asks acme to read and write code in acme/ledger. Until then: can read public repositories.',
  ],
  [
    'has some and asks for more',
    { ...token, grants: [{ ...ledger, request: {} }] },
    'Can read and write code in acme/ledger. Asks acme for more.',
  ],
  [
    'works at one owner and waits at another',
    { ...token, grants: [own, { ...ledger, access: 'pending', request: {} }] },
    'Can read and write code in all your repositories. Asks acme to read and write code in acme/ledger.',
  ],
  [
    'was denied',
    { ...token, state: 'denied', grants: [{ ...ledger, access: 'denied' }] },
    'Asked to read and write code in acme/ledger, but acme said no. Can read public repositories.',
  ],
  [
    'was taken back',
    { ...token, state: 'access_revoked', grants: [{ ...ledger, access: 'revoked' }] },
    'Could read and write code in acme/ledger until acme took that back. Can read public repositories.',
  ],
  [
    'is kept out by a policy',
    { ...token, state: 'blocked', grants: [{ ...ledger, access: 'blocked' }], blockedBy: NOT_ALLOWED },
    'Could read and write code in acme/ledger, but not now: acme does not allow fine-grained tokens. Can read ' +
      'public repositories.',
  ],
  [
    'begins later',
    { ...token, state: 'not_yet_valid', notBeforeAt: at('2026-12-01T08:00:00Z') },
    'Will be able to read and write code in acme/ledger from 1 Dec 2026.',
  ],
  [
    'begins later and waits',
    {
      ...token,
      state: 'not_yet_valid',
      notBeforeAt: at('2026-12-01T08:00:00Z'),
      grants: [{ ...ledger, access: 'pending', request: {} }],
    },
    'Asks acme to read and write code in acme/ledger. Until then: will be able to read public repositories from ' +
      '1 Dec 2026.',
  ],
  [
    'was revoked',
    { ...token, state: 'revoked', revokedAt: at('2026-11-12T08:00:00Z') },
    'Could read and write code in acme/ledger until it was revoked on 12 Nov 2026.',
  ],
  [
    'was replaced',
    { ...token, state: 'replaced', revokedAt: at('2026-11-12T08:00:00Z') },
    'Could read and write code in acme/ledger until it was replaced on 12 Nov 2026.',
  ],
  [
    'has expired',
    { ...token, state: 'expired' },
    'Could read and write code in acme/ledger until it ended on 24 Dec 2026.',
  ],
  ['is used up', { ...token, state: 'used_up' }, 'Could read and write code in acme/ledger until it had no uses left.'],
  [
    'has a suspended owner',
    { ...token, state: 'owner_suspended' },
    'Could read and write code in acme/ledger, but nothing while its owner is suspended.',
  ],
  ['has no grant', { ...token, grants: [] }, 'Can read public repositories.'],
  ['is classic', classic, `Can ${CLASSIC_DEEDS}.`],
  ['is classic without a scope', { ...classic, scopes: [] }, 'Can read public information.'],
  [
    'is classic and kept out of an organization',
    { ...classic, scopes: ['read:org'], keptOutBy: ['acme'] },
    'Can read memberships, teams and projects of organizations. Not in acme, which took that back.',
  ],
  [
    'is classic where none is allowed',
    { ...classic, scopes: ['repo'], state: 'blocked', blockedBy: ['This server does not allow classic tokens'] },
    'Could read and change all repositories that you can reach, private ones too, but not now: This server does ' +
      'not allow classic tokens.',
  ],
  [
    'is scoped',
    { ...classic, kind: 'scoped', scopes: ['api', 'read_api', 'read_user', 'self_rotate'] },
    'Can read and change everything that you can reach, over the API and with Git.',
  ],
])('a token that %s is said to do what it can', (_what, facts, sentence) =>
  expect(rightSentence(facts, 'owner')).toBe(sentence),
);

test('somebody else reads of "their" repositories and of what "they" can reach', () => {
  expect(rightSentence({ ...token, grants: [own] }, 'other')).toBe(
    'Can read and write code in all their repositories.',
  );
  expect(rightSentence({ ...classic, scopes: ['repo'] }, 'other')).toBe(
    'Can read and change all repositories that they can reach, private ones too.',
  );
});

test('"can" is not said of a grant that gives nothing, in whatever state the token is', () => {
  for (const access of ['pending', 'blocked', 'denied', 'revoked'] as const)
    for (const state of ['active', 'pending', 'blocked', 'denied', 'access_revoked', 'not_yet_valid'] as const) {
      const facts = { ...token, state, notBeforeAt: 1, grants: [{ ...ledger, access }], blockedBy: NOT_ALLOWED };
      expect(rightSentence(facts, 'owner')).not.toMatch(/(?:Can|able to) read and write/);
    }
});
