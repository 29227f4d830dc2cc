/**
 * May this request to a service behind a proxy go through? From method, host and address to a need, and to the one
 * decision.
 *
 * Invariant: names in the address are spelled as registered. A service that is case-sensitive, or doesn't know old
 * names, would take another spelling for another repository than the one that was decided about.
 * Invariant: a request that no route map knows is refused.
 */
import { andThen, type MaybePromise } from '../../base/maybe-promise.ts';
import { NOBODYS_REGISTRY_TOKEN } from '../../catalogue/registry-tokens.ts';
import type { FoundRoute, NamedTarget } from '../../catalogue/route-maps/finder.ts';
import type { Explanation } from '../../rules/explain.ts';
import type { Need, Target } from '../../rules/model.ts';
import { listAccounts } from '../../store/accounts.ts';
import { authenticate, type Identity } from '../decision/authenticate.ts';
import {
  type AccessRequest,
  authorize,
  authorizeIdentity,
  consider,
  type Permit,
  type Verdict,
} from '../decision/authorize.ts';
import type { Credential } from '../decision/credential.ts';
import { type TargetName, targetOf } from '../decision/targets.ts';
import type { Context } from '../ground/context.ts';
import { type ServiceKey, serviceIdentity } from '../services/service-sessions.ts';
import { type DestinationError, furtherRoutes, type TurningHeader } from './destination.ts';
import { type AskedRoute, plainHost, type RouteError, routesAt } from './route-maps.ts';
import { knownContent, type RequestContent, type TellingFault } from './telling.ts';

export interface ForwardedRequest {
  readonly credential: Credential;
  /** '' = the proxy didn't send it. */
  readonly host: string;
  readonly method: string;
  /** Path and query as in the request line. */
  readonly uri: string;
  readonly address: string;
  readonly userAgent: string | null;
  /** Null when no header turns the request into another one. */
  readonly turning: TurningHeader | null;
  /** Looked at only where routes are told apart by it. */
  readonly content: RequestContent;
  /** What a browser brings with its cookies; null when it brings no session, or another credential came with it. */
  readonly session: BrowserSession | null;
}

/** A session at a service, as a request shows it. */
export interface BrowserSession {
  /** Of the cookie's secret, by the scheme of the service's origin; null = no such cookie. */
  keyFor(origin: string): ServiceKey | null;
  /** Whether the request comes from a page of this origin; null when the browser does not say. */
  isFrom(origin: string): boolean | null;
}

/** Why a request is refused other than for lack of rights. */
export type ForwardedRequestError =
  | RouteError
  | DestinationError
  | TellingFault['error']
  | 'name_spelled_otherwise'
  | 'sent_from_elsewhere';

export type ForwardedVerdict =
  | { readonly allowed: true; readonly permit: Permit; readonly route: AskedRoute }
  | { readonly allowed: false; readonly explanation: Explanation; readonly route: AskedRoute }
  | { readonly allowed: false; readonly error: ForwardedRequestError; readonly spelled: string | null };

/**
 * With more organizations than this, a target that could be in any of them is refused: a token reaches at most this
 * many owners.
 */
const MAX_ORGANIZATIONS_TRIED = 10;

/** Decides a request to a service behind a proxy. Answers at once when everything about it is in memory. */
export function authorizeForwarded(ctx: Context, request: ForwardedRequest): MaybePromise<ForwardedVerdict> {
  const found = ctx.routeMaps.find(request.host, request.method, request.uri);
  if (typeof found === 'string') return { allowed: false, error: found, spelled: null };
  if (!('fork' in found)) return authorizeAt(ctx, request, found, []);
  return andThen(knownContent(found.fork, request.content), (content) => {
    const routes = routesAt(found, content);
    if ('error' in routes) return { allowed: false, error: routes.error, spelled: routes.field };
    const [first, ...others] = routes;
    return authorizeAt(ctx, request, first, others);
  });
}

