/**
 * Finds the endpoint of GitHub's or GitLab's API that a path belongs to, in the one tree of `route-tree.ts`.
 *
 * Templates are written as GitHub writes them: `/repos/{owner}/{repo}/contents/{path}`. A parameter takes one
 * segment, percent-decoded; those in `SPANNING` may take several, because clients don't always encode the slashes in
 * the names of branches and files.
 * Never: a row for a path with an empty segment, a trailing slash or a broken percent sign.
 */
import { Overlap, parameterNames, RouteTree } from './route-tree.ts';

/** Parameters that may contain unencoded slashes. */
const SPANNING: ReadonlySet<string> = new Set(['path', 'ref', 'branch', 'dir', 'basehead']);

export interface PathMatch<Row> {
  readonly row: Row;
  readonly params: Readonly<Record<string, string>>;
}

/** A template of GitHub's in the form the tree takes: branches, files and the like may have several segments. */
export function spanningTemplate(path: string): string {
  return path.replace(/\{(\w+)\}/g, (whole, name: string) => (SPANNING.has(name) ? `{${name}...}` : whole));
}

/**
 * A function that finds rows by method and path. `path` as in the request line, without its query.
 * @throws Error when two rows mean the same requests
 */
export function pathMatcher<Row extends { readonly method: string; readonly path: string }>(
  rows: readonly Row[],
): (method: string, path: string) => PathMatch<Row> | null {
  const tree = treeOf(rows);
  return (method, path) => {
    const segments = decoded(path);
    // Here an encoded slash is always part of a name: a GitLab project is `owner%2Fname`.
    const found = segments === null ? null : tree.find(method, { segments, slashes: false }, '');
    if (found === null) return null;
    const params: Record<string, string> = {};
    for (const [i, name] of found.row.names.entries()) params[name] = found.values[i] ?? '';
    return { row: found.row.row, params };
  };
}

function treeOf<Row extends { readonly method: string; readonly path: string }>(rows: readonly Row[]) {
  try {
    return new RouteTree(
      rows.map((row) => ({
        method: row.method,
        path: spanningTemplate(row.path),
        names: parameterNames(row.path),
        row,
      })),
    );
  } catch (error) {
    if (!(error instanceof Overlap)) throw error;
    const { row } = error.rows[1] as { readonly row: Row };
    throw new Error(`two routes are ${row.method} ${row.path}`, { cause: error });
  }
}

/** The segments, decoded; null when one is empty or can't be decoded. */
function decoded(path: string): string[] | null {
  if (!path.startsWith('/')) return null;
  if (path === '/') return [];
  try {
    const written = path.slice(1).split('/');
    const segments = path.includes('%') ? written.map(decodeURIComponent) : written;
    return segments.includes('') ? null : segments;
  } catch {
    return null;
  }
}
