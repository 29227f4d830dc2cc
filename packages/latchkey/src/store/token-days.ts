/** How often each token used which permission where, by day. */

import type { UnixSeconds } from '../base/time.ts';
import type { Level } from '../catalogue/permissions.ts';
import type { Query } from './db.ts';

export interface TokenDay {
  readonly tokenId: number;
  /** 00:00 UTC of the day. */
  readonly dayAt: UnixSeconds;
  /** 0 when there was no repository. */
  readonly repositoryId: number;
  /** '' when none was needed. */
  readonly permission: string;
  readonly level: Level | '';
  readonly times: number;
}

/** The most rows to read of one token: far more than 90 days of a busy token have. */
const MAX_ROWS_READ = 20_000;

/** Adds counts, each key once per call. Tokens that no longer exist are left out. */
export async function addTokenDays(tx: Query, days: readonly TokenDay[]): Promise<void> {
  const ids = [...new Set(days.map((day) => day.tokenId))];
  const known = new Set<number>();
  for (let start = 0; start < ids.length; start += 500) {
    for (const row of await tx
      .selectFrom('tokens')
      .select('id')
      .where('id', 'in', ids.slice(start, start + 500))
      .execute())
      known.add(row.id);
  }
  const rows = days
    .filter((day) => known.has(day.tokenId))
    .map((day) => ({
      token_id: day.tokenId,
      day_at: day.dayAt,
      repository_id: day.repositoryId,
      permission: day.permission,
      level: day.level,
      times: day.times,
    }));
  // The same order on every node, so that no two of them can wait for each other.
  rows.sort(
    (a, b) =>
      a.token_id - b.token_id ||
      a.day_at - b.day_at ||
      a.repository_id - b.repository_id ||
      (a.permission + a.level < b.permission + b.level ? -1 : 1),
  );
  for (let start = 0; start < rows.length; start += 500) {
    await tx
      .insertInto('token_days')
      .values(rows.slice(start, start + 500))
      .onConflict((conflict) =>
        conflict
          .columns(['token_id', 'day_at', 'repository_id', 'permission', 'level'])
          .doUpdateSet((row) => ({ times: row('token_days.times', '+', row.ref('excluded.times')) })),
      )
      .execute();
  }
}

/** A token's counts since a day, the oldest first. */
export async function daysOfToken(q: Query, tokenId: number, sinceAt: UnixSeconds): Promise<TokenDay[]> {
  const rows = await q
    .selectFrom('token_days')
    .selectAll()
    .where('token_id', '=', tokenId)
    .where('day_at', '>=', sinceAt)
    .orderBy('day_at')
    .limit(MAX_ROWS_READ)
    .execute();
  return rows.map((row) => ({
    tokenId: row.token_id,
    dayAt: row.day_at,
    repositoryId: row.repository_id,
    permission: row.permission,
    level: row.level,
    times: Number(row.times),
  }));
}

/** The levels at which these tokens used repositories' contents: git's fetches and pushes, and the same over REST. */
export async function contentsUse(q: Query, tokenIds: readonly number[]): Promise<readonly (Level | '')[]> {
  const rows = await q
    .selectFrom('token_days')
    .select('level')
    .distinct()
    .where('token_id', 'in', [-1, ...tokenIds])
    .where('permission', '=', 'contents')
    .execute();
  return rows.map(({ level }) => level);
}

/** Deletes the days before one. */
export async function deleteTokenDaysBefore(q: Query, dayAt: UnixSeconds): Promise<void> {
  await q.deleteFrom('token_days').where('day_at', '<', dayAt).execute();
}
