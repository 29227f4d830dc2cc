/** The first sentence about a token never says more than what works. */
import { expect, test } from 'vitest';
import type { OwnerRecord, RepositoryRecord } from '../../src/rules/model.ts';
import { approvalOf } from '../../src/rules/right/request-words.ts';
import {
  type RightFacts,
  type RightGrant,
  rightSentence,
  toldTo,
  worksToday,
} from '../../src/rules/right/right-sentence.ts';
import { ACME, ADA, DAY, OPEN_POLICY, SITE, token as stored } from './questions.ts';
import { HOME, worldOf } from './right-worlds.ts';

const at = (iso: string): number => Date.parse(iso) / 1000;

const LEDGER: RepositoryRecord = { ...SITE, id: 200, name: 'ledger' };
const OWN: RepositoryRecord = { ...SITE, id: 300, ownerId: ADA.id, name: 'notes', role: 'admin' };
const ledger: RightGrant = {
  id: 1,
  ownerId: ACME.id,
  owner: 'acme',
  ownerKind: 'organization',
  selection: 'selected',
  repositoryIds: new Set([200]),
  repositoryNames: ['ledger'],
  permissions: { contents: 'write', metadata: 'read' },
  state: 'active',
  request: null,
  decidedAt: null,
};
const asked = {
  selection: 'selected' as const,
  repositoryIds: [200],
  repositoryNames: ['ledger'],
  permissions: { issues: 'write' as const },
};
const own: RightGrant = {
  ...ledger,
  ownerId: ADA.id,
  owner: 'ada',
  ownerKind: 'self',
  selection: 'all',
  repositoryIds: new Set(),
  repositoryNames: [],
};
const everything: RightGrant = { ...ledger, selection: 'all', repositoryIds: new Set(), repositoryNames: [] };
const token: RightFacts = {
  ...stored({ expiresAt: at('2027-12-24T00:00:00Z') }),
  state: 'active',
  grants: [ledger],
  takenBackAt: new Map(),
  refRules: null,
  world: worldOf({ repositories: [SITE, LEDGER, OWN] }),
};
const classic: RightFacts = { ...token, kind: 'classic', scopes: ['repo', 'workflow'], grants: [] };
const CLASSIC_DEEDS =
  'read and write everything in every repository that you can, 3 today; add and change workflow files under ' +
  '.github/workflows';

function acmeWith(
  kind: 'classic' | 'fine-grained',
  changes: { allowed?: boolean; maxLifetimeDays?: number },
): OwnerRecord {
  const { kinds } = OPEN_POLICY;
  return {
    ...ACME,
    policy: {
      ...OPEN_POLICY,
      kinds: { ...kinds, [kind]: { ...kinds[kind], capDecidedBy: 'organization', ...changes } },
    },
  };
}
const world = (acme: Partial<OwnerRecord>, ...repositories: readonly Partial<RepositoryRecord>[]) =>
  worldOf({
    owners: [HOME, { ...ACME, ...acme }],
    repositories: [OWN, ...repositories.map((each, i) => ({ ...SITE, id: 200 + i, name: `r${i}`, ...each }))],
  });
const forbidding = world(acmeWith('fine-grained', { allowed: false }), { name: 'ledger' });

