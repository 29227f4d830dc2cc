/** Windows of rate limits, counted across all nodes. A window starts with its first use. */
import type { UnixSeconds } from '../base/time.ts';
import type { Query } from './db.ts';

export interface RateWindow {
  readonly used: number;
  readonly endsAt: UnixSeconds;
}

export interface WindowUse {
  readonly key: string;
  readonly count: number;
  /** The end of the window, if this use starts it. */
  readonly endsAt: UnixSeconds;
}

/** Windows in one statement: far below the parameter limit of either engine. */
const ROWS_PER_STATEMENT = 500;

/**
 * Adds uses, each key once, and returns every window after that. One that ends after `latestEnd` was begun with a clock
 * that was ahead: it starts again, so that nobody is kept out that long.
 */
export async function addToWindows(
  tx: Query,
  uses: readonly WindowUse[],
  at: UnixSeconds,
  latestEnd: UnixSeconds,
): Promise<Map<string, RateWindow>> {
  // The same order on every node, so that no two of them can wait for each other.
  const sorted = uses.toSorted((a, b) => (a.key < b.key ? -1 : 1));
  const windows = new Map<string, RateWindow>();
  for (let start = 0; start < sorted.length; start += ROWS_PER_STATEMENT) {
    for (const [key, window] of await addSome(tx, sorted.slice(start, start + ROWS_PER_STATEMENT), at, latestEnd))
      windows.set(key, window);
  }
  return windows;
}

async function addSome(
  tx: Query,
  uses: readonly WindowUse[],
  at: UnixSeconds,
  latestEnd: UnixSeconds,
): Promise<[string, RateWindow][]> {
  const rows = await tx
    .insertInto('rate_windows')
    .values(uses.map((use) => ({ window_key: use.key, used: use.count, ends_at: use.endsAt })))
    .onConflict((conflict) =>
      conflict.column('window_key').doUpdateSet((row) => ({
        used: row
          .case()
          .when(row.or([row('rate_windows.ends_at', '<=', at), row('rate_windows.ends_at', '>', latestEnd)]))
          .then(row.ref('excluded.used'))
          .else(row('rate_windows.used', '+', row.ref('excluded.used')))
          .end(),
        ends_at: row
          .case()
          .when(row.or([row('rate_windows.ends_at', '<=', at), row('rate_windows.ends_at', '>', latestEnd)]))
          .then(row.ref('excluded.ends_at'))
          .else(row.ref('rate_windows.ends_at'))
          .end(),
      })),
    )
    .returningAll()
    .execute();
  return rows.map((row) => [row.window_key, { used: row.used, endsAt: row.ends_at }]);
}

/** The window of a key that is running at `at`, and ends no later than `latestEnd`; null when there is none. */
export async function windowOf(
  q: Query,
  key: string,
  at: UnixSeconds,
  latestEnd: UnixSeconds,
): Promise<RateWindow | null> {
  const row = await q
    .selectFrom('rate_windows')
    .selectAll()
    .where('window_key', '=', key)
    .where('ends_at', '>', at)
    .where('ends_at', '<=', latestEnd)
    .executeTakeFirst();
  return row === undefined ? null : { used: row.used, endsAt: row.ends_at };
}

/** Deletes windows that have ended. Returns how many. */
export async function deleteEndedWindows(tx: Query, at: UnixSeconds): Promise<number> {
  const { numDeletedRows } = await tx.deleteFrom('rate_windows').where('ends_at', '<=', at).executeTakeFirst();
  return Number(numDeletedRows);
}
