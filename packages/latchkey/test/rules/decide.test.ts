import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { PermissionSet } from '../../src/catalogue/permissions.ts';
import type { Reason } from '../../src/catalogue/refusals/refusals.ts';
import type { RepositoryRole } from '../../src/catalogue/roles.ts';
import { type Decision, decide, STAGES } from '../../src/rules/decide.ts';
import type { Bearer, Need, OwnerRecord, Question, SsoProofs, TokenRecord, UserRecord } from '../../src/rules/model.ts';
import { effectivePolicy, NO_POLICY, type StoredPolicy } from '../../src/rules/policy.ts';
import { DEFAULT_PROTECTION } from '../../src/rules/refs/ref-protections.ts';
import { ACME, ADA, ask, askWith, DAY, grant, NOW, onSite, PUSH, questions, token } from './questions.ts';

function reasons(decision: Decision): Reason[] {
  return decision.allowed ? [] : decision.refusals.map((refusal) => refusal.reason);
}

const policy = (changes: Partial<StoredPolicy>) =>
  effectivePolicy(NO_POLICY, { ...NO_POLICY, requiresApproval: false, ...changes });
const scopes = (permissions: PermissionSet, selection: 'all' | 'public' = 'all') => [
  grant({ ownerId: -1, selection, permissions }),
];

const PLAIN: UserRecord = { ...ADA, hasTwoFactor: false };
const DEMANDED = policy({ twoFactorFrom: NOW });
const NO_CLASSIC = policy({ allowed: { ...NO_POLICY.allowed, classic: false } });
const OUTSIDE = policy({ allowedAddresses: ['10.0.0.0/8'] });

const ISSUER = 'https://id.example.org';
const SSO = policy({ requiresSso: true, ssoIssuer: ISSUER });
const CHANGE_POLICY: Need = { sets: [{ organization_administration: 'write' }], publicRead: false, writes: true };

/** A session at a private repository of an organization that requires single sign-on. */
const signedIn = (proofs?: SsoProofs, owner: Partial<OwnerRecord> = {}, user = ADA): Question =>
  ask({
    bearer: proofs === undefined ? { via: 'session', user } : { via: 'session', user, proofs },
    target: onSite({}, { policy: SSO, ...owner }),
  });
const atPolicy = (owner: Partial<OwnerRecord>, user = ADA): Question => ({
  ...signedIn(undefined, {}, user),
  need: CHANGE_POLICY,
  target: { kind: 'organization', fullName: 'acme', owner: { ...ACME, policy: SSO, ...owner } },
});

const deployKey = (readOnly: boolean): Bearer => ({
  via: 'key',
  key: { id: 1, fingerprint: 'SHA256:x', deploys: { repositoryId: 100, readOnly } },
  user: null,
});

/** A person's own. */
const ownKey = (user: UserRecord = ADA): Bearer => ({
  via: 'key',
  key: { id: 1, fingerprint: 'SHA256:x', deploys: null },
  user,
});

const TOOLS = 'https://tools.example.org/mcp';
const DERIVED: NonNullable<TokenRecord['derived']> = {
  id: 3,
  lineage: [3],
  issuedAt: NOW,
  agent: null,
  session: null,
  repositoryIds: null,
  isNarrowed: false,
  root: { name: 'laptop', kind: 'fine-grained', issuedAt: NOW, expiresAt: null },
};

type Row = [what: string, question: Question, reasons: Reason[]];

/** The push of a commit to a ref, by a token whose rules allow, ask and refuse. */
function move(ref: string, isApproved = false): Question {
  const refRules = [
    { pattern: 'refs/heads/agent/**', allow: ['create', 'update'] },
    { pattern: 'refs/heads/main', allow: ['ask'] },
    { pattern: 'refs/heads/old', allow: [] },
  ] as const;
  const grants = [grant({ permissions: { contents: 'write' } })];
  return askWith({ refRules, grants }, { need: PUSH, move: { ref, act: 'update', isApproved } });
}

/** A push to a branch that only maintainers push to, by somebody with this role whose token asks first. */
function protectedMove(role: RepositoryRole, isApproved = false): Question {
  const protections = [{ pattern: 'refs/heads/main', ...DEFAULT_PROTECTION, update: 'maintain' as const }];
  const target = onSite({ role, protections });
  return { ...move('refs/heads/main', isApproved || role === 'maintain'), target };
}

