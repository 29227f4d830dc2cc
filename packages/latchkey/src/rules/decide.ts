/**
 * The decision: may this bearer do this, here, now?
 *
 * An ordered list of rules, each `(question) => refusal | null`. A rule can only refuse. Two laws hold and are
 * property-tested: taking something away (a grant, a role, a policy's permission) never turns a no into a yes, and
 * the order of the rules changes which reason is given, never the answer. One exception: who leaves an organization
 * that requires single sign-on, and stays an outside collaborator, is asked for it no longer.
 *
 * The rules form stages. The first stage that refuses gives the answer, with all of its refusals at once; later
 * stages stay silent, so nobody hears that a repository they can't see is archived.
 *
 * Never: a clock, a random number, a store. Everything is in the question.
 */
import { includesAddress } from '../base/address.ts';
import { changesLastingAccess } from '../catalogue/lasting-access.ts';
import { demandsNoPermission, gitlabScopesOf } from '../catalogue/needs.ts';
import {
  atLeast,
  holdsAny,
  type Level,
  type PermissionName,
  type PermissionSet,
  permissionNamed,
  wholeOf,
} from '../catalogue/permissions.ts';
import type { Reason } from '../catalogue/refusals/refusals.ts';
import { organizationRoleLevel, type RepositoryRole, repositoryRoleLevel } from '../catalogue/roles.ts';
import { type ScopeDialect, scopesInclude } from '../catalogue/scopes/scopes.ts';
import { covers, heldLevel, isTowards, missingFrom } from './grant.ts';
import type {
  Bearer,
  Derivation,
  Grant,
  MissingPermission,
  OwnerRecord,
  Question,
  RefMove,
  Target,
  TokenRecord,
} from './model.ts';
import { asksForSso, holdsProof, lacksTwoFactor } from './policy.ts';
import { protectionAgainst, type RefProtection } from './refs/ref-protections.ts';
import { asksOwner, type RefObjection, type RefRule, refObjection } from './refs/ref-rules.ts';
import {
  isExpired,
  isKindForbidden,
  isNotYetValid,
  isOverLifetime,
  isRevoked,
  isRotatedAway,
  isSecretOver,
  isUsedUp,
  lifeOf,
} from './token-state.ts';

/** One refusal: its stable reason code, and what is missing where that can be named. */
export interface Refusal {
  readonly reason: Reason;
  readonly missing?: readonly MissingPermission[];
  /** Classic or GitLab scopes. Any one of them would do. */
  readonly missingScopes?: readonly string[];
  /** The ref that may not be moved, and the rule that says so. */
  readonly objection?: RefObjection;
}

/** The same about a ref. */
export type MoveRefusal = Refusal & Required<Pick<Refusal, 'objection'>>;

export type Decision =
  | { readonly allowed: true }
  | { readonly allowed: false; readonly refusals: readonly [Refusal, ...Refusal[]] };

type Rule = (question: Question) => Refusal | null;

/** The stages, in the order in which they are reported. Within a stage every refusal is collected. */
export const STAGES: readonly (readonly Rule[])[] = [
  [
    ownerSuspended,
    disabledByProvider,
    accountLocked,
    tokenRevoked,
    tokenReplaced,
    tokenExpired,
    tokenNotYetValid,
    tokenUsedUp,
  ],
  [addressNotAllowed, tokenForOtherResource],
  [needsSignIn],
  [
    kindForbidden,
    lifetimeOverPolicy,
    keyForbidden,
    ssoNotAuthorized,
    ssoNotProved,
    twoFactorRequired,
    organizationAddressNotAllowed,
    grantPending,
    grantDenied,
    keptOut,
  ],
  [notVisible],
  [derivedOutlasted, notReached, permissionMissing, keyReadsOnly, roleInsufficient, archived],
  [refNotAllowed],
];

const ALLOWED: Decision = { allowed: true };

export function decide(question: Question): Decision {
  for (const stage of STAGES) {
    let refusals: Refusal[] | null = null;
    for (const rule of stage) {
      const refusal = rule(question);
      if (refusal !== null) (refusals ??= []).push(refusal);
    }
    if (refusals !== null) return { allowed: false, refusals: refusals as [Refusal, ...Refusal[]] };
  }
  return ALLOWED;
}

