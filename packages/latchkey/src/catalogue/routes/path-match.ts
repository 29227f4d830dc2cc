/**
 * Finds the row of a table of routes that a request's path belongs to.
 *
 * Templates are written as GitHub writes them: `/repos/{owner}/{repo}/contents/{path}`. A parameter takes one segment,
 * percent-decoded; the ones in `SPANNING` may take several, since branches and files have slashes in their names that
 * clients do not always encode.
 * Invariant: a literal segment wins over a parameter, one segment over several, whatever the order of the table.
 * Never: a row for a path with an empty segment, a trailing slash or a broken percent sign.
 */

/** Parameters that take slashes as they are. */
export const SPANNING: ReadonlySet<string> = new Set(['path', 'ref', 'branch', 'dir', 'basehead']);

export interface PathMatch<Row> {
  readonly row: Row;
  readonly params: Readonly<Record<string, string>>;
}

interface Node<Row> {
  readonly literals: Map<string, Node<Row>>;
  /** By name: templates of one method may name the same place differently. */
  readonly parameters: Map<string, Node<Row>>;
  row: Row | null;
}

function emptyNode<Row>(): Node<Row> {
  return { literals: new Map(), parameters: new Map(), row: null };
}

/**
 * A function that finds rows by method and path. `path` is as in the request line, without its query. @throws Error
 * when two rows are the same.
 */
export function pathMatcher<Row extends { readonly method: string; readonly path: string }>(
  rows: readonly Row[],
): (method: string, path: string) => PathMatch<Row> | null {
  const roots = new Map<string, Node<Row>>();
  for (const row of rows) {
    let node = roots.get(row.method) ?? emptyNode<Row>();
    roots.set(row.method, node);
    for (const segment of segmentsOf(row.path)) node = childOf(node, segment);
    if (node.row !== null) throw new Error(`two routes are ${row.method} ${row.path}`);
    node.row = row;
  }
  return (method, path) => {
    const root = roots.get(method);
    const segments = root === undefined ? null : decoded(path);
    return root === undefined || segments === null ? null : walk(root, segments, 0, {});
  };
}

function segmentsOf(path: string): string[] {
  return path === '/' ? [] : path.slice(1).split('/');
}

function childOf<Row>(node: Node<Row>, segment: string): Node<Row> {
  const [children, key] = segment.startsWith('{') ? [node.parameters, segment.slice(1, -1)] : [node.literals, segment];
  const child = children.get(key) ?? emptyNode<Row>();
  children.set(key, child);
  return child;
}

/** The segments as they are meant; null when one is empty or can't be decoded. */
function decoded(path: string): string[] | null {
  if (!path.startsWith('/')) return null;
  try {
    const segments = segmentsOf(path).map(decodeURIComponent);
    return segments.includes('') ? null : segments;
  } catch {
    return null;
  }
}

function walk<Row>(
  node: Node<Row>,
  segments: readonly string[],
  at: number,
  params: Readonly<Record<string, string>>,
): PathMatch<Row> | null {
  const segment = segments[at];
  if (segment === undefined) return node.row === null ? null : { row: node.row, params };
  const literal = node.literals.get(segment);
  const found = literal === undefined ? null : walk(literal, segments, at + 1, params);
  if (found !== null) return found;
  for (const [name, child] of node.parameters) {
    const longest = SPANNING.has(name) ? segments.length : at + 1;
    for (let end = at + 1; end <= longest; end++) {
      const further = walk(child, segments, end, { ...params, [name]: segments.slice(at, end).join('/') });
      if (further !== null) return further;
    }
  }
  return null;
}
