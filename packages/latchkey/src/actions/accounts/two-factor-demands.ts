/** Who requires a person to have a second factor, and from when. */
import { problem } from '../../base/errors.ts';
import { spokenInstant, type UnixSeconds } from '../../base/time.ts';
import { INSTANCE_OWNER } from '../../rules/model.ts';
import { NO_POLICY } from '../../rules/policy.ts';
import type { Query } from '../../store/db.ts';
import { listOrganizationsOf } from '../../store/memberships.ts';
import { storedPolicies } from '../../store/policies.ts';
import type { Permit } from '../decision/authorize.ts';
import type { Context } from '../ground/context.ts';
import { personOf } from './sessions.ts';

/** Somebody who requires it. */
export interface TwoFactorDemand {
  /** An organization's name; null = the instance. */
  readonly organization: string | null;
  readonly from: UnixSeconds;
}

const MAX_ORGANIZATIONS = 1_000;

/** Everybody who requires a second factor of the person now or later, the earliest first. */
export function twoFactorDemands(ctx: Context, permit: Permit): Promise<TwoFactorDemand[]> {
  return demandsOn(ctx.store.db, permit);
}

async function demandsOn(q: Query, permit: Permit): Promise<TwoFactorDemand[]> {
  const page = { beforeId: null, limit: MAX_ORGANIZATIONS };
  const organizations = await listOrganizationsOf(q, personOf(permit), page);
  const policies = await storedPolicies(q, [INSTANCE_OWNER, ...organizations.map(({ id }) => id)]);
  return [{ id: INSTANCE_OWNER, login: null }, ...organizations]
    .map(({ id, login }) => ({ organization: login, from: (policies.get(id) ?? NO_POLICY).twoFactorFrom }))
    .filter((demand): demand is TwoFactorDemand => demand.from !== null)
    .sort((a, b) => a.from - b.from);
}

/** @throws Problem when somebody requires the person to keep it */
export async function keepDemandedFactor(ctx: Context, q: Query, permit: Permit): Promise<void> {
  const [first] = await demandsOn(q, permit);
  if (first === undefined) return;
  const who = first.organization ?? 'This instance';
  const leave = first.organization === null ? '' : `, or leave ${who} first`;
  const when = first.from > ctx.clock.now() ? ` from ${spokenInstant(first.from)} on` : '';
  throw problem('unprocessable', `${who} requires two-factor authentication${when}: leave it on${leave}.`);
}
