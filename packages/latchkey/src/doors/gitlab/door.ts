/**
 * GitLab's REST API at `/api/v4`: one plugin, one route, and a table of endpoints.
 *
 * To add an endpoint: give it a row in `catalogue/routes/gitlab.ts` (method, path, need, target), declare it in
 * `endpoints/NOUN.ts` with its parameters and a handler, and list that file's array in `endpoints.ts`. The frame does
 * the rest before the handler runs: it finds the endpoint, reads the credential, decides (`call.permit`), counts,
 * reads and checks the parameters. The wording of bodies is in `present/`.
 *
 * Invariant: no part of a body is read before the request is allowed.
 * Never: a URL in the log: a client of this dialect may have put a token there, in vain (see `credential`).
 */
import { Readable } from 'node:stream';
import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify';
import { authorize, type Permit, type Verdict } from '../../actions/decision/authorize.ts';
import { nameOfOrganization, nameOfRepository } from '../../actions/decision/names-by-id.ts';
import type { TargetName } from '../../actions/decision/targets.ts';
import type { Context } from '../../actions/ground/context.ts';
import { type Allowance, consumeRateLimit } from '../../actions/ground/rate-limit.ts';
import { MoveRefused } from '../../actions/repositories/refs/ref-guard.ts';
import { reportRotatedUse } from '../../actions/tokens/families.ts';
import { networkOf } from '../../base/address.ts';
import { Problem } from '../../base/errors.ts';
import { outageAnswer } from '../../base/machine/outage.ts';
import { isAbandoned } from '../../base/requests/body-deadline.ts';
import { callerOf } from '../../base/requests/caller.ts';
import { everyRequest } from '../../base/requests/every-request.ts';
import { type PathMatch, pathMatcher } from '../../catalogue/routes/path-match.ts';
import { splitFullName } from '../../rules/names.ts';
import { gitlabCredential } from './credential.ts';
import type { Call, Endpoint, Reply } from './endpoint.ts';
import { ENDPOINTS } from './endpoints.ts';
import { commonHeaders, limitHeaders } from './headers.ts';
import { offsetPage, pagingHeaders } from './paging.ts';
import { bodyParams, checkParams, queryParams } from './params.ts';
import { Answer, type ErrorAnswer, problemAnswer, rateLimited, refusal, sudoRefused, unavailable } from './refuse.ts';

export const PREFIX = '/api/v4';

/** One request in progress. */
interface Visit {
  readonly ctx: Context;
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  readonly url: URL;
  readonly address: string;
}

type Params = Readonly<Record<string, string>>;

/** The plugin. Register it with `{ prefix: PREFIX }`. */
export function gitlabDoor(ctx: Context): FastifyPluginAsync {
  const find = pathMatcher(ENDPOINTS);
  return everyRequest((request, reply) => {
    const visit: Visit = {
      ctx,
      request,
      reply,
      url: new URL(request.raw.url ?? '/', ctx.settings.publicUrl),
      address: callerOf(request.raw, ctx.settings),
    };
    return serve(visit, find).catch((error: unknown) => fail(visit, error));
  });
}

async function serve(
  visit: Visit,
  find: (method: string, path: string) => PathMatch<Endpoint> | null,
): Promise<FastifyReply> {
  const { request, reply, url } = visit;
  void reply.headers(commonHeaders());
  const match = find(request.method === 'HEAD' ? 'GET' : request.method, url.pathname.slice(PREFIX.length) || '/');
  if (match === null) return send(visit, { status: 404, body: { error: '404 Not Found' } });
  const { row: endpoint, params } = match;
  if (request.headers['sudo'] !== undefined || url.searchParams.has('sudo')) return send(visit, sudoRefused());
  const verdict = await decideOn(visit, endpoint, await targetName(visit, endpoint, params));
  if (!verdict.allowed) return refuse(visit, endpoint, verdict);
  const { permit } = verdict;
  const allowance = await count(visit, permit);
  if (allowance !== null) void reply.headers(limitHeaders(allowance));
  if (allowance?.allowed === false) return send(visit, rateLimited(allowance.retryAfterSec));
  try {
    return await answer(visit, await run(visit, endpoint, params, permit));
  } catch (error) {
    if (error instanceof MoveRefused) return send(visit, refusal(error.explanation, endpoint));
    throw error;
  }
}

/** Decides with the endpoint's need. */
function decideOn(
  { ctx, request, url, address }: Visit,
  { need, path }: Endpoint,
  target: TargetName,
): Promise<Verdict> {
  const credential = gitlabCredential(request.raw.rawHeaders, url.searchParams);
  const userAgent = request.headers['user-agent'] ?? null;
  const of = target.kind === 'repository' ? ` of ${target.calledAs ?? `${target.owner}/${target.name}`}` : '';
  const purpose = `${request.method} ${PREFIX}${path}${of}`;
  return Promise.resolve(authorize(ctx, { credential, need, target, address, userAgent, purpose, door: 'gitlab' }));
}

