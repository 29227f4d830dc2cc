/**
 * Tokens whom time has caught up with: about to end, ended, long unused. Read in batches by id, so that a long list
 * holds up nobody.
 */
import type { UnixSeconds } from '../base/time.ts';
import type { Query } from './db.ts';

/**
 * Ids of tokens that end after `from` and at `to` at the latest, and whose owners have not had the notice of `days`;
 * above `afterId`, in order. A token whose whole life is not longer than the notice is left out: its owner chose that
 * end a moment ago.
 */
export async function tokensToNotice(
  q: Query,
  notice: { days: number; from: UnixSeconds; to: UnixSeconds; lifeSec: number },
  afterId: number,
  limit: number,
): Promise<number[]> {
  const rows = await q
    .selectFrom('tokens')
    .select('id')
    .where('expires_at', '>', notice.from)
    .where('expires_at', '<=', notice.to)
    .where('revoked_at', 'is', null)
    .where((token) => token.or([token('noticed_days', 'is', null), token('noticed_days', '>', notice.days)]))
    .where((token) => token(token('expires_at', '-', token.ref('issued_at')), '>', notice.lifeSec))
    .where('id', '>', afterId)
    .orderBy('id')
    .limit(limit)
    .execute();
  return rows.map((row) => row.id);
}

/** Notes a notice; false when it, or a later one, was given meanwhile. */
export async function noteNotice(tx: Query, id: number, days: number): Promise<boolean> {
  const noted = await tx
    .updateTable('tokens')
    .set({ noticed_days: days })
    .where('id', '=', id)
    .where('revoked_at', 'is', null)
    .where((token) => token.or([token('noticed_days', 'is', null), token('noticed_days', '>', days)]))
    .returning('id')
    .executeTakeFirst();
  return noted !== undefined;
}

/** Ids of living tokens that were neither given a secret nor used after `cutoff`; above `afterId`, in order. */
export async function tokensUnusedSince(
  q: Query,
  cutoff: UnixSeconds,
  afterId: number,
  limit: number,
): Promise<number[]> {
  const rows = await q
    .selectFrom('tokens')
    .leftJoin('token_use', 'token_use.token_id', 'tokens.id')
    .select('tokens.id')
    .where('tokens.revoked_at', 'is', null)
    .where('tokens.issued_at', '<=', cutoff)
    .where((row) => row.or([row('token_use.last_used_at', 'is', null), row('token_use.last_used_at', '<=', cutoff)]))
    .where('tokens.id', '>', afterId)
    .orderBy('tokens.id')
    .limit(limit)
    .execute();
  return rows.map((row) => row.id);
}

/** Organizations for whose owners requests wait, and how many. */
export async function organizationsWithRequests(q: Query): Promise<{ organizationId: number; waiting: number }[]> {
  const rows = await q
    .selectFrom('requests')
    .select((row) => ['organization_id', row.fn.countAll<number>().as('waiting')])
    .where('state', '=', 'pending')
    .groupBy('organization_id')
    .execute();
  return rows.map((row) => ({ organizationId: row.organization_id, waiting: Number(row.waiting) }));
}