// --- the credential -----------------------------------------------------------------------------------------------

function ownerSuspended({ bearer }: Question): Refusal | null {
  return bearer.via !== 'nobody' && bearer.user !== null && bearer.user.suspendedAt !== null
    ? { reason: 'owner_suspended' }
    : null;
}

/** Another flag than the administrator's: neither side lifts what the other set. */
function disabledByProvider({ bearer }: Question): Refusal | null {
  return bearer.via !== 'nobody' && bearer.user !== null && bearer.user.disabledByProviderAt !== null
    ? { reason: 'owner_disabled_by_provider' }
    : null;
}

/** A session has to give other proofs: it is the way out of the lock. */
function accountLocked({ bearer }: Question): Refusal | null {
  if (bearer.via !== 'token' && bearer.via !== 'key') return null;
  return bearer.user !== null && bearer.user.lockedAt !== null ? { reason: 'account_locked' } : null;
}

function tokenRevoked({ bearer }: Question): Refusal | null {
  return bearer.via === 'token' && isRevoked(bearer.token) ? { reason: 'token_revoked' } : null;
}

function tokenReplaced({ bearer, at }: Question): Refusal | null {
  return bearer.via === 'token' && (isRotatedAway(bearer.token) || isSecretOver(bearer.token, at))
    ? { reason: 'token_replaced' }
    : null;
}

function tokenExpired({ bearer, at }: Question): Refusal | null {
  return bearer.via === 'token' && isExpired(bearer.token, at) ? { reason: 'token_expired' } : null;
}

function tokenNotYetValid({ bearer, at }: Question): Refusal | null {
  return bearer.via === 'token' && isNotYetValid(bearer.token, at) ? { reason: 'token_not_yet_valid' } : null;
}

function tokenUsedUp({ bearer, isPaid }: Question): Refusal | null {
  return bearer.via === 'token' && isPaid !== true && isUsedUp(bearer.token) ? { reason: 'token_used_up' } : null;
}

function addressNotAllowed({ bearer, address }: Question): Refusal | null {
  if (bearer.via !== 'token' || bearer.token.allowedAddresses === null) return null;
  return includesAddress(bearer.token.allowedAddresses, address) ? null : { reason: 'address_not_allowed' };
}

// --- the owner of what is asked for -------------------------------------------------------------------------------

/**
 * Anybody alive may read a public resource, whatever policies and grants say (seed 002; GitHub docs). On the instance
 * that covers only questions that need nothing at all: what the server tells everybody.
 */
function isPublicRead({ need, target }: Question): boolean {
  if (!need.publicRead) return false;
  if (target.kind === 'repository') return target.repository !== null && target.repository.visibility === 'public';
  return target.kind !== 'instance' || demandsNothing({ need });
}

/** A token for one service opens nothing at another one, whatever its person may do there. */
function tokenForOtherResource({ bearer, resource = '' }: Question): Refusal | null {
  const only = bearer.via === 'token' ? (bearer.token.derived?.resource ?? null) : null;
  return only === null || only === resource ? null : { reason: 'token_for_other_resource' };
}

function needsSignIn(question: Question): Refusal | null {
  return question.bearer.via === 'nobody' && !isPublicRead(question) ? { reason: 'credentials_missing' } : null;
}

/** The token, and the policy of the target's owner, where policies apply: to a token, but not for a public read. */
function tokenUnderPolicy(
  question: Question,
): { token: TokenRecord; target: Exclude<Target, { kind: 'instance' }>; owner: OwnerRecord; isAdmin: boolean } | null {
  const { bearer, target } = question;
  if (bearer.via !== 'token' || target.kind === 'instance' || target.owner === null || isPublicRead(question))
    return null;
  const { owner } = target;
  return { token: bearer.token, target, owner, isAdmin: bearer.user.admin };
}

