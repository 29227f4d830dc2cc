/**
 * Lists in pages, as GitHub's connections: `first`/`after` forwards, `last`/`before` backwards.
 *
 * A cursor holds the key of its row, so rows added meanwhile shift nothing; if its row is gone, the page goes on where
 * it was.
 */
import { Unanswered } from './errors.ts';

/** The arguments of every connection. */
export interface PageArgs {
  readonly first?: number | null;
  readonly last?: number | null;
  readonly after?: string | null;
  readonly before?: string | null;
}

/** The most rows of a page. */
export const MAX_PAGE = 100;

/** What a list is made of. */
interface ListOf<Row> {
  readonly rows: readonly Row[];
  readonly keyOf: (row: Row) => string | number;
  readonly nodeOf: (row: Row) => unknown;
}

/** A page of a list that is known as a whole. @throws Unanswered for a made-up cursor */
export function connection<Row>({ rows, keyOf, nodeOf }: ListOf<Row>, args: PageArgs) {
  const start = args.after == null ? 0 : Math.floor(placeOf(rows, keyOf, args.after)) + 1;
  const end = args.before == null ? rows.length : Math.ceil(placeOf(rows, keyOf, args.before));
  const within = rows.slice(start, Math.max(start, end));
  const wanted = Math.min(args.first ?? args.last ?? 0, MAX_PAGE);
  const fromEnd = args.first == null && args.last != null;
  const from = fromEnd ? Math.max(0, within.length - wanted) : 0;
  const page = within.slice(from, from + wanted);
  const edges = page.map((row, i) => ({
    cursor: cursorOf(start + from + i, keyOf(row)),
    node: nodeOf(row),
  }));
  return {
    totalCount: rows.length,
    edges,
    nodes: edges.map(({ node }) => node),
    pageInfo: {
      startCursor: edges[0]?.cursor ?? null,
      endCursor: edges.at(-1)?.cursor ?? null,
      hasNextPage: start + from + page.length < rows.length,
      hasPreviousPage: start + from > 0,
    },
  };
}

/** A list of something that this server doesn't have. */
export const NOTHING = connection({ rows: [], keyOf: () => 0, nodeOf: () => null }, {});

function cursorOf(place: number, key: string | number): string {
  return Buffer.from(`${place} ${key}`).toString('base64url');
}

/** Where the row of a cursor is; between two rows where it was if it is gone. */
function placeOf<Row>(rows: readonly Row[], keyOf: (row: Row) => string | number, cursor: string): number {
  const text = Buffer.from(cursor, 'base64url').toString('utf8');
  const [, place = '', key = ''] = /^(\d{1,9}) (.+)$/.exec(text) ?? [];
  if (key === '' || Buffer.from(text).toString('base64url') !== cursor)
    throw new Unanswered('UNPROCESSABLE', `\`${cursor.slice(0, 60)}\` does not appear to be a valid cursor.`);
  const found = rows.findIndex((row) => String(keyOf(row)) === key);
  return found < 0 ? Math.min(Number(place), rows.length) - 0.5 : found;
}
