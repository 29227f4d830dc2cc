/**
 * How long a body other than a push may take: a form, or an API request.
 *
 * Invariant: the time limit is for the whole body, and no byte renews it: a byte a minute would hold a connection for
 * ever.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';

/** Answers 408 when a request's body has not arrived in time. Requests without a body cost nothing. */
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

/** True when the client is gone, so nobody can be told of a failure. It was their doing, so it isn't logged. */
export function isAbandoned(request: IncomingMessage): boolean {
  return request.destroyed && !request.complete;
}
