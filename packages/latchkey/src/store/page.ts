/** Lists go by id, newest first, a page at a time: a page costs the same however deep it is. */

/** A page of a list. */
export interface Page {
  /** Rows with a smaller id than this; null for the newest ones. */
  readonly beforeId: number | null;
  /** At most this many rows, 1 or more. */
  readonly limit: number;
  /**
   * Rows to leave out first, for a page that is asked for by its number. The cost rises with it, so callers bound it.
   */
  readonly skip?: number;
}

/** What a keyset starts from when no id is given: larger than any id. */
const BEYOND_ALL_IDS = Number.MAX_SAFE_INTEGER;

/** The id below which the page's rows lie. */
export function startOf(page: Page): number {
  return page.beforeId ?? BEYOND_ALL_IDS;
}

/** Rows of one batch of `batchesOf`. */
const BATCH_ROWS = 500;

/**
 * All of a list that goes by id, a batch at a time, so that a long one takes no memory and others get their turn in
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