/**
 * What the path names: a project or a group, by number or by full path. For an unknown number, returns a name that
 * nothing can have.
 */
async function targetName({ ctx }: Visit, { target }: Endpoint, { id = '' }: Params): Promise<TargetName> {
  switch (target) {
    case 'self':
      return { kind: 'account', login: null };
    case 'instance':
    case 'none':
      return { kind: 'instance' };
    case 'project': {
      const isNumber = /^\d{1,15}$/.test(id);
      const name = (isNumber ? await nameOfRepository(ctx, Number(id)) : splitFullName(id)) ?? {
        owner: '-',
        name: `-${id.slice(0, MAX_SHOWN_ID)}`,
      };
      return {
        kind: 'repository',
        ...name,
        ...(isNumber || name.owner === '-' ? { calledAs: id.slice(0, MAX_SHOWN_ID) } : {}),
      };
    }
    case 'group':
      return {
        kind: 'organization',
        login:
          (/^\d{1,15}$/.test(id) ? await nameOfOrganization(ctx, Number(id)) : id) ?? `-${id.slice(0, MAX_SHOWN_ID)}`,
      };
  }
}

const MAX_SHOWN_ID = 100;

/**
 * Refuses. If a rotated value comes back to be rotated again, two people have copies: its family ends, as on GitLab.
 * Source: GitLab docs "Personal access tokens API", "Automatic reuse detection".
 */
async function refuse(
  visit: Visit,
  endpoint: Endpoint,
  { explanation }: Verdict & { allowed: false },
): Promise<FastifyReply> {
  const { reply, ctx } = visit;
  const { reason, tokenId } = explanation;
  if (reason === 'token_replaced' && tokenId !== null && endpoint.path.endsWith('/rotate'))
    await reportRotatedUse(ctx, tokenId);
  if (explanation.retryAfterSec !== null) void reply.header('Retry-After', String(explanation.retryAfterSec));
  return send(visit, refusal(explanation, endpoint));
}

function count({ ctx, address }: Visit, { actor }: Permit): Promise<Allowance | null> {
  return Promise.resolve(
    actor.userId === null
      ? consumeRateLimit(ctx, 'api-address', networkOf(address))
      : consumeRateLimit(ctx, 'api-user', actor.userId),
  );
}

async function run(visit: Visit, endpoint: Endpoint, path: Params, permit: Permit): Promise<Reply> {
  const { ctx, request, url } = visit;
  const query = queryParams(url.searchParams);
  if (endpoint.takesBody && request.headers.expect !== undefined) visit.reply.raw.writeContinue();
  const body = endpoint.takesBody ? await bodyParams(request.raw, endpoint.maxBodyBytes) : {};
  const call: Call<never> = {
    ctx,
    permit,
    path,
    params: checkParams(endpoint.params, { ...query, ...body }) as never,
    page: offsetPage(endpoint.paged ? query : {}),
  };
  return endpoint.handle(call);
}

function answer(visit: Visit, { status, body, headers = {}, total, more }: Reply): FastifyReply {
  const { reply, url, ctx } = visit;
  void reply.headers(headers);
  const rows = total !== undefined ? { total } : more !== undefined ? { more } : null;
  const here = new URL(ctx.settings.publicUrl + url.pathname + url.search);
  if (rows !== null) void reply.headers(pagingHeaders(here, offsetPage(queryParams(url.searchParams)), rows));
  return send(visit, { status, body });
}

function send({ reply }: Visit, { status, body, headers = {} }: ErrorAnswer): FastifyReply {
  void reply.code(status).headers(headers);
  if (body === null) return reply.send();
  if (body instanceof Readable) return reply.send(body);
  return reply.type('application/json').send(JSON.stringify(body));
}

function fail(visit: Visit, error: unknown): FastifyReply {
  if (error instanceof Answer) return send(visit, error.answer);
  if (error instanceof Problem) return send(visit, problemAnswer(error.complaints));
  // Check this before an outage: Node reports the same error for a broken connection as for a lost database.
  if (isAbandoned(visit.request.raw)) return visit.reply.hijack();
  const outage = outageAnswer(error);
  if (outage !== null) {
    if (outage.reason !== 'busy') visit.ctx.log.warn({ err: error, reason: outage.reason }, 'a request must wait');
    return send(visit, unavailable(outage));
  }
  visit.ctx.log.error({ err: error, method: visit.request.method }, 'a request to the api of gitlab failed');
  return send(visit, { status: 500, body: { message: '500 Internal Server Error' } });
}
