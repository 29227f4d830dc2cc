/**
 * GitHub's GraphQL API at `/api/graphql`: one address, one method, a schema of what exists here.
 *
 * A request needs any live credential; every field of its query is decided on its own, with the need of its twin among
 * the REST endpoints (`fields.ts`). What is refused or missing is null in `data`, and says why in `errors`.
 *
 * Invariant: no part of a body is read before the credential is accepted; no field is answered before the query is
 * known to be within its limits (`limits.ts`).
 * Never: several queries in one request, queries by GET, subscriptions.
 */
import type { FastifyPluginAsync, FastifyReply } from 'fastify';
import type { OperationDefinitionNode } from 'graphql';
import { authorize, type Permit } from '../../../actions/decision/authorize.ts';
import { authorizationOf, credentialOf } from '../../../actions/decision/credential.ts';
import type { Context } from '../../../actions/ground/context.ts';
import { type Allowance, consumeRateLimit } from '../../../actions/ground/rate-limit.ts';
import { outageAnswer } from '../../../base/machine/outage.ts';
import { everyRequest } from '../../../base/requests/every-request.ts';
import type { Need } from '../../../catalogue/needs.ts';
import { commonHeaders, OLDEST_VERSION, rateHeaders, tokenHeaders } from '../headers.ts';
import { readBody } from '../input.ts';
import { errorBody, Malformed } from '../refuse.ts';
import { count, docs, fail, PREFLIGHT, refuse, refuseTooMany, send, type Visit, visitOf } from '../visit.ts';
import { Asking } from './asking.ts';
import { Documents, type Query } from './documents.ts';
import { type ErrorEntry, entryOf, Unanswered } from './errors.ts';
import { MAX_QUERY_BYTES, type Measure, measure } from './limits.ts';
import { graphql, schemaOf } from './schema.ts';

export const GRAPHQL_PATH = '/api/graphql';

/** The most bytes of a request: `createCommitOnBranch` brings files. */
export const MAX_BODY_BYTES = 8 * 1024 * 1024;

/** Any live credential: the fields decide the rest. A scope of GitLab's opens what it opens there. */
const ANY_CREDENTIAL: Need = { sets: [], publicRead: false, writes: false, gitlabScopes: [] };
const ENDPOINT = { need: ANY_CREDENTIAL, challenge: false } as const;

/** What a client sends. */
interface Sent {
  readonly query: string;
  readonly variables: Readonly<Record<string, unknown>>;
  readonly operationName: string | null;
}

/** The plugin. Register it with `{ prefix: GRAPHQL_PATH }`. */
export function graphqlDoor(ctx: Context): FastifyPluginAsync {
  const documents = new Documents();
  return everyRequest((request, reply) => {
    const visit = visitOf(ctx, request, reply);
    return serve(visit, documents).catch((error: unknown) => fail(visit, error));
  });
}

async function serve(visit: Visit, documents: Documents): Promise<FastifyReply> {
  const { ctx, request, reply, url, address } = visit;
  void reply.headers(commonHeaders(OLDEST_VERSION));
  if (url.pathname !== GRAPHQL_PATH)
    return send(visit, 404, { ...errorBody(404, 'Not Found', docs(visit)), reason: 'endpoint_unknown' });
  if (request.method === 'OPTIONS') return reply.code(204).headers(PREFLIGHT).send();
  if (request.method !== 'POST') {
    void reply.header('Allow', 'POST, OPTIONS');
    // Who only reads takes this for a resource of REST, and hears where those are.
    const status = request.method === 'GET' || request.method === 'HEAD' ? 404 : 405;
    return send(visit, status, errorBody(status, 'Queries are sent by POST; the REST API is at /api/v3.', docs(visit)));
  }
  const userAgent = request.headers['user-agent'] ?? null;
  const verdict = await authorize(ctx, {
    credential: credentialOf(authorizationOf(request.raw.rawHeaders)),
    need: ANY_CREDENTIAL,
    target: { kind: 'account', login: null },
    address,
    userAgent,
    purpose: 'GraphQL',
    door: 'github',
  });
  const allowance = await count(visit, verdict, 'graphql-user');
  if (allowance !== null) void reply.headers(rateHeaders(allowance, 'graphql'));
  if (allowance !== null && !allowance.allowed) return refuseTooMany(visit, verdict, allowance);
  if (!verdict.allowed) return refuse(visit, ENDPOINT, verdict);
  const { permit } = verdict;
  if (permit.bearer?.via === 'token') void reply.headers(tokenHeaders(permit.bearer.token, ANY_CREDENTIAL));
  if (request.headers.expect !== undefined) reply.raw.writeContinue();
  const sent = sentIn(await readBody(request.raw, MAX_BODY_BYTES));
  return answer(visit, documents, { sent, permit, allowance });
}