/** A token for one service, or for this server alone, at each of them and elsewhere. */
function boundRows(): Row[] {
  const at = (bound: string | null, asked?: string | null): Question => {
    const derived = { ...DERIVED, resource: bound };
    return askWith({ derived }, asked === undefined ? {} : { resource: asked });
  };
  const elsewhere: Reason[] = ['token_for_other_resource'];
  return [
    ['a token for no single service works here', at(null), []],
    ['a token for no single service works at a service', at(null, TOOLS), []],
    ['a token for a service works there', at(TOOLS, TOOLS), []],
    ['a token for a service does not work here', at(TOOLS), elsewhere],
    ['a token for a service does not work at another', at(TOOLS, `${TOOLS}/other`), elsewhere],
    ['a token for a service does not work behind a map for any host', at(TOOLS, null), elsewhere],
    ['a token for this server works here', at(''), []],
    ['a token for this server does not work at a service', at('', TOOLS), elsewhere],
    ['a token for this server does not work behind a map for any host', at('', null), elsewhere],
    [
      'a token for a service reads nothing public elsewhere',
      { ...at(TOOLS), target: onSite({ visibility: 'public' }) },
      elsewhere,
    ],
  ];
}

const TABLE: readonly Row[] = [
  ['a token with contents: write clones', ask(), []],
  ['a token with contents: write pushes', ask({ need: PUSH }), []],
  ['a revoked token is dead', askWith({ revokedAt: NOW - 1 }), ['token_revoked']],
  ['a token lives until the second it expires', askWith({ expiresAt: NOW + 1 }), []],
  ['a token is dead from the second it expires', askWith({ expiresAt: NOW }), ['token_expired']],
  ['a token without end lives', askWith({ expiresAt: null }), []],
  ['a token is dead before its time', askWith({ notBeforeAt: NOW + 1 }), ['token_not_yet_valid']],
  ['a token lives from its time on', askWith({ notBeforeAt: NOW }), []],
  ['a replaced secret is dead', askWith({ secretState: 'replaced' }), ['token_replaced']],
  ['an overlapping secret lives until it ends', askWith({ secretState: 'overlapping', secretEndsAt: NOW + 1 }), []],
  [
    'an overlapping secret is dead when its time is over',
    askWith({ secretState: 'overlapping', secretEndsAt: NOW }),
    ['token_replaced'],
  ],
  ['a used-up token is dead', askWith({ usesLeft: 0 }), ['token_used_up']],
  [
    'a suspended owner kills the token',
    ask({ bearer: { via: 'token', token: token(), user: { ...ADA, suspendedAt: NOW } } }),
    ['owner_suspended'],
  ],
  [
    'an owner whom a provider disabled kills the token',
    ask({ bearer: { via: 'token', token: token(), user: { ...ADA, disabledByProviderAt: NOW } } }),
    ['owner_disabled_by_provider'],
  ],
  [
    'what an administrator and a provider did is told together',
    ask({ bearer: { via: 'token', token: token(), user: { ...ADA, suspendedAt: NOW, disabledByProviderAt: NOW } } }),
    ['owner_suspended', 'owner_disabled_by_provider'],
  ],
  [
    'a locked account freezes the token',
    ask({ bearer: { via: 'token', token: token(), user: { ...ADA, lockedAt: NOW } } }),
    ['account_locked'],
  ],
  [
    'everything that is dead is told at once',
    askWith({ revokedAt: NOW - 1, expiresAt: NOW - 1 }),
    ['token_revoked', 'token_expired'],
  ],
  [
    'a bad credential is refused on a public repository too',
    askWith({ revokedAt: NOW - 1 }, { target: onSite({ visibility: 'public' }) }),
    ['token_revoked'],
  ],
  ['an address outside the token’s list', askWith({ allowedAddresses: ['10.0.0.0/8'] }), ['address_not_allowed']],
  ['an address inside the token’s list', askWith({ allowedAddresses: ['192.0.2.0/24'] }), []],
  [
    'nobody reads a private repository',
    ask({ bearer: { via: 'nobody' }, target: onSite({ role: null }) }),
    ['credentials_missing'],
  ],
  [
    'nobody is told the same of a repository that is not there',
    ask({ bearer: { via: 'nobody' }, target: onSite(null) }),
    ['credentials_missing'],
  ],
  [
    'nobody reads a public repository',
    ask({ bearer: { via: 'nobody' }, target: onSite({ visibility: 'public', role: 'read' }) }),
    [],
  ],
  [
    'nobody pushes',
    ask({ bearer: { via: 'nobody' }, need: PUSH, target: onSite({ visibility: 'public', role: 'read' }) }),
    ['credentials_missing'],
  ],
  [
    'every token reads public repositories',
    askWith({ grants: [] }, { target: onSite({ visibility: 'public', role: 'read' }) }),
    [],
  ],
  [
    'an unselected repository looks like none',
    askWith({ grants: [grant({ selection: 'selected', repositoryIds: new Set([101]) })] }),
    ['not_found'],
  ],
  [
    'no repository looks like an unselected one',
    askWith({ grants: [grant({ selection: 'selected', repositoryIds: new Set([101]) })] }, { target: onSite(null) }),
    ['not_found'],
  ],
  ['an owner that is not there', ask({ target: onSite(null, null) }), ['not_found']],
  ['what the person may not see, the token does not', ask({ target: onSite({ role: null }) }), ['not_found']],
  ['a token with no grant sees public repositories only', askWith({ grants: [] }), ['public_only']],
  [
    'a read-only token does not push',
    askWith({ grants: [grant({ permissions: { contents: 'read' } })] }, { need: PUSH }),
    ['permission_missing'],
  ],
  [
    'metadata alone does not clone, and is told what is missing',
    askWith({ grants: [grant({ permissions: { metadata: 'read' } })] }),
    ['permission_missing'],
  ],
  [
    'what the person may not do, the token may not',
    ask({ need: PUSH, target: onSite({ role: 'read' }) }),
    ['role_insufficient'],
  ],
  [
    'token and role are both told',
    askWith(
      { grants: [grant({ permissions: { contents: 'read' } })] },
      { need: PUSH, target: onSite({ role: 'triage' }) },
    ),
    ['permission_missing', 'role_insufficient'],
  ],
  ...boundRows(),
  ['a key pushes what its person may', ask({ bearer: ownKey(), need: PUSH }), []],
  [
    'a key does not push what its person may not',
    ask({ bearer: ownKey(), target: onSite({ role: 'read' }), need: PUSH }),
    ['role_insufficient'],
  ],
  ['a suspended person’s key', ask({ bearer: ownKey({ ...ADA, suspendedAt: NOW }) }), ['owner_suspended']],
  ['a key of a locked account', ask({ bearer: ownKey({ ...ADA, lockedAt: NOW }) }), ['account_locked']],
  [
    'a key is kept out where classic tokens are',
    ask({ bearer: ownKey(), target: onSite({}, { policy: NO_CLASSIC }) }),
    ['key_forbidden'],
  ],
  [
    'a key is kept out where the life of classic tokens is capped',
    ask({
      bearer: ownKey(),
      target: onSite({}, { policy: policy({ maxLifetimeDays: { ...NO_POLICY.maxLifetimeDays, classic: 30 } }) }),
    }),
    ['key_forbidden'],
  ],
  [
    'a key is kept out where credentials are authorized for single sign-on',
    ask({ bearer: ownKey(), target: onSite({}, { policy: SSO }) }),
    ['key_forbidden'],
  ],
  [
    'a key clones what is public all the same',
    ask({ bearer: ownKey(), target: onSite({ visibility: 'public' }, { policy: SSO }) }),
    [],
  ],
  [
    'a key of somebody without the second factor that is required',
    ask({ bearer: ownKey(PLAIN), target: onSite({}, { policy: DEMANDED }) }),
    ['two_factor_required'],
  ],
  [
    'a deploy key is not kept out with the keys of people',
    ask({ bearer: deployKey(true), target: onSite({ role: 'read' }, { policy: NO_CLASSIC }) }),
    [],
  ],
  ['a deploy key clones its repository', ask({ bearer: deployKey(true), target: onSite({ role: 'read' }) }), []],
  [
    'a deploy key that reads does not push',
    ask({ bearer: deployKey(true), target: onSite({ role: 'read' }), need: PUSH }),
    ['key_reads_only'],
  ],
  ['a deploy key that writes pushes', ask({ bearer: deployKey(false), target: onSite(), need: PUSH }), []],
  [
    'a deploy key that writes is no administrator',
    ask({
      bearer: deployKey(false),
      target: onSite({ role: 'write' }),
      need: { sets: [{ administration: 'read' }], publicRead: false, writes: false },
    }),
    ['role_insufficient'],
  ],
  [
    'a deploy key sees no other repository',
    ask({ bearer: deployKey(false), target: onSite({ role: null }) }),
    ['not_found'],
  ],
  [
    'a deploy key reads what is public, and pushes nothing there',
    ask({ bearer: deployKey(false), target: onSite({ visibility: 'public', role: 'read' }), need: PUSH }),
    ['role_insufficient'],
  ],
  [
    'a deploy key keeps to the addresses of the organization',
    ask({ bearer: deployKey(false), target: onSite({}, { policy: OUTSIDE }) }),
    ['organization_address_not_allowed'],
  ],
  [
    'a deploy key is nobody anywhere else',
    ask({
      bearer: deployKey(false),
      need: CHANGE_POLICY,
      target: { kind: 'organization', fullName: 'acme', owner: ACME },
    }),
    ['role_insufficient'],
  ],
  [
    'a deploy key does nothing to the instance',
    ask({ bearer: deployKey(false), need: CHANGE_POLICY, target: { kind: 'instance' } }),
    ['role_insufficient'],
  ],
  [
    'an archived repository takes no push',
    ask({ need: PUSH, target: onSite({ archivedAt: NOW - DAY }) }),
    ['repository_archived'],
  ],
  ['an archived repository is cloned', ask({ target: onSite({ archivedAt: NOW - DAY }) }), []],
  ['a pending grant gives nothing', askWith({ grants: [grant({ state: 'pending' })] }), ['grant_pending']],
  [
    'a pending grant says the same of what is not there',
    askWith({ grants: [grant({ state: 'pending' })] }, { target: onSite(null) }),
    ['grant_pending'],
  ],
  [
    'a pending grant leaves public reads',
    askWith({ grants: [grant({ state: 'pending' })] }, { target: onSite({ visibility: 'public', role: 'read' }) }),
    [],
  ],
  ['a denied grant gives nothing', askWith({ grants: [grant({ state: 'denied' })] }), ['grant_denied']],
  ['a revoked grant gives nothing', askWith({ grants: [grant({ state: 'revoked' })] }), ['grant_revoked']],
  [
    'an old grant stays in force beside a pending one',
    askWith({ grants: [grant(), grant({ id: 2, state: 'pending' })] }),
    [],
  ],
  [
    'a push to a public repository of another owner',
    askWith({ grants: [grant({ ownerId: 11 })] }, { need: PUSH, target: onSite({ visibility: 'public' }) }),
    ['resource_owner_mismatch'],
  ],
  [
    'a push to a public repository that is not selected',
    askWith({ grants: [grant({ selection: 'selected' })] }, { need: PUSH, target: onSite({ visibility: 'public' }) }),
    ['repository_not_selected'],
  ],
  [
    'fine-grained tokens forbidden',
    ask({
      target: onSite({}, { policy: policy({ allowed: { 'fine-grained': false, classic: null, scoped: null } }) }),
    }),
    ['fine_grained_forbidden'],
  ],
  [
    'classic tokens forbidden',
    askWith(
      { kind: 'classic', grants: scopes({ contents: 'write' }) },
      { target: onSite({}, { policy: policy({ allowed: { 'fine-grained': null, classic: false, scoped: null } }) }) },
    ),
    ['classic_forbidden'],
  ],
  [
    'a forbidden kind still reads in public',
    ask({
      target: onSite(
        { visibility: 'public' },
        { policy: policy({ allowed: { 'fine-grained': false, classic: null, scoped: null } }) },
      ),
    }),
    [],
  ],
  [
    'a life over the cap',
    askWith(
      { expiresAt: NOW + 30 * DAY },
      {
        target: onSite({}, { policy: policy({ maxLifetimeDays: { 'fine-grained': 7, classic: null, scoped: null } }) }),
      },
    ),
    ['lifetime_over_policy'],
  ],
  [
    'a life at the cap',
    askWith(
      { issuedAt: NOW - DAY, expiresAt: NOW + 6 * DAY },
      {
        target: onSite({}, { policy: policy({ maxLifetimeDays: { 'fine-grained': 7, classic: null, scoped: null } }) }),
      },
    ),
    [],
  ],
  [
    'a life without end is over any cap',
    askWith(
      { expiresAt: null },
      {
        target: onSite(
          {},
          { policy: policy({ maxLifetimeDays: { 'fine-grained': 366, classic: null, scoped: null } }) },
        ),
      },
    ),
    ['lifetime_over_policy'],
  ],
  ...(['fine-grained', 'classic', 'scoped'] as const).flatMap((kind): Row[] => {
    const held = kind === 'fine-grained' ? {} : { grants: scopes({ contents: 'write' }) };
    const target = onSite({}, { policy: SSO });
    return [
      [`a ${kind} token without single sign-on`, askWith({ kind, ...held }, { target }), ['sso_not_authorized']],
      [
        `a ${kind} token that is authorized for single sign-on`,
        askWith({ kind, ...held, ssoOrganizationIds: new Set([10]) }, { target }),
        [],
      ],
      [
        `a ${kind} token that is authorized for another organization`,
        askWith({ kind, ...held, ssoOrganizationIds: new Set([11]) }, { target }),
        ['sso_not_authorized'],
      ],
      [
        `a ${kind} token of an outside collaborator, who is asked for no single sign-on`,
        askWith({ kind, ...held }, { target: onSite({}, { policy: SSO, role: null }) }),
        [],
      ],
      [
        `a ${kind} token without single sign-on at a public repository`,
        askWith({ kind, ...held }, { target: onSite({ visibility: 'public' }, { policy: SSO }) }),
        [],
      ],
    ];
  }),
  ['a session without a proof', signedIn(), ['sso_not_proved']],
  ['a session with a proof of this provider', signedIn(new Map([[10, { until: NOW + 1, issuer: ISSUER }]])), []],
  ['a session with a recovery code', signedIn(new Map([[10, { until: NOW + 1, issuer: null }]])), []],
  [
    'a session whose proof is over this very second',
    signedIn(new Map([[10, { until: NOW, issuer: ISSUER }]])),
    ['sso_not_proved'],
  ],
  [
    'a session with a proof of the provider that the organization had before',
    signedIn(new Map([[10, { until: NOW + 1, issuer: 'https://old.example.org' }]])),
    ['sso_not_proved'],
  ],
  [
    'a session with a proof for another organization',
    signedIn(new Map([[11, { until: NOW + 1, issuer: ISSUER }]])),
    ['sso_not_proved'],
  ],
  ['an outside collaborator’s session, of which no proof is asked', signedIn(undefined, { role: null }), []],
  ['an owner’s session without a proof at the policy', atPolicy({ role: 'owner' }), ['sso_not_proved']],
  [
    'an owner’s session at the policy of an organization that names no provider',
    atPolicy({ role: 'owner', policy: { ...SSO, ssoIssuer: null } }),
    [],
  ],
  [
    'an owner’s session at a repository of an organization that names no provider',
    signedIn(undefined, { role: 'owner', policy: { ...SSO, ssoIssuer: null } }),
    ['sso_not_proved'],
  ],
  [
    'a member’s session at the policy of an organization that names no provider',
    atPolicy({ role: 'member', policy: { ...SSO, ssoIssuer: null } }),
    ['sso_not_proved'],
  ],
  [
    'an administrator’s session without a proof at the policy, to lift it',
    atPolicy({ role: 'owner' }, { ...ADA, admin: true }),
    [],
  ],
  [
    'an administrator’s session without a proof at a repository, as a member',
    signedIn(undefined, {}, { ...ADA, admin: true }),
    ['sso_not_proved'],
  ],
  [
    'a classic token that the organization keeps out',
    askWith({ kind: 'classic', grants: scopes({ contents: 'write' }), excludedOrganizationIds: new Set([10]) }),
    ['grant_revoked'],
  ],
  [
    'a classic token that another organization keeps out',
    askWith({ kind: 'classic', grants: scopes({ contents: 'write' }), excludedOrganizationIds: new Set([11]) }),
    [],
  ],
  [
    'a classic token that is kept out, on a public repository',
    askWith(
      { kind: 'classic', grants: scopes({ contents: 'write' }), excludedOrganizationIds: new Set([10]) },
      { target: onSite({ visibility: 'public' }) },
    ),
    [],
  ],
  [
    'an address outside the organization’s list',
    ask({ target: onSite({}, { policy: policy({ allowedAddresses: ['10.0.0.0/8'] }) }) }),
    ['organization_address_not_allowed'],
  ],
  [
    'somebody without the second factor that is demanded since this very second, with a token',
    ask({ bearer: { via: 'token', token: token(), user: PLAIN }, target: onSite({}, { policy: DEMANDED }) }),
    ['two_factor_required'],
  ],
  [
    'the same a second before it counts',
    ask({
      bearer: { via: 'token', token: token(), user: PLAIN },
      target: onSite({}, { policy: DEMANDED }),
      at: NOW - 1,
    }),
    [],
  ],
  [
    'somebody without the second factor, signed in',
    ask({ bearer: { via: 'session', user: PLAIN }, target: onSite({}, { policy: DEMANDED }) }),
    ['two_factor_required'],
  ],
  [
    'somebody without the second factor, reading what is public',
    ask({
      bearer: { via: 'token', token: token(), user: PLAIN },
      target: onSite({ visibility: 'public' }, { policy: DEMANDED }),
    }),
    [],
  ],
  [
    'somebody without the second factor, pushing to what is public',
    ask({
      bearer: { via: 'token', token: token(), user: PLAIN },
      need: PUSH,
      target: onSite({ visibility: 'public' }, { policy: DEMANDED }),
    }),
    ['two_factor_required'],
  ],
  [
    'somebody without the second factor, signed in, at their own account',
    ask({
      bearer: { via: 'session', user: PLAIN },
      need: { sets: [], publicRead: false, writes: true },
      target: { kind: 'account', fullName: 'ada', owner: { ...ACME, id: 1, kind: 'user', policy: DEMANDED } },
    }),
    [],
  ],
  [
    'an administrator without the second factor, at the policy that demands it',
    ask({
      bearer: { via: 'session', user: { ...PLAIN, admin: true } },
      need: { sets: [{ organization_administration: 'write' }], publicRead: false, writes: true },
      target: { kind: 'organization', fullName: 'acme', owner: { ...ACME, policy: DEMANDED } },
    }),
    [],
  ],
  [
    'an administrator of the instance at the policy of an organization, from outside its list',
    ask({
      bearer: { via: 'session', user: { ...ADA, admin: true } },
      need: { sets: [{ organization_administration: 'write' }], publicRead: false, writes: true },
      target: { kind: 'organization', fullName: 'acme', owner: { ...ACME, role: null, policy: OUTSIDE } },
    }),
    [],
  ],
  [
    'the same administrator with a token',
    askWith(
      { grants: [grant({ permissions: { organization_administration: 'write' } })] },
      {
        need: { sets: [{ organization_administration: 'write' }], publicRead: false, writes: true },
        target: { kind: 'organization', fullName: 'acme', owner: { ...ACME, policy: OUTSIDE } },
      },
    ),
    ['organization_address_not_allowed'],
  ],
  [
    'an administrator of the instance at a private repository, from outside the list',
    ask({
      bearer: { via: 'session', user: { ...ADA, admin: true } },
      target: onSite({}, { policy: OUTSIDE }),
    }),
    ['organization_address_not_allowed'],
  ],
  ['a classic token without scopes on a private repository', askWith({ kind: 'classic', grants: [] }), ['public_only']],
  [
    'public_repo pushes to a public repository',
    askWith(
      { kind: 'classic', grants: scopes({ contents: 'write' }, 'public') },
      { need: PUSH, target: onSite({ visibility: 'public' }) },
    ),
    [],
  ],
  [
    'public_repo does not see a private one',
    askWith({ kind: 'classic', grants: scopes({ contents: 'write' }, 'public') }),
    ['public_only'],
  ],
  [
    'a part is enough where the part is needed',
    askWith({ kind: 'scoped', grants: scopes({ git: 'write' }) }, { need: PUSH }),
    [],
  ],
  [
    'a part is not the whole',
    askWith(
      { kind: 'scoped', grants: scopes({ git: 'write' }) },
      { need: { sets: [{ contents: 'read' }], publicRead: true, writes: false } },
    ),
    ['scope_missing'],
  ],
  [
    'a token for some repositories makes none in the organization',
    askWith(
      { grants: [grant({ selection: 'selected', permissions: { administration: 'write' } })] },
      {
        need: { sets: [{ administration: 'write' }], publicRead: false, writes: true },
        target: { kind: 'organization', fullName: 'acme', owner: { ...ACME, role: 'owner' } },
      },
    ),
    ['permission_missing'],
  ],
  [
    'a token for all repositories makes one in the organization',
    askWith(
      { grants: [grant({ permissions: { administration: 'write' } })] },
      {
        need: { sets: [{ administration: 'write' }], publicRead: false, writes: true },
        target: { kind: 'organization', fullName: 'acme', owner: { ...ACME, role: 'owner' } },
      },
    ),
    [],
  ],
  ['a ref that no rule of the token matches', move('refs/heads/docs'), ['ref_not_allowed']],
  [
    'the same, approved: an approval opens nothing that no rule asks',
    move('refs/heads/docs', true),
    ['ref_not_allowed'],
  ],
  ['a ref whose rule refuses, approved', move('refs/heads/old', true), ['ref_not_allowed']],
  ['a ref whose rule asks', move('refs/heads/main'), ['ref_needs_approval']],
  ['the same, approved', move('refs/heads/main', true), []],
  ['a ref whose rule allows it', move('refs/heads/agent/x'), []],
  ['a protected ref that is left to a higher role', protectedMove('write'), ['ref_protected']],
  ['the same with that role', protectedMove('maintain'), []],
  [
    'the same signed in, with a lower role',
    { ...protectedMove('write'), bearer: { via: 'session', user: ADA } },
    ['ref_protected'],
  ],
  ['the same approved: an approval opens nothing that is protected', protectedMove('write', true), ['ref_protected']],
  ['a session has what its person has', ask({ bearer: { via: 'session', user: ADA }, need: PUSH }), []],
  [
    'two alternatives: one from the token and one from the role make none',
    askWith(
      { grants: [grant({ permissions: { administration: 'write' } })] },
      { need: { sets: [{ administration: 'write' }, { contents: 'write' }], publicRead: false, writes: true } },
    ),
    ['role_insufficient'],
  ],
];