function kindForbidden(question: Question): Refusal | null {
  const under = tokenUnderPolicy(question);
  if (under === null || !isKindForbidden(under.token, under.owner.policy)) return null;
  return {
    reason:
      under.token.kind === 'classic'
        ? 'classic_forbidden'
        : under.token.kind === 'scoped'
          ? 'scoped_forbidden'
          : 'fine_grained_forbidden',
  };
}

function lifetimeOverPolicy(question: Question): Refusal | null {
  const under = tokenUnderPolicy(question);
  // The life of a derived token says nothing: the person's token behind it may be as old as it likes otherwise.
  if (under === null || !isOverLifetime(lifeOf(under.token), under.owner.policy, under.isAdmin)) return null;
  return { reason: 'lifetime_over_policy' };
}

/**
 * A person's key reaches as far as a classic token without end, and is kept out wherever one is: where that kind is
 * forbidden or its life is capped, and where each credential must be authorized for single sign-on.
 */
function keyForbidden(question: Question): Refusal | null {
  const { bearer, target } = question;
  if (bearer.via !== 'key' || bearer.user === null || target.kind === 'instance' || target.owner === null) return null;
  if (isPublicRead(question)) return null;
  const { allowed, maxLifetimeDays } = target.owner.policy.kinds.classic;
  const isCapped = maxLifetimeDays !== null && !(target.owner.policy.exemptAdministrators && bearer.user.admin);
  return allowed && !isCapped && !asksForSso(target.owner) ? null : { reason: 'key_forbidden' };
}

/** Its owner authorizes a token for each organization, having proved who they are (GitHub docs, SAML SSO). */
function ssoNotAuthorized(question: Question): Refusal | null {
  const under = tokenUnderPolicy(question);
  if (under === null || !asksForSso(under.owner)) return null;
  return under.token.ssoOrganizationIds.has(under.owner.id) ? null : { reason: 'sso_not_authorized' };
}

function ssoNotProved(question: Question): Refusal | null {
  const { bearer, target, at } = question;
  if (bearer.via !== 'session' || target.kind === 'instance' || target.owner === null || isPublicRead(question))
    return null;
  if (!asksForSso(target.owner) || holdsProof(bearer.proofs, target.owner, at)) return null;
  return isAdministratorAtPolicy(question) || isOwnerWithoutProvider(question) ? null : { reason: 'sso_not_proved' };
}

/**
 * Where single sign-on is required and no provider is named, nobody could prove anything: a signed-in owner reaches the
 * policy, to name one, and nothing else.
 */
function isOwnerWithoutProvider({ bearer, need, target }: Question): boolean {
  return (
    bearer.via === 'session' &&
    target.kind === 'organization' &&
    target.owner?.role === 'owner' &&
    target.owner.policy.ssoIssuer === null &&
    isAboutPolicy(need)
  );
}

/**
 * Refuses people without the second factor that is required, whether they use a token or are signed in. Their own
 * account stays open to them: that is where they set it up.
 */
function twoFactorRequired(question: Question): Refusal | null {
  const { bearer, target, at } = question;
  if (bearer.via === 'nobody' || bearer.user === null || bearer.user.hasTwoFactor) return null;
  if (target.kind === 'instance' || target.owner === null) return null;
  if (!lacksTwoFactor(bearer.user, target.owner.policy, at) || isPublicRead(question)) return null;
  const isOwnAccount = target.kind === 'account' && target.owner.id === bearer.user.id;
  if (isOwnAccount && (bearer.via === 'session' || demandsNothing(question))) return null;
  return isAdministratorAtPolicy(question) ? null : { reason: 'two_factor_required' };
}

function organizationAddressNotAllowed(question: Question): Refusal | null {
  const { target, bearer, address } = question;
  if (bearer.via === 'nobody' || target.kind === 'instance' || target.owner === null || isPublicRead(question))
    return null;
  const allowed = target.owner.policy.allowedAddresses;
  if (allowed === null || includesAddress(allowed, address) || isAdministratorAtPolicy(question)) return null;
  return { reason: 'organization_address_not_allowed' };
}

