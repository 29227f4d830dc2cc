/** Policies as their owners chose them: one per organization, and the instance's under account 0. */
import type { UnixSeconds } from '../base/time.ts';
import { NO_POLICY, type StoredPolicy } from '../rules/policy.ts';
import type { Query } from './db.ts';
import { bumpRevision, subjectOf } from './revision.ts';

/** What an account (0 = the instance) chose; null = nothing yet. */
export async function storedPolicy(q: Query, accountId: number): Promise<StoredPolicy | null> {
  return (await storedPolicies(q, [accountId])).get(accountId) ?? null;
}

/** The same for several accounts in one query; accounts without a choice are missing. */
export async function storedPolicies(q: Query, accountIds: readonly number[]): Promise<Map<number, StoredPolicy>> {
  if (accountIds.length === 0) return new Map();
  const rows = await q
    .selectFrom('policies')
    .select(['account_id', 'policy_json'])
    .where('account_id', 'in', accountIds)
    .execute();
  return new Map(rows.map((row) => [row.account_id, readPolicy(row.policy_json)]));
}

/** Replaces what an account (0 = the instance) chose. */
export async function setPolicy(tx: Query, accountId: number, policy: StoredPolicy, at: UnixSeconds): Promise<void> {
  await bumpRevision(tx, subjectOf('account', accountId));
  const chosen = { policy_json: JSON.stringify(policy), updated_at: at };
  await tx
    .insertInto('policies')
    .values({ account_id: accountId, ...chosen })
    .onConflict((conflict) => conflict.column('account_id').doUpdateSet(chosen))
    .execute();
}

/** A choice that didn't exist when the policy was stored counts as not made. */
function readPolicy(json: string): StoredPolicy {
  return { ...NO_POLICY, ...(JSON.parse(json) as Partial<StoredPolicy>) };
}
