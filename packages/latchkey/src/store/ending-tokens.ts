/** Which of a person's tokens end next. */
import type { UnixSeconds } from '../base/time.ts';
import type { Query } from './db.ts';

/** The ids of a person's living tokens that end after one instant and until another, the next first. */
export async function endingTokenIds(
  q: Query,
  userId: number,
  { after, until }: { readonly after: UnixSeconds; readonly until: UnixSeconds },
  limit: number,
): Promise<number[]> {
  const rows = await q
    .selectFrom('tokens')
    .select('id')
    .where('user_id', '=', userId)
    .where('revoked_at', 'is', null)
    .where('expires_at', '>', after)
    .where('expires_at', '<=', until)
    .orderBy('expires_at')
    .limit(limit)
    .execute();
  return rows.map(({ id }) => id);
}
