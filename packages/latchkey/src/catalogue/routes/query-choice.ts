/**
 * Which of several rows with the same method and path a request means, told by its query.
 *
 * Invariant: a name in the query that comes twice, or a query that can be taken apart in two ways, meets no condition.
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
}

/** Adds a row, which is told apart from the others by its query. */
export function addChoice<Row extends QueriedRow>({ rows, byQuery }: Choice<Row>, row: Row): void {
  rows.push(row);
  const [demand, ...further] = Object.entries(row.query ?? {});
  if (demand !== undefined && demand[1] !== null && further.length === 0) byQuery.set(demand.join('='), row);
}

/** Without what must not be there, which tells no two rows apart: the other one would be open to it. */
export const queryKey = ({ query }: QueriedRow): string =>
  JSON.stringify(
    Object.entries(query ?? {})
      .filter(([, value]) => value !== null)
      .toSorted(),
  );

/**
 * The row whose conditions on the query are met. A row without conditions matches only when the query has no name that
 * another row looks at, and none at all when the query could be taken apart in two ways.
 */
export function pick<Row extends QueriedRow>(choice: Choice<Row> | undefined, query: string): Row | null {
  if (choice === undefined) return null;
  const { rows, byQuery } = choice;
  const only = rows.length === 1 ? rows[0] : undefined;
  if (only !== undefined && only.query === undefined) return only;
  const known = byQuery.get(query);
  if (known !== undefined) return known;
  if (/[;\u0000]|%00|%3b/i.test(query)) return null;
  const sent = new URLSearchParams(query);
  const looked = new Set(rows.flatMap((row) => Object.keys(row.query ?? {})));
  for (const row of rows) {
    const demands = Object.entries(row.query ?? {});
    const met = demands.every(([name, value]) =>
      value === null ? !sent.has(name) : sent.getAll(name).length === 1 && sent.get(name) === value,
    );
    if (met && [...looked].every((name) => demands.some(([demanded]) => demanded === name) || !sent.has(name)))
      return row;
  }
  return null;
}
