/**
 * The way of a browser to a service behind a proxy: to the sign-in page, back with a code, and, for people without the
 * right, to the page that says what they need.
 *
 * Every answer is a redirect with at most one cookie, so that each proxy can hand it on. nginx takes only 401 and 403
 * here; there the same headers are on these, and `examples/nginx/latchkey.conf` makes the redirect from them.
 * Invariant: only what a browser shows as a page is led anywhere; everything else gets its 401 or 403.
 */
import type { ServerResponse } from 'node:http';
import type { Visitor } from '../../actions/accounts/sessions.ts';
import type { Context } from '../../actions/ground/context.ts';
import { mintSecret, readSecret } from '../../actions/ground/one-time-secrets.ts';
import { plainHost } from '../../actions/questions/route-maps.ts';
import { readStart, redeemServiceCode, signOutOfService, writeStart } from '../../actions/services/service-sessions.ts';
import { canonicalPath } from '../../base/canonical-path.ts';
import { metadataAddress, resourceIn } from '../../catalogue/oauth-metadata.ts';
import {
  SERVICE_CALLBACK_PATH,
  SERVICE_OWN_PATHS,
  SERVICE_REFUSED_PATH,
  SERVICE_SIGN_IN_PATH,
  SERVICE_SIGN_OUT_PATH,
  SERVICE_SIGNED_OUT_PATH,
} from '../../catalogue/service-paths.ts';
import type { Original } from './original.ts';
import { sendElsewhere, sendRequestError } from './refuse.ts';
import { dropCookie, ServiceCookies, setCookie } from './service-cookie.ts';

/** Longer addresses are not led to after a sign-out. */
const MAX_TO_LENGTH = 2_000;

/** An address that the door answers itself, whatever the route map says. */
type OwnAnswer = (
  ctx: Context,
  response: ServerResponse,
  original: Original,
  from: { readonly origin: string; readonly visitor: Visitor },
) => Promise<void>;

/** Null for every other address. */
export function ownAnswerTo({ uri }: Original): OwnAnswer | null {
  if (!uri.startsWith(SERVICE_OWN_PATHS)) return null;
  const path = uri.replace(/\?.*$/, '');
  return path === SERVICE_CALLBACK_PATH ? answerCallback : path === SERVICE_SIGN_OUT_PATH ? answerSignOut : null;
}

/** True when the answer is to be shown as a page. Old browsers say nothing of where it is shown. */
export function isForPage({ method, browser: { accept, mode, dest } }: Original): boolean {
  return (
    (method === 'GET' || method === 'HEAD') &&
    accept !== undefined &&
    /(?:^|,)\s*text\/html\s*(?:[;,]|$)/i.test(accept) &&
    (mode === undefined || mode === 'navigate') &&
    (dest === undefined || dest === 'document')
  );
}

/** Leads a browser to the sign-in. */
export function leadToSignIn(ctx: Context, response: ServerResponse, original: Original, origin: string): void {
  const known = cookiesOf(original).secretFor(origin, 'browser');
  const browser = known ?? mintSecret();
  const start = writeStart(ctx, { origin, uri: original.uri, browser: browser.digest() });
  sendElsewhere(response, {
    to: `${ctx.settings.publicUrl}${SERVICE_SIGN_IN_PATH}?start=${start}`,
    cookie: known === null ? setCookie(origin, 'browser', browser) : null,
    status: original.isNginx ? 401 : 302,
    reason: 'credentials_missing',
  });
}

/** Leads somebody who is signed in, but may not, to the page that says why. */
export function leadToRefusal(ctx: Context, response: ServerResponse, original: Original, origin: string): void {
  const asked = new URLSearchParams({ at: origin, method: original.method, path: original.uri });
  sendElsewhere(response, {
    to: `${ctx.settings.publicUrl}${SERVICE_REFUSED_PATH}?${asked}`,
    cookie: null,
    status: original.isNginx ? 403 : 302,
    reason: 'role_insufficient',
  });
}

