/**
 * All services of a route map, ready for look-ups: host, method and path in, route out.
 *
 * Invariant: a host named by a service belongs to that service first; paths without a route there may be in a service
 * for any host. No route at all is null.
 */
import type { CanonicalPath } from '../../base/canonical-path.ts';
import type { PermissionName } from '../permissions.ts';
import { Overlap, parameterNames, RouteTree, type TreeRow } from '../routes/route-tree.ts';
import { areRivals } from './conditions.ts';
import type { MapService, PlacedRow } from './file.ts';
import { Fork } from './fork.ts';
import type { RouteMapProblem } from './map-document.ts';
import { type ServiceResource, serviceResources } from './resources.ts';
import { filler } from './route-map.ts';

/** What a request is about, by name. `unknown` and the others as in `MapTarget`. */
export type NamedTarget =
  | { readonly kind: 'repository'; readonly owner: string; readonly name: string }
  | { readonly kind: 'organization' | 'account'; readonly login: string }
  | { readonly kind: 'self' | 'instance' | 'nobody' | 'every-organization' | 'unknown' };

export interface FoundRoute {
  readonly row: PlacedRow;
  readonly target: NamedTarget;
}

/** Several routes that only headers or the body tell apart. */
export interface FoundFork {
  readonly fork: Fork<ReadyRow>;
  /** Of the parameters in the path. */
  readonly values: readonly string[];
}

type ReadyRow = PlacedRow & {
  readonly targetFrom: (values: readonly string[]) => NamedTarget;
};

/** One entry of the tree: a row, or rows with the same method, path and query. */
interface Leaf extends TreeRow {
  readonly of: ReadyRow | Fork<ReadyRow>;
  readonly line: number;
}

/** What a row of a fork is about. */
export function rowFound(row: ReadyRow, values: readonly string[]): FoundRoute {
  return { row, target: row.targetFrom(values) };
}

/** A service as people see it. */
export interface KnownService extends Pick<MapService, 'name' | 'title' | 'owner'> {
  /** Empty: any host. */
  readonly hosts: readonly string[];
  /** That its routes need. */
  readonly permissions: ReadonlySet<PermissionName>;
}

export class RouteFinder {
  readonly services: readonly KnownService[];
  readonly #byHost: ReadonlyMap<string, RouteTree<Leaf>>;
  readonly #anywhere: RouteTree<Leaf>;
  /** Where people sign in, by host: `https://app.example.org`. */
  readonly signInOrigins: ReadonlyMap<string, string>;
  /** Services as protected resources, by identifier. */
  readonly resources: ReadonlyMap<string, ServiceResource>;
  /** Their origins, by host. */
  readonly origins: ReadonlyMap<string, string>;
  /** Every permission that a route needs. */
  readonly permissionNames: ReadonlySet<PermissionName>;

  /** @throws InvalidRouteMap when two routes mean the same requests */
  constructor(services: readonly MapService[]) {
    this.signInOrigins = signInOriginsOf(services);
    this.resources = serviceResources(services);
    this.origins = new Map(services.flatMap(({ guard }) => [...(guard?.origins ?? [])]));
    this.services = services.map(({ name, title, owner, hosts: named, rows }) => {
      const permissions = rows.flatMap(({ need }) => need.sets.flatMap((set) => Object.keys(set) as PermissionName[]));
      return { name, title, owner, hosts: named ?? [], permissions: new Set(permissions) };
    });
    this.permissionNames = new Set(this.services.flatMap(({ permissions }) => [...permissions]));
    const hosts = new Set(services.flatMap(({ hosts: named }) => named ?? []));
    this.#byHost = new Map(
      [...hosts].map((host) => [host, treeOf(services.filter((service) => service.hosts?.includes(host) === true))]),
    );
    this.#anywhere = treeOf(services.filter((service) => service.hosts === null));
  }

  /** @param host in lower case, without a port; '' = not known */
  find(host: string, method: string, path: CanonicalPath, query: string): FoundRoute | FoundFork | null {
    const asked = method === 'HEAD' ? 'GET' : method;
    const found = this.#byHost.get(host)?.find(asked, path, query) ?? this.#anywhere.find(asked, path, query);
    if (found === null) return null;
    const { of } = found.row;
    return of instanceof Fork ? { fork: of, values: found.values } : rowFound(of, found.values);
  }
}

