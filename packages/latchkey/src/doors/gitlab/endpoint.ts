/**
 * What an endpoint of this door is: a row of the catalogue's routes, with its parameters and a handler.
 *
 * Never: a check inside a handler of who may do what. The need is declared in the catalogue; the handler gets a
 * permit.
 */
import type { Permit } from '../../actions/decision/authorize.ts';
import type { Context } from '../../actions/ground/context.ts';
import { type GitlabRoute, gitlabRoute } from '../../catalogue/routes/gitlab.ts';
import type { OffsetPage } from './paging.ts';
import type { ParamSpecs, ValuesOf } from './params.ts';

/** The arguments of a handler. */
export interface Call<Values> {
  readonly ctx: Context;
  readonly permit: Permit;
  /** By the names in the path, percent-decoded. */
  readonly path: Readonly<Record<string, string>>;
  /** Query and body together, checked; parameters that were not sent are missing. */
  readonly params: Values;
  readonly page: OffsetPage;
}

/** The answer of a handler. A body is sent as JSON, or unchanged when it is a stream; null = none. */
export interface Reply {
  readonly status: number;
  readonly body: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** For a list: the number of rows on all pages. */
  readonly total?: number;
  /** For a list without a count: whether there are more rows after this page. */
  readonly more?: boolean;
}

export interface Endpoint extends GitlabRoute {
  readonly params: ParamSpecs;
  readonly takesBody: boolean;
  readonly paged: boolean;
  /** The most bytes in a body. */
  readonly maxBodyBytes: number;
  readonly handle: (call: Call<never>) => Promise<Reply>;
}

/** The most bytes in a body, unless an endpoint sets another limit. */
const MAX_BODY_BYTES = 1024 * 1024;

interface Declaration<Specs extends ParamSpecs> {
  readonly params?: Specs;
  readonly paged?: boolean;
  readonly maxBodyBytes?: number;
  readonly handle: (call: Call<ValuesOf<Specs>>) => Promise<Reply>;
}

/** Declares an endpoint. @throws Error when the catalogue has no such route, so that a typo shows at start */
export function endpoint<const Specs extends ParamSpecs = Readonly<Record<never, never>>>(
  method: string,
  path: string,
  declaration: Declaration<Specs>,
): Endpoint {
  return {
    ...gitlabRoute(method, path),
    params: declaration.params ?? {},
    takesBody: method === 'POST' || method === 'PUT' || method === 'DELETE',
    paged: declaration.paged ?? false,
    maxBodyBytes: declaration.maxBodyBytes ?? MAX_BODY_BYTES,
    handle: declaration.handle as Endpoint['handle'],
  };
}

/** 200 with a body. */
export function ok(body: unknown): Reply {
  return { status: 200, body };
}

/** 204. */
export const NOTHING: Reply = { status: 204, body: null };
