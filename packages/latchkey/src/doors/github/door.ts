/**
 * GitHub's REST API at `/api/v3`: one plugin, one route, and a table of endpoints.
 *
 * To add an endpoint: declare it in `endpoints/NOUN.ts` and list that file's array in `endpoints.ts`. A declaration
 * has the method and path (as GitHub writes it), an operation id, a one-line summary, schemas of body and query
 * (TypeBox, `additionalProperties: false`), and a handler. Its need comes from the catalogue (`needOf`), or is given
 * if GitHub has no such endpoint. The frame does the rest before the handler runs: it finds the endpoint, authorizes
 * (`call.permit`), counts, reads and checks body and query, and works out the page. The handler calls one action and
 * answers `ok(body)`, `created(body)`, `nothing()`, or `{ status, body, headers, next }`; for a list, `next` is the
 * key of its last row (`nextKey`), from which the frame makes the `Link` header. A `Problem` that it throws becomes
 * 404, 409 or 422 in GitHub's form. The wording of bodies is in `present/`.
 *
 * Invariant: no part of a body is read before the request is allowed. A path that isn't this door's, a wrong method,
 * or a trailing slash is a 404.
 */
import type { FastifyPluginAsync, FastifyReply } from 'fastify';
import { authorize, type Permit, type Verdict } from '../../actions/decision/authorize.ts';
import { authorizationOf, credentialOf } from '../../actions/decision/credential.ts';
import { nameOfAccount, nameOfRepository } from '../../actions/decision/names-by-id.ts';
import { targetNamed } from '../../actions/decision/route-target.ts';
import type { TargetName } from '../../actions/decision/targets.ts';
import type { Context } from '../../actions/ground/context.ts';
import { MoveRefused } from '../../actions/repositories/refs/ref-guard.ts';
import { Problem } from '../../base/errors.ts';
import { andThen, type MaybePromise } from '../../base/maybe-promise.ts';
import { parameter } from '../../base/present.ts';
import { everyRequest } from '../../base/requests/every-request.ts';
import type { RouteTarget } from '../../catalogue/routes/github.ts';
import { type PathMatch, pathMatcher } from '../../catalogue/routes/path-match.ts';
import { isSameName } from '../../rules/names.ts';
import type { Endpoint, Reply } from './endpoint.ts';
import { ENDPOINTS } from './endpoints.ts';
import { API_VERSIONS, commonHeaders, OLDEST_VERSION, rateHeaders, tokenHeaders } from './headers.ts';
import { type CheckedInput, checkBody, checkQuery, readBody } from './input.ts';
import { cursorLinkHeader, linkHeader, pageRequestOf } from './paging.ts';
import { errorBody, validationFailed } from './refuse.ts';
import { count, docs, fail, PREFIX, PREFLIGHT, refuse, refuseTooMany, send, type Visit, visitOf } from './visit.ts';

export { PREFIX };

/** The plugin. Register it with `{ prefix: PREFIX }`. */
export function githubDoor(ctx: Context): FastifyPluginAsync {
  const find = pathMatcher(ENDPOINTS);
  return everyRequest((request, reply) => {
    const visit = visitOf(ctx, request, reply);
    return serve(visit, find).catch((error: unknown) => fail(visit, error));
  });
}

async function serve(
  visit: Visit,
  find: (method: string, path: string) => PathMatch<Endpoint> | null,
): Promise<FastifyReply> {
  const { request, reply, url } = visit;
  const version = request.headers['x-github-api-version'] ?? OLDEST_VERSION;
  const isVersion = API_VERSIONS.includes(String(version));
  void reply.headers(commonHeaders(isVersion ? String(version) : OLDEST_VERSION));
  if (!isVersion)
    return send(visit, 400, {
      ...errorBody(400, `This API has no version ${String(version).slice(0, 40)}.`, docs(visit)),
      versions: API_VERSIONS,
    });
  if (request.method === 'OPTIONS') return reply.code(204).headers(PREFLIGHT).send();
  const match = find(request.method === 'HEAD' ? 'GET' : request.method, pathBelow(url));
  if (match === null)
    return send(visit, 404, { ...errorBody(404, 'Not Found', docs(visit)), reason: 'endpoint_unknown' });
  const { row: endpoint, params } = match;
  const verdict = await decideOn(visit, endpoint, params);
  const allowance = endpoint.uncounted ? null : await count(visit, verdict);
  if (allowance !== null) void reply.headers(rateHeaders(allowance));
  if (allowance !== null && !allowance.allowed) return refuseTooMany(visit, verdict, allowance);
  if (!verdict.allowed) return refuse(visit, endpoint, verdict);
  const { permit } = verdict;
  if (permit.bearer?.via === 'token') void reply.headers(tokenHeaders(permit.bearer.token, endpoint.need));
  const moved = movedTo(visit, endpoint, params, permit);
  if (moved !== null) return redirect(visit, moved);
  return run(visit, endpoint, params, permit).then(
    (done) => answer(visit, endpoint, done),
    (error: unknown) => {
      if (error instanceof MoveRefused)
        return refuse(visit, endpoint, { allowed: false, explanation: error.explanation });
      if (!(error instanceof Problem)) throw error;
      const { status, body } = validationFailed(error.complaints, endpoint.resource, docs(visit, endpoint));
      return send(visit, status, body);
    },
  );
}

function pathBelow(url: URL): string {
  // For the root folder of a repository, clients request `contents/` with an empty path.
  return url.pathname.slice(PREFIX.length).replace(/(\/contents)\/$/, '$1') || '/';
}

