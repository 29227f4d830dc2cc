/**
 * Asks a server over plain HTTP, without any of the commands' own code for it.
 *
 * Invariant: every request ends, and at most `MAX_BODY_BYTES` of an answer are read. Redirects are not followed.
 */
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { TLSSocket } from 'node:tls';

export interface Answered {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
  /** When the answer arrived, by this machine's clock, in milliseconds. */
  readonly atMs: number;
  /** When the certificate ends; null without TLS. */
  readonly certificateEnds: string | null;
}

/** The result of the first request to the server. */
export interface Probe {
  /** Null when it was not asked, or there was no answer. */
  readonly answered: Answered | null;
  /** The failure's code from Node or OpenSSL. */
  readonly failure: string | null;
  /** True when it answered like a Latchkey server. */
  readonly isLatchkey: boolean;
}

export const EMPTY_PROBE: Probe = { answered: null, failure: null, isLatchkey: false };
const MAX_BODY_BYTES = 64 * 1024;
const REQUEST_TIMEOUT_MS = 15_000;

/** One GET, or a POST when there is JSON to send. @throws Error with a `code` when there is no answer */
export function get(
  url: string,
  headers: Readonly<Record<string, string>> = {},
  posted: object | null = null,
): Promise<Answered> {
  const send = url.startsWith('https:') ? httpsRequest : httpRequest;
  return new Promise((resolve, reject) => {
    const request = send(
      url,
      {
        method: posted === null ? 'GET' : 'POST',
        headers: {
          'User-Agent': 'latchkey-doctor',
          ...(posted === null ? {} : { 'Content-Type': 'application/json' }),
          ...headers,
        },
        agent: false,
        timeout: REQUEST_TIMEOUT_MS,
      },
      (response) => {
        const certificate = (response.socket as TLSSocket).getPeerCertificate?.();
        let body = '';
        response
          .setEncoding('utf8')
          .on('data', (chunk: string) => {
            body += chunk;
            if (body.length > MAX_BODY_BYTES) response.destroy();
          })
          .on('close', () =>
            resolve({
              status: response.statusCode ?? 0,
              headers: response.headers,
              body: body.slice(0, MAX_BODY_BYTES),
              atMs: Date.now(),
              certificateEnds: certificate?.valid_to ?? null,
            }),
          );
        response.on('error', () => {});
      },
    );
    request.on('timeout', () => request.destroy(Object.assign(new Error('timeout'), { code: 'ETIMEDOUT' })));
    request.on('error', reject);
    request.end(posted === null ? undefined : JSON.stringify(posted));
  });
}
