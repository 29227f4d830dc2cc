/**
 * Forward authorization: before it passes a request on, a proxy asks whether it may.
 *
 * A plain handler, not a plugin: every request to every service behind goes through it.
 * Invariant: any method, any body; the answer is 200, 401, 403 or 503. Whatever goes wrong on our side is a no.
 * Invariant: nothing is believed that doesn't come directly from a trusted proxy.
 * Never: an answer that a cache may give to somebody else.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Permit } from '../../actions/decision/authorize.ts';
import { type Credential, credentialOn } from '../../actions/decision/credential.ts';
import type { Context } from '../../actions/ground/context.ts';
import { displayNameOf, effectivePermissions } from '../../actions/questions/caller-facts.ts';
import {
  addressError,
  authorizeForwarded,
  type ForwardedVerdict,
  signInOrigin,
} from '../../actions/questions/forwarded-requests.ts';
import { plainHost } from '../../actions/questions/route-maps.ts';
import { outageAnswer } from '../../base/machine/outage.ts';
import { andThen, type MaybePromise } from '../../base/maybe-promise.ts';
import { KeptAnswer } from '../../base/requests/kept-answer.ts';
import { STANDING_LIST } from '../../base/requests/standing-headers.ts';
import { Secret } from '../../base/secret.ts';
import { PROTECTED_RESOURCE_PATH } from '../../catalogue/oauth-metadata.ts';
import { registryScope } from '../../catalogue/registry-tokens.ts';
import type { Bearer, Target } from '../../rules/model.ts';
import { ProxiedContent } from './content.ts';
import { FORWARD_PATH, type Original, originalRequest } from './original.ts';
import { Proxies } from './proxies.ts';
import { type Audience, refuse, refuseFailed, refuseForNow, sendRequestError } from './refuse.ts';
import { CookieSession, serviceCookiesOn } from './service-cookie.ts';
import { isForPage, leadToMetadata, leadToRefusal, leadToSignIn, ownAnswerTo } from './sign-in.ts';

type Headers = readonly string[];

const ALWAYS: Headers = [
  'Content-Length',
  '0',
  'Cache-Control',
  'no-store',
  'Vary',
  'Authorization, Cookie',
  ...STANDING_LIST,
];
/** Always sent, so that a proxy that copies them overwrites what its client sent. */
const NOBODY: Headers = [
  'Remote-User',
  '',
  'Remote-Name',
  '',
  'X-Token-Id',
  '',
  'X-Token-Kind',
  '',
  'X-Token-Permissions',
  '',
  ...ALWAYS,
];
/** What only WebDAV clients send (RFC 4918, 3253, 5323), which know passwords alone. */
const DAV_METHODS: ReadonlySet<string> = new Set(
  'PROPFIND PROPPATCH MKCOL COPY MOVE LOCK UNLOCK REPORT SEARCH VERSION-CONTROL MKCALENDAR'.split(' '),
);
/** Programs that speak git, by their user agents. */
const GIT_CLIENT = /^(?:git|jgit|go-git|dulwich|isomorphic-git|libgit2|gitoxide)\b/i;

/**
 * A handler for every request. It answers requests under `/forward-auth` and returns true; it leaves others alone and
 * returns false.
 */
export function makeForwardDoor(ctx: Context): (request: IncomingMessage, response: ServerResponse) => boolean {
  const proxies = new Proxies(ctx.settings);
  const prepared = new Prepared(ctx);
  return (request, response) => {
    const url = request.url ?? '';
    if (!url.startsWith(FORWARD_PATH)) return false;
    const next = url.charCodeAt(FORWARD_PATH.length);
    if (!(Number.isNaN(next) || next === SLASH || next === MARK)) return false;
    try {
      const answered = answer(ctx, request, response, proxies, prepared);
      if (answered instanceof Promise) answered.catch((error: unknown) => fail(ctx, response, error));
    } catch (error) {
      fail(ctx, response, error);
    }
    return true;
  };
}

const SLASH = 0x2f;
const MARK = 0x3f;

function answer(
  ctx: Context,
  request: IncomingMessage,
  response: ServerResponse,
  proxies: Proxies,
  prepared: Prepared,
): MaybePromise<void> {
  const proxy = proxies.at(request.socket);
  if (proxy === null) return sendRequestError(response, 'proxy_unknown');
  const original = originalRequest(request.method ?? '', request.url ?? '', request.rawHeaders);
  if (typeof original === 'string') {
    // Whether a body follows is not known.
    response.shouldKeepAlive = false;
    return sendRequestError(response, original);
  }
  const content = new ProxiedContent(request, response, original.announcesBody, ctx.settings.bodyTimeoutSec);
  if (original.isPreflight) return answerPreflight(ctx, response, original);
  const address = proxy.callerOf(original.caller);
  const own = ownAnswerTo(original);
  const signInAt = own === null ? null : ctx.routeMaps.signInOrigin(original.host);
  if (own !== null && signInAt !== null) {
    const visitor = { address, userAgent: original.userAgent };
    return own(ctx, response, original, { origin: signInAt, visitor });
  }
  if (original.uri.startsWith(PROTECTED_RESOURCE_PATH)) {
    const at = ctx.routeMaps.originOf(original.host);
    if (at !== null) return leadToMetadata(ctx, response, original, at);
  }
  const credential = credentialIn(request.socket, original);
  const cookies = original.cookie === undefined ? null : serviceCookiesOn(request.socket, original.cookie);
  const session = cookies === null || credential.form !== 'none' ? null : new CookieSession(cookies, original.browser);
  const verdict = authorizeForwarded(ctx, {
    credential,
    host: original.host,
    method: original.method,
    uri: original.uri,
    userAgent: original.userAgent,
    turning: original.turning,
    content,
    address,
    session,
  });
  return andThen(verdict, (decided) => {
    if (!decided.allowed) return deny(ctx, response, decided, original);
    const isBrowsed = decided.route.row.guard?.challenge === 'sign-in';
    return andThen(prepared.answerTo(decided.permit), (yes) => {
      const sent = isBrowsed && cookies !== null ? yes.withCookies(cookies.others) : yes;
      sent.send(response, original.announcesBody);
    });
  });
}

