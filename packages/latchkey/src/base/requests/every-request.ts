/**
 * An API that routes, checks and answers by its own tables (decision 0111): every request below its prefix comes to one
 * handler, and its body stays unread until that has allowed the request.
 */
import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify';

type Handler = (request: FastifyRequest, reply: FastifyReply) => Promise<FastifyReply>;

/** The plugin. Register it with a prefix. */
export function everyRequest(handler: Handler): FastifyPluginAsync {
  return async (fastify) => {
    fastify.removeAllContentTypeParsers();
    fastify.addContentTypeParser('*', (_request, _payload, done) => done(null));
    for (const path of ['/*', '/']) fastify.all(path, handler);
  };
}
