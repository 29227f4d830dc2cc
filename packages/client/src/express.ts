/**
 * A middleware for Express 4 and 5.
 *
 *     app.use('/api', requireToken({ client }), handler);
 *
 * The handlers behind find whose token it is in `request.latchkey`.
 */
import type { Request, RequestHandler } from 'express';
import { type GuardOptions, guard, joinedHeader, rawHeader } from './guard.ts';
import type { TokenFacts } from './need.ts';

export type { GuardOptions } from './guard.ts';

declare global {
  namespace Express {
    interface Request {
      /** The token and its owner, behind `requireToken`. */
      latchkey?: TokenFacts;
    }
  }
}

/** The middleware. `Params` are the parameters of the route's path, as Express knows them. */
export function requireToken<Params = Request['params']>(
  options: GuardOptions<Request<Params>>,
): RequestHandler<Params> {
  return async (request, response, next) => {
    try {
      const guarded = await guard(options, request, {
        method: request.method,
        uri: request.originalUrl,
        host: rawHeader(request.rawHeaders, 'host')[0],
        address: request.ip ?? request.socket.remoteAddress,
        destination: joinedHeader(request.rawHeaders, 'destination'),
        authorization: rawHeader(request.rawHeaders, 'authorization'),
      });
      if ('answer' in guarded) {
        const { status, headers, body } = guarded.answer;
        response.writeHead(status, { ...headers });
        response.end(body);
        return;
      }
      request.latchkey = guarded.token;
    } catch (error) {
      return next(error);
    }
    next();
  };
}
