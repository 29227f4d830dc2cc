/**
 * Git from a page of another site: isomorphic-git in a browser.
 *
 * Any origin may ask: this door knows no cookies, so a page can do no more than its credentials allow.
 * Source: fetch.spec.whatwg.org, "CORS protocol".
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { STANDING } from '../../base/requests/standing-headers.ts';

/** How long a browser may remember the answer to a preflight; browsers cap it at two hours or less. */
const PREFLIGHT_SEC = 7200;

const PREFLIGHT = {
  ...STANDING,
  'Access-Control-Allow-Methods': 'GET, POST',
  'Access-Control-Allow-Headers': 'Authorization, Content-Type, Content-Encoding, Accept, Git-Protocol, User-Agent',
  'Access-Control-Max-Age': String(PREFLIGHT_SEC),
  'Content-Length': '0',
};

/**
 * Lets the page read the answer. True when this was a preflight and is answered, whether the repository exists or not.
 */
export function answerOrigin(request: IncomingMessage, response: ServerResponse): boolean {
  if (request.headers.origin === undefined) return false;
  response.setHeader('Access-Control-Allow-Origin', '*');
  response.setHeader('Access-Control-Expose-Headers', 'WWW-Authenticate, Retry-After, Link');
  if (request.method !== 'OPTIONS' || request.headers['access-control-request-method'] === undefined) return false;
  response.writeHead(204, PREFLIGHT);
  response.end();
  return true;
}