/** @throws Malformed 400 in GitHub's words */
function sentIn(text: string): Sent {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new Malformed(400, 'Problems parsing JSON');
  }
  if (Array.isArray(value)) throw new Malformed(400, 'One request has one query: send a JSON object, not a list.');
  if (typeof value !== 'object' || value === null) throw new Malformed(400, 'Body should be a JSON object');
  const { query, variables = null, operationName = null } = value as Readonly<Record<string, unknown>>;
  if (typeof query !== 'string') throw new Malformed(400, 'A query attribute must be specified and must be a string.');
  if (Buffer.byteLength(query) > MAX_QUERY_BYTES)
    throw new Malformed(413, `A query has at most ${MAX_QUERY_BYTES} bytes; put what is longer into variables.`);
  if (variables !== null && (typeof variables !== 'object' || Array.isArray(variables)))
    throw new Malformed(400, 'Variables are a JSON object.');
  if (operationName !== null && typeof operationName !== 'string')
    throw new Malformed(400, 'An operationName is a string.');
  return { query, variables: (variables as Sent['variables'] | null) ?? {}, operationName };
}

interface Accepted {
  readonly sent: Sent;
  readonly permit: Permit;
  readonly allowance: Allowance | null;
}

async function answer(
  visit: Visit,
  documents: Documents,
  { sent, permit, allowance }: Accepted,
): Promise<FastifyReply> {
  let measured: Measure | null = null;
  try {
    const reading = documents.read(sent.query, (query) => {
      const operation = operationIn(query, sent.operationName);
      if (operation !== null) measured = measure({ operation, fragments: query.fragments, variables: sent.variables });
    });
    if ('errors' in reading) return send(visit, 200, { errors: reading.errors });
    const operation = operationIn(reading, sent.operationName);
    if (operation === null || measured === null)
      return send(visit, 200, { errors: [{ message: noOperation(reading, sent.operationName) }] });
    return await run(visit, { sent, permit, allowance }, { reading, operation, measured });
  } catch (error) {
    if (!(error instanceof Unanswered)) throw error;
    return send(visit, 200, { errors: [{ type: error.type, message: error.message }] });
  }
}

/** The operation that is meant; null when that isn't clear. */
function operationIn({ operations }: Query, name: string | null): OperationDefinitionNode | null {
  if (name === null) return operations.length === 1 ? (operations[0] ?? null) : null;
  return operations.find((one) => one.name?.value === name) ?? null;
}

function noOperation({ operations }: Query, name: string | null): string {
  if (name !== null) return `No operation named "${name.slice(0, 100)}"`;
  return operations.length === 0 ? 'A query has an operation.' : 'An operation name is required';
}

interface Ready {
  readonly reading: Query;
  readonly operation: OperationDefinitionNode;
  readonly measured: Measure;
}

async function run(
  visit: Visit,
  { sent, permit, allowance }: Accepted,
  { reading, operation, measured }: Ready,
): Promise<FastifyReply> {
  const { ctx, request, reply, address, apiUrl } = visit;
  if (operation.operation === 'subscription')
    return send(visit, 200, { errors: [{ message: 'This server has no subscriptions.' }] });
  const paid = await pay(ctx, permit, allowance, measured.cost);
  if (paid !== null) void reply.headers(rateHeaders(paid, 'graphql'));
  if (paid !== null && !paid.allowed)
    return send(visit, 200, {
      errors: [{ type: 'RATE_LIMITED', message: `API rate limit exceeded for user ID ${permit.actor.userId}.` }],
    });
  const asking = new Asking({
    ctx,
    permit,
    address,
    apiUrl,
    allowance: paid,
    userAgent: request.headers['user-agent'] ?? null,
    cost: measured.cost,
    nodes: measured.nodes,
  });
  const { execute } = graphql();
  const { data, errors } = await execute({
    schema: schemaOf(),
    document: reading.document,
    contextValue: asking,
    variableValues: sent.variables,
    ...(sent.operationName === null ? {} : { operationName: sent.operationName }),
  });
  if (errors === undefined) return send(visit, 200, { data });
  const entries = errors.map((error): ErrorEntry => {
    const entry = entryOf(error);
    if (entry !== null) return entry;
    // What only waits is an answer to the whole request; everything else is one about its field.
    if (outageAnswer(error.originalError) !== null) throw error.originalError;
    ctx.log.error({ err: error.originalError, path: error.path }, 'a field of a query failed');
    return {
      ...(error.path === undefined ? {} : { path: error.path }),
      message: 'Something went wrong while executing your query.',
    };
  });
  return send(visit, 200, data === undefined ? { errors: entries } : { data, errors: entries });
}

/** Counts what a query costs beyond the first point, which every request costs. */
async function pay(ctx: Context, { actor }: Permit, first: Allowance | null, cost: number): Promise<Allowance | null> {
  let allowance = first;
  for (let paid = 1; paid < cost && allowance !== null && actor.userId !== null; paid++)
    allowance = await consumeRateLimit(ctx, 'graphql-user', actor.userId);
  return allowance;
}