/** @param others of a batch: the routes of its other messages */
function authorizeAt(
  ctx: Context,
  request: ForwardedRequest,
  route: AskedRoute,
  others: readonly AskedRoute[],
): MaybePromise<ForwardedVerdict> {
  const atDestination = furtherRoutes(ctx.routeMaps, request, route);
  if (typeof atDestination === 'string')
    return {
      allowed: false,
      error: atDestination,
      spelled: atDestination === 'header_unread' ? (request.turning?.name ?? '') : null,
    };
  const further = others.length === 0 ? atDestination : [...others, ...atDestination];
  const asker = { request: withoutNobodys(request, route), route, person: null };
  const origin = request.session === null ? null : signInOrigin(ctx, request.host, route);
  if (origin === null || request.session === null) return decideAll(ctx, asker, further);
  const key = request.session.keyFor(origin);
  if (key === null) return decideAll(ctx, asker, further);
  return andThen(ctx.memory.refresh(), () =>
    andThen(serviceIdentity(ctx, key, plainHost(request.host)), (person) => {
      if (person !== null && isFromElsewhere(request, origin))
        return { allowed: false, error: 'sent_from_elsewhere', spelled: null } as const;
      return decideAll(ctx, { ...asker, person }, further);
    }),
  );
}

/** Clients of a container registry send a token even where they have none. */
function withoutNobodys(request: ForwardedRequest, { row }: AskedRoute): ForwardedRequest {
  const { credential } = request;
  return row.guard?.challenge === 'registry' &&
    credential.form === 'bearer' &&
    credential.secret.reveal() === NOBODYS_REGISTRY_TOKEN
    ? { ...request, credential: { form: 'none' } }
    : request;
}

/** Where people sign in to the service of a route; null when they don't. */
export function signInOrigin(ctx: Context, host: string, { row }: FoundRoute): string | null {
  return row.guard?.challenge === 'sign-in' ? ctx.routeMaps.signInOrigin(host) : null;
}

/** Methods that change nothing (RFC 9110 section 9.2.1). */
const SAFE_METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS']);

/**
 * A browser adds the cookie to whatever any page makes it send, so a change counts only when a page of the service
 * itself sent it, and nothing does that another origin sent by script.
 */
function isFromElsewhere({ method, session }: ForwardedRequest, origin: string): boolean {
  const isOwn = session?.isFrom(origin) ?? null;
  return isOwn === false || (isOwn === null && !SAFE_METHODS.has(method));
}

/** A request with its route, and the person who is signed in there; null = the credential says who asks. */
interface Asker {
  readonly request: ForwardedRequest;
  readonly route: AskedRoute;
  readonly person: Identity | null;
}

function decideAll(ctx: Context, asker: Asker, further: readonly AskedRoute[]): MaybePromise<ForwardedVerdict> {
  return further.length > 0 ? alsoAllowed(ctx, asker, further) : authorizeRoute(ctx, asker);
}

function authorizeRoute(ctx: Context, asker: Asker): MaybePromise<ForwardedVerdict> {
  const { request, route, person } = asker;
  if (route.target.kind === 'every-organization') return inEveryOrganization(ctx, asker);
  const target = targetName(route.target);
  const need = person === null ? needFor(request, route) : route.row.need;
  return andThen(decided(ctx, accessRequest(request, route, need, target), person), (verdict) =>
    spelledRight(verdict, route),
  );
}

function decided(ctx: Context, request: AccessRequest, person: Identity | null): MaybePromise<Verdict> {
  return person === null ? authorize(ctx, request) : authorizeIdentity(ctx, request, person);
}

/** Asks about the further routes first, since that has no effects: a request that leads nowhere spends no use. */
async function alsoAllowed(ctx: Context, asker: Asker, further: readonly AskedRoute[]): Promise<ForwardedVerdict> {
  await ctx.memory.refresh();
  const identity = asker.person ?? (await authenticate(ctx, asker.request.credential));
  // Nobody in particular: the first address says so.
  if ('via' in identity) return authorizeRoute(ctx, asker);
  return (await refusalOfAny(ctx, further, asker.request.address, identity)) ?? authorizeRoute(ctx, asker);
}

/** Why somebody may not use one of several routes; null when they may use all. Without effects. */
export async function refusalOfAny(
  ctx: Context,
  routes: readonly AskedRoute[],
  address: string,
  identity: Identity,
): Promise<(ForwardedVerdict & { allowed: false }) | null> {
  for (const route of routes) {
    const targets =
      route.target.kind === 'every-organization'
        ? await organizationsTried(ctx)
        : ([targetName(route.target)] as const);
    if (targets === null) return { allowed: false, error: 'target_unknown', spelled: null };
    const { row, resource } = route;
    for (const target of targets) {
      const explanation = await consider(ctx, { need: row.need, target, address, resource }, identity);
      if (explanation !== null) return { allowed: false, explanation, route };
      const spelled = otherSpelling(route.target, await targetOf(ctx, identity, target));
      if (spelled !== null) return { allowed: false, error: 'name_spelled_otherwise', spelled };
    }
  }
  return null;
}