/**
 * A browser never sends credentials with a preflight (fetch.spec.whatwg.org, "CORS-preflight fetch"), and needs a yes
 * to go on. So the service behind answers it, if a map knows the address; the real request is decided when it comes.
 */
function answerPreflight(ctx: Context, response: ServerResponse, original: Original): void {
  // No browser sends one of these with a preflight, which may not be turned into a request of another kind.
  if (original.turning !== null) return sendRequestError(response, 'header_unread', original.turning.name);
  const error = addressError(ctx, original);
  if (error !== null) return sendRequestError(response, error);
  response.writeHead(200, NOBODY as string[]);
  response.end();
}

/**
 * GitLab's clients send a token in a separate header; together with `Authorization` it would be a second credential.
 */
function credentialIn(connection: Socket, { authorization, privateToken }: Original): Credential {
  if (privateToken === undefined) return credentialOn(connection, authorization);
  return authorization === undefined
    ? { form: 'bearer', secret: new Secret(privateToken.trim()) }
    : { form: 'malformed', problem: 'both Authorization and PRIVATE-TOKEN were sent' };
}

function deny(
  ctx: Context,
  response: ServerResponse,
  verdict: ForwardedVerdict & { allowed: false },
  original: Original,
): void {
  if ('error' in verdict) return sendRequestError(response, verdict.error, verdict.spelled);
  const { row, resource } = verdict.route;
  const origin = isForPage(original) ? signInOrigin(ctx, original.host, verdict.route) : null;
  if (origin !== null) {
    if (verdict.explanation.reason === 'credentials_missing') return leadToSignIn(ctx, response, original, origin);
    if (verdict.explanation.tokenId === null && verdict.explanation.userId !== null)
      return leadToRefusal(ctx, response, original, origin);
  }
  const host = plainHost(original.host);
  const audience: Audience = {
    publicUrl: ctx.settings.publicUrl,
    registry:
      row.guard?.challenge === 'registry'
        ? { service: host, scope: registryScope(original.method, original.uri.replace(/\?.*$/, '')) }
        : null,
    resource,
    wantsBasic:
      row.isGit === true ||
      row.guard?.challenge === 'basic' ||
      DAV_METHODS.has(original.method) ||
      GIT_CLIENT.test(original.userAgent ?? ''),
  };
  refuse(response, verdict.explanation, row.need, audience);
}

function fail(ctx: Context, response: ServerResponse, error: unknown): void {
  const outage = outageAnswer(error);
  if (outage === null) ctx.log.error({ err: error }, 'a forward authorization failed');
  else ctx.log.warn({ err: error, reason: outage.reason }, 'a forward authorization must wait');
  if (response.headersSent) response.destroy();
  else if (outage === null) refuseFailed(response);
  else refuseForNow(response, outage);
}

/**
 * The yes with its headers for the service behind, made once for each token, or signed-in person, and target. Both are
 * remembered objects, replaced after any change of rights.
 */
class Prepared {
  readonly #ctx: Context;
  readonly #nobody = new KeptAnswer(NOBODY);
  readonly #known = new WeakMap<object, WeakMap<Target, KeptAnswer>>();

  constructor(ctx: Context) {
    this.#ctx = ctx;
  }

  answerTo(permit: Permit): MaybePromise<KeptAnswer> {
    const { bearer, target } = permit;
    // No key comes this way.
    if (bearer === null || bearer.via === 'nobody' || bearer.via === 'key') return this.#nobody;
    const holder = bearer.via === 'token' ? bearer.token : bearer.user;
    return this.#known.get(holder)?.get(target) ?? this.#make(permit, bearer);
  }

  async #make(permit: Permit, bearer: Exclude<Bearer, { via: 'nobody' | 'key' }>): Promise<KeptAnswer> {
    const token = bearer.via === 'token' ? bearer.token : null;
    const permissions = Object.entries(effectivePermissions(this.#ctx, permit))
      .map(([name, level]) => `${name}=${level}`)
      .join(',');
    const answer = new KeptAnswer([
      'Remote-User',
      permit.actor.login,
      'Remote-Name',
      inHeader(await displayNameOf(this.#ctx, bearer.user.id)),
      'X-Token-Id',
      token === null ? '' : String(token.id),
      'X-Token-Kind',
      token === null ? 'session' : token.kind,
      'X-Token-Permissions',
      permissions,
      ...ALWAYS,
    ]);
    const holder = token ?? bearer.user;
    const ofHolder = this.#known.get(holder) ?? new WeakMap<Target, KeptAnswer>();
    this.#known.set(holder, ofHolder.set(permit.target, answer));
    return answer;
  }
}

/**
 * A name unchanged when it is plain ASCII, otherwise percent-encoded UTF-8, since headers can't contain other letters.
 */
function inHeader(name: string): string {
  return /^[\x20-\x7e]*$/.test(name) ? name : encodeURI(name);
}
