/**
 * Refusals of each token: counted by day, reason and purpose, with the words of the latest.
 *
 * Invariant: a token has at most `MAX_ROWS_PER_TOKEN` rows, the newest; the bearer of a dead token can't fill the
 * disk with them.
 */
import type { UnixSeconds } from '../base/time.ts';
import type { Query } from './db.ts';

/** Rows kept for one token. */
export const MAX_ROWS_PER_TOKEN = 50;

/** What the person read, and what was missing. Stored as JSON under these names. */
export interface RefusalWords {
  readonly sentence: string;
  readonly wayOut: string;
  /** The form or page that fixes it, on this instance; null when the remedy is a command. */
  readonly url: string | null;
  /** What to type on one's own machine. Older rows have none. */
  readonly command?: string | null;
  readonly missing: readonly { readonly permission: string; readonly level: string }[];
  readonly missingScopes: readonly string[];
}

export interface RefusalCount {
  readonly tokenId: number;
  /** 00:00 UTC of the day. */
  readonly dayAt: UnixSeconds;
  readonly reason: string;
  /** The purpose in words: `push acme/site`. */
  readonly purpose: string;
  readonly times: number;
  readonly lastAt: UnixSeconds;
  readonly lastAddress: string;
  readonly words: RefusalWords;
}

/** Adds counts, each key once per call. Tokens that no longer exist are left out. */
export async function addRefusals(tx: Query, counts: readonly RefusalCount[]): Promise<void> {
  const ids = [...new Set(counts.map((count) => count.tokenId))];
  if (ids.length === 0) return;
  const rows = await tx.selectFrom('tokens').select('id').where('id', 'in', ids).execute();
  const known = new Set(rows.map((row) => row.id));
  // The same order on every node, so that no two of them can wait for each other.
  const sorted = counts.filter((count) => known.has(count.tokenId)).toSorted((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
  for (const count of sorted) await add(tx, count);
  for (const id of [...known].toSorted((a, b) => a - b)) await keepNewest(tx, id);
}

function keyOf({ tokenId, dayAt, reason, purpose }: RefusalCount): string {
  return `${String(tokenId).padStart(20, '0')} ${dayAt} ${reason} ${purpose}`;
}

async function add(tx: Query, count: RefusalCount): Promise<void> {
  await tx
    .insertInto('token_refusals')
    .values({
      token_id: count.tokenId,
      day_at: count.dayAt,
      reason: count.reason,
      purpose: count.purpose,
      times: count.times,
      last_at: count.lastAt,
      last_address: count.lastAddress,
      words_json: JSON.stringify(count.words),
    })
    .onConflict((conflict) =>
      conflict.columns(['token_id', 'day_at', 'reason', 'purpose']).doUpdateSet((row) => ({
        times: row('token_refusals.times', '+', row.ref('excluded.times')),
        last_at: row.ref('excluded.last_at'),
        last_address: row.ref('excluded.last_address'),
        words_json: row.ref('excluded.words_json'),
      })),
    )
    .execute();
}

async function keepNewest(tx: Query, tokenId: number): Promise<void> {
  const oldest = await tx
    .selectFrom('token_refusals')
    .select('last_at')
    .where('token_id', '=', tokenId)
    .orderBy('last_at', 'desc')
    .orderBy('day_at', 'desc')
    .offset(MAX_ROWS_PER_TOKEN)
    .limit(1)
    .executeTakeFirst();
  if (oldest === undefined) return;
  await tx
    .deleteFrom('token_refusals')
    .where('token_id', '=', tokenId)
    .where('last_at', '<=', oldest.last_at)
    .execute();
}

/** A token's refusals, the latest first; at most `MAX_ROWS_PER_TOKEN`. */
export async function refusalsOfToken(q: Query, tokenId: number): Promise<RefusalCount[]> {
  const rows = await q
    .selectFrom('token_refusals')
    .selectAll()
    .where('token_id', '=', tokenId)
    .orderBy('last_at', 'desc')
    .orderBy('reason')
    .orderBy('purpose')
    .limit(MAX_ROWS_PER_TOKEN)
    .execute();
  return rows.map((row) => ({
    tokenId: row.token_id,
    dayAt: row.day_at,
    reason: row.reason,
    purpose: row.purpose,
    times: row.times,
    lastAt: row.last_at,
    lastAddress: row.last_address,
    words: JSON.parse(row.words_json) as RefusalWords,
  }));
}

/**
 * How often each of these tokens was refused, on days whose last refusal came at this instant or later; tokens without
 * refusals are missing. A few thousand ids at most.
 */
export async function refusalTotals(
  q: Query,
  tokenIds: readonly number[],
  sinceAt: UnixSeconds,
): Promise<Map<number, number>> {
  if (tokenIds.length === 0) return new Map();
  const rows = await q
    .selectFrom('token_refusals')
    .select((row) => ['token_id', row.fn.sum<number>('times').as('times')])
    .where('token_id', 'in', tokenIds)
    .where('last_at', '>=', sinceAt)
    .groupBy('token_id')
    .execute();
  return new Map(rows.map((row) => [row.token_id, Number(row.times)]));
}

/** How often each of these tokens was refused on each day since `sinceAt` (00:00 UTC). A page of tokens at most. */
export async function dailyRefusals(
  q: Query,
  tokenIds: readonly number[],
  sinceAt: UnixSeconds,
): Promise<Map<number, Map<UnixSeconds, number>>> {
  const found = new Map<number, Map<UnixSeconds, number>>();
  if (tokenIds.length === 0) return found;
  const rows = await q
    .selectFrom('token_refusals')
    .select((row) => ['token_id', 'day_at', row.fn.sum<number>('times').as('times')])
    .where('token_id', 'in', tokenIds)
    .where('day_at', '>=', sinceAt)
    .groupBy(['token_id', 'day_at'])
    .execute();
  for (const { token_id, day_at, times } of rows) {
    const days = found.get(token_id) ?? new Map<UnixSeconds, number>();
    days.set(day_at, Number(times));
    found.set(token_id, days);
  }
  return found;
}

/** The latest refusal since an instant of each of a person's living tokens, the newest first. */
export async function latestRefusals(
  q: Query,
  userId: number,
  sinceAt: UnixSeconds,
  limit: number,
): Promise<{ readonly tokenId: number; readonly times: number }[]> {
  const rows = await q
    .selectFrom('token_refusals')
    .innerJoin('tokens', 'tokens.id', 'token_refusals.token_id')
    .select((row) => ['token_refusals.token_id', row.fn.sum<number>('times').as('times')])
    .where('tokens.user_id', '=', userId)
    .where('tokens.revoked_at', 'is', null)
    .where('token_refusals.last_at', '>=', sinceAt)
    .groupBy('token_refusals.token_id')
    .orderBy((row) => row.fn.max('token_refusals.last_at'), 'desc')
    .limit(limit)
    .execute();
  return rows.map((row) => ({ tokenId: row.token_id, times: Number(row.times) }));
}

/** Deletes refusals that last happened before an instant. Returns how many rows. */
export async function deleteRefusalsBefore(tx: Query, at: UnixSeconds): Promise<number> {
  const { numDeletedRows } = await tx.deleteFrom('token_refusals').where('last_at', '<', at).executeTakeFirst();
  return Number(numDeletedRows);
}
