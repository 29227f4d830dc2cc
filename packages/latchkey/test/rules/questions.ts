/** Random worlds for the property tests, and a plain one for the truth tables. */
import fc from 'fast-check';
import { type PermissionName, type PermissionSet } from '../../src/catalogue/permissions.ts';
import { REPOSITORY_ROLES } from '../../src/catalogue/roles.ts';
import {
  ANY_OWNER,
  type Bearer,
  type Grant,
  type Need,
  type OwnerRecord,
  type Policy,
  type Question,
  type RepositoryRecord,
  type SsoProofs,
  type Target,
  TOKEN_KINDS,
  type TokenRecord,
  type UserRecord,
  VISIBILITIES,
} from '../../src/rules/model.ts';
import { effectivePolicy, NO_POLICY } from '../../src/rules/policy.ts';
import { DEFAULT_PROTECTION } from '../../src/rules/refs/ref-protections.ts';

export const NOW = 1_800_000_000;
export const DAY = 86_400;
export const ADA: UserRecord = {
  id: 1,
  login: 'ada',
  admin: false,
  hasTwoFactor: true,
  suspendedAt: null,
  disabledByProviderAt: null,
  lockedAt: null,
  keeper: null,
};
export const OPEN_POLICY: Policy = effectivePolicy(NO_POLICY, { ...NO_POLICY, requiresApproval: false });

export const ACME: OwnerRecord = { id: 10, login: 'acme', kind: 'organization', role: 'member', policy: OPEN_POLICY };
export const SITE: RepositoryRecord = {
  id: 100,
  ownerId: 10,
  name: 'site',
  visibility: 'private',
  archivedAt: null,
  role: 'write',
  objectFormat: 'sha1',
  protections: [],
};

export const CLONE: Need = { sets: [{ git: 'read' }], publicRead: true, writes: false };
export const PUSH: Need = { sets: [{ git: 'write' }], publicRead: false, writes: true };

export function grant(changes: Partial<Grant> = {}): Grant {
  return {
    id: 1,
    ownerId: 10,
    selection: 'all',
    repositoryIds: new Set(),
    permissions: { contents: 'write', metadata: 'read' },
    state: 'active',
    ...changes,
  };
}

export function token(changes: Partial<TokenRecord> = {}): TokenRecord {
  return {
    id: 7,
    userId: 1,
    kind: 'fine-grained',
    name: 'ci',
    lastEight: 'abcdefgh',
    issuedAt: NOW - DAY,
    expiresAt: NOW + DAY,
    notBeforeAt: null,
    revokedAt: null,
    revokedBy: null,
    secretState: 'current',
    secretEndsAt: null,
    scopes: [],
    derived: null,
    grants: [grant()],
    allowedAddresses: null,
    usesLeft: null,
    refRules: null,
    ssoOrganizationIds: new Set(),
    excludedOrganizationIds: new Set(),
    ...changes,
  };
}

export function onSite(
  repository: Partial<RepositoryRecord> | null = {},
  owner: Partial<OwnerRecord> | null = {},
): Target {
  return {
    kind: 'repository',
    fullName: 'acme/site',
    owner: owner === null ? null : { ...ACME, ...owner },
    repository: repository === null || owner === null ? null : { ...SITE, ...repository },
  };
}

export function ask(changes: Partial<Question> = {}): Question {
  return {
    bearer: { via: 'token', token: token(), user: ADA },
    need: CLONE,
    target: onSite(),
    at: NOW,
    address: '192.0.2.7',
    ...changes,
  };
}

export function askWith(changes: Partial<TokenRecord>, rest: Partial<Question> = {}): Question {
  return ask({ bearer: { via: 'token', token: token(changes), user: ADA }, ...rest });
}

const names = fc.constantFrom<PermissionName>(
  'contents',
  'git',
  'metadata',
  'issues',
  'workflows',
  'administration',
  'members',
  'organization_hooks',
  'emails',
);
const levels = fc.constantFrom('read' as const, 'write' as const, 'admin' as const);
const permissionSet = fc
  .array(fc.tuple(names, levels), { maxLength: 4 })
  .map((pairs) => Object.fromEntries(pairs) as PermissionSet);
