/**
 * A dry run: could this token do that, here, now? Answered like the real request, but nothing is done, spent or
 * recorded.
 *
 * Invariant: the answer comes from the same decision as the real one.
 */
import { problem } from '../../base/errors.ts';
import { once } from '../../base/once.ts';
import type { Level } from '../../catalogue/permissions.ts';
import { githubRoutes } from '../../catalogue/routes/github.ts';
import { pathMatcher } from '../../catalogue/routes/path-match.ts';
import { readUserFacts } from '../../store/decision-facts.ts';
import { tokenAsPresented } from '../../store/presented-tokens.ts';
import { type Identity, identityOf } from '../decision/authenticate.ts';
import { holderOf, type Permit } from '../decision/authorize.ts';
import { targetNamed } from '../decision/route-target.ts';
import { actingToken, tokenWithin } from '../decision/token-access.ts';
import { RememberedToken } from '../decision/token-record.ts';
import type { Context } from '../ground/context.ts';
import {
  type AskedPermissions,
  type AskedRequest,
  type NamedTarget,
  type Objection,
  objectionTo,
  type Posed,
  permissionCalled,
  posedGit,
  posedPermissions,
  posedRequest,
  posedRoute,
  type RequestFault,
  refMove,
  targetCalled,
} from './asked.ts';

/** The action in question: a request, an operation of git, or anything that needs permissions. */
export type DryRunOperation =
  | ({ readonly permission: string; readonly level: string } & NamedTarget)
  | AskedPermissions
  | { readonly git: string; readonly repository: string | undefined }
  /** `host` null = this server's own API, or a repository of it. */
  | (Omit<AskedRequest, 'host'> & { readonly host: string | null });

export interface DryRunAnswer {
  readonly allowed: boolean;
  /** Every reason against it. */
  readonly objection: Objection;
  /** Null when nothing says what it needs. */
  readonly posed: Posed | null;
}

/** Made at the first question, in 10 ms plus 18 for the routes; a start needs neither. */
const findRoute = once(() => pathMatcher(githubRoutes()));

/**
 * What a named operation needs; for a request to a service, or what is wrong with it.
 * @throws Problem when there is no such endpoint, permission or level, or the target is unclear
 */
export function dryRunQuestion(ctx: Context, operation: DryRunOperation): Posed | RequestFault {
  if ('permission' in operation) return byPermission(operation);
  if ('permissions' in operation) return posedPermissions(operation);
  if ('git' in operation) return posedGit(operation.git, operation.repository);
  const { host, uri } = operation;
  if (host === null) return byOwnRoute(ctx, { ...operation, host: '' });
  const own = new URL(ctx.settings.publicUrl);
  const below = own.pathname.replace(/\/$/, '');
  return host.toLowerCase() === own.host && uri.startsWith(`${below}/`)
    ? byOwnRoute(ctx, { ...operation, host: '', uri: uri.slice(below.length) })
    : posedRequest(ctx, { ...operation, host });
}

/** The same, with a ref that would move. @throws Problem */
export function withMove(posed: Posed | RequestFault, ref: string | undefined, act: string | undefined) {
  return ref === undefined || 'error' in posed ? posed : { ...posed, move: refMove(ref, act ?? 'update') };
}

/** A request to this server: GitHub's API, with or without its prefix, or else git's addresses and GitLab's API. */
function byOwnRoute(ctx: Context, asked: AskedRequest): Posed | RequestFault {
  const method = asked.method.toUpperCase();
  const path = asked.uri.replace(/[?#].*$/s, '');
  const withoutPrefix = path.replace(/^\/api\/v3(?=\/)/, '');
  const match = findRoute()(method, withoutPrefix);
  const target = match === null ? null : targetNamed(match.row.target, match.params);
  if (match !== null && target !== null)
    return {
      need: match.row.need,
      target,
      by: { service: 'github', method, path: match.row.path, line: 0, when: null },
    };
  const own = ctx.routeMaps.findOwn(method, match === null ? asked.uri : `/api/v3${withoutPrefix}`);
  if (typeof own !== 'string' && own.target.kind !== 'unknown') return posedRoute(ctx, { ...asked, method }, own);
  throw problem(
    'invalid',
    `There is no endpoint ${method.slice(0, 20)} ${path.slice(0, 200)} whose target can be told from its path.`,
    'path',
  );
}

function byPermission(asked: Extract<DryRunOperation, { permission: string }>): Posed {
  const known = permissionCalled(asked.permission, 'permission');
  const level = known.levels.find((each) => each === asked.level);
  if (level === undefined)
    throw problem(
      'invalid',
      `${known.title} (${known.name}) takes ${known.levels.join(' or ')}, not ${asked.level.slice(0, 20)}.`,
      'level',
    );
  const named = targetCalled(asked);
  const isUnnamed = named.kind === 'account' && named.login === null;
  const target = isUnnamed && known.group === 'instance' ? ({ kind: 'instance' } as const) : named;
  if (known.group === 'repository' && target.kind !== 'repository')
    throw problem('missing_field', `${known.title} (${known.name}) is about a repository: name one.`, 'repository');
  const sets: readonly Readonly<Record<string, Level>>[] = [{ [known.name]: level }];
  return {
    need: { sets, publicRead: level === 'read' && known.group === 'repository', writes: level !== 'read' },
    target,
  };
}

/**
 * Whether one of the caller's tokens might do something, from an address.
 * @param tokenId null = the one that asks
 * @param address of the operation's caller
 * @throws Problem when there is no such token
 */
export async function dryRun(
  ctx: Context,
  permit: Permit,
  tokenId: number | null,
  posed: Posed | RequestFault,
  address: string,
): Promise<DryRunAnswer> {
  const identity = await identityBehind(ctx, permit, tokenId);
  await ctx.memory.refresh();
  const objection = await objectionTo(ctx, posed, address, identity);
  return { allowed: objection === null, objection, posed: 'error' in posed ? null : posed };
}

async function identityBehind(ctx: Context, permit: Permit, tokenId: number | null): Promise<Identity> {
  const acting = actingToken(permit);
  const itself = tokenId === null && acting?.derived != null ? await holderOf(ctx, permit) : null;
  if (itself !== null) return itself;
  const id = tokenId ?? acting?.id;
  if (id === undefined) throw problem('unprocessable', 'No token was used for this request.');
  const token = await tokenWithin(ctx.store.db, permit, id, { alive: false });
  const [stored, facts] = await Promise.all([
    tokenAsPresented(ctx.store.db, token.id),
    readUserFacts(ctx.store.db, token.userId),
  ]);
  if (stored === null || facts === null) throw problem('not_found', `There is no token ${id}.`, 'id');
  return identityOf(new RememberedToken(stored, facts, ctx.memory.parts));
}
