/**
 * A yes to a proxy, its head kept as Node formed it: the same question comes again and again, and forming and checking
 * the same dozen headers costs more than deciding (decision 0730).
 *
 * Invariant: what is kept is what Node made of these headers in this second, on a connection that goes on afterwards.
 */
import type { ServerResponse } from 'node:http';

/** Where Node keeps the head of a response. It isn't documented: without it, each head is formed anew. */
interface Formed {
  _header?: unknown;
}

export class KeptAnswer {
  readonly #headers: readonly string[];
  #head: string | null = null;
  /** The second of its `Date`, since 1970. */
  #second = 0;
  #withoutCookies: KeptAnswer | null = null;

  /** @param headers names and values in turn; among them a `Content-Length` of 0 */
  constructor(headers: readonly string[]) {
    this.#headers = headers;
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
    response.end();
  }

  /** The same, with cookies for the service behind in place of those that the client sent. @param cookies '' = none */
  withCookies(cookies: string): KeptAnswer {
    if (cookies === '') return (this.#withoutCookies ??= new KeptAnswer([...this.#headers, 'Cookie', '']));
    return new KeptAnswer([...this.#headers, 'Cookie', cookies]);
  }
}
