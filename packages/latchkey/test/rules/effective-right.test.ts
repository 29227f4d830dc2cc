/**
 * In random worlds, of people and of machine accounts, the sentence about a token says what `decide` answers: it is
 * read back, word by word, and each claim is held against the decision about each single repository, and the other way
 * round.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { atLeast, type Level, type PermissionName, permissionNamed, wholeOf } from '../../src/catalogue/permissions.ts';
import { type BasePermission, REPOSITORY_ROLES, type RepositoryRole } from '../../src/catalogue/roles.ts';
import { decide } from '../../src/rules/decide.ts';
import { grantsOfScopes } from '../../src/rules/grant.ts';
import {
  type OrganizationRole,
  type OwnerRecord,
  type Policy,
  type RepositoryRecord,
  type Target,
  TOKEN_KINDS,
  type UserRecord,
  VISIBILITIES,
} from '../../src/rules/model.ts';
import { joinedReach, type Reach } from '../../src/rules/reach.ts';
import { derivedRight, derivedSentence } from '../../src/rules/right/derived-right.ts';
import { approvalOf } from '../../src/rules/right/request-words.ts';
import { type RightFacts, type RightGrant, rightSentence } from '../../src/rules/right/right-sentence.ts';
import { roleIn } from '../../src/rules/role.ts';
import { tokenState } from '../../src/rules/token-state.ts';
import { ACME, ADA, DAY, NOW, token as stored } from './questions.ts';
import { HOME, worldOf } from './right-worlds.ts';

const NOUNS: Readonly<Record<string, PermissionName>> = {
  code: 'contents',
  issues: 'issues',
  workflows: 'workflows',
  pages: 'pages',
  administration: 'administration',
  metadata: 'metadata',
  members: 'members',
  'email addresses': 'emails',
};
const RUNS = { numRuns: 2_000 };

interface World {
  readonly user: UserRecord;
  readonly owners: readonly [home: OwnerRecord, acme: OwnerRecord];
  readonly repositories: readonly RepositoryRecord[];
  readonly token: RightFacts;
}

/** Something that a sentence claims: this permission at this level, in these places. */
interface Claim {
  readonly permission: PermissionName;
  readonly level: Level;
  readonly where: string;
}

const kindPolicy = fc.record({
  allowed: fc.constantFrom(true, true, true, false),
  maxLifetimeDays: fc.constantFrom(null, null, null, 1),
  decidedBy: fc.constant('organization' as const),
  capDecidedBy: fc.constant('organization' as const),
});
const policies: fc.Arbitrary<Policy> = fc.record({
  kinds: fc.record({ 'fine-grained': kindPolicy, classic: kindPolicy, scoped: kindPolicy }),
  requiresApproval: fc.constant(false),
  exemptAdministrators: fc.boolean(),
  allowedAddresses: fc.constantFrom(null, ['192.0.2.0/24']),
  requiresSso: fc.constantFrom(false, false, false, true),
  ssoIssuer: fc.constantFrom(null, 'https://id.example.org'),
  twoFactorFrom: fc.constantFrom(null, null, null, NOW),
  twoFactorDecidedBy: fc.constant('organization' as const),
  basePermission: fc.constantFrom<BasePermission>('none', 'read', 'write', 'admin'),
});
const homePolicies = policies.map((policy) => ({
  ...policy,
  allowedAddresses: null,
  requiresSso: false,
  basePermission: 'read' as const,
}));
const repositoryFacts = fc.record({
  visibility: fc.constantFrom(...VISIBILITIES),
  archivedAt: fc.constantFrom(null, null, NOW - 5),
  given: fc.constantFrom<RepositoryRole | null>(null, null, ...REPOSITORY_ROLES),
  byTeam: fc.constantFrom<RepositoryRole | null>(null, null, ...REPOSITORY_ROLES),
});
const level = fc.constantFrom<Level>('read', 'write', 'admin');
const inRepositories = ['contents', 'issues', 'workflows', 'pages', 'administration'] as const;
const grantFacts = (ownOnly: boolean, others: readonly PermissionName[]) =>
  fc.record({
    selection: fc.constantFrom('all' as const, 'all' as const, 'selected' as const),
    chosen: fc.subarray(ownOnly ? [1, 2] : [3, 4, 5]),
    state: fc.constantFrom('active', 'active', 'active', 'active', 'pending', 'denied', 'revoked'),
    permissions: fc
      .dictionary(fc.constantFrom<string>(...inRepositories, ...others), level, { minKeys: 1, maxKeys: 3 })
      .map((set) => fitted({ ...set, metadata: 'read' })),
  });

