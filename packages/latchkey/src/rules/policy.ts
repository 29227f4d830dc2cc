/**
 * Policies: what the instance and an organization allow, merged into the one that applies.
 *
 * Source: GitHub docs "Setting a personal access token policy for your organization" and its enterprise counterpart:
 * if the instance made a choice, it wins; an organization may be stricter about lifetimes, never looser.
 */

import type { UnixSeconds } from '../base/time.ts';
import type { BasePermission } from '../catalogue/roles.ts';
import {
  type OwnerRecord,
  type Policy,
  type SsoProofs,
  TOKEN_KINDS,
  type TokenKind,
  type UserRecord,
} from './model.ts';

/**
 * A policy as stored: null = no choice made here. For the instance null means the default; for an organization, the
 * instance's choice.
 */
export interface StoredPolicy {
  readonly allowed: Readonly<Record<TokenKind, boolean | null>>;
  readonly maxLifetimeDays: Readonly<Record<TokenKind, number | null>>;
  readonly requiresApproval: boolean | null;
  readonly exemptAdministrators: boolean;
  readonly allowedAddresses: readonly string[] | null;
  /** Whether members must prove themselves at `ssoIssuer`. */
  readonly requiresSso: boolean;
  /** The issuer of an identity provider; null = none is named. */
  readonly ssoIssuer: string | null;
  /**
   * From when a second factor is required; null = not required here. The earlier time of instance and organization
   * counts.
   */
  readonly twoFactorFrom: UnixSeconds | null;
  /** What every member of the organization holds in each of its repositories; null = `read`, as on GitHub. */
  readonly basePermission: BasePermission | null;
}

export const NO_POLICY: StoredPolicy = {
  allowed: { 'fine-grained': null, classic: null, scoped: null },
  maxLifetimeDays: { 'fine-grained': null, classic: null, scoped: null },
  requiresApproval: null,
  exemptAdministrators: false,
  allowedAddresses: null,
  requiresSso: false,
  ssoIssuer: null,
  twoFactorFrom: null,
  basePermission: null,
};

/** The shortest and the longest cap on a token's life that a policy can set. */
export const MIN_LIFETIME_DAYS = 1;
export const MAX_LIFETIME_DAYS = 366;

/**
 * The policy in force for resources of an organization, or of a person (`organization` null: only the instance
 * decides). By default, organizations require approval and people don't.
 */
export function effectivePolicy(instance: StoredPolicy, organization: StoredPolicy | null): Policy {
  const kinds = {} as Record<TokenKind, Policy['kinds'][TokenKind]>;
  for (const kind of TOKEN_KINDS) kinds[kind] = effectiveKind(kind, instance, organization);
  return {
    kinds,
    requiresApproval: organization !== null && (instance.requiresApproval ?? organization.requiresApproval ?? true),
    exemptAdministrators: instance.exemptAdministrators,
    allowedAddresses: organization?.allowedAddresses ?? null,
    requiresSso: organization?.requiresSso ?? false,
    ssoIssuer: organization?.ssoIssuer ?? null,
    ...twoFactorIn(instance, organization),
    basePermission: organization?.basePermission ?? 'read',
  };
}

function twoFactorIn(
  instance: StoredPolicy,
  organization: StoredPolicy | null,
): Pick<Policy, 'twoFactorFrom' | 'twoFactorDecidedBy'> {
  const own = organization?.twoFactorFrom ?? null;
  const isOwn = own !== null && (instance.twoFactorFrom === null || own < instance.twoFactorFrom);
  return isOwn
    ? { twoFactorFrom: own, twoFactorDecidedBy: 'organization' }
    : { twoFactorFrom: instance.twoFactorFrom, twoFactorDecidedBy: 'instance' };
}

/** True for somebody who lacks a second factor that is already required. */
export function lacksTwoFactor(
  { hasTwoFactor }: Pick<UserRecord, 'hasTwoFactor'>,
  { twoFactorFrom }: Policy,
  at: UnixSeconds,
): boolean {
  return !hasTwoFactor && twoFactorFrom !== null && twoFactorFrom <= at;
}

/** True where single sign-on is asked of somebody: of members, since outside collaborators have no identity there. */
export function asksForSso({ policy, role }: OwnerRecord): boolean {
  return policy.requiresSso && role !== null;
}

/** True while a session's proof for the organization holds. One of another provider than today's doesn't. */
export function holdsProof(
  proofs: SsoProofs | undefined,
  { id, policy }: { readonly id: number; readonly policy: Pick<Policy, 'ssoIssuer'> },
  at: UnixSeconds,
): boolean {
  const proof = proofs?.get(id);
  return proof !== undefined && proof.until > at && (proof.issuer === null || proof.issuer === policy.ssoIssuer);
}

function effectiveKind(
  kind: TokenKind,
  instance: StoredPolicy,
  organization: StoredPolicy | null,
): Policy['kinds'][TokenKind] {
  const instanceCap = instance.maxLifetimeDays[kind];
  const organizationCap = organization?.maxLifetimeDays[kind] ?? null;
  const organizationIsStricter = organizationCap !== null && (instanceCap === null || organizationCap < instanceCap);
  return {
    allowed: instance.allowed[kind] ?? organization?.allowed[kind] ?? true,
    decidedBy: instance.allowed[kind] === null ? 'organization' : 'instance',
    maxLifetimeDays: organizationIsStricter ? organizationCap : instanceCap,
    capDecidedBy: organizationIsStricter ? 'organization' : 'instance',
  };
}

/** The shortest of several caps in days; null when there is none. */
export function shortestCap(caps: readonly (number | null)[]): number | null {
  const set = caps.filter((cap) => cap !== null);
  return set.length === 0 ? null : Math.min(...set);
}
