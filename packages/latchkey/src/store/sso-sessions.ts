/**
 * Single sign-on: who proved themselves for an organization in which session, and the organization's recovery codes.
 *
 * Invariant: a proof belongs to one session and one organization, and ends with the session, the membership, the linked
 * identity, or the organization's choice of its provider.
 * Never: a recovery code; all are known only by digest.
 */
import type { UnixSeconds } from '../base/time.ts';
import type { SsoProof } from '../rules/model.ts';
import type { Query } from './db.ts';
import { forgetServiceSessions } from './service-sessions.ts';

/** What a session proved and that holds, by the ids of organizations. */
export async function proofsOf(q: Query, sessionId: number, at: UnixSeconds): Promise<Map<number, SsoProof>> {
  const rows = await q
    .selectFrom('sso_sessions')
    .select(['organization_id', 'issuer', 'ends_at'])
    .where('session_id', '=', sessionId)
    .where('ends_at', '>', at)
    .execute();
  return new Map(rows.map((row) => [row.organization_id, { until: row.ends_at, issuer: row.issuer }]));
}

/** Records a proof, in place of an earlier one. @throws a foreign-key violation when the session has ended */
export async function recordProof(
  tx: Query,
  sessionId: number,
  organizationId: number,
  { issuer, until }: SsoProof,
  at: UnixSeconds,
): Promise<void> {
  await forgetServiceSessions(tx, { sessionId });
  const proof = { issuer, proved_at: at, ends_at: until };
  await tx
    .insertInto('sso_sessions')
    .values({ session_id: sessionId, organization_id: organizationId, ...proof })
    .onConflict((conflict) => conflict.columns(['session_id', 'organization_id']).doUpdateSet(proof))
    .execute();
}

/** Whose proofs end. */
interface Proofs {
  /** Left out = everybody's. */
  readonly userId?: number;
  /** Left out = for every organization. */
  readonly organizationId?: number;
  /** Left out = whoever proved it. */
  readonly issuer?: string;
}

/** Ends proofs. */
export async function deleteProofs(tx: Query, { userId, organizationId, issuer }: Proofs): Promise<void> {
  await forgetServiceSessions(tx, { userId });
  let query = tx.deleteFrom('sso_sessions');
  if (userId !== undefined)
    query = query.where('session_id', 'in', tx.selectFrom('sessions').select('id').where('user_id', '=', userId));
  if (organizationId !== undefined) query = query.where('organization_id', '=', organizationId);
  if (issuer !== undefined) query = query.where('issuer', '=', issuer);
  await query.execute();
}

/** Replaces an organization's recovery codes with new ones. */
export async function replaceSsoRecoveryCodes(
  tx: Query,
  organizationId: number,
  digests: readonly string[],
): Promise<void> {
  await tx.deleteFrom('sso_recovery_codes').where('organization_id', '=', organizationId).execute();
  await tx
    .insertInto('sso_recovery_codes')
    .values(digests.map((digest) => ({ organization_id: organizationId, digest, used_at: null })))
    .execute();
}

/** Uses up a recovery code. False when it isn't one, or was used. */
export async function spendSsoRecoveryCode(
  tx: Query,
  organizationId: number,
  digest: string,
  at: UnixSeconds,
): Promise<boolean> {
  const row = await tx
    .updateTable('sso_recovery_codes')
    .set({ used_at: at })
    .where('organization_id', '=', organizationId)
    .where('digest', '=', digest)
    .where('used_at', 'is', null)
    .returning('digest')
    .executeTakeFirst();
  return row !== undefined;
}

/** How many recovery codes of an organization are left. */
export async function countSsoRecoveryCodes(q: Query, organizationId: number): Promise<number> {
  const { count } = await q
    .selectFrom('sso_recovery_codes')
    .select((row) => row.fn.countAll<number>().as('count'))
    .where('organization_id', '=', organizationId)
    .where('used_at', 'is', null)
    .executeTakeFirstOrThrow();
  return count;
}
