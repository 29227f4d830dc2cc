/**
 * Requests with a second address: WebDAV's `COPY` and `MOVE` write to the one in `Destination` (RFC 4918 sections 9.8
 * and 9.9).
 *
 * Invariant: a header that can turn a request into another one is read as the route map says, or the request is
 * refused. So is a `COPY` or `MOVE` without one: its proxy may not have sent it.
 */
import { MOVING_METHODS } from '../../catalogue/route-maps/route-map.ts';
import { type AskedRoute, plainHost, type RouteError, type RouteMaps } from './route-maps.ts';

/** A header that names a second address, or replaces the method or the address. `name` is in lower case. */
export interface TurningHeader {
  readonly name: string;
  readonly value: string;
}

/** What can be wrong with a second address. */
export type DestinationError = 'header_unread' | 'destination_missing' | 'destination_elsewhere';

interface TurnedRequest {
  readonly host: string;
  readonly method: string;
  readonly turning: TurningHeader | null;
}

/** The routes that a request needs besides its own, or why there are none to be found. Empty for nearly all. */
export function furtherRoutes(
  maps: RouteMaps,
  { host, method, turning }: TurnedRequest,
  { row: { destination } }: AskedRoute,
): readonly AskedRoute[] | RouteError | DestinationError {
  if (turning === null) return MOVING_METHODS.has(method) ? 'destination_missing' : NONE;
  if (destination === undefined || turning.name !== 'destination') return 'header_unread';
  const uri = pathOf(turning.value, host);
  if (uri === null) return 'destination_elsewhere';
  const routes: AskedRoute[] = [];
  for (const needed of destination) {
    const route = maps.find(host, needed, uri);
    if (typeof route === 'string') return route;
    // What PUT or DELETE would bring there is not known, so neither is which route is meant.
    if ('fork' in route) return 'route_unknown';
    routes.push(route);
  }
  return routes;
}

const NONE: readonly AskedRoute[] = [];

/** The path of a destination on the same host (RFC 4918 section 8.3: an absolute URI or path); null for any other. */
function pathOf(destination: string, host: string): string | null {
  if (destination.startsWith('/') && !destination.startsWith('//')) return destination;
  const [, named, path] = /^https?:\/\/([^/?#@]+)(\/.*)$/is.exec(destination) ?? [];
  return named !== undefined && host !== '' && plainHost(named) === plainHost(host) ? (path ?? null) : null;
}