/**
 * Decides with the endpoint's need. A caller without a credential has no account of their own, even where others'
 * accounts are public.
 */
function decideOn(
  { ctx, request, address }: Visit,
  { need, target, operationId }: Endpoint,
  params: Readonly<Record<string, string>>,
): MaybePromise<Verdict> {
  const credential = credentialOf(authorizationOf(request.raw.rawHeaders));
  const ownOnly = target.kind === 'self' && credential.form === 'none';
  return andThen(targetOf(ctx, target, params), (named) =>
    authorize(ctx, {
      credential,
      need: ownOnly ? { ...need, publicRead: false } : need,
      target: named,
      address,
      userAgent: request.headers['user-agent'] ?? null,
      purpose: operationId,
      door: 'github',
    }),
  );
}

/** What the path names. For an unknown number, a name that nothing can have. */
function targetOf(
  ctx: Context,
  target: RouteTarget,
  params: Readonly<Record<string, string>>,
): MaybePromise<TargetName> {
  if (target.kind === 'account-by-id' || target.kind === 'repository-by-id')
    return targetById(ctx, target, parameter(params, target.id));
  const named = targetNamed(target, params);
  if (named === null) throw new TypeError(`this door serves no endpoint about a ${target.kind}`);
  return named;
}

async function targetById(
  ctx: Context,
  { kind }: RouteTarget & { kind: 'account-by-id' | 'repository-by-id' },
  text: string,
): Promise<TargetName> {
  const id = /^\d{1,15}$/.test(text) ? Number(text) : 0;
  const calledAs = text.slice(0, MAX_SHOWN_ID);
  if (kind === 'account-by-id')
    return { kind: 'account', login: (await nameOfAccount(ctx, id))?.login ?? `-${calledAs}` };
  return { kind: 'repository', ...((await nameOfRepository(ctx, id)) ?? { owner: '-', name: '-' }), calledAs };
}

const MAX_SHOWN_ID = 100;

/** Today's path of what was found under an old name; null when the current names were used. */
function movedTo(
  { url }: Visit,
  { path, target }: Endpoint,
  params: Readonly<Record<string, string>>,
  permit: Permit,
): string | null {
  if (permit.target.kind === 'instance' || permit.target.owner === null) return null;
  const names = new Map<string, string>();
  if (target.kind === 'organization' || target.kind === 'account') names.set(target.login, permit.target.owner.login);
  if (target.kind === 'repository' && permit.target.kind === 'repository' && permit.target.repository !== null)
    names.set(target.owner, permit.target.owner.login).set(target.name, permit.target.repository.name);
  if ([...names].every(([named, today]) => isSameName(parameter(params, named), today))) return null;
  const segments = url.pathname.split('/');
  const first = PREFIX.split('/').length;
  for (const [at, part] of path.split('/').slice(1).entries()) {
    const today = names.get(part.slice(1, -1));
    if (today !== undefined && part.startsWith('{')) segments[first + at] = today;
  }
  return segments.join('/') + url.search;
}

/** A read may be repeated with any method; a change must keep its method (RFC 9110 section 15.4.8). */
function redirect(visit: Visit, path: string): FastifyReply {
  const location = visit.ctx.settings.publicUrl + path;
  const status = visit.request.method === 'GET' || visit.request.method === 'HEAD' ? 301 : 307;
  void visit.reply.header('Location', location);
  return send(visit, status, {
    message: status === 301 ? 'Moved Permanently' : 'Temporary Redirect',
    url: location,
    documentation_url: docs(visit),
  });
}

const NO_BODY: CheckedInput = { value: undefined, ignored: [] };
/** The most names in the header that tells which fields had no effect. */
const MAX_IGNORED_NAMES = 20;

async function run(
  visit: Visit,
  endpoint: Endpoint,
  params: Readonly<Record<string, string>>,
  permit: Permit,
): Promise<Reply> {
  const { ctx, request, url, apiUrl, address } = visit;
  const page = pageRequestOf(endpoint.paged ? url.searchParams : new URLSearchParams(), endpoint.defaultPerPage);
  const { ignoresUnknown: ignores, paged } = endpoint;
  const query = checkQuery(endpoint.query, url.searchParams, { paged, ignores });
  if (endpoint.body !== null && request.headers.expect !== undefined) visit.reply.raw.writeContinue();
  const body =
    endpoint.body === null
      ? NO_BODY
      : checkBody(endpoint.body, await readBody(request.raw, endpoint.maxBodyBytes), ignores);
  const ignored = [...query.ignored, ...body.ignored].slice(0, MAX_IGNORED_NAMES).map(encodeURIComponent);
  if (ignored.length > 0) void visit.reply.header('X-Ignored-Fields', ignored.join(', '));
  const call = {
    ctx,
    permit,
    params,
    body: body.value as never,
    query: query.value as never,
    page,
    apiUrl,
    address,
    headers: request.headers,
  };
  return endpoint.handle(call);
}

function answer(visit: Visit, endpoint: Endpoint, given: Reply): FastifyReply {
  const { reply, url, ctx } = visit;
  const { status, body, headers = {}, next = null, neighbours } = given;
  if (endpoint.paged) {
    const whole = new URL(ctx.settings.publicUrl + url.pathname + url.search);
    const link =
      neighbours === undefined
        ? linkHeader(whole, pageRequestOf(url.searchParams, endpoint.defaultPerPage), next)
        : cursorLinkHeader(whole, neighbours);
    if (link !== null) void reply.header('Link', link);
  }
  return send(visit, status, body, headers);
}
