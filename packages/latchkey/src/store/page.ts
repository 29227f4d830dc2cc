/** Lists go by id, newest first, a page at a time: a page costs the same however deep it is. */
import type { AliasableExpression } from 'kysely';
import type { Query } from './db.ts';

/** A page of a list. */
export interface Page {
  /** Only rows with a smaller id than this; null for the newest ones. */
  readonly beforeId: number | null;
  /** At most this many rows, 1 or more. */
  readonly limit: number;
  /** Rows to skip first, for a page requested by number. The cost rises with it, so callers limit it. */
  readonly skip?: number;
}

/** Where a keyset starts without an id: larger than any id. */
const BEYOND_ALL_IDS = Number.MAX_SAFE_INTEGER;

/** The page's rows have ids below this one. */
export function startOf(page: Page): number {
  return page.beforeId ?? BEYOND_ALL_IDS;
}

/** How many rows a query gives, which has a limit: no more are read. */
export async function countRows(q: Query, rows: AliasableExpression<object>): Promise<number> {
  const { count } = await q
    .selectFrom(rows.as('some'))
    .select((row) => row.fn.countAll<number>().as('count'))
    .executeTakeFirstOrThrow();
  return Number(count);
}

/** Rows in one batch of `batchesOf`. */
const BATCH_ROWS = 500;

/**
 * A whole list ordered by id, one batch at a time, so that a long one needs little memory and others get their turn in
 * between.
 */
export async function* batchesOf<Row extends { readonly id: number }>(
  read: (page: Page) => Promise<Row[]>,
): AsyncGenerator<Row[]> {
  let beforeId: number | null = null;
  for (;;) {
    const rows: Row[] = await read({ beforeId, limit: BATCH_ROWS });
    if (rows.length > 0) yield rows;
    const last = rows.at(-1);
    if (last === undefined || rows.length < BATCH_ROWS) return;
    beforeId = last.id;
  }
}
