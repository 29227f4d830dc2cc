/**
 * A question about a token, in names: permissions on something, an operation of git, or a request. All that ask read
 * it here: the check endpoint, the dry run, the pages.
 *
 * Invariant: a question that makes no sense is a `Problem`, never a no.
 */
import { problem } from '../../base/errors.ts';
import { GIT_NEEDS, type Need } from '../../catalogue/needs.ts';
import {
  noPermissionNamed,
  type Permission,
  type PermissionSet,
  permissionNamed,
} from '../../catalogue/permissions.ts';
import { conditionsInWords } from '../../catalogue/route-maps/conditions.ts';
import { refNameProblem } from '../../git/objects/names.ts';
import type { Explanation } from '../../rules/explain.ts';
import type { Question } from '../../rules/model.ts';
import { splitFullName } from '../../rules/names.ts';
import { REF_ACTS } from '../../rules/refs/ref-rules.ts';
import type { Identity } from '../decision/authenticate.ts';
import { consider } from '../decision/authorize.ts';
import type { TargetName } from '../decision/targets.ts';
import type { Context } from '../ground/context.ts';
import { furtherRoutes, type TurningHeader } from './destination.ts';
import { type ForwardedRequestError, refusalOfAny, targetName } from './forwarded-requests.ts';
import { type AskedRoute, type RouteError, routesAt } from './route-maps.ts';
import type { KnownContent } from './telling.ts';

/** One of them, or none: the caller's own account. */
export interface NamedTarget {
  readonly repository?: string | undefined;
  readonly organization?: string | undefined;
  readonly account?: string | undefined;
  readonly instance?: true | undefined;
}

/** Sets of permissions on something; one set is enough. */
export interface AskedPermissions extends NamedTarget {
  readonly permissions: PermissionSet | readonly PermissionSet[];
  /** True when what is public may be read without them; false when left out. */
  readonly public?: boolean | undefined;
  /** True when it changes a repository; left out, when it needs more than `read` there. */
  readonly writes?: boolean | undefined;
}

export const GIT_OPERATIONS = ['clone', 'fetch', 'push'] as const;

/** A request to a service. */
export interface AskedRequest {
  readonly method: string;
  readonly host: string;
  /** Path and query. */
  readonly uri: string;
  readonly turning: TurningHeader | null;
  readonly content: KnownContent;
}

/** What a question is about: one thing, or an organization that only the service knows. */
type PosedTarget = TargetName | { readonly kind: 'every-organization' };

/** A question with its need and target. */
export interface Posed<T extends PosedTarget = PosedTarget> {
  readonly need: Need;
  readonly target: T;
  /** The service that asks, as a protected resource; left out = this server, or what the routes say. */
  readonly resource?: string;
  /** A ref that would move. */
  readonly move?: Question['move'];
  /** Of a request, its route and those that it needs besides: see `furtherRoutes`. */
  readonly routes?: readonly AskedRoute[];
  /** Of a request, which entry of which map decides. */
  readonly by?: MapEntry;
}

/** An entry of a route map, as the operator wrote it. */
interface MapEntry {
  readonly service: string;
  readonly method: string;
  /** With its parameters: `/repos/{owner}/{repo}`. */
  readonly path: string;
  /** In the operator's file; 0 = of a built-in map, without a file. */
  readonly line: number;
  /** What it asks of headers and body: `method tools/call, params.name search`; null = nothing. */
  readonly when: string | null;
}

/** Why there is no answer from the decision: the request itself is at fault. `detail` follows its words. */
export interface RequestFault {
  readonly error: ForwardedRequestError;
  readonly detail: string | null;
}

/** Why not; null = it is allowed. */
export type Objection = { readonly explanation: Explanation } | RequestFault | null;

/** @throws Problem with the field that is wrong */
export function posedPermissions(asked: AskedPermissions): Posed<TargetName> {
  const sets = (Array.isArray(asked.permissions) ? asked.permissions : [asked.permissions]) as readonly PermissionSet[];
  for (const name of sets.flatMap((set) => Object.keys(set))) permissionCalled(name, 'permissions');
  const target = targetCalled(asked);
  // A question about a change is a no where nothing may be changed.
  const writes =
    asked.writes ??
    (target.kind === 'repository' && sets.some((set) => Object.values(set).some((level) => level !== 'read')));
  return { need: { sets, publicRead: asked.public ?? false, writes }, target };
}

/** @throws Problem when there is none of that name */
export function permissionCalled(name: string, field: string): Permission {
  const known = permissionNamed(name);
  if (known === undefined) throw problem('invalid', noPermissionNamed(name), field);
  return known;
}