/**
 * Leads whoever asks for the metadata of a service (RFC 9728) to where they are: a proxy can hand on a redirect, but
 * takes a 200 for a yes. A proxy that leads these paths here itself needs no redirect.
 */
export function leadToMetadata(ctx: Context, response: ServerResponse, original: Original, origin: string): void {
  const resource = resourceIn(origin, original.uri.replace(/\?.*$/, '')) ?? origin;
  sendElsewhere(response, {
    to: metadataAddress(ctx.settings.publicUrl, resource),
    cookie: null,
    status: original.isNginx ? 401 : 302,
    reason: 'metadata',
  });
}

/** Opens the session of the code that a browser came back with, and leads it on to what it asked for first. */
async function answerCallback(
  ctx: Context,
  response: ServerResponse,
  original: Original,
  from: { readonly origin: string; readonly visitor: Visitor },
): Promise<void> {
  const { origin, visitor } = from;
  const query = new URLSearchParams(original.uri.slice(SERVICE_CALLBACK_PATH.length + 1));
  const start = readStart(ctx, query.get('start') ?? '');
  const code = readSecret(query.get('code') ?? undefined);
  const browser = cookiesOf(original).secretFor(origin, 'browser');
  const isWhole = original.method === 'GET' && query.getAll('start').length === 1 && query.getAll('code').length === 1;
  if (!isWhole || start === null || start.late || start.origin !== origin || code === null || browser === null)
    return sendRequestError(response, 'sign_in_void', `${origin}/`);
  if (browser.digest() !== start.browser) return sendRequestError(response, 'sign_in_void', `${origin}/`);
  const secret = await redeemServiceCode(ctx, { code, browser, host: start.host }, visitor);
  if (secret === null) return sendRequestError(response, 'sign_in_void', `${origin}/`);
  sendElsewhere(response, {
    to: origin + start.uri,
    cookie: setCookie(origin, 'session', secret),
    status: original.isNginx ? 401 : 302,
    reason: 'signed_in',
  });
}

/**
 * Ends the session at the service, and leads the browser to a page that says so, or to the address of the service named
 * by `to`. Another site may not do that by a link.
 */
async function answerSignOut(
  ctx: Context,
  response: ServerResponse,
  original: Original,
  { origin, visitor }: { readonly origin: string; readonly visitor: Visitor },
): Promise<void> {
  if (!isAskedHere(original, origin)) return sendRequestError(response, 'sent_from_elsewhere');
  const secret = cookiesOf(original).secretFor(origin, 'session');
  if (secret !== null) await signOutOfService(ctx, { secret, host: plainHost(original.host) }, visitor);
  const on = new URLSearchParams(original.uri.slice(SERVICE_SIGN_OUT_PATH.length + 1)).get('to');
  sendElsewhere(response, {
    to:
      on !== null && isOwnAddress(on)
        ? origin + on
        : `${ctx.settings.publicUrl}${SERVICE_SIGNED_OUT_PATH}?${new URLSearchParams({ at: origin })}`,
    cookie: dropCookie(origin),
    status: original.isNginx ? 401 : 302,
    reason: 'signed_out',
  });
}

/** True for a link or form of the service itself, and for what somebody typed. Old browsers say nothing. */
function isAskedHere(original: Original, origin: string): boolean {
  const { site, origin: sender } = original.browser;
  if (original.method === 'POST') return site === 'same-origin' || (site === undefined && sender === origin);
  return (
    isForPage(original) &&
    original.method === 'GET' &&
    (site === undefined || site === 'same-origin' || site === 'none')
  );
}

/** True for path and query of the same host that nobody reads in two ways. */
function isOwnAddress(text: string): boolean {
  return (
    text.length <= MAX_TO_LENGTH &&
    /^\/[!-~]*$/.test(text) &&
    typeof canonicalPath(text.replace(/\?.*$/, '')) !== 'string'
  );
}

function cookiesOf({ cookie }: Original): ServiceCookies {
  return new ServiceCookies(cookie ?? '');
}