/** The set with each level as the permission has it. */
function fitted(set: Readonly<Record<string, Level>>): RightGrant['permissions'] {
  return Object.fromEntries(
    Object.entries(set).map(([name, wanted]) => {
      const levels = permissionNamed(name)?.levels ?? [];
      return [name, levels.findLast((each) => atLeast(wanted, each)) ?? levels[0]];
    }),
  ) as RightGrant['permissions'];
}

const worlds: fc.Arbitrary<World> = fc
  .record({
    hasTwoFactor: fc.constantFrom(true, true, false),
    admin: fc.boolean(),
    keeper: fc.constantFrom(
      null,
      null,
      { id: ACME.id, login: 'acme', kind: 'organization' as const },
      { id: 77, login: 'bob', kind: 'user' as const },
    ),
    suspendedAt: fc.constantFrom(null, null, null, null, NOW - 1),
    role: fc.constantFrom<OrganizationRole | null>(null, 'member', 'member', 'owner'),
    homePolicy: homePolicies,
    acmePolicy: policies,
    facts: fc.array(repositoryFacts, { minLength: 5, maxLength: 5 }),
    kind: fc.constantFrom(...TOKEN_KINDS, 'fine-grained' as const),
    scopes: fc.constantFrom(['repo'], ['public_repo'], ['repo:status'], ['read:org']),
    gitlabScopes: fc.constantFrom(['api'], ['read_api'], ['read_repository'], ['read_user']),
    expiresAt: fc.constantFrom(null, NOW + DAY, NOW + DAY, NOW + DAY, NOW - 1),
    notBeforeAt: fc.constantFrom(null, null, NOW - 1, NOW + 5),
    excluded: fc.constantFrom(false, false, true),
    authorized: fc.boolean(),
    own: fc.option(grantFacts(true, ['emails']), { nil: null }),
    towards: fc.option(grantFacts(false, ['members']), { freq: 4, nil: null }),
  })
  .map(({ homePolicy, acmePolicy, role, facts, own, towards, excluded, authorized, ...rest }) => {
    const { hasTwoFactor, admin, keeper, suspendedAt, kind, scopes, gitlabScopes, expiresAt, notBeforeAt } = rest;
    // A machine account administers nothing.
    const user = { ...ADA, hasTwoFactor, admin: admin && keeper === null, keeper, suspendedAt };
    const owners = [
      { ...HOME, policy: homePolicy },
      { ...ACME, role, policy: acmePolicy },
    ] as const;
    const given = new Set(
      facts.flatMap((each, i) => ((each.given !== null || each.byTeam !== null) && i >= 2 ? [i + 1] : [])),
    );
    const repositories = facts.map((each, i): RepositoryRecord => {
      const owner = i < 2 ? owners[0] : owners[1];
      return {
        id: i + 1,
        ownerId: owner.id,
        name: `r${i + 1}`,
        visibility: each.visibility,
        archivedAt: each.archivedAt,
        objectFormat: 'sha1',
        protections: [],
        role: roleIn({
          ownsAsUser: owner.id === user.id,
          organizationRole: owner.role,
          basePermission: owner.policy.basePermission,
          collaboratorRole: i < 2 ? null : each.given,
          teamRole: i < 2 ? null : each.byTeam,
          visibility: each.visibility,
          signedIn: true,
        }),
      };
    });
    const grants = [own, towards].flatMap((grant, i): RightGrant[] => {
      const owner = owners[i as 0 | 1];
      if (grant === null || kind !== 'fine-grained') return [];
      const ids = grant.selection === 'all' ? [] : grant.chosen;
      return [
        {
          id: i + 1,
          ownerId: owner.id,
          owner: owner.login,
          ownerKind: i === 0 ? 'self' : 'organization',
          selection: grant.selection,
          repositoryIds: new Set(ids),
          repositoryNames: ids.map((id) => `r${id}`),
          permissions: grant.permissions,
          state: i === 0 ? 'active' : grant.state,
          request: null,
          decidedAt: null,
        },
      ];
    });
    const base = {
      ...stored({ kind, scopes: kind === 'classic' ? scopes : kind === 'scoped' ? gitlabScopes : [], expiresAt }),
      notBeforeAt,
      issuedAt: NOW - 2 * DAY,
      ssoOrganizationIds: new Set(authorized ? [ACME.id] : []),
      excludedOrganizationIds: new Set(excluded && kind !== 'fine-grained' ? [ACME.id] : []),
    };
    const state = tokenState(base, user, kind === 'fine-grained' ? grants.map((each) => each.state) : ['active'], NOW);
    const token: RightFacts = {
      ...base,
      state,
      grants,
      takenBackAt: new Map(),
      refRules: null,
      world: worldOf({ user, owners, repositories, given }),
    };
    return { user, owners, repositories, token };
  });

