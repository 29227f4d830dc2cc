/**
 * Policies: what an organization, or the instance for all of them, allows its tokens. Changed here, enforced by
 * `decide` and by every draft.
 *
 * Invariant: an organization can't override a choice of the instance; it can only shorten lifetimes.
 */

import { parseBlock } from '../../base/address.ts';
import { type Complaint, Problem, problem } from '../../base/errors.ts';
import { isoInstant, type UnixSeconds } from '../../base/time.ts';
import type { AuditAction } from '../../catalogue/audit-events.ts';
import { INSTANCE_OWNER, type Policy, TOKEN_KINDS, type TokenKind } from '../../rules/model.ts';
import {
  effectivePolicy,
  MAX_LIFETIME_DAYS,
  MIN_LIFETIME_DAYS,
  NO_POLICY,
  type StoredPolicy,
} from '../../rules/policy.ts';
import type { Query } from '../../store/db.ts';
import { setPolicy, storedPolicies, storedPolicy } from '../../store/policies.ts';
import { organizationsWithRequests } from '../../store/token-upkeep.ts';
import { organizationNamed } from '../accounts/accounts.ts';
import type { Permit } from '../decision/authorize.ts';
import type { Context } from '../ground/context.ts';
import { record } from '../ground/record.ts';
import { admitWaiting } from './approvals.ts';
import { refuseLockOut } from './lock-out.ts';
import { demandProvable, endSingleSignOn, issuerNamed } from './sso-choice.ts';

export type { StoredPolicy };

/** The most entries in an organization's list of addresses. */
const MAX_ORGANIZATION_ADDRESSES = 200;
/** 9999-12-31T23:59:59Z: dates have four digits for the year. */
const MAX_INSTANT = 253_402_300_799;

/** Fields to change; the others stay. */
export interface PolicyChange {
  readonly allowed?: Partial<Record<TokenKind, boolean | null>>;
  readonly maxLifetimeDays?: Partial<Record<TokenKind, number | null>>;
  readonly requiresApproval?: boolean | null;
  /** Only for the instance. */
  readonly exemptAdministrators?: boolean;
  /** Only for an organization, like the next two; null or empty = from anywhere. */
  readonly allowedAddresses?: readonly string[] | null;
  readonly requiresSso?: boolean;
  /** The name of an identity provider; null = none. */
  readonly ssoProvider?: string | null;
  readonly basePermission?: StoredPolicy['basePermission'];
  /** For both. From when a second factor is required; null = not here. */
  readonly twoFactorFrom?: UnixSeconds | null;
  /** True = even if it shuts me out. */
  readonly confirmLockOut?: boolean;
}

/** What was chosen, and the result together with the instance's choice. */
export interface PolicyInForce {
  readonly chosen: StoredPolicy;
  /** The instance's choices, which come before an organization's. */
  readonly instance: StoredPolicy;
  readonly effective: Policy;
}

/** An organization's policy, or the instance's (null). */
export async function readPolicy(ctx: Context, _permit: Permit, organization: string | null): Promise<PolicyInForce> {
  const instance = (await storedPolicy(ctx.store.db, INSTANCE_OWNER)) ?? NO_POLICY;
  if (organization === null) return { chosen: instance, instance, effective: effectivePolicy(instance, null) };
  const account = await organizationNamed(ctx.store.db, organization);
  const chosen = (await storedPolicy(ctx.store.db, account.id)) ?? NO_POLICY;
  return { chosen, instance, effective: effectivePolicy(instance, chosen) };
}

/** Stores a changed policy. For `changePolicy`, which counts the tokens that it blocks. @throws Problem as that does */
export async function storePolicy(
  ctx: Context,
  permit: Permit,
  organization: string | null,
  change: PolicyChange,
  blockedTokens: number,
): Promise<PolicyInForce> {
  await ctx.store.transaction(async (tx) => {
    const at = ctx.clock.now();
    const { ownerId, before, after } = await policyAfter(ctx, tx, permit, organization, change);
    if (organization !== null && before.ssoIssuer !== after.ssoIssuer) await endSingleSignOn(tx, ownerId);
    await setPolicy(tx, ownerId, after, at);
    const organizationId = organization === null ? null : ownerId;
    await recordDifferences(tx, permit, { organizationId, before, after, blockedTokens }, at);
    await admitWhereOpen(ctx, tx, permit, organizationId);
  });
  return readPolicy(ctx, permit, organization);
}

