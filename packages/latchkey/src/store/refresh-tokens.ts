/**
 * Refresh tokens: what an application exchanges for its next access token.
 *
 * Invariant: compare-and-set takes each once, on whichever node. Used ones stay until their time is over, so that a
 * second use is noticed.
 */
import type { UnixSeconds } from '../base/time.ts';
import type { Query } from './db.ts';
import type { RefreshTokensTable } from './schema.ts';

export interface RefreshToken {
  /** SHA-256. */
  readonly digest: string;
  /** The token whose rights it gives. */
  readonly tokenId: number;
  /** What its access tokens are for; null = this server and every service. */
  readonly resource: string | null;
  readonly state: RefreshTokensTable['state'];
  readonly createdAt: UnixSeconds;
  readonly endsAt: UnixSeconds;
}

export async function insertRefreshToken(tx: Query, token: Omit<RefreshToken, 'state'>): Promise<void> {
  await tx
    .insertInto('refresh_tokens')
    .values({
      digest: token.digest,
      token_id: token.tokenId,
      resource: token.resource,
      state: 'current',
      created_at: token.createdAt,
      ends_at: token.endsAt,
    })
    .execute();
}

/** Whether it still works or not. */
export async function refreshTokenByDigest(q: Query, digest: string): Promise<RefreshToken | null> {
  const row = await q.selectFrom('refresh_tokens').selectAll().where('digest', '=', digest).executeTakeFirst();
  if (row === undefined) return null;
  return {
    digest: row.digest,
    tokenId: row.token_id,
    resource: row.resource,
    state: row.state,
    createdAt: row.created_at,
    endsAt: row.ends_at,
  };
}

/** Takes one for its exchange. False when somebody was faster. */
export async function useRefreshToken(tx: Query, digest: string): Promise<boolean> {
  const row = await tx
    .updateTable('refresh_tokens')
    .set({ state: 'used' })
    .where('digest', '=', digest)
    .where('state', '=', 'current')
    .returning('digest')
    .executeTakeFirst();
  return row !== undefined;
}

/** Deletes those that ended before a time. */
export async function deleteEndedRefreshTokens(tx: Query, before: UnixSeconds): Promise<void> {
  await tx.deleteFrom('refresh_tokens').where('ends_at', '<', before).execute();
}

/** Deletes all: nobody knows which of them were used after a backup. */
export async function deleteAllRefreshTokens(tx: Query): Promise<void> {
  await tx.deleteFrom('refresh_tokens').execute();
}
