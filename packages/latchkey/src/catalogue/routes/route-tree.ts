/**
 * Finds the row of a route table that a path belongs to: a tree by segments.
 *
 * A template consists of literal segments, `{name}` (one segment), `{name...}` (one or more) and `{a}%2F{b}` (one
 * segment with one encoded slash in it). A text may stand before and after `{name}`, and before `{a}%2F{b}`:
 * `@{scope}`, `{file}.json`.
 * Invariant: a literal wins over a parameter with text around it, the more text the sooner (then the longer one
 * before it), that over a parameter alone, and one segment over several, whatever the order of the table.
 * Invariant: two rows that could equally match the same request are refused when the tree is built, not when the
 * request comes.
 */
import type { CanonicalPath } from '../../base/canonical-path.ts';
import { addChoice, type Choice, pick, type QueriedRow, queryKey } from './query-choice.ts';

export interface TreeRow extends QueriedRow {
  /** `GET`, or `*` for every method. */
  readonly method: string;
  readonly path: string;
}

export interface TreeMatch<Row> {
  readonly row: Row;
  /** The values of the template's parameters, in order. */
  readonly values: readonly string[];
}

/** Two rows that mean the same requests. */
export class Overlap<Row> extends Error {
  override readonly name = 'Overlap';
  readonly rows: readonly [Row, Row];

  constructor(earlier: Row & TreeRow, later: Row & TreeRow) {
    super(`${later.method} ${later.path} means the same requests as ${earlier.method} ${earlier.path}`);
    this.rows = [earlier, later];
  }
}

interface Node<Row> {
  /** The first literal, which is the only one in most nodes: comparing costs less than looking up. */
  literal: string | null;
  afterLiteral: Node<Row> | null;
  /** Every further one; null when there are none. */
  literals: Map<string, Node<Row>> | null;
  /** Parameters with text around them, in the order in which they are tried. */
  affixed: readonly Affixed<Row>[];
  one: Node<Row> | null;
  /** The same with one encoded slash; `before` may be empty. */
  pairs: readonly Affixed<Row>[];
  span: Node<Row> | null;
  /** By method. */
  readonly rows: Map<string, Choice<Row>>;
}

interface Affixed<Row> {
  readonly before: string;
  readonly after: string;
  readonly node: Node<Row>;
}

/** Shared, so that a large map has fewer objects to touch. */
const NO_AFFIXED: readonly [] = [];
const NO_VALUES: readonly string[] = [];

const emptyNode = <Row>(): Node<Row> => ({
  literal: null,
  afterLiteral: null,
  literals: null,
  affixed: NO_AFFIXED,
  one: null,
  pairs: NO_AFFIXED,
  span: null,
  rows: new Map(),
});

