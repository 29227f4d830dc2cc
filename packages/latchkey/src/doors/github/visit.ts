/**
 * One request to GitHub's dialect in progress, whichever API it is for: how it is counted, refused, answered, and what
 * becomes of a failure.
 */
import { Readable } from 'node:stream';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Verdict } from '../../actions/decision/authorize.ts';
import type { Context } from '../../actions/ground/context.ts';
import { type Allowance, consumeRateLimit, type RateBucket } from '../../actions/ground/rate-limit.ts';
import { networkOf } from '../../base/address.ts';
import { outageAnswer } from '../../base/machine/outage.ts';
import type { MaybePromise } from '../../base/maybe-promise.ts';
import { isAbandoned } from '../../base/requests/body-deadline.ts';
import { callerOf } from '../../base/requests/caller.ts';
import type { Endpoint } from './endpoint.ts';
import { etagOf, isKnown, tokenHeaders } from './headers.ts';
import { errorBody, Malformed, refusal, tooMany } from './refuse.ts';

export const PREFIX = '/api/v3';

/** Any page may call this API: it takes no cookie, so a page only has the tokens that it was given. */
export const PREFLIGHT = {
  'Access-Control-Allow-Methods': 'GET, POST, PATCH, PUT, DELETE',
  'Access-Control-Max-Age': '86400',
  'Access-Control-Allow-Headers':
    'Authorization, Content-Type, If-Match, If-None-Match, Accept, X-GitHub-Api-Version, X-Requested-With',
} as const;

/** One request in progress. */
export interface Visit {
  readonly ctx: Context;
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  readonly url: URL;
  readonly apiUrl: string;
  readonly address: string;
}

/** A request as it arrives. */
export function visitOf(ctx: Context, request: FastifyRequest, reply: FastifyReply): Visit {
  return {
    ctx,
    request,
    reply,
    url: new URL(request.raw.url ?? '/', ctx.settings.publicUrl),
    apiUrl: ctx.settings.publicUrl + PREFIX,
    address: callerOf(request.raw, ctx.settings),
  };
}

/**
 * Counts the request for the person, over all their tokens; for the address when nobody is known. Bad credentials are
 * counted elsewhere.
 */
export function count(
  { ctx, address }: Visit,
  verdict: Verdict,
  bucket: RateBucket = 'api-user',
): MaybePromise<Allowance | null> {
  const userId = verdict.allowed ? verdict.permit.actor.userId : verdict.explanation.userId;
  if (userId !== null) return consumeRateLimit(ctx, bucket, userId);
  return verdict.allowed || verdict.explanation.reason === 'credentials_missing'
    ? consumeRateLimit(ctx, 'api-address', networkOf(address))
    : null;
}

/** Too many requests. */
export function refuseTooMany(visit: Visit, verdict: Verdict, { retryAfterSec }: Allowance): FastifyReply {
  const userId = verdict.allowed ? verdict.permit.actor.userId : verdict.explanation.userId;
  void visit.reply.header('Retry-After', String(retryAfterSec));
  return send(visit, 403, tooMany(userId === null ? visit.address : `user ID ${userId}`, docs(visit)));
}

/** Says no, in the words of the dialect. `endpoint`: what was asked for, as far as it matters to them. */
export function refuse(
  visit: Visit,
  endpoint: Pick<Endpoint, 'need' | 'challenge'> & Partial<Pick<Endpoint, 'operationId'>>,
  { explanation }: Verdict & { allowed: false },
): FastifyReply {
  const { status, body } = refusal(explanation, docs(visit, endpoint));
  const { tokenKind, expiresAt } = explanation.facts;
  if (tokenKind !== null)
    void visit.reply.headers(
      tokenHeaders({ kind: tokenKind, scopes: explanation.tokenScopes, expiresAt }, endpoint.need),
    );
  if (explanation.reason === 'sso_not_authorized')
    void visit.reply.header('X-GitHub-SSO', `required; url=${explanation.remedy.url ?? visit.ctx.settings.publicUrl}`);
  if (status === 401 && endpoint.challenge)
    void visit.reply.header('WWW-Authenticate', 'Basic realm="Latchkey", charset="UTF-8"');
  if (explanation.retryAfterSec !== null) void visit.reply.header('Retry-After', String(explanation.retryAfterSec));
  return send(visit, status, body);
}

/** Sends a body with its validator, or 304 without it when the client has it already. */
export function send(
  { request, reply }: Visit,
  status: number,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): FastifyReply {
  void reply.code(status).headers(headers);
  if (body === null) return reply.send();
  // The handler sets the type and length of a stream.
  if (body instanceof Readable) return reply.send(body);
  const raw = typeof body === 'string' || Buffer.isBuffer(body);
  const text = raw ? body : JSON.stringify(body);
  if (!raw || headers['Content-Type'] === undefined) void reply.type('application/json; charset=utf-8');
  if (status === 200 && (request.method === 'GET' || request.method === 'HEAD')) {
    const etag = headers['ETag'] ?? etagOf(text);
    void reply.header('ETag', etag);
    if (isKnown(etag, request.headers['if-none-match'])) return reply.code(304).removeHeader('content-type').send();
  }
  return reply.send(text);
}

/** The page of the documentation about an endpoint. */
export function docs({ apiUrl }: Pick<Visit, 'apiUrl'>, endpoint?: Partial<Pick<Endpoint, 'operationId'>>): string {
  return `${apiUrl}/docs${endpoint?.operationId === undefined ? '' : `#${endpoint.operationId.replace('/', '-')}`}`;
}

/** What becomes of a failure: GitHub's form of it, and an entry in the log where it is the server's. */
export function fail(visit: Visit, error: unknown): FastifyReply {
  if (error instanceof Malformed) return send(visit, error.status, errorBody(error.status, error.message, docs(visit)));
  if (isAbandoned(visit.request.raw)) return visit.reply.hijack();
  const outage = outageAnswer(error);
  if (outage !== null) {
    if (outage.reason !== 'busy') visit.ctx.log.warn({ err: error, reason: outage.reason }, 'a request must wait');
    const body = { ...errorBody(503, outage.sentence, docs(visit)), reason: outage.reason };
    return send(visit, 503, body, { 'Retry-After': String(outage.retryAfterSec) });
  }
  visit.ctx.log.error(
    { err: error, method: visit.request.method, path: visit.url.pathname },
    'a request to the API failed',
  );
  return send(visit, 500, errorBody(500, 'Server Error', docs(visit)));
}
