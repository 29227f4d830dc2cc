/**
 * A middleware for Express 4 and 5 (and for whatever else calls handlers with Node's request and response).
 *
 *     const permissions = { contents: 'read' };
 *     const need = ({ params }) => ({ permissions, repository: `${params.owner}/${params.repo}` });
 *     app.get('/apps/:owner/:repo', requireToken({ client, need }), handler);
 *
 * The handlers behind find whose token it is in `request.latchkey`.
 */
import { type GuardOptions, guard, joinedHeader, rawHeader } from './guard.ts';
import type { TokenFacts } from './need.ts';

export type { GuardOptions } from './guard.ts';

/** The part of Express's request that is read. */
export interface ExpressRequest {
  readonly method: string;
  readonly originalUrl?: string;
  readonly url: string;
  readonly rawHeaders: readonly string[];
  readonly ip?: string | undefined;
  readonly socket: { readonly remoteAddress?: string | undefined };
  latchkey?: TokenFacts;
}

/** The part of its response that is used. */
export interface ExpressResponse {
  writeHead(status: number, headers: Record<string, string>): unknown;
  end(body: string): unknown;
}

export function requireToken<Request extends ExpressRequest>(
  options: GuardOptions<Request>,
): (request: Request, response: ExpressResponse, next: (error?: unknown) => void) => Promise<void> {
  return async (request, response, next) => {
    try {
      const guarded = await guard(options, request, {
        method: request.method,
        uri: request.originalUrl ?? request.url,
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
