/**
 * What a route asks of a request besides method, path and query: the value of a header, or of a field of its JSON body.
 *
 * Invariant: of two routes with the same method, path and query, either no request fits both, or one of them asks for
 * more than the other, and wins. Anything else is an error in the map.
 */

/** As a file has them: a value, several, or null = not there. */
export type FieldEntries = Readonly<Record<string, string | readonly string[] | null>>;

interface Entry {
  readonly headers?: FieldEntries;
  readonly json?: FieldEntries;
}

/** One thing to look at: `Mcp-Method`, or `params.name` in the body. */
export interface Demand {
  readonly in: 'headers' | 'json';
  /** A header in lower case; in JSON, names of members with dots between them. */
  readonly name: string;
  /** One of these texts; null = it isn't there. */
  readonly values: readonly string[] | null;
}

/** All must be met. */
export type Conditions = readonly Demand[];

/** Headers that a proxy may change, add or take away on its own, or that are read for something else. */
const NOT_FOR_MATCHING: ReadonlySet<string> = new Set(
  (
    'authorization private-token host cookie connection keep-alive te trailer transfer-encoding upgrade expect ' +
    'content-length content-type content-encoding forwarded via destination origin'
  ).split(' '),
);
const FAMILIES_NOT_FOR_MATCHING =
  /^(?:proxy|x-forwarded|x-original|x-envoy|x-latchkey|remote|x-token|sec|access-control)-/;

/** The conditions of a route, in the order in which the file has them; undefined when it has none. */
export function conditionsOf({ headers = {}, json }: Entry): Conditions | undefined {
  const demands = [
    ...Object.entries(headers).map(([name, value]) => demand('headers', name.toLowerCase(), value)),
    ...Object.entries(json ?? {}).map(([name, value]) => demand('json', name, value)),
  ];
  return demands.length === 0 && json === undefined ? undefined : demands;
}

function demand(place: Demand['in'], name: string, value: string | readonly string[] | null): Demand {
  return { in: place, name, values: typeof value === 'string' ? [value] : value };
}

/** What is wrong with a route's headers, as a sentence; null when nothing is. */
export function headerProblem({ headers = {} }: Entry): string | null {
  const names = Object.keys(headers).map((name) => name.toLowerCase());
  const changed = names.find((name) => NOT_FOR_MATCHING.has(name) || FAMILIES_NOT_FOR_MATCHING.test(name));
  if (changed !== undefined) return `The header ${changed} can't decide: proxies change it, or it has another meaning.`;
  return new Set(names).size === names.length ? null : 'A header is named twice.';
}

/** True when some request could fit both, and neither asks for more than the other. */
export function areRivals(a: Conditions, b: Conditions): boolean {
  if (a.some((one) => b.some((other) => isSameField(one, other) && !haveCommonValue(one, other)))) return false;
  return isNarrower(a, b) === isNarrower(b, a);
}

/** True when every request that fits `a` fits `b`. */
export function isNarrower(a: Conditions, b: Conditions): boolean {
  return b.every((wide) => a.some((narrow) => isSameField(narrow, wide) && isWithin(narrow.values, wide.values)));
}

const isSameField = (a: Demand, b: Demand): boolean => a.in === b.in && a.name === b.name;

const isWithin = (narrow: Demand['values'], wide: Demand['values']): boolean =>
  narrow === null || wide === null ? narrow === wide : narrow.every((value) => wide.includes(value));

const haveCommonValue = ({ values: a }: Demand, { values: b }: Demand): boolean =>
  a === null || b === null ? a === b : a.some((value) => b.includes(value));

/** `tools/call, delete_page`: values as a line in a log has them. */
export function conditionsInWords(conditions: Conditions): string {
  return conditions.map(({ name, values }) => `${name} ${values === null ? 'absent' : values.join(' or ')}`).join(', ');
}
