/** Requests from the token's side: what waits for an owner's decision. */
import type { UnixSeconds } from '../../base/time.ts';
import type { GrantPlan } from '../../rules/grant-draft.ts';
import type { Reach } from '../../rules/reach.ts';
import type { Query } from '../../store/db.ts';
import { insertRequest } from '../../store/requests.ts';
import type { Token } from '../../store/tokens.ts';
import type { Permit } from '../decision/authorize.ts';
import { record } from '../ground/record.ts';

type NamedToken = Pick<Token, 'id' | 'userId' | 'name'>;

/** What a token's grant would reach, or would reach in addition. */
interface AskedReach extends Reach {
  readonly token: NamedToken;
  readonly grantId: number;
  readonly organizationId: number;
  readonly justification: string | null;
}

/** Files a request for it with an organization's owners. */
export async function fileRequest(tx: Query, permit: Permit, asked: AskedReach, at: UnixSeconds): Promise<void> {
  const { token, grantId, organizationId, justification, selection, repositoryIds, permissions } = asked;
  const id = await insertRequest(tx, {
    tokenId: token.id,
    grantId,
    organizationId,
    userId: token.userId,
    reason: justification,
    selection,
    repositoryIds,
    permissions,
    at,
  });
  await record(tx, permit, at, {
    action: 'personal_access_token.request_created',
    userId: token.userId,
    organizationId,
    tokenId: token.id,
    data: { request_id: id, name: token.name, selection, permissions, reason: justification },
  });
}

/**
 * The follow-up to a new grant: a request if it has to wait, or the log entry that access was granted if nobody has to
 * approve. Only for organizations.
 */
export async function openGrant(
  tx: Query,
  permit: Permit,
  { token, grantId, plan }: { readonly token: NamedToken; readonly grantId: number; readonly plan: GrantPlan },
  at: UnixSeconds,
): Promise<void> {
  if (!plan.ownerIsOrganization) return;
  if (plan.state === 'pending')
    return fileRequest(tx, permit, { ...plan, token, grantId, organizationId: plan.ownerId }, at);
  await record(tx, permit, at, {
    action: 'personal_access_token.access_granted',
    userId: token.userId,
    organizationId: plan.ownerId,
    tokenId: token.id,
    data: { name: token.name, permissions: plan.permissions },
  });
}
