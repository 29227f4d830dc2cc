/**
 * How Git LFS's API answers: always in its own JSON, whose `message` git-lfs prints.
 *
 * Source: git-lfs, docs/api/README.md and docs/api/batch.md.
 * Invariant: the status for a reason is the Git door's, so git-lfs forgets and keeps the same credentials as git.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { OutageAnswer } from '../../../base/machine/outage.ts';
import { currentRequestId } from '../../../base/request-id.ts';
import { STANDING } from '../../../base/requests/standing-headers.ts';
import type { Explanation } from '../../../rules/explain.ts';
import { endLater, remedyLines, STATUS_OF } from '../refuse.ts';

const LFS_TYPE = 'application/vnd.git-lfs+json';

/** Answers with JSON. A client whose body was not read is cut off after a moment. */
export function send(
  request: IncomingMessage,
  response: ServerResponse,
  status: number,
  body: object,
  headers: Readonly<Record<string, string>> = {},
): void {
  if (response.headersSent || response.destroyed) return void response.destroy();
  const text = JSON.stringify(body);
  const closing = request.headers.expect === undefined ? {} : { Connection: 'close' };
  response.writeHead(status, {
    'Content-Type': LFS_TYPE,
    'Content-Length': Buffer.byteLength(text),
    'Cache-Control': 'no-store',
    ...STANDING,
    ...closing,
    ...headers,
  });
  response.end(text);
  endLater(request);
}

/** What is wrong with a request, in words. @param more further members of the answer */
export function sendError(
  request: IncomingMessage,
  response: ServerResponse,
  status: number,
  message: string,
  { headers = {}, more = {} }: { headers?: Readonly<Record<string, string>>; more?: object } = {},
): void {
  send(request, response, status, { message, request_id: currentRequestId() ?? '', ...more }, headers);
}

/** Refuses with the words of the decision. */
export function refuseLfs(request: IncomingMessage, response: ServerResponse, explanation: Explanation): void {
  const { reason, sentence, also, remedy, facts, retryAfterSec } = explanation;
  const status = STATUS_OF[reason];
  sendError(request, response, status, [sentence, ...also, remedyLines(remedy)].join('\n'), {
    more: { documentation_url: `${facts.publicUrl}/help/${reason}`, reason },
    headers: {
      // A name of its own, so that no browser asks for a password.
      ...(status === 401 ? { 'LFS-Authenticate': 'Basic realm="Latchkey", charset="UTF-8"' } : {}),
      ...(retryAfterSec === null ? {} : { 'Retry-After': String(retryAfterSec) }),
    },
  });
}

/** Reports that it can't be done right now, for anybody. */
export function sendLfsOutage(request: IncomingMessage, response: ServerResponse, outage: OutageAnswer): void {
  sendError(request, response, 503, outage.sentence, {
    more: { reason: outage.reason },
    headers: { 'Retry-After': String(outage.retryAfterSec), 'X-Latchkey-Reason': outage.reason },
  });
}