/** What `decide` says of one permission at one place. */
function allows(
  { user, token }: World,
  target: Target,
  sets: readonly Partial<Record<string, Level>>[],
  writes = sets.some((set) => Object.values(set).some((each) => each !== 'read')),
): boolean {
  const own = token.kind === 'fine-grained' ? token.grants : grantsOfScopes(token.kind, token.scopes);
  const grants = token.derivation?.held ?? own;
  const derived = token.derivation?.facts ?? null;
  return decide({
    bearer: {
      via: 'token',
      token: { ...token, grants, secretState: 'current', secretEndsAt: null, derived },
      user,
    },
    need: { sets, publicRead: false, writes },
    target,
    at: Math.max(NOW, token.notBeforeAt ?? NOW),
    address: '192.0.2.7',
  }).allowed;
}

function targetOf({ owners }: World, repository: RepositoryRecord): Target {
  const owner = owners.find(({ id }) => id === repository.ownerId) ?? null;
  return { kind: 'repository', owner, repository, fullName: repository.name };
}

/** Everything that sentences say a token can do. */
function claimsOf(sentence: string): Claim[] {
  const said = [
    ...sentence.matchAll(/(?:^|\. )(?:Can|Will be able to) (.+?)(?: from \d+ \w+ \d+, \d+:\d+ UTC)?(?=\.(?: |$))/g),
  ];
  return said
    .flatMap(([, words = '']) => words.split('; '))
    .filter((words) => words !== 'read public repositories')
    .flatMap((words) => {
      const [, deeds = '', where = ''] = /^(.+?) ((?:in|of) .+)$/.exec(words) ?? [];
      let now: Level = 'read';
      return [
        ...deeds.matchAll(new RegExp(`read and write|read|write|administer|${Object.keys(NOUNS).join('|')}`, 'g')),
      ]
        .map(([word]) => word)
        .flatMap((word): Claim[] => {
          const permission = NOUNS[word];
          if (permission !== undefined) return [{ permission, level: now, where }];
          now = word === 'administer' ? 'admin' : word === 'read' ? 'read' : 'write';
          return [];
        });
    });
}

/** The repositories that a place names, or how many. */
function namedIn(where: string, { owners, repositories }: World): RepositoryRecord[] | number {
  const [home, acme] = owners;
  const of = ({ id }: OwnerRecord) => repositories.filter(({ ownerId }) => ownerId === id);
  if (where === 'in all your repositories') return of(home);
  if (where === 'in all repositories of acme') return of(acme);
  const count = /^in (\d+) (?:of your repositories|repositories of acme)$/.exec(where)?.[1];
  if (count !== undefined) return Number(count);
  return repositories.filter(({ name }) => new RegExp(`/${name}\\b`).test(where));
}

function checkGrant(world: World, grant: RightGrant, claims: readonly Claim[], told: string): void {
  const { owners, repositories } = world;
  const owner = owners.find(({ id }) => id === grant.ownerId);
  const isHere = ({ where }: Claim) => /your|ada\//.test(where) === (grant.ownerKind === 'self');
  for (const [name, granted] of Object.entries(grant.permissions) as [PermissionName, Level][]) {
    if (name === 'metadata') continue;
    const permission = permissionNamed(name);
    const mine = claims.filter((claim) => claim.permission === name && isHere(claim));
    if (permission?.group !== 'repository') {
      const target: Target = {
        kind: grant.ownerKind === 'self' ? 'account' : 'organization',
        owner: owner ?? null,
        fullName: '',
      };
      for (const each of permission?.levels ?? [])
        expect([told, name, each, mine.some((claim) => atLeast(claim.level, each))]).toEqual([
          told,
          name,
          each,
          atLeast(granted, each) && allows(world, target, [{ [name]: each }]),
        ]);
      continue;
    }
    for (const each of permission.levels) {
      const works = repositories.filter(
        (repository) =>
          repository.ownerId === grant.ownerId &&
          atLeast(granted, each) &&
          allows(world, targetOf(world, repository), [{ [name]: each }]),
      );
      const places = mine.filter((claim) => atLeast(claim.level, each)).map(({ where }) => namedIn(where, world));
      const names = places.flatMap((place) => (typeof place === 'number' ? [] : place.map((one) => one.name)));
      const counted = places.reduce<number>(
        (sum, place) => sum + (typeof place === 'number' ? place : place.length),
        0,
      );
      expect([told, name, each, counted]).toEqual([told, name, each, works.length]);
      expect(works.map((one) => one.name)).toEqual(expect.arrayContaining(names));
    }
  }
}