describe('decide', () => {
  it.each(TABLE)('%s', (_what, question, expected) => {
    expect(reasons(decide(question))).toEqual(expected);
  });

  it('names what is missing, at the level that would do', () => {
    const decision = decide(askWith({ grants: [grant({ permissions: { contents: 'read' } })] }, { need: PUSH }));
    expect(decision).toMatchObject({
      refusals: [{ reason: 'permission_missing', missing: [{ permission: 'git', level: 'write' }] }],
    });
  });

  it('never turns a no into a yes when something is taken away', () => {
    const seen = { yes: 0, no: 0 };
    fc.assert(
      fc.property(questions, fc.nat(20), (question, pick) => {
        const before = decide(question).allowed;
        seen[before ? 'yes' : 'no']++;
        for (const poorer of poorerThan(question, pick)) if (!before) expect(decide(poorer).allowed).toBe(false);
      }),
      { numRuns: 5000 },
    );
    expect(seen.yes).toBeGreaterThan(100);
    expect(seen.no).toBeGreaterThan(100);
  });

  it('asks for single sign-on as a world without it answers, of members who proved nothing, and of nobody else', () => {
    const seen = { asked: 0, let: 0 };
    fc.assert(
      fc.property(questions, (question) => {
        const { bearer, target } = question;
        if (target.kind === 'instance' || target.owner === null || bearer.via === 'nobody') return;
        // Keys prove nothing, and are kept out by a reason of their own.
        if (bearer.via === 'key') return;
        const { owner } = target;
        const without = decide({
          ...question,
          target: { ...target, owner: { ...owner, policy: { ...owner.policy, requiresSso: false } } },
        });
        const decision = decide(question);
        const isAsked = reasons(decision).some((reason) => reason.startsWith('sso_'));
        const proof = bearer.via === 'session' ? bearer.proofs?.get(owner.id) : undefined;
        const hasProved =
          bearer.via === 'token'
            ? bearer.token.ssoOrganizationIds.has(owner.id)
            : proof !== undefined && proof.until > NOW && [null, owner.policy.ssoIssuer].includes(proof.issuer);
        if (isAsked) expect([owner.role === null, owner.policy.requiresSso, hasProved]).toEqual([false, true, false]);
        else if (without.allowed) expect(decision.allowed).toBe(true);
        if (!without.allowed) expect(decision.allowed).toBe(false);
        seen[isAsked ? 'asked' : 'let']++;
      }),
      { numRuns: 5000 },
    );
    expect(seen.asked).toBeGreaterThan(20);
    expect(seen.let).toBeGreaterThan(100);
  });

  it('gives the same answer whatever the order of its rules', () => {
    fc.assert(
      fc.property(questions, fc.infiniteStream(fc.nat()), (question, random) => {
        const rules = STAGES.flat()
          .map((rule) => ({ rule, at: random.next().value as number }))
          .sort((a, b) => a.at - b.at);
        expect(rules.every(({ rule }) => rule(question) === null)).toBe(decide(question).allowed);
      }),
      { numRuns: 3000 },
    );
  });
});