/**
 * Signed-in administrators of the instance can always reach an organization's policy: somebody must be able to undo a
 * policy that shuts everybody out.
 */
function isAdministratorAtPolicy({ bearer, need, target }: Question): boolean {
  return bearer.via === 'session' && bearer.user.admin && target.kind === 'organization' && isAboutPolicy(need);
}

function isAboutPolicy({ sets }: Question['need']): boolean {
  return (
    sets.length > 0 &&
    sets.every((set) => Object.keys(set).every((permission) => permission === 'organization_administration'))
  );
}

function grantInState(question: Question, state: Grant['state']): boolean {
  const under = tokenUnderPolicy(question);
  if (under === null || demandsNothing(question)) return false;
  let found = false;
  for (const grant of under.token.grants) {
    if (!isTowards(grant, under.target)) continue;
    if (grant.state === 'active') return false;
    found ||= grant.state === state;
  }
  return found;
}

function grantPending(question: Question): Refusal | null {
  return grantInState(question, 'pending') ? { reason: 'grant_pending' } : null;
}

function grantDenied(question: Question): Refusal | null {
  if (grantInState(question, 'pending')) return null;
  if (grantInState(question, 'revoked')) return { reason: 'grant_revoked' };
  return grantInState(question, 'denied') ? { reason: 'grant_denied' } : null;
}

/** An exclusion does to other tokens what a revoked grant does to a fine-grained one. */
function keptOut(question: Question): Refusal | null {
  const under = tokenUnderPolicy(question);
  return under !== null && under.token.excludedOrganizationIds.has(under.owner.id) ? { reason: 'grant_revoked' } : null;
}

// --- what can be seen ---------------------------------------------------------------------------------------------

const NO_GRANTS: readonly Grant[] = [];

/** Most tokens have one grant, and then no list is made. */
function coveringGrants({ grants, derived }: TokenRecord, target: Target): readonly Grant[] {
  if (derived !== null && !derivedReaches(derived, target)) return NO_GRANTS;
  const only = grants.length === 1 ? grants[0] : undefined;
  if (only !== undefined) return covers(only, target) ? grants : NO_GRANTS;
  return grants.filter((grant) => covers(grant, target));
}

/** A list of repositories opens these alone: not the account, not an organization. */
function derivedReaches({ repositoryIds }: Derivation, target: Target): boolean {
  return (
    repositoryIds === null ||
    (target.kind === 'repository' && target.repository !== null && repositoryIds.has(target.repository.id))
  );
}

/** True when scopes alone open nothing: a fine-grained token, or one that was narrowed beyond its scopes. */
function needsGrants({ kind, derived }: TokenRecord): boolean {
  return kind === 'fine-grained' || derived?.isNarrowed === true;
}

function givesAnything(grants: readonly Grant[]): boolean {
  for (const grant of grants) if (holdsAny(grant.permissions)) return true;
  return false;
}

/**
 * One refusal for "does not exist", "its owner may not see it" and "this token does not reach it", so that a stranger
 * or a leaked token learns nothing. Public things need no grant to be seen.
 */
function notVisible(question: Question): Refusal | null {
  const { bearer, target } = question;
  if (target.kind === 'instance') return null;
  if (target.owner === null) return { reason: 'not_found' };
  if (target.kind !== 'repository') return null;
  const { repository } = target;
  const seenByToken =
    bearer.via !== 'token' ||
    repository?.visibility === 'public' ||
    givesAnything(coveringGrants(bearer.token, target));
  if (repository !== null && repository.role !== null && seenByToken) return null;
  const publicOnly = bearer.via === 'token' && bearer.token.grants.every((grant) => grant.selection === 'public');
  return { reason: publicOnly ? 'public_only' : 'not_found' };
}

/** True when the bearer may know that the target exists. */
export function isVisible(question: Question): boolean {
  return notVisible(question) === null;
}

// --- what may be done ---------------------------------------------------------------------------------------------

/** Any live token will do. */
function demandsNothing({ need }: Pick<Question, 'need'>): boolean {
  return need.scopes === undefined && demandsNoPermission(need);
}

