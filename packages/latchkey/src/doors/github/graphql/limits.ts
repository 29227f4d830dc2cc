/**
 * How much a query asks for, before anything of it is answered.
 *
 * Fields and depth count as written, with each fragment where it is used, so no nesting of fragments makes a short text
 * a long query. Nodes count as asked for: pages within pages are multiplied, as GitHub does.
 */
import type { FieldNode, FragmentDefinitionNode, OperationDefinitionNode, SelectionSetNode, ValueNode } from 'graphql';
import { Unanswered } from './errors.ts';
import { MAX_PAGE } from './lists.ts';

/** The most bytes of a query's text. */
export const MAX_QUERY_BYTES = 64 * 1024;
/** The most words and signs in it. */
export const MAX_TOKENS = 10_000;
/** The deepest field. */
export const MAX_DEPTH = 25;
/** The most fields. */
export const MAX_FIELDS = 1000;
/** The most fields under another name than theirs. */
export const MAX_ALIASES = 50;
/** The most nodes that all lists may have together. */
export const MAX_NODES = 5000;
/** So many nodes cost one point of the rate limit; so does each change. */
const NODES_PER_POINT = 100;
/** What a folder's list counts for, since no argument bounds it. */
const ENTRIES = 100;

export interface Measure {
  readonly nodes: number;
  /** Points of the rate limit: 1 or more. */
  readonly cost: number;
}

export interface Measured {
  readonly operation: OperationDefinitionNode;
  readonly fragments: ReadonlyMap<string, FragmentDefinitionNode>;
  readonly variables: Readonly<Record<string, unknown>>;
}

/** Counts. @throws Unanswered when it is too much, or when a list has no bounds */
export function measure(query: Measured): Measure {
  const counter = new Counter(query);
  counter.walk(query.operation.selectionSet, { depth: 1, times: 1 });
  const changes = query.operation.operation === 'mutation' ? counter.roots : 0;
  return { nodes: counter.nodes, cost: Math.max(1, changes, Math.ceil(counter.nodes / NODES_PER_POINT)) };
}

/** Lists in pages, by the name of the field. */
const PAGED: ReadonlySet<string> = new Set([
  'repositories',
  'organizations',
  'refs',
  'search',
  'forks',
  'watchers',
  'stargazers',
  'issues',
  'pullRequests',
  'labels',
  'milestones',
  'releases',
  'assignableUsers',
  'mentionableUsers',
  'projects',
  'projectsV2',
  'repositoryTopics',
  'languages',
  'rulesets',
  'associatedPullRequests',
]);

class Counter {
  nodes = 0;
  /** Fields of the operation itself: of a mutation, its changes. */
  roots = 0;
  #fields = 0;
  #aliases = 0;
  readonly #query: Measured;

  constructor(query: Measured) {
    this.#query = query;
  }

  walk(set: SelectionSetNode | undefined, at: { readonly depth: number; readonly times: number }): void {
    for (const selection of set?.selections ?? []) {
      if (selection.kind === 'Field') this.#field(selection, at);
      else if (++this.#fields > MAX_FIELDS) throw tooMuch(`has more than ${MAX_FIELDS} fields`);
      else if (selection.kind === 'InlineFragment') this.walk(selection.selectionSet, at);
      else this.walk(this.#query.fragments.get(selection.name.value)?.selectionSet, at);
    }
  }

  #field(field: FieldNode, { depth, times }: { readonly depth: number; readonly times: number }): void {
    const name = field.name.value;
    if (++this.#fields > MAX_FIELDS) throw tooMuch(`has more than ${MAX_FIELDS} fields`);
    if (field.alias !== undefined && ++this.#aliases > MAX_ALIASES)
      throw tooMuch(`has more than ${MAX_ALIASES} aliases`);
    if (depth === 1) this.roots++;
    if (depth > MAX_DEPTH) throw tooMuch(`is more than ${MAX_DEPTH} fields deep`);
    const size = this.#sizeOf(field, name);
    if (size > 0) this.nodes += times * size;
    if (this.nodes > MAX_NODES)
      throw new Unanswered(
        'MAX_NODE_LIMIT_EXCEEDED',
        `This query requests up to ${this.nodes} possible nodes which exceeds the maximum limit of ${MAX_NODES}.`,
      );
    this.walk(field.selectionSet, { depth: depth + 1, times: times * Math.max(1, size) });
  }

  /** The rows that a list may have; 0 for what is none. */
  #sizeOf(field: FieldNode, name: string): number {
    if (name === 'entries') return ENTRIES;
    if (name === 'nodes' && field.arguments?.some(({ name: { value } }) => value === 'ids') === true) {
      const ids = this.#valueOf(field.arguments.find(({ name: { value } }) => value === 'ids')?.value);
      const count = Array.isArray(ids) ? ids.length : 1;
      if (count > MAX_PAGE) throw excessive('ids', count, name);
      return count;
    }
    if (!PAGED.has(name)) return 0;
    const bounds = (field.arguments ?? []).filter(({ name: { value } }) => value === 'first' || value === 'last');
    const values = bounds.map(({ name: { value }, value: given }) => [value, this.#valueOf(given)] as const);
    const [bound] = values.filter(([, value]) => typeof value === 'number');
    if (bound === undefined) {
      if (!this.#asksForRows(field.selectionSet)) return 0;
      throw new Unanswered(
        'MISSING_PAGINATION_BOUNDARIES',
        `You must provide a \`first\` or \`last\` value to properly paginate the \`${name}\` connection.`,
      );
    }
    const [which, rows] = bound as [string, number];
    if (rows > MAX_PAGE) throw excessive(which, rows, name);
    if (rows < 0)
      throw new Unanswered('UNPROCESSABLE', `\`${which}\` on the \`${name}\` connection cannot be less than zero.`);
    return rows;
  }

  #asksForRows(set: SelectionSetNode | undefined): boolean {
    return (set?.selections ?? []).some((selection) => {
      if (selection.kind === 'Field') return selection.name.value === 'nodes' || selection.name.value === 'edges';
      if (++this.#fields > MAX_FIELDS) throw tooMuch(`has more than ${MAX_FIELDS} fields`);
      const inner =
        selection.kind === 'InlineFragment'
          ? selection.selectionSet
          : this.#query.fragments.get(selection.name.value)?.selectionSet;
      return this.#asksForRows(inner);
    });
  }

  #valueOf(value: ValueNode | undefined): unknown {
    if (value === undefined) return undefined;
    if (value.kind === 'ListValue') return value.values;
    if (value.kind === 'IntValue') return Number(value.value);
    if (value.kind !== 'Variable') return undefined;
    const given = this.#query.variables[value.name.value];
    if (given !== undefined) return given;
    const defined = this.#query.operation.variableDefinitions?.find(
      ({ variable }) => variable.name.value === value.name.value,
    );
    return defined?.defaultValue === undefined ? undefined : this.#valueOf(defined.defaultValue);
  }
}

function tooMuch(what: string): Unanswered {
  return new Unanswered('RESOURCE_LIMITS_EXCEEDED', `This query ${what}. Ask for less at a time.`);
}

function excessive(which: string, rows: number, name: string): Unanswered {
  return new Unanswered(
    'EXCESSIVE_PAGINATION',
    `Requesting ${rows} records on the \`${name}\` connection exceeds the \`${which}\` limit of ${MAX_PAGE} records.`,
  );
}