const grants: fc.Arbitrary<Grant> = fc.record({
  id: fc.nat(50),
  ownerId: fc.constantFrom(10, 11, 1, ANY_OWNER, 0),
  selection: fc.constantFrom('public', 'all', 'selected'),
  repositoryIds: fc.constantFrom(new Set<number>(), new Set([100]), new Set([101])),
  permissions: permissionSet,
  state: fc.constantFrom('active', 'active', 'active', 'pending', 'denied', 'revoked'),
});
const needs: fc.Arbitrary<Need> = fc.record({
  sets: fc.array(permissionSet, { maxLength: 3 }),
  publicRead: fc.boolean(),
  writes: fc.boolean(),
});
const kindPolicy = fc.record({
  allowed: fc.constantFrom(true, true, false),
  maxLifetimeDays: fc.constantFrom(null, null, 1, 366),
  decidedBy: fc.constant('organization' as const),
  capDecidedBy: fc.constant('organization' as const),
});
const policies: fc.Arbitrary<Policy> = fc.record({
  kinds: fc.record({ 'fine-grained': kindPolicy, classic: kindPolicy, scoped: kindPolicy }),
  requiresApproval: fc.boolean(),
  exemptAdministrators: fc.boolean(),
  allowedAddresses: fc.constantFrom(null, null, ['192.0.2.0/24'], ['10.0.0.0/8']),
  requiresSso: fc.constantFrom(false, false, true),
  ssoIssuer: fc.constantFrom(null, 'https://id.example.org'),
  twoFactorFrom: fc.constantFrom(null, null, NOW, NOW + 1),
  twoFactorDecidedBy: fc.constant('organization' as const),
  basePermission: fc.constant('read' as const),
});
const owners: fc.Arbitrary<OwnerRecord> = fc.record({
  id: fc.constantFrom(10, 1),
  login: fc.constant('acme'),
  kind: fc.constantFrom('organization', 'organization', 'user'),
  role: fc.constantFrom(null, 'member', 'owner'),
  policy: policies,
});
const repositories: fc.Arbitrary<RepositoryRecord> = fc.record({
  id: fc.constantFrom(100, 101),
  ownerId: fc.constant(10),
  name: fc.constant('site'),
  visibility: fc.constantFrom(...VISIBILITIES),
  archivedAt: fc.constantFrom(null, null, NOW - 5),
  role: fc.constantFrom(null, ...REPOSITORY_ROLES),
  objectFormat: fc.constant('sha1' as const),
  protections: fc.constantFrom(
    [],
    [{ pattern: 'refs/heads/main', ...DEFAULT_PROTECTION, update: 'maintain' as const }],
  ),
});
const tokens: fc.Arbitrary<TokenRecord> = fc.record({
  id: fc.constant(7),
  userId: fc.constant(1),
  kind: fc.constantFrom(...TOKEN_KINDS),
  name: fc.constant('ci'),
  lastEight: fc.constant('abcdefgh'),
  issuedAt: fc.constant(NOW - DAY),
  expiresAt: fc.constantFrom(null, NOW + DAY, NOW + DAY, NOW - 1),
  notBeforeAt: fc.constantFrom(null, null, NOW - 1, NOW + 1),
  revokedAt: fc.constantFrom(null, null, null, NOW - 1),
  revokedBy: fc.constant(null),
  secretState: fc.constantFrom('current', 'current', 'overlapping', 'replaced'),
  secretEndsAt: fc.constantFrom(null, NOW + 5, NOW - 5),
  scopes: fc.constantFrom([], ['repo'], ['read:org']),
  grants: fc.array(grants, { maxLength: 3 }),
  allowedAddresses: fc.constantFrom(null, null, ['192.0.2.0/24'], ['2001:db8::/32']),
  usesLeft: fc.constantFrom(null, null, 3, 0),
  refRules: fc.constantFrom(null, null, [{ pattern: 'refs/heads/agent/**', allow: ['create', 'update'] as const }]),
  ssoOrganizationIds: fc.constantFrom(new Set<number>(), new Set([10])),
  excludedOrganizationIds: fc.constantFrom(new Set<number>(), new Set<number>(), new Set([10])),
  derived: fc.constant(null),
});
const users: fc.Arbitrary<UserRecord> = fc.record({
  id: fc.constant(1),
  login: fc.constant('ada'),
  admin: fc.boolean(),
  hasTwoFactor: fc.boolean(),
  suspendedAt: fc.constantFrom(null, null, null, NOW - 1),
  disabledByProviderAt: fc.constantFrom(null, null, null, NOW - 1),
  lockedAt: fc.constantFrom(null, null, null, NOW - 1),
  keeper: fc.constant(null),
});
const bearers: fc.Arbitrary<Bearer> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ via: fc.constant('token' as const), token: tokens, user: users }) },
  fc.record({
    via: fc.constant('session' as const),
    user: users,
    proofs: fc.constantFrom<SsoProofs>(
      new Map(),
      new Map([[10, { until: NOW + 1, issuer: 'https://id.example.org' }]]),
      new Map([[10, { until: NOW + 1, issuer: null }]]),
      new Map([[10, { until: NOW, issuer: 'https://id.example.org' }]]),
    ),
  }),
  fc.record({
    via: fc.constant('key' as const),
    key: fc.record({
      id: fc.constant(1),
      fingerprint: fc.constant('SHA256:x'),
      deploys: fc.record({ repositoryId: fc.constant(100), readOnly: fc.boolean() }),
    }),
    user: fc.constant(null),
  }),
  fc.record({
    via: fc.constant('key' as const),
    key: fc.constant({ id: 2, fingerprint: 'SHA256:y', deploys: null }),
    user: users,
  }),
  fc.constant({ via: 'nobody' as const }),
);
const targets: fc.Arbitrary<Target> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc
      .record({
        kind: fc.constant('repository' as const),
        fullName: fc.constant('acme/site'),
        owner: fc.option(owners, { freq: 8 }),
        repository: fc.option(repositories, { freq: 6 }),
      })
      .map((target) => (target.owner === null ? { ...target, repository: null } : target)),
  },
  fc.record({
    kind: fc.constantFrom('organization' as const, 'account' as const),
    fullName: fc.constant('acme'),
    owner: fc.option(owners, { freq: 8 }),
  }),
  fc.constant({ kind: 'instance' as const }),
);

/** Any question at all, allowed often enough that a property sees both answers. */
export const questions: fc.Arbitrary<Question> = fc.record({
  bearer: bearers,
  need: needs,
  target: targets,
  at: fc.constant(NOW),
  address: fc.constantFrom('192.0.2.7', '10.1.2.3', '2001:db8::1', 'not-an-address'),
});
