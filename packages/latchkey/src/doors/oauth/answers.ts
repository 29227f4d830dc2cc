/** How the endpoints of this door answer: JSON that nobody keeps, and preflights of pages of any origin. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Context } from '../../actions/ground/context.ts';
import { callerOf } from '../../base/requests/caller.ts';

/** No cookie counts here, so pages of any origin may ask: applications that run in a browser (RFC 6749 section 2.1). */
export function preflight(reply: FastifyReply): FastifyReply {
  return reply
    .code(204)
    .headers({
      'Access-Control-Allow-Methods': 'POST',
      'Access-Control-Allow-Headers': 'Authorization, Content-Type',
      'Access-Control-Max-Age': '86400',
    })
    .send();
}

export function visitorOf(ctx: Context, request: FastifyRequest): { address: string; userAgent: string | null } {
  return { address: callerOf(request.raw, ctx.settings), userAgent: request.headers['user-agent'] ?? null };
}

export function refuse(reply: FastifyReply, status: number, error: string, words: string): FastifyReply {
  return json(reply, status, { error, error_description: words });
}

export function json(reply: FastifyReply, status: number, body: object): FastifyReply {
  return reply.code(status).headers({ 'Cache-Control': 'no-store', Pragma: 'no-cache' }).send(body);
}