const PAIR = /^([^{}%?#;\\]*)\{([\w-]+)\}%2F\{([\w-]+)\}$/;
const SPAN = /^\{([\w-]+)\.\.\.\}$/;
const ONE = /^\{([\w-]+)\}$/;
const AFFIXED = /^([^{}%?#;\\]*)\{[\w-]+\}([^{}%?#;\\]*)$/;

/** The names of a template's parameters, in order. */
export function parameterNames(path: string): string[] {
  return [...path.matchAll(/\{([\w-]+)(?:\.\.\.)?\}/g)].map(([, name = '']) => name);
}

/** What is wrong with a template, to follow "the path"; null when nothing is. */
export function templateProblem(path: string): string | null {
  if (!path.startsWith('/')) return 'must begin with a slash';
  if (path !== '/' && /\/(?:\/|$)/.test(path)) return 'must have no empty segment';
  const bad = path
    .slice(1)
    .split('/')
    .find(
      (segment) => /[{}%?#;\\]/.test(segment) && !PAIR.test(segment) && !SPAN.test(segment) && !AFFIXED.test(segment),
    );
  if (bad !== undefined) return `has ${bad}: a segment has one parameter, as {name}, @{name}, {name}.json or {name...}`;
  if (
    path
      .slice(1)
      .split('/')
      .some((segment) => /^\.+$|[. ]$/.test(segment))
  )
    return 'must have no segment that ends in a dot';
  const names = parameterNames(path);
  return new Set(names).size === names.length ? null : 'names a parameter twice';
}

export class RouteTree<Row extends TreeRow> {
  readonly #root = emptyNode<Row>();
  // Searches run one at a time (they never wait), so these are made once.
  #segments: readonly string[] = [];
  #slashes = false;
  #method = '';
  #query = '';
  readonly #values: string[] = [];

  /** @throws Overlap */
  constructor(rows: Iterable<Row>) {
    for (const row of rows) this.#add(row);
  }

  #add(row: Row): void {
    let node = this.#root;
    if (row.path !== '/') for (const segment of row.path.slice(1).split('/')) node = childFor(node, segment);
    const rivals = [...node.rows]
      .filter(([method]) => method === row.method || method === '*' || row.method === '*')
      .flatMap(([, { rows }]) => rows);
    const same = rivals.find((other) => other.method !== row.method || queryKey(other) === queryKey(row));
    if (same !== undefined) throw new Overlap(same, row);
    const choice: Choice<Row> = node.rows.get(row.method) ?? { rows: [], byQuery: new Map(), bare: null };
    node.rows.set(row.method, choice);
    addChoice(choice, row);
  }

  /**
   * The row of a request, or null. An encoded slash is accepted where the template has one; elsewhere only when the
   * request means the same to a server that takes it for a slash and to one that doesn't.
   * @param query without its question mark
   */
  find(method: string, path: CanonicalPath, query: string): TreeMatch<Row> | null {
    this.#slashes = path.slashes;
    const found = this.#search(method, path.segments, query);
    if (!path.slashes || found === null || found.row.path.includes('%2F')) return found;
    const other = this.#search(
      method,
      path.segments.flatMap((segment) => segment.split('/')),
      query,
    );
    return other !== null && other.row === found.row && other.values.every((value, i) => value === found.values[i])
      ? found
      : null;
  }

  #search(method: string, segments: readonly string[], query: string): TreeMatch<Row> | null {
    this.#segments = segments;
    this.#values.length = 0;
    this.#method = method;
    this.#query = query;
    const row = this.#walk(this.#root, 0);
    return row === null ? null : { row, values: this.#values.length === 0 ? NO_VALUES : this.#values.slice() };
  }

  #walk(node: Node<Row>, at: number): Row | null {
    const segment = this.#segments[at];
    if (segment === undefined) return pick(node.rows.get(this.#method) ?? node.rows.get('*'), this.#query);
    const literal = segment === node.literal ? node.afterLiteral : (node.literals?.get(segment) ?? null);
    if (literal !== null) {
      const found = this.#walk(literal, at + 1);
      if (found !== null) return found;
    }
    if (!(this.#slashes && segment.includes('/'))) {
      for (const { before, after, node: next } of node.affixed) {
        if (segment.length <= before.length + after.length) continue;
        if (!segment.startsWith(before) || !segment.endsWith(after)) continue;
        const found = this.#walkWith(next, at + 1, segment.slice(before.length, segment.length - after.length));
        if (found !== null) return found;
      }
      if (node.one !== null) {
        const found = this.#walkWith(node.one, at + 1, segment);
        if (found !== null) return found;
      }
    } else {
      for (const { before, node: next } of node.pairs) {
        if (!segment.startsWith(before)) continue;
        const found = this.#walkPair(next, at, segment.slice(before.length));
        if (found !== null) return found;
      }
    }
    return node.span === null ? null : this.#walkSpan(node.span, at);
  }

  #walkWith(node: Node<Row>, at: number, value: string): Row | null {
    const mark = this.#values.push(value) - 1;
    const found = this.#walk(node, at);
    if (found === null) this.#values.length = mark;
    return found;
  }

  #walkPair(node: Node<Row>, at: number, segment: string): Row | null {
    const [first = '', second, ...rest] = segment.split('/');
    if (first === '' || second === undefined || second === '' || rest.length > 0) return null;
    const mark = this.#values.push(first) - 1;
    const found = this.#walkWith(node, at + 1, second);
    if (found === null) this.#values.length = mark;
    return found;
  }

  #walkSpan(node: Node<Row>, at: number): Row | null {
    // Nothing can follow a span at the end of its template, so it takes the whole rest.
    const first = isEnd(node) ? this.#segments.length : at + 1;
    for (let end = first; end <= this.#segments.length; end++) {
      const found = this.#walkWith(node, end, this.#segments.slice(at, end).join('/'));
      if (found !== null) return found;
    }
    return null;
  }
}

function childFor<Row>(node: Node<Row>, segment: string): Node<Row> {
  const [, pairedBefore] = PAIR.exec(segment) ?? [];
  if (pairedBefore !== undefined) {
    const [paired, pairs] = withAffixed(node.pairs, pairedBefore, '');
    node.pairs = pairs;
    return paired;
  }
  if (SPAN.test(segment)) return (node.span ??= emptyNode());
  if (ONE.test(segment)) return (node.one ??= emptyNode());
  const [, before, after] = AFFIXED.exec(segment) ?? [];
  if (before !== undefined && after !== undefined) {
    const [found, affixed] = withAffixed(node.affixed, before, after);
    node.affixed = affixed;
    return found;
  }
  return literalChild(node, segment);
}

function literalChild<Row>(node: Node<Row>, segment: string): Node<Row> {
  if (node.literal === null) node.literal = segment;
  if (node.literal === segment) return (node.afterLiteral ??= emptyNode());
  node.literals ??= new Map();
  const child = node.literals.get(segment) ?? emptyNode<Row>();
  node.literals.set(segment, child);
  return child;
}

function isEnd<Row>({ literal, affixed, one, pairs, span }: Node<Row>): boolean {
  return literal === null && affixed.length === 0 && one === null && pairs.length === 0 && span === null;
}

/** The node with this text around it, and the list with it, in the order in which they are tried. */
function withAffixed<Row>(
  list: readonly Affixed<Row>[],
  before: string,
  after: string,
): [Node<Row>, readonly Affixed<Row>[]] {
  const known = list.find((each) => each.before === before && each.after === after);
  if (known !== undefined) return [known.node, list];
  const made = { before, after, node: emptyNode<Row>() };
  return [made.node, [...list, made].toSorted((a, b) => textOf(b) - textOf(a) || b.before.length - a.before.length)];
}

const textOf = ({ before, after }: Affixed<unknown>): number => before.length + after.length;
