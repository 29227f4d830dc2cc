/**
 * What an endpoint of this door is: a declaration, from which its authorization, its checks, its headers and its
 * documentation follow.
 *
 * Never: a check inside a handler of who may do what. The need is declared; the handler gets a permit.
 */
import type { Permit } from '../../actions/decision/authorize.ts';
import type { Context } from '../../actions/ground/context.ts';
import type { Static, TSchema } from '../../base/json-schema.ts';
import type { Need } from '../../catalogue/needs.ts';
import { githubTarget, needOf, type RouteTarget } from '../../catalogue/routes/github.ts';
import type { PageRequest } from './paging.ts';

type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/** What a handler is called with. */
export interface Call<Body, Query> {
  readonly ctx: Context;
  readonly permit: Permit;
  /** By the names in the path, percent-decoded; those of `target` may be spelled in other letters than the store's. */
  readonly params: Readonly<Record<string, string>>;
  readonly body: Body;
  readonly query: Query;
  /** Which part of a list is asked for; the first, where the query names none. */
  readonly page: PageRequest;
  /** Where this door is reached, without a slash at the end: `https://host/api/v3`. */
  readonly apiUrl: string;
  /** Where the call comes from. */
  readonly address: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

/** What a handler answers. A body is sent as JSON, or as it is when it is text, bytes or a stream; null = none. */
export interface Reply {
  readonly status: number;
  readonly body: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** Of a list that goes on: where (see `paging`). */
  readonly next?: string | null;
  /** Of a list with a cursor to both sides: the keys of its neighbours, in place of `next`. */
  readonly neighbours?: { readonly next: number | null; readonly previous: number | null };
}

export interface Endpoint {
  readonly method: Method;
  /** Below `/api/v3`, with parameters in braces: `/repos/{owner}/{repo}/keys/{key_id}`. */
  readonly path: string;
  /** GitHub's, where it has this endpoint: `repos/get`. */
  readonly operationId: string;
  /** One line for the reference page. */
  readonly summary: string;
  /**
   * What the wire calls the thing in validation errors: `Hook`. Null = they are plain sentences (GitHub's schema
   * `validation-error-simple`).
   */
  readonly resource: string | null;
  readonly need: Need;
  readonly target: RouteTarget;
  /** Schema of the JSON body; null = none is read. */
  readonly body: TSchema | null;
  /** Schema of the query beside `per_page`, `page` and `after`. */
  readonly query: TSchema | null;
  /** True when it gives a list in pages. */
  readonly paged: boolean;
  /** Most bytes that a body may have. */
  readonly maxBodyBytes: number;
  /** The status of success, for the documentation. */
  readonly success: number;
  /** True when it counts towards no limit of requests. */
  readonly uncounted: boolean;
  /**
   * True when a 401 asks for a name and password (RFC 7617): for programs that send them only when asked. Elsewhere a
   * browser would pop up.
   */
  readonly challenge: boolean;
  readonly handle: (call: Call<never, never>) => Promise<Reply>;
}

/** Most bytes of a JSON body, where an endpoint says nothing else. */
const MAX_BODY_BYTES = 1024 * 1024;

type BodyOf<T> = T extends TSchema ? Static<T> : undefined;

interface Declaration<B extends TSchema | undefined, Q extends TSchema | undefined> {
  readonly method: Method;
  readonly path: string;
  readonly operationId: string;
  readonly summary: string;
  readonly resource?: string | null;
  /**
   * Left out: what GitHub's endpoint of this method and path needs (`needOf`); then the path must be one of GitHub's.
   */
  readonly need?: Need;
  /** Left out: what the path names. */
  readonly target?: RouteTarget;
  readonly body?: B;
  readonly query?: Q;
  readonly paged?: boolean;
  readonly maxBodyBytes?: number;
  readonly success?: number;
  readonly uncounted?: boolean;
  readonly challenge?: boolean;
  readonly handle: (call: Call<BodyOf<B>, BodyOf<Q>>) => Promise<Reply>;
}

/**
 * Declares an endpoint. @throws Error when no need is given and GitHub has no such endpoint, so that a typo shows at
 * start.
 */
export function endpoint<B extends TSchema | undefined = undefined, Q extends TSchema | undefined = undefined>(
  declaration: Declaration<B, Q>,
): Endpoint {
  const { method, path, body, query } = declaration;
  return {
    method,
    path,
    operationId: declaration.operationId,
    summary: declaration.summary,
    resource: declaration.resource === undefined ? 'Request' : declaration.resource,
    need: declaration.need ?? needOf(method, path),
    target: declaration.target ?? githubTarget(path),
    body: body ?? null,
    query: query ?? null,
    paged: declaration.paged ?? false,
    maxBodyBytes: declaration.maxBodyBytes ?? MAX_BODY_BYTES,
    success: declaration.success ?? (method === 'POST' ? 201 : method === 'DELETE' ? 204 : 200),
    uncounted: declaration.uncounted ?? false,
    challenge: declaration.challenge ?? false,
    handle: declaration.handle as Endpoint['handle'],
  };
}

/** 200 with a body. */
export function ok(body: unknown): Reply {
  return { status: 200, body };
}

/** 201 with what was made, and where it is. */
export function created(body: unknown, location?: string): Reply {
  return { status: 201, body, ...(location === undefined ? {} : { headers: { Location: location } }) };
}

/** 204. */
export function nothing(): Reply {
  return { status: 204, body: null };
}
