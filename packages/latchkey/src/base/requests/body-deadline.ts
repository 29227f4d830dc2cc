/**
 * How long a body other than a push may take: a form, or an API request.
 *
 * Invariant: the time limit is for the whole body, and no byte renews it: a byte a minute would hold a connection for
 * ever.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';

/** Ends a request with 408 when its body has not come in that time. Requests without a body cost nothing. */
export function limitBody(request: IncomingMessage, response: ServerResponse, seconds: number): void {
  const { headers } = request;
  if (headers['content-length'] === undefined && headers['transfer-encoding'] === undefined) return;
  if (request.readableEnded || headers['content-length'] === '0') return;
  const timer = setTimeout(() => {
    if (request.complete) return;
    if (response.headersSent) return void request.destroy();
    response.writeHead(408, { 'Content-Type': 'text/plain; charset=utf-8', Connection: 'close' });
    response.end('The body of the request did not come in time.\n', () => request.destroy());
  }, seconds * 1000);
  response.once('close', () => clearTimeout(timer));
}

/** True when there is nobody any more to whom a failure could be told: their doing, and nothing for the log. */
export function isAbandoned(request: IncomingMessage): boolean {
  return request.destroyed && !request.complete;
}
