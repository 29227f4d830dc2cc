/**
 * Policies that would shut out the person who sets them.
 *
 * Invariant: the decision itself is asked, with the policy as it would be, so every way of being shut out counts.
 */
import { problem } from '../../base/errors.ts';
import type { Reason } from '../../catalogue/refusals/refusals.ts';
import type { Need, Policy } from '../../rules/model.ts';
import type { Permit } from '../decision/authorize.ts';

const CHANGE_POLICY: Need = {
  sets: [{ organization_administration: 'write' }],
  publicRead: false,
  writes: true,
};

/** @throws Problem when the person changing a policy could not change it back */
export function refuseLockOut(permit: Permit, after: Policy): void {
  const { target, actor } = permit;
  if (target.kind === 'instance' || target.owner === null) return;
  const refusals = permit.refusalsOn({ ...target, owner: { ...target.owner, policy: after } }, CHANGE_POLICY);
  if (refusals.length === 0) return;
  const why = refusals.map(({ reason }) => words(reason, actor.address)).join('; ');
  throw problem(
    'unprocessable',
    `This would shut you out: ${why}. If you mean it, confirm it; an administrator of the instance can undo it.`,
    'confirm_lock_out',
  );
}

function words(reason: Reason, address: string | null): string {
  const known: Partial<Record<Reason, string>> = {
    organization_address_not_allowed: `your own address, ${address ?? 'unknown'}, is not in the list`,
    classic_forbidden: 'you use a classic token',
    scoped_forbidden: 'you use a scoped token',
    fine_grained_forbidden: 'you use a fine-grained token',
    lifetime_over_policy: 'the token that you use lives longer than that',
    two_factor_required: 'you have no two-factor authentication yourself',
    sso_not_authorized: 'the token that you use is not authorized for this organization',
    sso_not_proved: 'you have not proved yourself at the identity provider: do that first, with “Try it”',
  };
  return known[reason] ?? reason;
}
