/**
 * An answer that is given again and again, its head kept as Node formed it: forming and checking the same dozen headers
 * costs more than deciding (decision 0730).
 *
 * Invariant: what is kept is what Node made of these headers in this second, on a connection that goes on afterwards.
 * Never: for a response that has headers of its own by now; those that all responses of a server have stay in it.
 */
import type { ServerResponse } from 'node:http';

/** Where Node keeps the head of a response. It isn't documented: without it, each head is formed anew. */
interface Formed {
  _header?: unknown;
}

export class KeptAnswer {
  readonly #headers: readonly string[];
  readonly #body: string;
  #head: string | null = null;
  /** The second of its `Date`, since 1970. */
  #second = 0;
  #withoutCookies: KeptAnswer | null = null;

  /**
   * @param headers names and values in turn; among them a `Content-Length`
   * @param body in Latin-1
   */
  constructor(headers: readonly string[], body = '') {
    this.#headers = headers;
    this.#body = body;
  }

  /**
   * Sends it.
   * @param mayFollow whether bytes of a body may still follow on the connection; Node then decides whether it goes on
   */
  send(response: ServerResponse, mayFollow: boolean): void {
    const formed = response as Formed;
    const second = Math.floor(Date.now() / 1000);
    if (this.#head !== null && this.#second === second && response.shouldKeepAlive && !mayFollow) {
      formed._header = this.#head;
    } else {
      response.writeHead(200, this.#headers as string[]);
      this.#head = typeof formed._header === 'string' && response.shouldKeepAlive ? formed._header : null;
      this.#second = second;
    }
    response.end(this.#body, 'latin1');
  }

  /** The same, with cookies for the service behind in place of those that the client sent. @param cookies '' = none */
  withCookies(cookies: string): KeptAnswer {
    if (cookies === '') return (this.#withoutCookies ??= new KeptAnswer([...this.#headers, 'Cookie', '']));
    return new KeptAnswer([...this.#headers, 'Cookie', cookies]);
  }
}
