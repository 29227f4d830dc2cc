/**
 * Which of several rows with the same method and path a request means, told by its query.
 *
 * Invariant: a name in the query that comes twice meets no condition; nor does a query that can be taken apart so that
 * it means another row.
 * Invariant: nor does a name that some service takes for one that a row looks at: in other capitals (ASP.NET), after a
 * space or before brackets (PHP, Rack), or encoded as `%u0070` (CGI.pm).
 */

export interface QueriedRow {
  /** The row matches only when the query has each of these exactly once, with this value; null = not at all. */
  readonly query?: Readonly<Record<string, string | null>>;
}

/** Rows with the same template and method, told apart by the query. */
export interface Choice<Row> {
  readonly rows: Row[];
  /** By the whole text of a query that meets a single condition: what git sends. */
  readonly byQuery: Map<string, Row>;
  /** What a request without a query means. */
  bare: Row | null;
}

/** Adds a row, which is told apart from the others by its query. */
export function addChoice<Row extends QueriedRow>(choice: Choice<Row>, row: Row): void {
  choice.rows.push(row);
  const demands = Object.entries(row.query ?? {});
  const [demand, ...further] = demands;
  if (demand !== undefined && demand[1] !== null && further.length === 0) choice.byQuery.set(demand.join('='), row);
  if (demands.every(([, value]) => value === null)) choice.bare ??= row;
}

/** Without what must not be there, which tells no two rows apart: the other one would be open to it. */
export const queryKey = ({ query }: QueriedRow): string =>
  JSON.stringify(
    Object.entries(query ?? {})
      .filter(([, value]) => value !== null)
      .toSorted(),
  );

/** An end of text, or a percent sign that encodes nothing. */
const UNCLEAR = /\u0000|%00|%(?![0-9a-f]{2})/i;
/** What separates, besides `&`, where somebody takes it for that. */
const SEPARATOR = /;|%3b|%26/i;
const SEPARATORS = /;|%3b|%26/gi;

/** How a name looks to a service that reads names generously. */
const plain = (name: string): string => name.trim().replace(/\[.*/s, '').replace(/[. ]/g, '_').toLowerCase();

/** Whether a name was sent that only looks like one of these. */
function hasNameLike(looked: ReadonlySet<string>, sent: URLSearchParams): boolean {
  const known = new Set(Array.from(looked, plain));
  return sent.keys().some((name) => !looked.has(name) && known.has(plain(name)));
}

/**
 * The row whose conditions on the query are met. A row without conditions matches only when the query has no name that
 * another row looks at. Services take a query apart at `&` alone, or at `;` too: each way must lead to the same row.
 */
export function pick<Row extends QueriedRow>(choice: Choice<Row> | undefined, query: string): Row | null {
  if (choice === undefined) return null;
  const { rows, byQuery } = choice;
  const only = rows.length === 1 ? rows[0] : undefined;
  if (only !== undefined && only.query === undefined) return only;
  if (query === '') return choice.bare;
  const known = byQuery.get(query);
  if (known !== undefined) return known;
  if (UNCLEAR.test(query)) return null;
  const row = met(rows, query);
  if (row === null || !SEPARATOR.test(query)) return row;
  const others = [query.replaceAll(';', '&'), query.replace(SEPARATORS, '&')];
  return others.every((other) => met(rows, other) === row) ? row : null;
}

function met<Row extends QueriedRow>(rows: readonly Row[], query: string): Row | null {
  const sent = new URLSearchParams(query);
  const looked = new Set(rows.flatMap((row) => Object.keys(row.query ?? {})));
  if (hasNameLike(looked, sent)) return null;
  for (const row of rows) {
    const demands = Object.entries(row.query ?? {});
    const fits = demands.every(([name, value]) =>
      value === null ? !sent.has(name) : sent.getAll(name).length === 1 && sent.get(name) === value,
    );
    if (fits && [...looked].every((name) => demands.some(([demanded]) => demanded === name) || !sent.has(name)))
      return row;
  }
  return null;
}
