/**
 * The cookie of a service where people sign in in a browser: the browser's own secret while they do, the session's
 * afterwards.
 *
 * Invariant: where the service has HTTPS, only the cookie with the prefix `__Host-` counts: no other host, and no page
 * in clear text, can have set it (RFC 6265bis section 4.1.3.2).
 * Invariant: what goes on to the service is without it.
 */
import { readSecret } from '../../actions/ground/one-time-secrets.ts';
import type { BrowserSession } from '../../actions/questions/forwarded-requests.ts';
import { type ServiceKey, serviceKeyOf } from '../../actions/services/service-sessions.ts';
import { latestPer } from '../../base/once.ts';
import type { Secret } from '../../base/secret.ts';
import type { BrowserHeaders } from './original.ts';

const NAME = 'latchkey_service';
const SECURE_NAME = `__Host-${NAME}`;
/** What the value begins with. */
const KINDS = { browser: 'b.', session: 's.' } as const;
type Kind = keyof typeof KINDS;
/** A longer header is not looked into; there is no session then. */
const MAX_COOKIE_LENGTH = 16_384;

/** The cookies of a request. */
export class ServiceCookies {
  /** All but ours, for the service behind. */
  readonly others: string;
  /** Null where two came: another host of the domain may have added one, as far as a browser lets it. */
  readonly #own = new Map<string, { readonly kind: Kind; readonly secret: Secret } | null>();
  #keyedFor = '';
  #key: ServiceKey | null = null;

  constructor(header: string) {
    const others: string[] = [];
    if (header.length <= MAX_COOKIE_LENGTH)
      for (const pair of header.split(';')) {
        const [name = '', value = ''] = pair.trim().split('=', 2);
        if (name === NAME || name === SECURE_NAME) this.#note(name, value);
        else if (pair.trim() !== '') others.push(pair.trim());
      }
    this.others = others.join('; ');
  }

  #note(name: string, value: string): void {
    if (this.#own.has(name)) return void this.#own.set(name, null);
    for (const kind of ['browser', 'session'] as const) {
      const secret = value.startsWith(KINDS[kind]) ? readSecret(value.slice(KINDS[kind].length)) : null;
      if (secret !== null) return void this.#own.set(name, { kind, secret });
    }
    this.#own.set(name, null);
  }

  /** The key of the session in the cookie that counts for an origin, made once. */
  keyFor(origin: string): ServiceKey | null {
    if (origin !== this.#keyedFor) {
      const secret = this.secretFor(origin, 'session');
      this.#key = secret === null ? null : serviceKeyOf(secret);
      this.#keyedFor = origin;
    }
    return this.#key;
  }

  /** The secret of that kind, in the cookie that counts for an origin. */
  secretFor(origin: string, kind: Kind): Secret | null {
    const found = this.#own.get(nameAt(origin));
    return found?.kind === kind ? found.secret : null;
  }
}

/** The same, read once for all requests of a connection that bring the same. */
export const serviceCookiesOn = latestPer((header: string) => new ServiceCookies(header));

/** A value for `Set-Cookie`. The browser forgets it when it is closed; how long it counts is known here. */
export function setCookie(origin: string, kind: Kind, secret: Secret): string {
  const secure = origin.startsWith('https:') ? '; Secure' : '';
  return `${nameAt(origin)}=${KINDS[kind]}${secret.reveal()}; Path=/; HttpOnly; SameSite=Lax${secure}`;
}

/** A value for `Set-Cookie` that makes the browser forget it. */
export function dropCookie(origin: string): string {
  const secure = origin.startsWith('https:') ? '; Secure' : '';
  return `${nameAt(origin)}=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0${secure}`;
}

function nameAt(origin: string): string {
  return origin.startsWith('https:') ? SECURE_NAME : NAME;
}

/** The session that a request brings, with what the browser says of where the request comes from. */
export class CookieSession implements BrowserSession {
  readonly #cookies: ServiceCookies;
  readonly #browser: BrowserHeaders;

  constructor(cookies: ServiceCookies, browser: BrowserHeaders) {
    this.#cookies = cookies;
    this.#browser = browser;
  }

  keyFor(origin: string): ServiceKey | null {
    return this.#cookies.keyFor(origin);
  }

  isFrom(origin: string): boolean | null {
    const { site, origin: sender } = this.#browser;
    // No page can set it. A page with the policy `no-referrer` sends the Origin `null` to its own origin, too.
    if (site === 'same-origin') return true;
    return sender === undefined ? null : sender === origin;
  }
}