test.each<[string, RightFacts, string]>([
  ['works', token, 'Can read and write code in acme/ledger.'],
  [
    'waits',
    { ...token, state: 'pending', grants: [{ ...ledger, state: 'pending', request: asked }] },
    'Asks acme to read and write code in acme/ledger. Until then: can read public repositories.',
  ],
  [
    'waits for what its owner could not do',
    {
      ...token,
      state: 'pending',
      grants: [{ ...ledger, state: 'pending', permissions: { members: 'write' }, request: asked }],
    },
    'Asks acme to read and write members of the organization acme. Until then: can read public repositories.',
  ],
  [
    'has some and asks for more',
    { ...token, grants: [{ ...ledger, request: asked }] },
    'Can read and write code in acme/ledger. Asks acme for more: to read and write issues in acme/ledger.',
  ],
  [
    'works at one owner and waits at another',
    { ...token, grants: [own, { ...ledger, state: 'pending', request: asked }] },
    'Can read and write code in all your repositories. Asks acme to read and write code in acme/ledger.',
  ],
  [
    'was denied',
    { ...token, state: 'denied', grants: [{ ...ledger, state: 'denied', decidedAt: at('2026-11-12T08:00:00Z') }] },
    'Asked to read and write code in acme/ledger, but acme said no on 12 Nov 2026, 08:00 UTC. ' +
      'Can read public repositories.',
  ],
  [
    'was taken back',
    {
      ...token,
      state: 'access_revoked',
      grants: [{ ...ledger, state: 'revoked', decidedAt: at('2026-11-12T08:00:00Z') }],
    },
    'Could read and write code in acme/ledger until acme revoked it on 12 Nov 2026, 08:00 UTC. ' +
      'Can read public repositories.',
  ],
  [
    'was taken back before dates were kept',
    { ...token, state: 'access_revoked', grants: [{ ...ledger, state: 'revoked' }] },
    'Could read and write code in acme/ledger until acme revoked it. Can read public repositories.',
  ],
  [
    'is kept out by a policy',
    { ...token, state: 'blocked', world: forbidding },
    'May read and write code in acme/ledger, but nothing now: acme forbids fine-grained tokens. Can read public ' +
      'repositories.',
  ],
  [
    'lives longer than a policy allows',
    {
      ...token,
      state: 'blocked',
      expiresAt: token.issuedAt + 185 * DAY,
      world: world(acmeWith('fine-grained', { maxLifetimeDays: 90 }), { name: 'ledger' }),
    },
    'May read and write code in acme/ledger, but nothing now: acme allows a life of at most 90 days, and this one ' +
      'lives for 185 days. Can read public repositories.',
  ],
  [
    'waits where a policy keeps it out',
    { ...token, state: 'blocked', grants: [{ ...ledger, state: 'pending', request: asked }], world: forbidding },
    'Asks acme to read and write code in acme/ledger, but that would give it nothing now: acme forbids fine-grained ' +
      'tokens. Until then: can read public repositories.',
  ],
  [
    'has an owner who may only read by now',
    { ...token, world: world({}, { name: 'ledger', role: 'read' }) },
    'Can read code in acme/ledger. More was granted in acme/ledger, but your own role allows no more.',
  ],
  [
    'has an owner without any access by now',
    { ...token, world: world({ role: null }, { name: 'ledger', role: null }) },
    'May read and write code in acme/ledger, but nothing now: you have no access there yourself. Can read public ' +
      'repositories.',
  ],
  [
    'has an owner without the second factor that is required',
    {
      ...token,
      world: worldOf({
        user: { ...ADA, hasTwoFactor: false },
        owners: [HOME, { ...ACME, policy: { ...OPEN_POLICY, twoFactorFrom: 1, twoFactorDecidedBy: 'organization' } }],
        repositories: [LEDGER],
      }),
    },
    "May read and write code in acme/ledger, but nothing now: acme requires a second factor, which you don't have. " +
      'Can read public repositories.',
  ],
  [
    'selects public repositories alone, and says so once',
    { ...token, grants: [{ ...own, selection: 'public', permissions: {} }] },
    'Can read public repositories.',
  ],
  [
    'selects an archived repository beside another',
    {
      ...token,
      grants: [{ ...ledger, repositoryIds: new Set([200, 201]), repositoryNames: ['r0', 'r1'] }],
      world: world({}, {}, { archivedAt: 5 }),
    },
    'Can read and write code in acme/r0; read code in acme/r1. More was granted in acme/r1, but what is archived can ' +
      'only be read.',
  ],
  [
    'selects a repository that moved away',
    { ...token, world: world({}, { name: 'ledger', ownerId: 11 }) },
    'May read and write code in acme/ledger, but nothing now: what it was granted for has another owner now. Can ' +
      'read public repositories.',
  ],
  [
    'reaches many repositories, most of them only to read',
    { ...token, grants: [everything], world: world({}, { role: 'read' }, { visibility: 'internal', role: 'write' }) },
    'Can read code in acme/r0; read and write code in acme/r1. More was granted in acme/r0, but your own role allows ' +
      'no more.',
  ],
  [
    'reaches all repositories of an organization that has none yet',
    { ...token, grants: [everything], world: world({ policy: { ...OPEN_POLICY, basePermission: 'write' } }) },
    'Can read and write code in all repositories of acme.',
  ],
  [
    'asks for an organization where its owner is a member only',
    { ...token, grants: [{ ...everything, permissions: { contents: 'read', members: 'write', metadata: 'read' } }] },
    'Can read code in all repositories of acme; read members of the organization acme. More was granted for the ' +
      'organization acme, but your own role allows no more.',
  ],
  [
    'begins later',
    { ...token, state: 'not_yet_valid', notBeforeAt: at('2027-12-01T08:00:00Z') },
    'Will be able to read and write code in acme/ledger from 1 Dec 2027, 08:00 UTC.',
  ],
  [
    'begins later and waits',
    {
      ...token,
      state: 'not_yet_valid',
      notBeforeAt: at('2027-12-01T08:00:00Z'),
      grants: [{ ...ledger, state: 'pending', request: asked }],
    },
    'Asks acme to read and write code in acme/ledger. Until then: will be able to read public repositories from ' +
      '1 Dec 2027, 08:00 UTC.',
  ],
  [
    'was revoked',
    { ...token, state: 'revoked', revokedAt: at('2026-11-12T08:00:00Z') },
    'Could read and write code in acme/ledger until it was revoked on 12 Nov 2026, 08:00 UTC.',
  ],
  [
    'was replaced',
    { ...token, state: 'replaced', revokedAt: at('2026-11-12T08:00:00Z') },
    'Could read and write code in acme/ledger until it was replaced on 12 Nov 2026, 08:00 UTC.',
  ],
  [
    'has expired',
    { ...token, state: 'expired' },
    'Could read and write code in acme/ledger until it ended on 24 Dec 2027, 00:00 UTC.',
  ],
  ['is used up', { ...token, state: 'used_up' }, 'Could read and write code in acme/ledger until it had no uses left.'],
  [
    'has a suspended owner',
    { ...token, state: 'owner_suspended' },
    'Could read and write code in acme/ledger, but nothing while its owner is suspended.',
  ],
  [
    'has an owner whom a provider disabled',
    { ...token, state: 'owner_disabled_by_provider' },
    'Could read and write code in acme/ledger, but nothing while an identity provider has disabled its owner.',
  ],
  ['has no grant', { ...token, grants: [] }, 'Can read public repositories.'],
  [
    'may be used from few addresses',
    { ...token, allowedAddresses: ['192.0.2.0/24', '10.0.0.0/8'] },
    'Can read and write code in acme/ledger. Only from 192.0.2.0/24 or 10.0.0.0/8.',
  ],
  [
    'is for an organization that allows few addresses',
    {
      ...token,
      world: world({ policy: { ...OPEN_POLICY, allowedAddresses: ['10.0.0.0/8'] } }, { name: 'ledger' }),
    },
    'Can read and write code in acme/ledger. In acme only from addresses that it allows.',
  ],
  ['is classic', classic, `Can ${CLASSIC_DEEDS}.`],
  [
    'is classic where an organization allows few addresses',
    {
      ...classic,
      scopes: ['repo'],
      world: world({ policy: { ...OPEN_POLICY, allowedAddresses: ['10.0.0.0/8'] } }, {}),
    },
    'Can read and write everything in every repository that you can, 2 today. In acme only from addresses that it ' +
      'allows.',
  ],
  [
    'is scoped to push and to read, and for what works with another scope alone',
    { ...classic, kind: 'scoped', scopes: ['read_api', 'write_repository', 'admin_mode', 'sudo'] },
    'Can read everything that you can reach over the API; clone, fetch and push with Git. That is 3 repositories ' +
      'today.',
  ],
  ['is classic without a scope', { ...classic, scopes: [] }, 'Can read public information.'],
  [
    'is classic for public repositories only',
    { ...classic, scopes: ['public_repo'], world: world({}, { visibility: 'public' }) },
    'Can read and change public repositories, and star them. That is one repository today.',
  ],
  [
    'is classic and kept out of an organization',
    {
      ...classic,
      scopes: ['repo'],
      excludedOrganizationIds: new Set([ACME.id]),
      takenBackAt: new Map([[ACME.id, at('2026-11-12T08:00:00Z')]]),
    },
    'Can read and write everything in every repository that you can, 1 today. Could in acme, too, until acme revoked ' +
      'it on 12 Nov 2026, 08:00 UTC.',
  ],
  [
    'is classic where an organization allows none',
    { ...classic, scopes: ['repo'], world: world(acmeWith('classic', { allowed: false }), {}, {}) },
    'Can read and write everything in every repository that you can, 1 today. Nothing in acme now: acme forbids ' +
      'classic tokens.',
  ],
  [
    'is classic where none is allowed at all',
    {
      ...classic,
      scopes: ['repo'],
      state: 'blocked',
      world: worldOf({ owners: [{ ...HOME, policy: acmeWith('classic', { allowed: false }).policy }] }),
    },
    'May read and write everything in every repository that you can, but nothing now: this server forbids classic ' +
      'tokens. Can read public repositories.',
  ],
  [
    'is scoped',
    { ...classic, kind: 'scoped', scopes: ['api', 'read_api', 'read_user', 'self_rotate'] },
    'Can read and write everything in every repository that you can, 3 today; read and change your account and ' +
      'organizations.',
  ],
])('a token that %s is said to do what it can', (_what, facts, sentence) =>
  expect(rightSentence(facts, 'owner')).toBe(sentence),
);

