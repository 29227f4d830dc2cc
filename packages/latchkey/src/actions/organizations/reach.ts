/** Tokens of all kinds in the hands of an organization's owners: what they reach there is revoked, or restored. */
import { problem } from '../../base/errors.ts';
import { reachingAmong } from '../../store/organization-tokens.ts';
import { organizationNamed } from '../accounts/accounts.ts';
import type { Permit } from '../decision/authorize.ts';
import type { Context } from '../ground/context.ts';
import { revokeAccess } from './approvals.ts';
import { changeMemberTokens } from './member-tokens.ts';

/**
 * Revokes what these tokens reach in the organization.
 * @throws Problem `not_found` when one of them doesn't reach it; then nothing was changed
 */
export async function revokeReach(
  ctx: Context,
  permit: Permit,
  organization: string,
  tokenIds: readonly number[],
  reason: string,
): Promise<{ readonly otherIds: readonly number[] }> {
  const q = ctx.store.db;
  const { id, login } = await organizationNamed(q, organization);
  const wanted = [...new Set(tokenIds)];
  const { grantIds, otherIds } = await reachingAmong(q, id, wanted);
  if (grantIds.length + otherIds.length !== wanted.length)
    throw problem('not_found', `One of these tokens doesn’t reach ${login} any more. Nothing was changed.`, 'ids');
  if (grantIds.length > 0) await revokeAccess(ctx, permit, organization, grantIds, reason);
  if (otherIds.length > 0)
    await changeMemberTokens(ctx, permit, organization, 'revoke', { tokenIds: otherIds, reason });
  return { otherIds };
}
