/**
 * The route map in force: read at start, reloaded on the operator's signal.
 *
 * Invariant: a map with an error never takes effect. At start it stops the server; later, the previous map stays.
 */
import { readFileSync } from 'node:fs';
import { canonicalPath, type PathError } from '../../base/canonical-path.ts';
import { Fault } from '../../base/errors.ts';
import { SettingsProblem, settingComplaint } from '../../base/settings/problem.ts';
import { type PermissionName, setOperatorPermissions } from '../../catalogue/permissions.ts';
import { parseRouteMap, type RouteMapFile, standardServices } from '../../catalogue/route-maps/file.ts';
import {
  type FoundFork,
  type FoundRoute,
  InvalidRouteMap,
  type KnownService,
  RouteFinder,
  rowFound,
} from '../../catalogue/route-maps/finder.ts';
import type { ServiceResource } from '../../catalogue/route-maps/resources.ts';
import { type KnownContent, type TellingFault, told } from './telling.ts';

/** Why no route was found. */
export type RouteError = PathError | 'method_unreadable' | 'route_unknown' | 'target_unknown';

/** The same few addresses come again and again: this many answers are kept, and all are dropped when there are more. */
const MAX_KEPT = 4096;
const MAX_KEPT_URI_LENGTH = 256;

/**
 * The route of a request, with its purpose in words: `GET /acme/site.git/info/refs`; with host and service where the
 * map names that: `PUT npm.example.org/left-pad (registry)`.
 */
export interface AskedRoute extends FoundRoute {
  readonly purpose: string;
  /** The service as a protected resource; '' = this server, null = a map for any host. */
  readonly resource: string | null;
}

/** Several routes that only headers or the body tell apart: `routesAt` says which. */
export interface AskedFork extends FoundFork {
  readonly askedAt: (row: FoundRoute['row'], said: string) => Pick<AskedRoute, 'purpose' | 'resource'>;
}

interface Kept {
  readonly host: string;
  readonly method: string;
  readonly answer: AskedRoute | AskedFork | RouteError;
}

export class RouteMaps {
  readonly #path: string | null;
  /** Null until the standard map is needed. */
  #finder: RouteFinder | null;
  /** Null until somebody asks about a request to this server. */
  #own: RouteFinder | null = null;
  readonly #kept = new Map<string, Kept>();

  /**
   * @param path the operator's file, or null for the standard map
   * @throws SettingsProblem that names every error with its line; Fault when the file can't be read
   */
  constructor(path: string | null) {
    this.#path = path;
    this.#finder = this.#read();
  }

  /** Reads the file again. @throws as the constructor; then the previous map stays in force */
  reload(): void {
    this.#finder = this.#read();
    this.#kept.clear();
  }

  #read(): RouteFinder | null {
    if (this.#path === null) {
      setOperatorPermissions([]);
      return null;
    }
    try {
      const file = fileAt(this.#path);
      const finder = new RouteFinder(file.services);
      setOperatorPermissions(file.permissions);
      return finder;
    } catch (error) {
      if (!(error instanceof InvalidRouteMap)) throw error;
      throw new SettingsProblem(
        error.problems.map(({ line, message }) =>
          settingComplaint('route-map', `${this.#path}:${line}: ${message}`, 'see docs/forward-auth.md'),
        ),
      );
    }
  }