/**
 * The token has no grant that covers the (visible) target: it has another resource owner, or the repository is not
 * selected.
 */
function notReached(question: Question): Refusal | null {
  const { bearer, target } = question;
  if (bearer.via !== 'token' || !needsGrants(bearer.token) || isPublicRead(question) || demandsNothing(question))
    return null;
  if (coveringGrants(bearer.token, target).length > 0) return null;
  const towards = bearer.token.grants.some((grant) => grant.state === 'active' && isTowards(grant, target));
  return {
    reason: towards && target.kind === 'repository' ? 'repository_not_selected' : 'resource_owner_mismatch',
    missing: missingFrom(question.need.sets, () => false),
  };
}

function permissionMissing(question: Question): Refusal | null {
  const { bearer, need, target } = question;
  if (bearer.via !== 'token' || isPublicRead(question)) return null;
  const { token } = bearer;
  if (
    token.kind === 'classic' &&
    need.scopes !== undefined &&
    !(need.scopesOnlyIfPrivate === true && isPublic(target))
  ) {
    const lacking = scopeMissing('classic', token, need.scopes, need.alsoScopes);
    if (lacking !== null || !needsGrants(token)) return lacking;
  }
  const heldBack = token.kind === 'scoped' ? scopeMissing('scoped', token, gitlabScopesOf(need)) : null;
  if (heldBack !== null) return heldBack;
  const grants = coveringGrants(token, target);
  if (needsGrants(token) && grants.length === 0) return null; // `notReached` reports this
  // What only a scope opens can't be told from what was left out.
  if (need.sets.length === 0 && need.scopes !== undefined && needsGrants(token) && token.kind === 'classic')
    return { reason: 'scope_missing', missingScopes: need.scopes };
  const missing = missingFrom(need.sets, (permission, level) => atLeast(tokenLevel(grants, target, permission), level));
  if (missing.length === 0) return null;
  return needsGrants(token) ? { reason: 'permission_missing', missing } : { reason: 'scope_missing', missing };
}

/** One of `anyOf`, unless it is empty, and all of `allOf`. */
function scopeMissing(
  dialect: ScopeDialect,
  token: TokenRecord,
  anyOf: readonly string[],
  allOf: readonly string[] = [],
): Refusal | null {
  const holds = (scope: string): boolean => scopesInclude(dialect, token.scopes, scope);
  if (anyOf.length > 0 && !anyOf.some(holds)) return { reason: 'scope_missing', missingScopes: anyOf };
  const lacking = allOf.find((scope) => !holds(scope));
  return lacking === undefined ? null : { reason: 'scope_missing', missingScopes: [lacking] };
}

/**
 * The level of a permission that the covering grants give. Where the permission is about repositories but the target
 * isn't one (making one in an organization), only a grant for all repositories counts: a token for some of them must
 * not affect others.
 */
function tokenLevel(grants: readonly Grant[], target: Target, permission: PermissionName): Level | undefined {
  if (target.kind === 'repository' || permissionNamed(wholeOf(permission))?.group !== 'repository')
    return heldLevel(grants, permission);
  return heldLevel(
    grants.filter((grant) => grant.selection === 'all'),
    permission,
  );
}

function isPublic(target: Target): boolean {
  return target.kind === 'repository' && target.repository !== null && target.repository.visibility === 'public';
}

function keyReadsOnly({ bearer, need }: Question): Refusal | null {
  return bearer.via === 'key' && bearer.key.deploys?.readOnly === true && need.writes
    ? { reason: 'key_reads_only' }
    : null;
}

/** A token may not do what its owner may not do today. */
function roleInsufficient(question: Question): Refusal | null {
  if (question.bearer.via === 'nobody' || isPublicRead(question) || keyReadsOnly(question) !== null) return null;
  const missing = missingFrom(setsHeldByToken(question), (permission, level) =>
    atLeast(roleLevel(question, permission), level),
  );
  return missing.length === 0 ? null : { reason: 'role_insufficient', missing };
}

/**
 * The alternatives that are left after the token was checked: a role can't make up for one that the token lacks. All of
 * them when it has none.
 */