/** Where no approval is required any more, nothing waits for one. @param organizationId null = any */
async function admitWhereOpen(ctx: Context, tx: Query, permit: Permit, organizationId: number | null): Promise<void> {
  const waiting = organizationId === null ? await organizationsWithRequests(tx) : [{ organizationId }];
  const ids = waiting.map((each) => each.organizationId);
  const policies = await storedPolicies(tx, [INSTANCE_OWNER, ...ids]);
  const instance = policies.get(INSTANCE_OWNER) ?? NO_POLICY;
  for (const id of ids)
    if (!effectivePolicy(instance, policies.get(id) ?? NO_POLICY).requiresApproval)
      await admitWaiting(ctx, tx, permit, id);
}

/** A policy before a change and after it, and the instance's before it. */
interface PolicyStep {
  readonly ownerId: number;
  readonly instance: StoredPolicy;
  readonly before: StoredPolicy;
  readonly after: StoredPolicy;
}

/** What a change would make of the policy. Nothing is changed. @throws Problem as `changePolicy` does */
export async function policyAfter(
  ctx: Context,
  tx: Query,
  permit: Permit,
  organization: string | null,
  { confirmLockOut = false, ssoProvider, ...change }: PolicyChange,
): Promise<PolicyStep> {
  const account = organization === null ? null : await organizationNamed(tx, organization);
  const instance = (await storedPolicy(tx, INSTANCE_OWNER)) ?? NO_POLICY;
  const before = account === null ? instance : ((await storedPolicy(tx, account.id)) ?? NO_POLICY);
  const complaints =
    account === null
      ? complaintsOfInstance(ssoProvider === undefined ? change : { ...change, ssoProvider })
      : complaintsOfOrganization(change, before, instance);
  if (complaints.length > 0) throw new Problem(complaints);
  const after: StoredPolicy = {
    ...before,
    ...change,
    ssoIssuer: ssoProvider === undefined ? before.ssoIssuer : issuerNamed(ctx, account, ssoProvider),
    allowed: { ...before.allowed, ...change.allowed },
    maxLifetimeDays: { ...before.maxLifetimeDays, ...change.maxLifetimeDays },
    allowedAddresses:
      change.allowedAddresses === undefined
        ? before.allowedAddresses
        : (change.allowedAddresses?.map((block) => block.trim()) ?? null),
  };
  if (after.allowedAddresses?.length === 0)
    throw problem('invalid', 'A list of addresses has at least one entry; none at all is null.', 'allowed_addresses');
  if (account !== null) await demandProvable(tx, account.id, before, after);
  if (account !== null && !confirmLockOut) refuseLockOut(permit, effectivePolicy(instance, after));
  return { ownerId: account?.id ?? INSTANCE_OWNER, instance, before, after };
}

function invalid(field: string, message: string): Complaint {
  return { field, code: 'invalid', message };
}

function complaintsOfBoth({ maxLifetimeDays = {}, twoFactorFrom = null }: PolicyChange): Complaint[] {
  const wrong = TOKEN_KINDS.filter((kind) => {
    const days = maxLifetimeDays[kind];
    return (
      days !== undefined &&
      days !== null &&
      (!Number.isInteger(days) || days < MIN_LIFETIME_DAYS || days > MAX_LIFETIME_DAYS)
    );
  });
  const date =
    twoFactorFrom === null || (twoFactorFrom >= 0 && twoFactorFrom <= MAX_INSTANT)
      ? []
      : [invalid('two_factor_from', 'That is no date: write it as 2027-01-31.')];
  return [
    ...date,
    ...wrong.map((kind) =>
      invalid(
        `max_lifetime_days.${kind}`,
        `A maximum lifetime is a whole number of days from ${MIN_LIFETIME_DAYS} to ${MAX_LIFETIME_DAYS}, or none.`,
      ),
    ),
  ];
}

function complaintsOfInstance(change: PolicyChange): Complaint[] {
  const unsupported = (['allowedAddresses', 'requiresSso', 'ssoProvider', 'basePermission'] as const).filter(
    (name) => change[name] !== undefined,
  );
  return [
    ...complaintsOfBoth(change),
    ...unsupported.map((name) => invalid(WIRE[name], `${WIRE[name]} is for each organization to choose.`)),
  ];
}

const WIRE = {
  allowedAddresses: 'allowed_addresses',
  requiresSso: 'requires_sso',
  ssoProvider: 'sso_provider',
  basePermission: 'base_permission',
} as const;

