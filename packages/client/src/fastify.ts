/**
 * A plugin for Fastify 4 and 5: every route of the instance that registers it, or one route as a hook.
 *
 *     await app.register(latchkey, { client });                                      // what the route map says
 *     app.get('/x', { onRequest: requireToken({ client, need }) }, handler);         // one route
 *
 * The handlers behind find whose token it is in `request.latchkey`.
 */
import type { FastifyPluginAsync, FastifyReply, FastifyRequest, RouteGenericInterface } from 'fastify';
import { type GuardOptions, guard, joinedHeader, rawHeader } from './guard.ts';
import type { TokenFacts } from './need.ts';

export type { GuardOptions } from './guard.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** The token and its owner, behind `requireToken`. */
    latchkey?: TokenFacts;
  }
}

/** A hook for `onRequest`: it answers before the body is read. `Route` has the route's types, as Fastify knows them. */
export function requireToken<Route extends RouteGenericInterface = RouteGenericInterface>(
  options: GuardOptions<FastifyRequest<Route>>,
): (request: FastifyRequest<Route>, reply: FastifyReply) => Promise<unknown> {
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

/** The plugin, for every route of the instance that registers it. */
export const latchkey: FastifyPluginAsync<GuardOptions<FastifyRequest>> = async (fastify, options) => {
  fastify.addHook('onRequest', requireToken(options));
};

// The hook is for the instance that registers the plugin, not for an inner one (as the package fastify-plugin does it).
Object.assign(latchkey, { [Symbol.for('skip-override')]: true });