test('what the sentence about a fine-grained token says is what the decision answers', () => {
  fc.assert(
    fc.property(worlds, (world) => {
      const { token } = world;
      const told = rightSentence(token, 'owner');
      const claims = claimsOf(told);
      if (token.kind !== 'fine-grained') return;
      for (const grant of token.grants) checkGrant(world, grant, claims, told);
    }),
    RUNS,
  );
});

test('what the sentence about a classic or scoped token counts is what the decision answers', () => {
  fc.assert(
    fc.property(worlds, (world) => {
      const { token, owners, repositories, user } = world;
      if (token.kind === 'fine-grained') return;
      const told = rightSentence(token, 'owner');
      const grants = grantsOfScopes(token.kind, token.scopes);
      const sets = grants.flatMap(({ permissions }) =>
        Object.keys(permissions).flatMap((name) => {
          const permission = permissionNamed(wholeOf(name as PermissionName));
          return permission?.group === 'repository' && name !== 'metadata' ? [{ [name]: permission.levels[0] }] : [];
        }),
      );
      const given = new Set([...token.world.places.values()].flat().flatMap((p) => (p.given ? [p.repository.id] : [])));
      const isAtHome = (one: RepositoryRecord) =>
        one.ownerId === user.id || owners[1].role !== null || given.has(one.id);
      const works = repositories.filter(
        (one) => sets.length > 0 && isAtHome(one) && allows(world, targetOf(world, one), sets, false),
      );
      const counted = /, (\d+|none) today|That is (\d+|one) repositor/.exec(told);
      const said = counted?.[1] ?? counted?.[2] ?? 'none';
      expect([told, said === 'none' ? 0 : said === 'one' ? 1 : Number(said)]).toEqual([told, works.length]);
      const reached = repositories.some((one) => one.ownerId === ACME.id && isAtHome(one)) || owners[1].role !== null;
      const organization: Target = { kind: 'organization', owner: owners[1], fullName: 'acme' };
      const answered = allows(world, organization, [{ organization_projects: 'read' }]);
      if (reached && told.startsWith('Can') && grants.some(({ permissions }) => permissions.organization_projects))
        expect([told, /(?:Nothing|Could) in acme/.test(told) || owners[1].role === null]).toEqual([told, !answered]);
    }),
    RUNS,
  );
});

const narrowings = fc.record({
  permissions: fc.option(
    fc
      .dictionary(fc.constantFrom<string>(...inRepositories, 'members', 'emails'), level, { minKeys: 1, maxKeys: 3 })
      .map(fitted),
    { freq: 3, nil: null },
  ),
  repositoryIds: fc.option(fc.subarray([1, 2, 3, 4, 5]), { freq: 2, nil: null }),
  scopes: fc.constant(null),
  refRules: fc.constant(null),
  allowedAddresses: fc.constantFrom(null, ['192.0.2.0/24']),
});
const DERIVED = {
  id: 9,
  parentId: null,
  createdAt: NOW - 5,
  expiresAt: NOW + 60,
  agent: null,
  session: null,
  workload: null,
};

test('what the sentence about a derived token says is what the decision answers', () => {
  fc.assert(
    fc.property(worlds, narrowings, (root, narrowing) => {
      const { token: from, owners, repositories } = root;
      const ids = narrowing.repositoryIds;
      // Of scopes a sentence names everything only where few permissions in few repositories are left.
      if (from.kind !== 'fine-grained' && (ids === null || narrowing.permissions === null)) return;
      const token = derivedRight(from, { ...DERIVED, narrowing });
      const world = { ...root, token };
      const told = derivedSentence(from, { ...DERIVED, narrowing }, 'owner');
      const claims = claimsOf(told);
      if (from.kind === 'fine-grained') for (const grant of from.grants) checkGrant(world, grant, claims, told);
      else
        for (const owner of owners) {
          const isHome = owner.id === HOME.id;
          const chosen = repositories.filter(({ id, ownerId }) => ownerId === owner.id && ids?.includes(id));
          if (chosen.length === 0) continue;
          const held = narrowing.permissions ?? {};
          const granted = Object.keys(held).filter((name) => permissionNamed(name)?.group === 'repository');
          const permissions = Object.fromEntries(granted.map((name) => [name, held[name as PermissionName]]));
          const grant = { ownerId: owner.id, ownerKind: isHome ? 'self' : 'organization', permissions } as RightGrant;
          checkGrant(world, grant, claims, told);
        }
    }),
    RUNS,
  );
});

