import { describe, expect, it } from 'vitest';
import {
  checkDraft,
  type DraftWorld,
  MAX_DESCRIPTION_LENGTH,
  MAX_FINE_GRAINED_TOKENS,
  MAX_GRANTS,
  MAX_NAME_LENGTH,
  MAX_NOTE_LENGTH,
  MAX_USES,
  NO_TOKEN_LEFT,
  type TokenDraft,
  type TokenPlan,
} from '../../src/rules/draft.ts';
import { type GrantDraft, MAX_SELECTED_REPOSITORIES, type OwnerInWorld } from '../../src/rules/grant-draft.ts';
import { effectivePolicy, NO_POLICY, type StoredPolicy } from '../../src/rules/policy.ts';
import { DAY, NOW } from './questions.ts';

const policy = (own: Partial<StoredPolicy> | null, instance: Partial<StoredPolicy> = {}) =>
  effectivePolicy({ ...NO_POLICY, ...instance }, own === null ? null : { ...NO_POLICY, ...own });

function owner(changes: Partial<OwnerInWorld> = {}): OwnerInWorld {
  const repositories = new Map(
    Array.from({ length: 60 }, (_, i) => {
      const name = `repo-${i}`;
      return [name, { id: 100 + i, name, visibility: 'private' as const }];
    }),
  );
  return {
    id: 10,
    login: 'acme',
    kind: 'organization',
    isSelf: false,
    machine: null,
    reachable: true,
    isSeen: true,
    isOrganizationOwner: false,
    policy: policy({ requiresApproval: false }),
    repositories,
    ...changes,
  };
}

const SELF = owner({ id: 1, login: 'ada', kind: 'user', isSelf: true, policy: policy(null) });

function world(changes: Partial<DraftWorld> = {}): DraftWorld {
  return {
    at: NOW,
    emailVerified: true,
    isAdmin: false,
    nameTaken: false,
    fineGrainedCount: 0,
    tokensLeft: Infinity,
    owners: new Map([
      ['acme', owner()],
      ['', SELF],
      ['ada', SELF],
    ]),
    instancePolicy: policy(null),
    ...changes,
  };
}

const GRANT: GrantDraft = {
  owner: 'acme',
  selection: 'all',
  repositories: [],
  permissions: { contents: 'write' },
  justification: null,
};
const DRAFT: TokenDraft = {
  userLogin: 'ada',
  kind: 'fine-grained',
  name: 'ci',
  description: '',
  expiresInDays: 30,
  scopes: [],
  grants: [GRANT],
};
const CLASSIC: TokenDraft = { ...DRAFT, kind: 'classic', grants: [], scopes: ['repo'] };
const SCOPED: TokenDraft = { ...DRAFT, kind: 'scoped', grants: [], scopes: ['api'] };

function plan(draft: Partial<TokenDraft> = {}, changes: Partial<DraftWorld> = {}, from: TokenDraft = DRAFT): TokenPlan {
  const checked = checkDraft({ ...from, ...draft }, world(changes));
  if (!checked.ok) throw new Error(checked.complaints.map((complaint) => complaint.message).join(' '));
  return checked.plan;
}

function complaints(
  draft: Partial<TokenDraft> = {},
  changes: Partial<DraftWorld> = {},
  from: TokenDraft = DRAFT,
): string[] {
  const checked = checkDraft({ ...from, ...draft }, world(changes));
  return checked.ok ? [] : checked.complaints.map((complaint) => `${complaint.field}: ${complaint.message}`);
}

const withGrant = (changes: Partial<GrantDraft>): Partial<TokenDraft> => ({ grants: [{ ...GRANT, ...changes }] });
const many = (count: number) => Array.from({ length: count }, (_, i) => `repo-${i}`);