test('somebody else reads of "their" repositories and of what "they" can', () => {
  expect(rightSentence({ ...token, grants: [own] }, 'other')).toBe(
    'Can read and write code in all their repositories.',
  );
  expect(rightSentence({ ...classic, scopes: ['repo'] }, 'other')).toBe(
    'Can read and write everything in every repository that they can, 3 today.',
  );
});

test('who manages a machine reads of "the machine"', () => {
  expect(
    toldTo('keeper', "Nothing: you have no access there yourself, your role allows no more, and you don't care."),
  ).toBe(
    "Nothing: the machine has no access there itself, the machine's role allows no more, and the machine doesn't care.",
  );
});

test('the sentence for one owner leaves out what the token does elsewhere', () => {
  expect(rightSentence({ ...token, grants: [own, ledger] }, 'other', ACME.id)).toBe(
    'Can read and write code in acme/ledger.',
  );
  expect(rightSentence({ ...classic, scopes: ['repo'] }, 'other', ACME.id)).toBe(
    'Can read and write everything in every repository that they can, 2 today.',
  );
});

test('a token of which nothing works is told from one that works', () => {
  expect(worksToday(token)).toBe(true);
  expect(worksToday({ ...token, world: forbidding })).toBe(false);
  expect(worksToday(classic)).toBe(true);
  const forPublic = { ...own, selection: 'public', permissions: {} } as const;
  expect(worksToday({ ...token, grants: [forPublic] })).toBe(true);
});

