/** A policy is changed, and the log keeps how many tokens that blocked. */
import type { Permit } from '../decision/authorize.ts';
import type { Context } from '../ground/context.ts';
import { type PolicyChange, type PolicyInForce, storePolicy } from './policies.ts';
import { endingsOfPolicy } from './what-ends.ts';

/**
 * Changes an organization's policy, or the instance's (null).
 * @throws Problem with every complaint at once, or when it would shut the caller out and they did not confirm that;
 * then nothing was changed
 */
export async function changePolicy(
  ctx: Context,
  permit: Permit,
  organization: string | null,
  change: PolicyChange,
): Promise<PolicyInForce> {
  const { tokens } = await endingsOfPolicy(ctx, permit, organization, change);
  return storePolicy(ctx, permit, organization, change, tokens.length);
}
