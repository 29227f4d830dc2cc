/**
 * A plugin for Fastify 4 and 5: every route of the instance that registers it, or one route as a hook.
 *
 *     await app.register(latchkey, { client });                                      // what the route map says
 *     app.get('/x', { onRequest: requireToken({ client, need }) }, handler);         // one route
 *
 * The handlers behind find whose token it is in `request.latchkey`.
 */
import { type GuardOptions, guard, joinedHeader, rawHeader } from './guard.ts';
import type { TokenFacts } from './need.ts';

export type { GuardOptions } from './guard.ts';

/** The part of Fastify's request that is read. */
export interface FastifyRequestLike {
  readonly method: string;
  readonly originalUrl: string;
  readonly ip: string;
  readonly raw: { readonly rawHeaders: readonly string[] };
  latchkey?: TokenFacts;
}

/** The part of its reply that is used. */
export interface FastifyReplyLike {
  code(status: number): FastifyReplyLike;
  headers(values: Record<string, string>): FastifyReplyLike;
  send(body: string): unknown;
}

type Hook = (request: FastifyRequestLike, reply: FastifyReplyLike) => Promise<unknown>;

/** A hook for `onRequest`: it answers before the body is read. */
export function requireToken(options: GuardOptions<FastifyRequestLike>): Hook {
  return async (request, reply) => {
    const { rawHeaders } = request.raw;
    const guarded = await guard(options, request, {
      method: request.method,
      uri: request.originalUrl,
      host: rawHeader(rawHeaders, 'host')[0],
      address: request.ip,
      destination: joinedHeader(rawHeaders, 'destination'),
      authorization: rawHeader(rawHeaders, 'authorization'),
    });
    if ('token' in guarded) {
      request.latchkey = guarded.token;
      return undefined;
    }
    const { status, headers, body } = guarded.answer;
    return reply
      .code(status)
      .headers({ ...headers })
      .send(body);
  };
}

interface FastifyLike {
  addHook(name: 'onRequest', hook: Hook): unknown;
}

/** The plugin, for every route of the instance that registers it. */
export async function latchkey(fastify: FastifyLike, options: GuardOptions<FastifyRequestLike>): Promise<void> {
  fastify.addHook('onRequest', requireToken(options));
}

// The hook is for the instance that registers the plugin, not for an inner one (as the package fastify-plugin does it).
Object.assign(latchkey, { [Symbol.for('skip-override')]: true });
