/**
 * Headers and body of the request that a proxy asks about, read where a route map looks at them.
 *
 * Envoy (`with_request_body`) and Traefik (`forwardBody`) send the body along. nginx and Caddy can't.
 * Invariant: a body is read whole or not at all, at most `MAX_BODY_BYTES`, within the time for bodies.
 * Invariant: a connection on which an announced body was not read to its end is closed with the answer. The rest, or
 * the next question of a proxy that announced a body and sent none, would otherwise be taken for the other.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { type BodyFault, MAX_BODY_BYTES, type SentBody } from '../../actions/questions/messages.ts';
import type { RequestContent } from '../../actions/questions/telling.ts';
import type { Reading } from '../../catalogue/route-maps/fork.ts';

export class ProxiedContent implements RequestContent {
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #timeoutSec: number;
  readonly #keepsAlive: boolean;
  readonly #isAnnounced: boolean;

  /** @param isAnnounced whether the headers announce a body, of whatever length but 0 */
  constructor(request: IncomingMessage, response: ServerResponse, isAnnounced: boolean, timeoutSec: number) {
    this.#request = request;
    this.#response = response;
    this.#timeoutSec = timeoutSec;
    this.#keepsAlive = response.shouldKeepAlive;
    this.#isAnnounced = isAnnounced;
    if (isAnnounced) response.shouldKeepAlive = false;
  }

  /** Programs that get headers as variables (CGI, WSGI) take `_` for `-`, so such a name makes it unclear. */
  header(name: string): Reading {
    const { rawHeaders } = this.#request;
    let reading: Reading = null;
    for (let i = 0; i < rawHeaders.length; i += 2) {
      const sent = rawHeaders[i]?.toLowerCase() ?? '';
      if (sent !== name && sent.replaceAll('_', '-') !== name) continue;
      if (reading !== null || sent !== name) return 'unclear';
      reading = { text: (rawHeaders[i + 1] ?? '').trim() };
    }
    return reading;
  }

  async body(): Promise<SentBody | BodyFault> {
    const [type, encoding, partial] = ['content-type', 'content-encoding', 'x-envoy-auth-partial-body'].map((name) =>
      this.header(name),
    );
    if (type === 'unclear') return 'body_not_declared';
    if (encoding === 'unclear') return 'body_encoded';
    if (partial === 'unclear' || (partial != null && partial.text !== 'false')) return 'body_incomplete';
    if (!this.#isAnnounced) return 'body_missing';
    const bytes = await this.#bytes();
    return typeof bytes === 'string' ? bytes : { type: type?.text ?? null, encoding: encoding?.text ?? null, bytes };
  }

  #bytes(): Promise<Uint8Array | BodyFault> {
    const request = this.#request;
    return new Promise((resolve) => {
      const chunks: Buffer[] = [];
      let size = 0;
      const end = (result: Uint8Array | BodyFault): void => {
        clearTimeout(timer);
        request.off('data', take).off('end', finish).off('close', cut).off('error', cut);
        resolve(result);
      };
      const take = (chunk: Buffer): void => {
        size += chunk.length;
        if (size > MAX_BODY_BYTES) end('body_too_large');
        else chunks.push(chunk);
      };
      const finish = (): void => {
        this.#response.shouldKeepAlive = this.#keepsAlive;
        end(Buffer.concat(chunks));
      };
      const cut = (): void => end('body_incomplete');
      const timer = setTimeout(cut, this.#timeoutSec * 1000);
      request.on('data', take).on('end', finish).on('close', cut).on('error', cut);
    });
  }
}