test.each<[string, Partial<RightGrant>, RightFacts['world'], string]>([
  [
    'a grant that works wholly',
    { state: 'pending' },
    token.world,
    'Approved, it could read and write code in acme/ledger.',
  ],
  [
    'more permissions',
    { request: { ...asked, permissions: { issues: 'write', contents: 'write' } } },
    token.world,
    'Approved, it could newly read and write issues in acme/ledger.',
  ],
  [
    'a higher level',
    { permissions: { contents: 'read' }, request: { ...asked, permissions: { contents: 'write' } } },
    token.world,
    'Approved, it could newly write code in acme/ledger.',
  ],
  [
    'all repositories',
    { request: { selection: 'all', repositoryIds: [], repositoryNames: [], permissions: { contents: 'write' } } },
    world({}, { name: 'ledger' }, { name: 'b' }, { name: 'c' }),
    'Approved, it could newly read and write code in 2 repositories of acme.',
  ],
  [
    'what the role doesn’t allow',
    { state: 'pending' },
    world({ role: 'member' }, { name: 'ledger', role: 'read' }),
    'Approved, it could read code in acme/ledger. More would not work: their own role allows no more.',
  ],
  [
    'what works already',
    { request: { ...asked, permissions: { contents: 'write' } } },
    token.world,
    'Approved, it could do nothing more than today.',
  ],
  [
    'what a policy forbids',
    { state: 'pending' },
    forbidding,
    'Approved, it could do nothing more than today: acme forbids fine-grained tokens.',
  ],
])('a request says what would newly work: %s', (_what, changed, where, words) => {
  const pending = changed.state === 'pending' ? { request: { ...ledger } } : {};
  const grant = { ...ledger, ...pending, ...changed };
  expect(approvalOf({ ...token, world: where, grants: [grant] }, grant, 'other')).toBe(words);
});