/** [what, accepted draft, refused draft, words] */
const BOTH_SIDES: readonly [string, Partial<TokenDraft>, Partial<TokenDraft>, string][] = [
  [
    'a name',
    { name: 'n'.repeat(MAX_NAME_LENGTH) },
    { name: 'n'.repeat(MAX_NAME_LENGTH + 1) },
    `name: A token's name has at most ${MAX_NAME_LENGTH} characters.`,
  ],
  ['no name', { name: ' x ' }, { name: '   ' }, 'name: A token needs a name.'],
  [
    'a description',
    { description: 'd'.repeat(MAX_DESCRIPTION_LENGTH) },
    { description: 'd'.repeat(MAX_DESCRIPTION_LENGTH + 1) },
    `description: A description has at most ${MAX_DESCRIPTION_LENGTH} characters.`,
  ],
  [
    'the longest life',
    { expiresInDays: 366 },
    { expiresInDays: 367 },
    'expires_in: An expiration is a whole number of days from 1 to 366, or none.',
  ],
  [
    'the shortest life',
    { expiresInDays: 1 },
    { expiresInDays: 0 },
    'expires_in: An expiration is a whole number of days from 1 to 366, or none.',
  ],
  [
    'a life backwards',
    { expiresInDays: 1 },
    { expiresInDays: -1 },
    'expires_in: An expiration is a whole number of days from 1 to 366, or none.',
  ],
  [
    'half a day',
    { expiresInDays: 2 },
    { expiresInDays: 1.5 },
    'expires_in: An expiration is a whole number of days from 1 to 366, or none.',
  ],
  [
    'selected repositories',
    withGrant({ selection: 'selected', repositories: many(MAX_SELECTED_REPOSITORIES) }),
    withGrant({ selection: 'selected', repositories: many(MAX_SELECTED_REPOSITORIES + 1) }),
    `repositories: Select at most ${MAX_SELECTED_REPOSITORIES} repositories.`,
  ],
  [
    'nothing selected',
    withGrant({ selection: 'selected', repositories: ['repo-1'] }),
    withGrant({ selection: 'selected', repositories: [] }),
    'repositories: Select at least one repository.',
  ],
  [
    'a repository of another owner',
    withGrant({ selection: 'selected', repositories: ['acme/Repo-1'] }),
    withGrant({ selection: 'selected', repositories: ['octo/repo-1'] }),
    'repositories: acme has no repository octo/repo-1 that you can reach.',
  ],
  [
    'a permission',
    withGrant({ permissions: { contents: 'read' } }),
    withGrant({ permissions: { content: 'read' } }),
    'content: There is no permission named content.',
  ],
  [
    'a level',
    withGrant({ permissions: { workflows: 'write' } }),
    withGrant({ permissions: { workflows: 'read' } }),
    'workflows: Workflows (workflows) takes write, not read.',
  ],
  [
    'an account permission',
    withGrant({ owner: '', permissions: { emails: 'read' } }),
    withGrant({ permissions: { emails: 'read' } }),
    "emails: Email addresses (emails) is an account permission: acme can't give it.",
  ],
  [
    'an organization permission',
    withGrant({ permissions: { members: 'read' } }),
    withGrant({ owner: '', permissions: { members: 'read' } }),
    "members: Members (members) is an organization permission: ada can't give it.",
  ],
  [
    'public repositories',
    withGrant({ selection: 'public', permissions: {} }),
    withGrant({ selection: 'public' }),
    'contents: Contents (contents) needs repositories: public repositories alone are read-only.',
  ],
  [
    'an owner',
    withGrant({ owner: 'ACME' }),
    withGrant({ owner: 'octodemo' }),
    'target_name: Cannot find the specified resource owner: octodemo',
  ],
  [
    'one address list',
    { allowedAddresses: ['10.0.0.0/8', '2001:db8::1'] },
    { allowedAddresses: ['10.0.0.0/33'] },
    'allowed_addresses: 10.0.0.0/33 is neither an address nor a CIDR block.',
  ],
  ['a use limit', { usesLeft: 1 }, { usesLeft: 0 }, `uses_left: A use limit is a whole number from 1 to ${MAX_USES}.`],
  [
    'not-before',
    { notBeforeAt: NOW + 5 * DAY },
    { notBeforeAt: NOW + 31 * DAY },
    'not_before: Not-before lies after the expiration: the token would never work.',
  ],
];

