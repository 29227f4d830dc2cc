/** The entries of the audit log about moves that a token asks its owner about. */
import type { UnixSeconds } from '../../../base/time.ts';
import type { Query } from '../../../store/db.ts';
import type { MoveKey } from '../../../store/push-approvals.ts';
import type { Permit } from '../../decision/authorize.ts';
import { record } from '../../ground/record.ts';

export interface AskedEntry {
  readonly action: `git.approval_${'denied' | 'granted' | 'requested' | 'used'}`;
  readonly at: UnixSeconds;
  readonly approval: MoveKey & { readonly id: number };
  readonly repository: { readonly fullName: string; readonly organizationId: number | null };
  /** The token as it is called, and whose it is. */
  readonly token: { readonly name: string; readonly userId: number };
}

/** Writes an entry, in the transaction of what it reports. */
export async function recordAsked(tx: Query, permit: Pick<Permit, 'actor'>, entry: AskedEntry): Promise<void> {
  const { action, at, approval, repository, token } = entry;
  await record(tx, permit, at, {
    action,
    userId: token.userId,
    organizationId: repository.organizationId,
    repositoryId: approval.repositoryId,
    tokenId: approval.tokenId,
    data: {
      approval: approval.id,
      repo: repository.fullName,
      ref: approval.ref,
      before: approval.oldId,
      after: approval.newId,
      name: token.name,
    },
  });
}
