/**
 * The request that a proxy asks about, read from what the proxy sends about it.
 *
 * | proxy | address | method | host |
 * | --- | --- | --- | --- |
 * | nginx `auth_request` | `X-Original-URI`, or `X-Original-URL` in full | `X-Original-Method` | `X-Original-Host` |
 * | Caddy `forward_auth`, Traefik ForwardAuth | `X-Forwarded-Uri` | `X-Forwarded-Method` | `X-Forwarded-Host` |
 * | Envoy `ext_authz` over HTTP | the path after `/forward-auth` | its own | `Host` |
 *
 * Source: the proxies' documentation. nginx passes on whatever headers its client sent, so an address in two
 * conventions, or a header twice, is a forgery or a mistake, and refused: whichever we believed, the proxy might have
 * meant the other.
 * Invariant: a header of these with `_` for `-` is refused: programs that get headers as variables (CGI, WSGI) take it
 * for the one that the proxy sets.
 * Invariant: no object is created for a header that nobody asks for: this runs for every request to every service
 * behind.
 */
import type { TurningHeader } from '../../actions/questions/destination.ts';
import type { CallerHeaders } from '../../base/requests/caller.ts';

export const FORWARD_PATH = '/forward-auth';

export interface Original {
  readonly method: string;
  /** Path and query. */
  readonly uri: string;
  /** '' = not sent. */
  readonly host: string;
  readonly authorization: string | undefined;
  readonly privateToken: string | undefined;
  readonly userAgent: string | null;
  readonly cookie: string | undefined;
  /** What a browser says of the request: where it comes from, and whether a page is to be shown. */
  readonly browser: BrowserHeaders;
  /** True when a refusal may only be 401 or 403: nginx knows no other. */
  readonly isNginx: boolean;
  /** True for a browser that asks whether a page of another site may send a request (a CORS preflight). */
  readonly isPreflight: boolean;
  /** A header that names a second address, or another method or address; null when there is none. */
  readonly turning: TurningHeader | null;
  /** True when the headers of the question announce a body, of whatever length but 0. */
  readonly announcesBody: boolean;
  /** The caller of the proxy, as it names them. */
  readonly caller: CallerHeaders;
}

export interface BrowserHeaders {
  readonly accept: string | undefined;
  readonly origin: string | undefined;
  /** `Sec-Fetch-Site`, `-Mode` and `-Dest` (W3C Fetch Metadata). */
  readonly site: string | undefined;
  readonly mode: string | undefined;
  readonly dest: string | undefined;
}

/** What can be wrong with a proxy's request. */
export type ProxyError =
  | 'address_missing'
  | 'caller_twice'
  | 'address_twice'
  | 'method_missing'
  | 'header_twice'
  | 'header_misspelled'
  | 'authorization_twice';

/**
 * Headers that can turn a request into another one for the service behind. `Destination` is WebDAV's (RFC 4918 section
 * 10.3). The sources of copies, links and lists of parts are those of S3, Google, Alibaba, Azure and Swift; the mapping
 * is read by Rack::Sendfile (CVE-2025-61780), which then names a file for the proxy to send; the others are conventions
 * of frameworks (Rails, Spring, Symfony, IIS).
 */
const TURNING = [
  'destination',
  'x-amz-copy-source',
  'x-goog-copy-source',
  'x-oss-copy-source',
  'x-ms-copy-source',
  'x-ms-rename-source',
  'x-copy-from',
  'x-object-manifest',
  'x-symlink-target',
  'x-http-method-override',
  'x-http-method',
  'x-method-override',
  'x-rewrite-url',
  'x-override-url',
  'x-http-path-override',
  'x-accel-mapping',
  'x-sendfile-type',
] as const;

/**
 * The headers that are read. Only three may come several times: the chain of callers, to which each proxy adds its own,
 * and the lists of what a browser accepts and of its cookies (RFC 9113 section 8.2.3).
 */
const NAMES = [
  'authorization',
  'private-token',
  'user-agent',
  'host',
  'forwarded',
  'x-forwarded-for',
  'x-original-uri',
  'x-original-url',
  'x-original-method',
  'x-original-host',
  'x-forwarded-uri',
  'x-forwarded-method',
  'x-forwarded-host',
  'origin',
  'access-control-request-method',
  'cookie',
  'accept',
  'sec-fetch-site',
  'sec-fetch-mode',
  'sec-fetch-dest',
  'content-length',
  'transfer-encoding',
  ...TURNING,
] as const;
type Name = (typeof NAMES)[number];
const AT = Object.fromEntries(NAMES.map((name, i) => [name, i])) as Record<Name, number>;
/** What the service behind is told of the caller: nobody else may say it, by another spelling either. */
const IDENTITY = ['remote-user', 'remote-name', 'x-token-id', 'x-token-kind', 'x-token-permissions'] as const;
const PLACES: ReadonlyMap<string, number> = new Map(
  [...NAMES, ...IDENTITY].map((name) => [name, AT[name as Name] ?? -1]),
);
/** By length, which is enough to rule out most headers that aren't ours. */
const BY_LENGTH: readonly (readonly string[])[] = Array.from({ length: 30 }, (_, length) =>
  [...PLACES.keys()].filter((name) => name.length === length),
);
/** Of a header that programs which get them as variables (CGI, WSGI) take for one of these: `Remote_User`. */
const MISSPELLED = -2;