describe('a draft of a token', () => {
  it.each(BOTH_SIDES)('with %s is held to its limit on both sides', (_what, taken, refused, words) => {
    expect(complaints(taken)).toEqual([]);
    expect(complaints(refused)).toContain(words);
  });

  it('is told everything that is wrong at once', () => {
    expect(
      complaints({ name: '', expiresInDays: 400, grants: [{ ...GRANT, permissions: { nothing: 'read' } }] }),
    ).toHaveLength(3);
  });

  it('gets metadata: read with any reach into repositories, and nothing else by itself', () => {
    expect(plan().grants[0]!.permissions).toEqual({ contents: 'write', metadata: 'read' });
    expect(plan(withGrant({ selection: 'public', permissions: {} })).grants[0]!.permissions).toEqual({});
    expect(plan(withGrant({ selection: 'public', permissions: { members: 'read' } })).grants[0]!.permissions).toEqual({
      members: 'read',
    });
  });

  it('lives 30 days by default, or what the policy of its owner caps it to', () => {
    expect(plan({ expiresInDays: undefined }).expiresAt).toBe(NOW + 30 * DAY);
    const capped = new Map([
      [
        'acme',
        owner({
          policy: policy({
            requiresApproval: false,
            maxLifetimeDays: { 'fine-grained': 7, classic: null, scoped: null },
          }),
        }),
      ],
    ]);
    expect(plan({ expiresInDays: undefined }, { owners: capped }).expiresAt).toBe(NOW + 7 * DAY);
    expect(complaints({ expiresInDays: 8 }, { owners: capped })).toEqual([
      'expires_in: A policy caps the life of this token at 7 days.',
    ]);
    expect(complaints({ expiresInDays: null }, { owners: capped })).toEqual([
      'expires_in: A policy caps the life of this token: choose 1 to 7 days.',
    ]);
    expect(plan({ expiresInDays: null }).expiresAt).toBeNull();
  });

  it('is bound by the instance, whoever the owner is, unless administrators are exempt', () => {
    const capped = policy(null, {
      maxLifetimeDays: { 'fine-grained': null, classic: 7, scoped: null },
      exemptAdministrators: true,
    });
    expect(complaints({}, { instancePolicy: capped }, CLASSIC)).toEqual([
      'expires_in: A policy caps the life of this token at 7 days.',
    ]);
    expect(plan({}, { instancePolicy: capped, isAdmin: true }, CLASSIC).expiresAt).toBe(NOW + 30 * DAY);
  });

  it('waits for approval where its owner demands it, unless an owner asks', () => {
    const demanding = (isOrganizationOwner: boolean) => ({
      owners: new Map([['acme', owner({ policy: policy({}), isOrganizationOwner })]]),
    });
    expect(plan({}, demanding(false)).grants[0]!.state).toBe('pending');
    expect(plan({}, demanding(true)).grants[0]!.state).toBe('active');
  });

  it('is refused where its owner forbids the kind', () => {
    const forbidding = {
      owners: new Map([
        ['acme', owner({ policy: policy({ allowed: { 'fine-grained': false, classic: null, scoped: null } }) })],
      ]),
    };
    expect(complaints({}, forbidding)).toEqual([
      'target_name: acme does not allow fine-grained personal access tokens.',
    ]);
  });

  it('reaches several owners, each once', () => {
    expect(plan({ grants: [GRANT, { ...GRANT, owner: '' }] }).grants.map((grant) => grant.ownerId)).toEqual([10, 1]);
    expect(complaints({ grants: [GRANT, GRANT] })).toEqual(['target_name: The resource owner acme is named twice.']);
    expect(complaints({ grants: Array.from({ length: MAX_GRANTS + 1 }, () => GRANT) })).toContain(
      `grants: A token reaches at most ${MAX_GRANTS} resource owners.`,
    );
    expect(complaints({ grants: [] })).toEqual(['target_name: A fine-grained token needs a resource owner.']);
  });

  it('lets an outsider name the public repositories of somebody else, one by one', () => {
    const outsider = { owners: new Map([['acme', owner({ reachable: false })]]) };
    expect(
      plan(withGrant({ selection: 'selected', repositories: ['repo-1'], permissions: { issues: 'write' } }), outsider)
        .grants[0]!.repositoryIds,
    ).toEqual([101]);
    const CHOOSE =
      "repositories: Choose the repositories of acme one by one: you don't belong there, so a token reaches the ones " +
      'that you can see and name.';
    for (const selection of ['all', 'public'] as const)
      expect(complaints(withGrant({ selection }), outsider)).toContain(CHOOSE);
    expect(complaints(withGrant({ selection: 'selected', repositories: ['secret'] }), outsider)).toEqual([
      'repositories: acme has no repository secret that you can reach.',
    ]);
    expect(complaints(withGrant({ selection: 'selected', repositories: [] }), outsider)).toEqual([
      'repositories: Select at least one repository.',
    ]);
  });

  it('tells an owner of whom one sees nothing apart from none by nothing', () => {
    const hidden = { owners: new Map([['acme', owner({ reachable: false, isSeen: false, repositories: new Map() })]]) };
    for (const grant of [
      withGrant({ selection: 'all' }),
      withGrant({ selection: 'selected', repositories: ['secret'] }),
      withGrant({ selection: 'selected', repositories: [] }),
    ]) {
      const unknown = { owners: new Map<string, OwnerInWorld>() };
      expect(complaints(grant, hidden)).toEqual(complaints(grant, unknown));
      expect(complaints(grant, hidden)).toEqual(['target_name: Cannot find the specified resource owner: acme']);
    }
  });

  it('needs a verified e-mail address, a free name and room among the fifty', () => {
    expect(complaints({}, { emailVerified: false })).toEqual([
      'null: Verify your e-mail address first: tokens can be created only after that.',
    ]);
    expect(complaints({}, { nameTaken: true })).toEqual(['name: You already have a token named ci.']);
    expect(complaints({}, { fineGrainedCount: MAX_FINE_GRAINED_TOKENS - 1 })).toEqual([]);
    expect(complaints({}, { fineGrainedCount: MAX_FINE_GRAINED_TOKENS })).toHaveLength(1);
    expect(complaints({}, { fineGrainedCount: MAX_FINE_GRAINED_TOKENS }, CLASSIC)).toEqual([]);
    for (const base of [undefined, CLASSIC]) {
      expect(complaints({}, { tokensLeft: 1 }, base)).toEqual([]);
      expect(complaints({}, { tokensLeft: 0 }, base)).toEqual([`null: ${NO_TOKEN_LEFT}`]);
    }
  });

  it('of classic kind may have no scope; its scopes are stored normalised', () => {
    expect(plan({ scopes: [] }, {}, CLASSIC).scopes).toEqual([]);
    expect(plan({ scopes: ['user:email', 'gist', 'user', 'gist'] }, {}, CLASSIC).scopes).toEqual(['gist', 'user']);
    expect(complaints({ scopes: ['repo', 'nonsense'] }, {}, CLASSIC)).toEqual(['scopes: Unknown scope: nonsense.']);
    expect(plan({ name: 'n'.repeat(MAX_NOTE_LENGTH) }, {}, CLASSIC).name).toHaveLength(MAX_NOTE_LENGTH);
    expect(complaints({ grants: [GRANT] }, {}, CLASSIC)).toEqual([
      'permissions: A classic token has scopes, not permissions.',
    ]);
  });

  it('of scoped kind needs a scope, and ends at the instant of a date', () => {
    expect(complaints({ scopes: [] }, {}, SCOPED)).toEqual(['scopes: Choose at least one scope.']);
    expect(plan({ expiresAt: NOW + 5 * DAY }, {}, SCOPED).expiresAt).toBe(NOW + 5 * DAY);
    expect(complaints({ expiresAt: NOW }, {}, SCOPED)).toEqual(['expires_at: The expiration lies in the past.']);
    expect(complaints({ expiresAt: NOW + 367 * DAY }, {}, SCOPED)).toEqual([
      'expires_at: The expiration lies more than 366 days ahead.',
    ]);
  });
});