function setsHeldByToken({ bearer, need, target }: Question): readonly PermissionSet[] {
  if (need.sets.length < 2 || bearer.via !== 'token' || (bearer.token.kind === 'classic' && need.scopes !== undefined))
    return need.sets;
  const grants = coveringGrants(bearer.token, target);
  const held = need.sets.filter(
    (set) =>
      missingFrom([set], (permission, level) => atLeast(tokenLevel(grants, target, permission), level)).length === 0,
  );
  return held.length === 0 ? need.sets : held;
}

function roleLevel({ bearer, target }: Question, name: PermissionName): Level | null {
  if (bearer.via === 'nobody') return null;
  const permission = wholeOf(name);
  const group = permissionNamed(permission)?.group ?? 'repository';
  if (bearer.user === null)
    return target.kind === 'repository' && group === 'repository' && target.repository?.role
      ? repositoryRoleLevel(target.repository.role, permission)
      : null;
  if (target.kind === 'instance') return bearer.user.admin ? 'admin' : null;
  if (group === 'account') return target.owner?.id === bearer.user.id || target.kind !== 'account' ? 'admin' : null;
  if (target.kind === 'repository' && group === 'repository')
    return target.repository?.role ? repositoryRoleLevel(target.repository.role, permission) : null;
  if (target.owner?.kind === 'user') return target.owner.id === bearer.user.id ? 'admin' : null;
  if (bearer.via === 'session' && bearer.user.admin && permission === 'organization_administration') return 'admin';
  if (target.owner === null || target.owner.role === null) return null;
  if (target.kind === 'organization' && target.maintainsTeam === true && permission === 'members') return 'write';
  return organizationRoleLevel(target.owner.role, permission);
}

/** A derived token changes nothing that stays when it is gone, whatever the token behind it may do. */
function derivedOutlasted({ bearer, need }: Question): Refusal | null {
  if (bearer.via !== 'token' || bearer.token.derived === null) return null;
  return need.sets.some(changesLastingAccess) ? { reason: 'token_derived' } : null;
}

function archived({ need, target }: Question): Refusal | null {
  return need.writes &&
    target.kind === 'repository' &&
    target.repository !== null &&
    target.repository.archivedAt !== null
    ? { reason: 'repository_archived' }
    : null;
}

/** Nobody with this role, or this token, may move the ref in such a way, or not before its owner was asked. */
function refNotAllowed({ bearer, target, move }: Question): Refusal | null {
  return move === undefined ? null : moveRefusal(boundsOf(bearer, target), move);
}

/** What keeps somebody from moving refs of a repository: the rules of their token, and what it demands of everybody. */
export interface MoveBounds {
  /** Null = the token has none, or there is no token. */
  readonly rules: readonly RefRule[] | null;
  readonly protections: readonly RefProtection[];
  readonly role: RepositoryRole | null;
}

const NO_PROTECTIONS: readonly RefProtection[] = [];

/** @param bearer null = the operator, whom no protection binds */
export function boundsOf(bearer: Bearer | null, target: Target): MoveBounds {
  const repository = target.kind === 'repository' ? target.repository : null;
  return {
    rules: bearer?.via === 'token' ? bearer.token.refRules : null,
    protections: bearer === null ? NO_PROTECTIONS : (repository?.protections ?? NO_PROTECTIONS),
    role: repository?.role ?? null,
  };
}

/** What speaks against a move; null when nothing does. An approval opens only what a rule of the token asks. */
export function moveRefusal({ rules, protections, role }: MoveBounds, move: RefMove): MoveRefusal | null {
  const { ref, act } = move;
  const protection = protectionAgainst(protections, role, ref, act, move.isDefault);
  if (protection !== null) return { reason: 'ref_protected', objection: { ref, act, rule: null, protection } };
  const objection = refObjection(rules, ref, act);
  if (objection === null) return null;
  if (objection.rule === null || !asksOwner(objection.rule)) return { reason: 'ref_not_allowed', objection };
  return move.isApproved === true ? null : { reason: 'ref_needs_approval', objection };
}