/** A route map is wrong: every error, with its line. */
export class InvalidRouteMap extends Error {
  override readonly name = 'InvalidRouteMap';
  readonly problems: readonly RouteMapProblem[];

  constructor(problems: readonly RouteMapProblem[]) {
    super(problems.map(({ line, message }) => `line ${line}: ${message}`).join('\n'));
    this.problems = problems;
  }
}

/** @throws InvalidRouteMap when a host has two origins: a session there would count at both */
function signInOriginsOf(services: readonly MapService[]): Map<string, string> {
  const found = new Map<string, string>();
  for (const { guard, rows } of services)
    for (const [host, origin] of guard?.challenge === 'sign-in' ? guard.origins : []) {
      const known = found.get(host) ?? origin;
      if (known !== origin)
        throw new InvalidRouteMap([
          { line: rows[0]?.line ?? 1, message: `People sign in at ${known}, not ${origin}.` },
        ]);
      found.set(host, origin);
    }
  return found;
}

function treeOf(services: readonly MapService[]): RouteTree<Leaf> {
  const ready = services.flatMap(({ rows }) => rows).map((row): ReadyRow => ({ ...row, targetFrom: targetMaker(row) }));
  try {
    return new RouteTree(leavesOf(ready));
  } catch (error) {
    if (!(error instanceof Overlap)) throw error;
    const [earlier, later] = error.rows as readonly [Leaf, Leaf];
    throw new InvalidRouteMap([{ line: later.line, message: `${error.message} in line ${earlier.line}.` }]);
  }
}

/** @throws InvalidRouteMap when one request could fit two rows equally */
function leavesOf(rows: readonly ReadyRow[]): readonly Leaf[] {
  if (rows.every(({ conditions }) => conditions === undefined)) return rows.map(leafOf);
  const told = Map.groupBy(rows, ({ method, path, query }) =>
    JSON.stringify([method, path.replace(/\{[\w-]+/g, '{'), Object.entries(query ?? {}).toSorted()]),
  );
  return [...told.values()].flatMap((group) => {
    if (group.every(({ conditions }) => conditions === undefined)) return group.map(leafOf);
    for (const [i, later] of group.entries()) {
      const rival = group.slice(0, i).find((earlier) => areRivals(earlier.conditions ?? [], later.conditions ?? []));
      if (rival !== undefined)
        throw new InvalidRouteMap([
          { line: later.line, message: `A request could fit this route and the one in line ${rival.line}.` },
        ]);
    }
    return group.slice(0, 1).map((row) => ({ ...leafOf(row), of: new Fork(group) }));
  });
}

function leafOf(row: ReadyRow): Leaf {
  const { method, path, query, line } = row;
  return { method, path, line, of: row, ...(query === undefined ? {} : { query }) };
}

/** Prepares how to make the target of a row from the values of its parameters. */
function targetMaker({ target, path }: PlacedRow): (values: readonly string[]) => NamedTarget {
  const names = parameterNames(path);
  switch (target.kind) {
    case 'repository': {
      const [owner, name] = [filler(target.owner, names), filler(target.name, names)];
      return (values) => ({ kind: 'repository', owner: owner(values), name: withoutSuffix(name(values)) });
    }
    case 'organization':
    case 'account': {
      const { kind } = target;
      const login = filler(target.login, names);
      return (values) => ({ kind, login: login(values) });
    }
    default: {
      const always = target as NamedTarget;
      return () => always;
    }
  }
}

/** A repository's name never ends in `.git`; its address may. */
function withoutSuffix(name: string): string {
  return name.endsWith('.git') ? name.slice(0, -4) : name;
}