/**
 * The same question with one thing less: a grant, a permission, a level, a role, a membership, or a policy that allows
 * it.
 */
function poorerThan(question: Question, pick: number): Question[] {
  const poorer: Question[] = [];
  const { bearer, target } = question;
  if (bearer.via === 'token') {
    const { token: held } = bearer;
    const without = held.grants.filter((_, i) => i !== pick % Math.max(1, held.grants.length));
    const lowered = held.grants.map((g) => ({
      ...g,
      permissions: Object.fromEntries(
        Object.keys(g.permissions)
          .slice(1)
          .map((name) => [name, 'read' as const]),
      ),
    }));
    for (const grants of [without, lowered, held.grants.map((g) => ({ ...g, state: 'revoked' as const }))])
      poorer.push({ ...question, bearer: { ...bearer, token: { ...held, grants } } });
    poorer.push(
      { ...question, bearer: { ...bearer, token: { ...held, scopes: [] } } },
      { ...question, bearer: { ...bearer, token: { ...held, revokedAt: NOW - 1 } } },
    );
    poorer.push({ ...question, bearer: { ...bearer, token: { ...held, excludedOrganizationIds: new Set([10]) } } });
    poorer.push({ ...question, bearer: { ...bearer, token: { ...held, ssoOrganizationIds: new Set() } } });
    poorer.push({ ...question, bearer: { ...bearer, user: { ...bearer.user, suspendedAt: NOW - 1 } } });
    poorer.push({ ...question, bearer: { ...bearer, user: { ...bearer.user, hasTwoFactor: false } } });
  }
  if (bearer.via === 'session') poorer.push({ ...question, bearer: { ...bearer, proofs: new Map() } });
  if (bearer.via === 'token' || bearer.via === 'session')
    poorer.push({ ...question, bearer: { ...bearer, user: { ...bearer.user, admin: false } } });
  if (target.kind === 'instance' || target.owner === null) return poorer;
  const { policy: allowed } = target.owner;
  const strict = {
    ...allowed,
    allowedAddresses: [] as string[],
    requiresSso: true,
    twoFactorFrom: 0,
    exemptAdministrators: false,
  };
  poorer.push(
    { ...question, target: { ...target, owner: { ...target.owner, policy: strict } } },
    // Single sign-on is asked of members alone.
    ...(allowed.requiresSso ? [] : [{ ...question, target: { ...target, owner: { ...target.owner, role: null } } }]),
  );
  if (target.kind === 'repository' && target.repository !== null) {
    for (const role of [null, 'read' as const])
      if (role === null || target.repository.role !== null)
        poorer.push({ ...question, target: { ...target, repository: { ...target.repository, role } } });
    poorer.push({ ...question, target: { ...target, repository: { ...target.repository, archivedAt: NOW - 1 } } });
  }
  return poorer;
}