/** Every organization, for what could be in any of them; null when there is none, or more than a token can reach. */
export async function organizationsTried(ctx: Context): Promise<readonly [TargetName, ...TargetName[]] | null> {
  const organizations = await listAccounts(ctx.store.db, 'organization', {
    beforeId: null,
    limit: MAX_ORGANIZATIONS_TRIED + 1,
  });
  const [first, ...others] = organizations.map(({ login }): TargetName => ({ kind: 'organization', login }));
  return first === undefined || organizations.length > MAX_ORGANIZATIONS_TRIED ? null : [first, ...others];
}

/** The methods to try for an address, to see whether any map knows it. */
const METHODS: readonly string[] = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'];

/** Why no map knows this address with any method; null when one does. */
export function addressError(ctx: Context, { host, uri }: Pick<ForwardedRequest, 'host' | 'uri'>): RouteError | null {
  let error: RouteError | null = null;
  for (const method of METHODS) {
    const route = ctx.routeMaps.find(host, method, uri);
    if (typeof route !== 'string') return null;
    error ??= route;
  }
  return error;
}

function accessRequest(
  { credential, address, userAgent }: ForwardedRequest,
  { purpose, resource }: AskedRoute,
  need: Need,
  target: TargetName,
): AccessRequest {
  return { credential, need, target, address, userAgent, purpose, door: 'forward', resource };
}

/** A caller without a credential has no account of their own, even where others' accounts are public. */
function needFor({ credential }: { readonly credential: Credential }, { row, target }: FoundRoute): Need {
  return target.kind === 'self' && credential.form === 'none' && row.need.publicRead
    ? { ...row.need, publicRead: false }
    : row.need;
}

/** What a route is about, in the terms of the decision. @throws TypeError for what has no single name */
export function targetName(target: NamedTarget): TargetName {
  switch (target.kind) {
    case 'repository':
    case 'organization':
    case 'account':
    case 'instance':
      return target as TargetName;
    case 'self':
      return { kind: 'account', login: null };
    case 'nobody':
      return { kind: 'instance' };
    default:
      throw new TypeError(`${target.kind} is no single target`);
  }
}

function spelledRight(verdict: Verdict, route: AskedRoute): ForwardedVerdict {
  if (!verdict.allowed) return { allowed: false, explanation: verdict.explanation, route };
  const registered = otherSpelling(route.target, verdict.permit.target);
  return registered === null
    ? { ...verdict, route }
    : { allowed: false, error: 'name_spelled_otherwise', spelled: registered };
}

/** The registered name when the request spells it differently or uses an old name. */
function otherSpelling(named: NamedTarget, target: Target): string | null {
  if (target.kind === 'instance' || target.owner === null) return null;
  const { login } = target.owner;
  if (named.kind === 'repository' && target.kind === 'repository' && target.repository !== null) {
    return named.owner === login && named.name === target.repository.name ? null : `${login}/${target.repository.name}`;
  }
  return (named.kind === 'organization' || named.kind === 'account') && named.login !== login ? login : null;
}

/** Nobody here knows which organization it is, so the caller must be allowed in every one. */
async function inEveryOrganization(ctx: Context, { request, route, person }: Asker): Promise<ForwardedVerdict> {
  const organizations = await organizationsTried(ctx);
  if (organizations === null) return { allowed: false, error: 'target_unknown', spelled: null };
  const [first, ...others] = organizations;
  const { row, resource } = route;
  const { need } = row;
  const verdict = await decided(ctx, accessRequest(request, route, need, first), person);
  if (!verdict.allowed) return { allowed: false, explanation: verdict.explanation, route };
  const identity = person ?? (await authenticate(ctx, request.credential));
  for (const target of others) {
    const explanation =
      'via' in identity ? null : await consider(ctx, { need, target, address: request.address, resource }, identity);
    if (explanation !== null) return { allowed: false, explanation, route };
  }
  return { ...verdict, route };
}