  /**
   * The route of a request to a service behind a proxy, or why there is none.
   * @param host as the proxy sends it, '' when it doesn't
   * @param uri path and query as in the request line
   */
  find(host: string, method: string, uri: string): AskedRoute | AskedFork | RouteError {
    const kept = this.#kept.get(uri);
    if (kept !== undefined && kept.host === host && kept.method === method) return kept.answer;
    const answer = this.#find(host, method, uri);
    if (uri.length <= MAX_KEPT_URI_LENGTH) {
      if (this.#kept.size >= MAX_KEPT) this.#kept.clear();
      this.#kept.set(uri, { host, method, answer });
    }
    return answer;
  }

  /** The route of a request to this server itself: git, and both APIs at their own paths. */
  findOwn(method: string, uri: string): AskedRoute | RouteError {
    this.#own ??= new RouteFinder(standardServices());
    const found = find(this.#own, '', method, uri);
    // The built-in maps look at neither headers nor bodies.
    if (typeof found === 'string') return found;
    return 'fork' in found ? 'route_unknown' : { ...found, resource: '' };
  }

  /** Where people reach a host on which they sign in: `https://app.example.org`; null for any other host. */
  signInOrigin(host: string): string | null {
    return this.#finder?.signInOrigins.get(plainHost(host)) ?? null;
  }

  /** Where people reach a host that a service names; null for any other host. */
  originOf(host: string): string | null {
    return this.#finder?.origins.get(plainHost(host)) ?? null;
  }

  /**
   * A service as a protected resource; null when none is at this address or above it.
   * @param address as `canonicalResource` writes it
   */
  resourceAt(address: string): ServiceResource | null {
    const resources = this.#finder?.resources;
    if (resources === undefined) return null;
    for (let at = address; at.includes('://'); at = at.slice(0, Math.max(0, at.lastIndexOf('/')))) {
      const found = resources.get(at);
      if (found !== undefined) return found;
    }
    return null;
  }

  /** What people call the service at a host: the title of the only one that names the host, else the host. */
  titleAt(host: string): string {
    const [only, ...others] = this.services().filter(({ hosts }) => hosts.includes(host));
    return only?.title == null || others.length > 0 ? host : `${only.title} (${host})`;
  }

  /** The services of the operator's file; none without one. */
  services(): readonly KnownService[] {
    return this.#finder === null || this.#path === null ? [] : this.#finder.services;
  }

  /** Every permission that a route needs. */
  permissionNames(): ReadonlySet<PermissionName> {
    return (this.#finder ??= new RouteFinder(standardServices())).permissionNames;
  }

  #find(host: string, method: string, uri: string): AskedRoute | AskedFork | RouteError {
    return find((this.#finder ??= new RouteFinder(standardServices())), host, method, uri);
  }
}

function find(finder: RouteFinder, host: string, method: string, uri: string): AskedRoute | AskedFork | RouteError {
  if (!/^[A-Z]{1,20}$/.test(method)) return 'method_unreadable';
  // No client sends a fragment. A sender hopes that the server behind takes it for the end of the path.
  if (uri.includes('#')) return 'path_ambiguous';
  const mark = uri.indexOf('?');
  const asWritten = mark < 0 ? uri : uri.slice(0, mark);
  const path = canonicalPath(asWritten);
  if (typeof path === 'string') return path;
  const plain = plainHost(host);
  const found = finder.find(plain, method, path, mark < 0 ? '' : uri.slice(mark + 1));
  if (found === null) return 'route_unknown';
  const askedAt: AskedFork['askedAt'] = ({ isNamed, service, guard }, said) => ({
    purpose: isNamed ? `${method} ${plain}${asWritten}${said} (${service})` : `${method} ${asWritten}${said}`,
    resource: guard?.resources.get(plain) ?? null,
  });
  if ('fork' in found) return { ...found, askedAt };
  return found.target.kind === 'unknown' ? 'target_unknown' : { ...found, ...askedAt(found.row, '') };
}

/** The routes of a request: one, or one for each message of a batch. */
export function routesAt(
  { fork, values, askedAt }: AskedFork,
  content: KnownContent,
): readonly [AskedRoute, ...AskedRoute[]] | TellingFault {
  const rows = told(fork, content);
  if ('error' in rows) return rows;
  const routes = rows.map(({ row, said }) => ({ ...rowFound(row, values), ...askedAt(row, said) }));
  const [first, ...others] = routes;
  if (first === undefined) return { error: 'route_unknown', field: null };
  return routes.some(({ target }) => target.kind === 'unknown')
    ? { error: 'target_unknown', field: null }
    : [first, ...others];
}

function fileAt(path: string): RouteMapFile {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw new Fault(`the route map ${path} can't be read`, {
      hint: 'check the path given with --route-map',
      detail: (error as Error).message,
      cause: error,
    });
  }
  const file = parseRouteMap(text);
  if (!('services' in file)) throw new InvalidRouteMap(file);
  return file;
}

const PORT = /:\d*$/;

/** In lower case, without a port and without the dot that ends a full name. */
export function plainHost(host: string): string {
  return host === '' ? '' : host.replace(PORT, '').replace(/\.$/, '').toLowerCase();
}
