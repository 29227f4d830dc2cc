/**
 * The cookies: one for the session, one for the browser, one for how pages look.
 *
 * Invariant: `HttpOnly`, `SameSite=Lax`, for the paths of this server alone; under HTTPS also `Secure`, with the prefix
 * `__Host-`, which keeps other hosts of the same domain from setting them (RFC 6265bis section 4.1.3). That prefix
 * demands the path `/`: below a path it is `__Secure-`.
 */
import type { CookieSerializeOptions } from '@fastify/cookie';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { readSecret } from '../../../actions/ground/one-time-secrets.ts';
import type { Secret } from '../../../base/secret.ts';
import type { Settings } from '../../../base/settings/settings.ts';
import { DAY_SEC } from '../../../base/time.ts';

export type CookieName = 'session' | 'device' | 'theme';

/** How long a browser keeps each. A session ends much earlier on the server. */
const MAX_AGE_SEC: Readonly<Record<CookieName, number>> = {
  session: 90 * DAY_SEC,
  device: 365 * DAY_SEC,
  theme: 365 * DAY_SEC,
};

/** The cookies of one request and its answer. */
export class Cookies {
  readonly #request: FastifyRequest;
  readonly #reply: FastifyReply;
  readonly #secure: boolean;
  readonly #path: string;

  constructor(
    request: FastifyRequest,
    reply: FastifyReply,
    { publicUrl, publicPath }: Pick<Settings, 'publicUrl' | 'publicPath'>,
  ) {
    this.#request = request;
    this.#reply = reply;
    this.#secure = publicUrl.startsWith('https:');
    this.#path = `${publicPath}/`;
  }

  read(name: CookieName): string | undefined {
    return this.#request.cookies[this.#called(name)];
  }

  /** A cookie that contains a secret; null when there is none, or it can't be one. */
  readSecret(name: CookieName): Secret | null {
    return readSecret(this.read(name));
  }

  write(name: CookieName, value: string): void {
    this.#reply.setCookie(this.#called(name), value, { ...this.#options(), maxAge: MAX_AGE_SEC[name] });
  }

  remove(name: CookieName): void {
    this.#reply.clearCookie(this.#called(name), this.#options());
  }

  #called(name: CookieName): string {
    const prefix = this.#path === '/' ? '__Host-' : '__Secure-';
    return `${this.#secure ? prefix : ''}latchkey_${name}`;
  }

  #options(): CookieSerializeOptions {
    return { path: this.#path, httpOnly: true, sameSite: 'lax', secure: this.#secure };
  }
}