/** A reach as a grant has it. */
function reachOf({ selection, repositoryIds, permissions }: Reach) {
  const ids = [...repositoryIds];
  const repositoryNames = ids.map((id) => `r${id}`);
  return { selection, permissions, repositoryIds: new Set(ids), repositoryNames };
}

const requests = fc.record({
  selection: fc.constantFrom('all' as const, 'selected' as const),
  chosen: fc.subarray([3, 4, 5]),
  permissions: fc
    .dictionary(fc.constantFrom<string>(...inRepositories, 'members'), level, { minKeys: 1, maxKeys: 2 })
    .map((set) => fitted({ ...set, metadata: 'read' })),
});

test('what a request is said to open is what the decision allows after an approval, and not before', () => {
  fc.assert(
    fc.property(worlds, requests, (world, { selection, chosen, permissions }) => {
      const { token, owners, repositories } = world;
      const held = token.grants.find(({ ownerId }) => ownerId === ACME.id);
      if (held === undefined || token.state !== 'active') return;
      const ids = selection === 'all' ? [] : chosen;
      const asked = { selection, repositoryIds: ids, repositoryNames: ids.map((id) => `r${id}`), permissions };
      const isMore = held.state === 'active';
      const grant: RightGrant = isMore ? { ...held, request: asked } : { ...held, ...reachOf(asked), request: asked };
      const told = approvalOf(token, grant, 'owner') ?? '';
      const claims = claimsOf(told.replace(/^Approved, it could (?:newly )?/, 'Can '));
      const reach = isMore ? joinedReach(held, asked) : asked;
      const of = (grants: readonly RightGrant[]) => ({ ...world, token: { ...token, grants } });
      const before = of(isMore ? [held] : []);
      const after = of([{ ...held, ...reachOf(reach), state: 'active' }]);
      const isGained = (target: Target, name: string, each: Level): boolean =>
        allows(after, target, [{ [name]: each }]) && !allows(before, target, [{ [name]: each }]);
      for (const [name, granted] of Object.entries(reach.permissions) as [PermissionName, Level][]) {
        if (name === 'metadata') continue;
        const permission = permissionNamed(name);
        const mine = claims.filter((claim) => claim.permission === name);
        for (const each of permission?.levels ?? []) {
          if (!atLeast(granted, each)) continue;
          const claimed = mine.filter((claim) => atLeast(claim.level, each));
          const organization: Target = { kind: 'organization', owner: owners[1], fullName: 'acme' };
          if (permission?.group !== 'repository') {
            if (isGained(organization, name, each))
              expect([told, name, each, claimed.length > 0]).toEqual([told, name, each, true]);
            continue;
          }
          const gained = repositories.filter(
            (one) => one.ownerId === ACME.id && isGained(targetOf(world, one), name, each),
          );
          const works = repositories.filter(
            (one) => one.ownerId === ACME.id && allows(after, targetOf(world, one), [{ [name]: each }]),
          );
          const places = claimed.map(({ where }) => namedIn(where, world));
          const counted = places.reduce<number>((sum, one) => sum + (typeof one === 'number' ? one : one.length), 0);
          // A higher level says the lower one with it: so at least what is gained, and never what doesn't work then.
          expect([told, name, each, counted >= gained.length && counted <= works.length]).toEqual([
            told,
            name,
            each,
            true,
          ]);
          const isHighest = (permission?.levels ?? []).findLast((one) => atLeast(granted, one)) === each;
          if (isHighest) expect([told, name, counted]).toEqual([told, name, gained.length]);
        }
      }
    }),
    RUNS,
  );
});

test('most sentences of the random worlds say something that works, and many that something does not', () => {
  const told = fc.sample(worlds, { numRuns: 300, seed: 7 }).map(({ token }) => rightSentence(token, 'owner'));
  expect(told.filter((sentence) => claimsOf(sentence).length > 0).length).toBeGreaterThan(50);
  expect(told.filter((sentence) => /More was|Nothing|but nothing now/.test(sentence)).length).toBeGreaterThan(60);
});