/** @throws Problem when several are named, or one that is no name */
export function targetCalled({ repository, organization, account, instance }: NamedTarget): TargetName {
  if ([repository, organization, account, instance].filter((one) => one !== undefined).length > 1)
    throw problem(
      'invalid',
      'Name one of repository (OWNER/NAME), organization, account and instance, or none for the account of the token.',
      'repository',
    );
  if (organization !== undefined) return { kind: 'organization', login: organization };
  if (instance === true) return { kind: 'instance' };
  return repository === undefined ? { kind: 'account', login: account ?? null } : repositoryCalled(repository);
}

function repositoryCalled(fullName: string): TargetName {
  const name = splitFullName(fullName);
  if (name === null) throw problem('invalid', 'A repository is named as OWNER/NAME.', 'repository');
  return { kind: 'repository', ...name };
}

/**
 * An operation of git on a repository.
 * @param operation one of `GIT_OPERATIONS`
 * @throws Problem
 */
export function posedGit(operation: string, repository: string | undefined): Posed<TargetName> {
  const known = GIT_OPERATIONS.find((each) => each === operation);
  if (known === undefined) throw problem('invalid', `What git does is one of ${GIT_OPERATIONS.join(', ')}.`, 'git');
  if (repository === undefined || repository === '')
    throw problem('missing_field', 'Git works on a repository: name one, as OWNER/NAME.', 'repository');
  return { need: GIT_NEEDS[known === 'push' ? 'receive-pack' : 'upload-pack'], target: repositoryCalled(repository) };
}

/** The move of a ref in names: a branch by its short name. @throws Problem when there is no such ref or act */
export function refMove(ref: string, act: string): NonNullable<Question['move']> {
  const name = ref.startsWith('refs/') ? ref : `refs/heads/${ref}`;
  const known = REF_ACTS.find((each) => each === act);
  if (refNameProblem(name) !== null) throw problem('invalid', 'That is no name of a branch, tag or other ref.', 'ref');
  if (known === undefined) throw problem('invalid', `What happens to a ref is one of ${REF_ACTS.join(', ')}.`, 'act');
  return { ref: name, act: known };
}

/** What a request to a service needs, by the route maps, or what is wrong with it. */
export function posedRequest(ctx: Context, asked: AskedRequest): Posed | RequestFault {
  const found = ctx.routeMaps.find(asked.host, asked.method, asked.uri);
  if (typeof found === 'string') return fault(found);
  if (!('fork' in found)) return posedRoute(ctx, asked, found);
  const routes = routesAt(found, asked.content);
  if ('error' in routes) return fault(routes.error, routes.field);
  const [first, ...others] = routes;
  return posedRoute(ctx, asked, first, others);
}

/** The same for a request whose routes are known. */
export function posedRoute(
  ctx: Context,
  asked: AskedRequest,
  route: AskedRoute,
  others: readonly AskedRoute[] = [],
): Posed | RequestFault {
  const { kind } = route.target;
  if (kind === 'unknown') return fault('target_unknown');
  const further = furtherRoutes(ctx.routeMaps, asked, route);
  if (typeof further === 'string') return fault(further, further === 'header_unread' ? asked.turning?.name : undefined);
  const { service, method, path, line, need, conditions } = route.row;
  return {
    need,
    target: kind === 'every-organization' ? { kind } : targetName(route.target),
    routes: [route, ...others, ...further],
    by: { service, method, path, line, when: conditions === undefined ? null : conditionsInWords(conditions) },
  };
}

const fault = (error: RouteError | ForwardedRequestError, detail: string | null = null): RequestFault => ({
  error,
  detail,
});

/** Why somebody may not; null when they may. Nothing is done, spent or recorded. */
export async function objectionTo(
  ctx: Context,
  posed: Posed | RequestFault,
  address: string,
  identity: Identity,
): Promise<Objection> {
  if ('error' in posed) return posed;
  const { need, target, move, resource = '', routes = [] } = posed;
  if (routes.length > 0) {
    const refusal = await refusalOfAny(ctx, routes, address, identity);
    if (refusal === null) return null;
    return 'error' in refusal ? fault(refusal.error, refusal.spelled) : { explanation: refusal.explanation };
  }
  if (target.kind === 'every-organization') throw new TypeError('only a route is about every organization');
  const asked = { need, target, address, resource, ...(move === undefined ? {} : { move }) };
  const explanation = await consider(ctx, asked, identity);
  return explanation === null ? null : { explanation };
}