/** @param url as the proxy requested it; it begins with `FORWARD_PATH` */
export function originalRequest(method: string, url: string, rawHeaders: readonly string[]): Original | ProxyError {
  const values: (string | undefined)[] = [];
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const at = placeOf(rawHeaders[i] ?? '');
    if (at === MISSPELLED) return 'header_misspelled';
    if (at < 0) continue;
    const known = values[at];
    const value = rawHeaders[i + 1] ?? '';
    if (known === undefined) values[at] = value;
    else if (at === AT['x-forwarded-for'] || at === AT.accept) values[at] = `${known},${value}`;
    else if (at === AT.cookie) values[at] = `${known}; ${value}`;
    else return at === AT.authorization ? 'authorization_twice' : 'header_twice';
  }
  return assemble(method, url.slice(FORWARD_PATH.length), values);
}

function placeOf(name: string): number {
  const candidates = BY_LENGTH[name.length];
  if (candidates === undefined || candidates.length === 0) return -1;
  const lower = name.toLowerCase();
  for (const candidate of candidates) if (candidate === lower) return PLACES.get(candidate) ?? -1;
  return lower.includes('_') && PLACES.has(lower.replaceAll('_', '-')) ? MISSPELLED : -1;
}

function assemble(
  method: string,
  behindPrefix: string,
  values: readonly (string | undefined)[],
): Original | ProxyError {
  const nginx = values[AT['x-original-uri']];
  const ingress = values[AT['x-original-url']];
  const forwarded = values[AT['x-forwarded-uri']];
  const envoy = behindPrefix.startsWith('/') ? behindPrefix : undefined;
  const told =
    (nginx === undefined ? 0 : 1) +
    (ingress === undefined ? 0 : 1) +
    (forwarded === undefined ? 0 : 1) +
    (envoy === undefined ? 0 : 1);
  if (values[AT.forwarded] !== undefined && values[AT['x-forwarded-for']] !== undefined) return 'caller_twice';
  if (told !== 1) return told === 0 ? 'address_missing' : 'address_twice';
  if (envoy !== undefined) return originalOf(method, envoy, values[AT.host], values);
  const asked = forwarded === undefined ? values[AT['x-original-method']] : values[AT['x-forwarded-method']];
  if (asked === undefined || asked === '') return 'method_missing';
  if (forwarded !== undefined) return originalOf(asked, forwarded, values[AT['x-forwarded-host']], values);
  if (nginx !== undefined) return originalOf(asked, nginx, values[AT['x-original-host']], values);
  const [, host, uri = ingress] = /^https?:\/\/([^/?#@]+)(\/.*)$/.exec(ingress ?? '') ?? [];
  return originalOf(asked, uri ?? '', host, values);
}

function originalOf(
  method: string,
  uri: string,
  host: string | undefined,
  values: readonly (string | undefined)[],
): Original {
  return {
    method,
    uri,
    host: host ?? '',
    authorization: values[AT.authorization],
    privateToken: values[AT['private-token']],
    userAgent: values[AT['user-agent']] ?? null,
    cookie: values[AT.cookie],
    browser: {
      accept: values[AT.accept],
      origin: values[AT.origin],
      site: values[AT['sec-fetch-site']],
      mode: values[AT['sec-fetch-mode']],
      dest: values[AT['sec-fetch-dest']],
    },
    isNginx: values[AT['x-original-uri']] !== undefined || values[AT['x-original-url']] !== undefined,
    isPreflight:
      method === 'OPTIONS' &&
      values[AT.origin] !== undefined &&
      values[AT['access-control-request-method']] !== undefined,
    turning: turningIn(values),
    announcesBody: (values[AT['content-length']] ?? '0') !== '0' || values[AT['transfer-encoding']] !== undefined,
    caller: { 'x-forwarded-for': values[AT['x-forwarded-for']], forwarded: values[AT.forwarded] },
  };
}

const FIRST_TURNING = AT[TURNING[0]];

/** The last of them: beside `Destination`, the one that a route map can read, any other counts. */
function turningIn(values: readonly (string | undefined)[]): TurningHeader | null {
  for (let at = values.length - 1; at >= FIRST_TURNING; at--) {
    const value = values[at];
    const name = TURNING[at - FIRST_TURNING];
    if (value !== undefined && name !== undefined) return { name, value };
  }
  return null;
}