/** @param before what is stored: sent again it changes nothing, even where the instance chose otherwise meanwhile */
function complaintsOfOrganization(change: PolicyChange, before: StoredPolicy, instance: StoredPolicy): Complaint[] {
  const complaints = complaintsOfBoth(change);
  if (change.exemptAdministrators !== undefined)
    complaints.push(invalid('exempt_administrators', 'Only the instance exempts its administrators.'));
  for (const kind of TOKEN_KINDS) {
    const cap = instance.maxLifetimeDays[kind];
    const days = change.maxLifetimeDays?.[kind];
    if (cap !== null && typeof days === 'number' && days > cap && days !== before.maxLifetimeDays[kind])
      complaints.push(
        invalid(`max_lifetime_days.${kind}`, `The instance allows ${cap} days; an organization may only allow fewer.`),
      );
    const allowed = change.allowed?.[kind];
    if (isOverridden(instance.allowed[kind], allowed, before.allowed[kind]))
      complaints.push(invalid(`allowed.${kind}`, `The instance decides whether ${kind} tokens are allowed.`));
  }
  if (isOverridden(instance.requiresApproval, change.requiresApproval, before.requiresApproval))
    complaints.push(invalid('requires_approval', 'The instance decides whether approval is required.'));
  return [...complaints, ...addressComplaints(change.allowedAddresses ?? [])];
}

/** True for a new choice that contradicts the instance's. */
function isOverridden(above: boolean | null, wanted: boolean | null | undefined, stored: boolean | null): boolean {
  return above !== null && typeof wanted === 'boolean' && wanted !== above && wanted !== stored;
}

function addressComplaints(blocks: readonly string[]): Complaint[] {
  const unreadable = blocks.filter((block) => parseBlock(block) === null);
  const tooMany =
    blocks.length > MAX_ORGANIZATION_ADDRESSES
      ? [invalid('allowed_addresses', `A list of addresses has at most ${MAX_ORGANIZATION_ADDRESSES} entries.`)]
      : [];
  return [
    ...tooMany,
    ...unreadable.map((block) =>
      invalid('allowed_addresses', `${block.slice(0, 60)} is neither an address nor a CIDR block.`),
    ),
  ];
}

interface ChangedPolicy {
  /** Null = the instance's. */
  readonly organizationId: number | null;
  readonly before: StoredPolicy;
  readonly after: StoredPolicy;
  readonly blockedTokens: number;
}

/** One event for each change, under GitHub's names. */
async function recordDifferences(
  tx: Query,
  permit: Permit,
  { organizationId, before, after, blockedTokens }: ChangedPolicy,
  at: UnixSeconds,
): Promise<void> {
  const blocks = blockedTokens === 0 ? {} : { blocked_tokens: blockedTokens };
  const note = (action: AuditAction, data: Record<string, unknown>): Promise<void> =>
    record(tx, permit, at, { action, organizationId, data: { ...data, ...blocks } });
  for (const kind of TOKEN_KINDS) {
    if (before.allowed[kind] !== after.allowed[kind])
      await note(`personal_access_token.access_restriction_${after.allowed[kind] === false ? 'enabled' : 'disabled'}`, {
        kind,
        allowed: after.allowed[kind],
      });
    const [old, now] = [before.maxLifetimeDays[kind], after.maxLifetimeDays[kind]];
    if (old === now) continue;
    const facts = {
      kind,
      old_token_expiration: old,
      token_expiration: now,
      exempt_administrators: after.exemptAdministrators,
    };
    await note(`personal_access_token.expiration_limit_${now === null ? 'unset' : 'set'}`, facts);
  }
  if (before.requiresApproval !== after.requiresApproval)
    await note(
      `personal_access_token.auto_approve_grant_requests_${after.requiresApproval === false ? 'enabled' : 'disabled'}`,
      { requires_approval: after.requiresApproval },
    );
  if (before.exemptAdministrators !== after.exemptAdministrators)
    await note('personal_access_token.expiration_limit_set', { exempt_administrators: after.exemptAdministrators });
  if (JSON.stringify(before.allowedAddresses) !== JSON.stringify(after.allowedAddresses))
    await note(`ip_allow_list.${after.allowedAddresses === null ? 'disable' : 'enable'}`, {
      old_entries: before.allowedAddresses,
      entries: after.allowedAddresses,
    });
  if (before.ssoIssuer !== after.ssoIssuer)
    await note('org.update_saml_provider_settings', { old_issuer: before.ssoIssuer, issuer: after.ssoIssuer });
  if (before.requiresSso !== after.requiresSso) await note(`org.${after.requiresSso ? 'enable' : 'disable'}_saml`, {});
  if (before.twoFactorFrom !== after.twoFactorFrom) {
    const verb = after.twoFactorFrom === null ? 'disable' : 'enable';
    await note(`${organizationId === null ? 'business' : 'org'}.${verb}_two_factor_requirement`, {
      from: after.twoFactorFrom === null ? null : isoInstant(after.twoFactorFrom),
    });
  }
  // Not chosen is read: choosing that changes nothing.
  if ((before.basePermission ?? 'read') !== (after.basePermission ?? 'read'))
    await note('org.update_default_repository_permission', {
      old_permission: before.basePermission ?? 'read',
      permission: after.basePermission ?? 'read',
    });
}
