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
import { githubTarget, hasGithubRoute, needOf, type RouteTarget } from '../../catalogue/routes/github.ts';
import { DEFAULT_PER_PAGE, type PageRequest } from './paging.ts';

type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/** The arguments of a handler. */
export interface Call<Body, Query> {
  readonly ctx: Context;
  readonly permit: Permit;
  /** By the names in the path, percent-decoded; those of `target` may differ in case from the store's. */
  readonly params: Readonly<Record<string, string>>;
  readonly body: Body;
  readonly query: Query;
  /** Which part of a list is wanted; the first by default. */
  readonly page: PageRequest;
  /** The address of this door, without a slash at the end: `https://host/api/v3`. */
  readonly apiUrl: string;
  /** The caller's address. */
  readonly address: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

/** The answer of a handler. A body is sent as JSON, or unchanged when it is text, bytes or a stream; null = none. */
export interface Reply {
  readonly status: number;
  readonly body: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** For a list with a next page: its key (see `paging`). */
  readonly next?: string | null;
  /** Of a list with a cursor to both sides: the keys of its neighbours, in place of `next`. */
  readonly neighbours?: { readonly next: number | null; readonly previous: number | null };
}

export interface Endpoint {
  readonly method: Method;
  /** Below `/api/v3`, with parameters in braces: `/repos/{owner}/{repo}/keys/{key_id}`. */
  readonly path: string;
  /** GitHub's, if it has this endpoint: `repos/get`. */
  readonly operationId: string;
  /** One line for the reference page. */
  readonly summary: string;
  /**
   * The thing's name in validation errors: `Hook`. Null = they are plain sentences (GitHub's schema
   * `validation-error-simple`).
   */
  readonly resource: string | null;
  readonly need: Need;
  readonly target: RouteTarget;
  /** Schema of the JSON body; null = no body is read. */
  readonly body: TSchema | null;
  /** Schema of the query, apart from `per_page`, `page` and `after`. */
  readonly query: TSchema | null;
  /** True when it returns a list in pages. */
  readonly paged: boolean;
  /** Rows of a page when the client doesn't say. */
  readonly defaultPerPage: number;
  /** The most bytes in a body. */
  readonly maxBodyBytes: number;
  /** The status of success, for the documentation. */
  readonly success: number;
  /** True when it counts towards no request limit. */
  readonly uncounted: boolean;
  /**
   * True when a 401 asks for a name and password (RFC 7617): for programs that only send them when asked. Elsewhere a
   * browser would show a dialog.
   */
  readonly challenge: boolean;
  /** True when clients may send what GitHub takes and this server has no use for (decision 0662). */
  readonly ignoresUnknown: boolean;
  readonly handle: (call: Call<never, never>) => Promise<Reply>;
}

/** The most bytes in a JSON body, unless an endpoint sets another limit. */
const MAX_BODY_BYTES = 1024 * 1024;

/** Paths where a field without effect would be a rule that isn't kept. */
const RULES = /\/(?:protection|rulesets)(?:\/|$)/;

type BodyOf<T> = T extends TSchema ? Static<T> : undefined;

interface Declaration<B extends TSchema | undefined, Q extends TSchema | undefined> {
  readonly method: Method;
  readonly path: string;
  readonly operationId: string;
  readonly summary: string;
  readonly resource?: string | null;
  /**
   * By default, what GitHub's endpoint with this method and path needs (`needOf`); then the path must be one of
   * GitHub's.
   */
  readonly need?: Need;
  /** By default, what the path names. */
  readonly target?: RouteTarget;
  readonly body?: B;
  readonly query?: Q;
  readonly paged?: boolean;
  readonly defaultPerPage?: number;
  readonly maxBodyBytes?: number;
  readonly success?: number;
  readonly uncounted?: boolean;
  readonly challenge?: boolean;
  readonly handle: (call: Call<BodyOf<B>, BodyOf<Q>>) => Promise<Reply>;
}

/**
 * Declares an endpoint.
 * @throws Error when no need is given and GitHub has no such endpoint, so that a typo shows at start
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
    defaultPerPage: declaration.defaultPerPage ?? DEFAULT_PER_PAGE,
    maxBodyBytes: declaration.maxBodyBytes ?? MAX_BODY_BYTES,
    success: declaration.success ?? (method === 'POST' ? 201 : method === 'DELETE' ? 204 : 200),
    uncounted: declaration.uncounted ?? false,
    challenge: declaration.challenge ?? false,
    ignoresUnknown: hasGithubRoute(method, path) && (method === 'GET' || !RULES.test(path)),
    handle: declaration.handle as Endpoint['handle'],
  };
}

/** 200 with a body. */
export function ok(body: unknown): Reply {
  return { status: 200, body };
}

/** 201 with the new thing, and its address. */
export function created(body: unknown, location?: string): Reply {
  return { status: 201, body, ...(location === undefined ? {} : { headers: { Location: location } }) };
}

/** 204. */
export function nothing(): Reply {
  return { status: 204, body: null };
}
