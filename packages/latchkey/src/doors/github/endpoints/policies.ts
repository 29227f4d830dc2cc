/** Policies of an organization, and of the instance for all of them. */

import type { Context } from '../../../actions/ground/context.ts';
import { providerName } from '../../../actions/identity/links.ts';
import { type PolicyChange, type PolicyInForce, readPolicy } from '../../../actions/organizations/policies.ts';
import { changePolicy } from '../../../actions/organizations/policy-change.ts';
import { type Static, Type } from '../../../base/json-schema.ts';
import { parameter } from '../../../base/present.ts';
import { isoInstant } from '../../../base/time.ts';
import type { Need } from '../../../catalogue/needs.ts';
import type { Level, PermissionName } from '../../../catalogue/permissions.ts';
import { type Endpoint, endpoint, ok } from '../endpoint.ts';

const optional = Type.Optional;
const closed = { additionalProperties: false } as const;
const orNull = <T extends Parameters<typeof Type.Union>[0][number]>(schema: T) => Type.Union([schema, Type.Null()]);
const perKind = <T extends Parameters<typeof Type.Optional>[0]>(schema: T) =>
  optional(
    Type.Object({ 'fine-grained': optional(schema), classic: optional(schema), scoped: optional(schema) }, closed),
  );

const Change = Type.Object(
  {
    allowed: perKind(orNull(Type.Boolean())),
    max_lifetime_days: perKind(orNull(Type.Integer())),
    requires_approval: optional(orNull(Type.Boolean())),
    exempt_administrators: optional(Type.Boolean()),
    allowed_addresses: optional(orNull(Type.Array(Type.String({ maxLength: 60 }), { maxItems: 1000 }))),
    requires_sso: optional(Type.Boolean()),
    sso_provider: optional(orNull(Type.String({ maxLength: 60 }))),
    two_factor_from: optional(orNull(Type.String({ format: 'date-time' }))),
    confirm_lock_out: optional(Type.Boolean()),
    base_permission: optional(
      Type.Union([
        Type.Literal('none'),
        Type.Literal('read'),
        Type.Literal('write'),
        Type.Literal('admin'),
        Type.Null(),
      ]),
    ),
  },
  closed,
);

/** Fields that are left out stay unchanged: they are absent, not undefined. */
function changeIn(body: Static<typeof Change>): PolicyChange {
  const fields = {
    allowed: body.allowed,
    maxLifetimeDays: body.max_lifetime_days,
    requiresApproval: body.requires_approval,
    exemptAdministrators: body.exempt_administrators,
    allowedAddresses: body.allowed_addresses,
    requiresSso: body.requires_sso,
    ssoProvider: body.sso_provider,
    basePermission: body.base_permission,
    twoFactorFrom: instantIn(body.two_factor_from),
    confirmLockOut: body.confirm_lock_out,
  };
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as PolicyChange;
}

function shown(ctx: Context, { chosen, effective }: PolicyInForce) {
  const kinds = Object.entries(effective.kinds);
  return {
    allowed: chosen.allowed,
    max_lifetime_days: chosen.maxLifetimeDays,
    requires_approval: chosen.requiresApproval,
    exempt_administrators: chosen.exemptAdministrators,
    allowed_addresses: chosen.allowedAddresses,
    requires_sso: chosen.requiresSso,
    sso_provider: providerName(ctx, chosen.ssoIssuer),
    sso_issuer: chosen.ssoIssuer,
    two_factor_from: instantOf(chosen.twoFactorFrom),
    base_permission: chosen.basePermission,
    in_force: {
      allowed: Object.fromEntries(kinds.map(([kind, { allowed }]) => [kind, allowed])),
      allowed_decided_by: Object.fromEntries(kinds.map(([kind, { decidedBy }]) => [kind, decidedBy])),
      max_lifetime_days: Object.fromEntries(kinds.map(([kind, { maxLifetimeDays }]) => [kind, maxLifetimeDays])),
      max_lifetime_decided_by: Object.fromEntries(kinds.map(([kind, { capDecidedBy }]) => [kind, capDecidedBy])),
      requires_approval: effective.requiresApproval,
      exempt_administrators: effective.exemptAdministrators,
      allowed_addresses: effective.allowedAddresses,
      requires_sso: effective.requiresSso,
      two_factor_from: instantOf(effective.twoFactorFrom),
      base_permission: effective.basePermission,
    },
  };
}

const instantOf = (at: number | null): string | null => (at === null ? null : isoInstant(at));

/** The time of day is kept; the action reports an invalid time. */
function instantIn(text: string | null | undefined): number | null | undefined {
  return typeof text === 'string' ? Math.floor(Date.parse(text) / 1000) : text;
}

function need(permission: PermissionName, level: Level): Need {
  return { sets: [{ [permission]: level }], publicRead: false, writes: level !== 'read' };
}

const ORGANIZATION = '/orgs/{org}/personal-access-token-policy';
const INSTANCE = '/enterprise/personal-access-token-policy';
const instance = { target: { kind: 'instance' }, resource: 'Policy' } as const;

export const POLICY_ENDPOINTS: readonly Endpoint[] = [
  endpoint({
    method: 'GET',
    path: ORGANIZATION,
    operationId: 'orgs/get-pat-policy',
    summary: 'What the organization chose for tokens, and what is in force.',
    need: need('organization_administration', 'read'),
    handle: async ({ ctx, permit, params }) => ok(shown(ctx, await readPolicy(ctx, permit, parameter(params, 'org')))),
  }),
  endpoint({
    method: 'PATCH',
    path: ORGANIZATION,
    operationId: 'orgs/update-pat-policy',
    summary:
      'Changes what the organization allows. `null` clears a choice; lifetimes can only be shorter than the ' +
      'instance says. A change that would lock you out is refused unless `confirm_lock_out` is true.',
    resource: 'Policy',
    body: Change,
    need: need('organization_administration', 'write'),
    handle: async ({ ctx, permit, params, body }) =>
      ok(shown(ctx, await changePolicy(ctx, permit, parameter(params, 'org'), changeIn(body)))),
  }),
  endpoint({
    ...instance,
    method: 'GET',
    path: INSTANCE,
    operationId: 'enterprise/get-pat-policy',
    summary: 'What the instance chose for all organizations.',
    need: need('instance_policies', 'read'),
    handle: async ({ ctx, permit }) => ok(shown(ctx, await readPolicy(ctx, permit, null))),
  }),
  endpoint({
    ...instance,
    method: 'PATCH',
    path: INSTANCE,
    operationId: 'enterprise/update-pat-policy',
    summary: 'Changes what the instance allows. Organizations cannot override what it chooses.',
    body: Change,
    need: need('instance_policies', 'write'),
    handle: async ({ ctx, permit, body }) => ok(shown(ctx, await changePolicy(ctx, permit, null, changeIn(body)))),
  }),
];
