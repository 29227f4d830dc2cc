/**
 * The endpoints through which a command gets a token after a person said yes in a browser. The pages for that are in
 * the web door.
 *
 * Sources: RFC 6749 sections 4.1.3 and 5, RFC 8628 sections 3.1 to 3.5. Paths are GitHub's;
 * `catalogue/oauth-metadata` tells clients about them.
 * Invariant: every answer is `no-store`, and JSON as the RFCs define it.
 */

import type { FastifyInstance, FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify';
import { refuseUnread } from '../../actions/federation/exchange.ts';
import { MAX_JWT_LENGTH } from '../../actions/federation/jwt.ts';
import type { Context } from '../../actions/ground/context.ts';
import { ProviderFailure } from '../../actions/identity/provider-failures.ts';
import { endByProvider } from '../../actions/identity/provider-logout.ts';
import { type Redeemed, redeemCode, redeemDevice, type Unredeemed } from '../../actions/tokens/code-redemption.ts';
import {
  beginDeviceAuthorization,
  DEVICE_INTERVAL_SEC,
  DEVICE_LIFE_SEC,
  LOGIN_CLIENT_ID,
} from '../../actions/tokens/device-authorization.ts';
import { outageAnswer } from '../../base/machine/outage.ts';
import { isAbandoned } from '../../base/requests/body-deadline.ts';
import { Secret } from '../../base/secret.ts';
import { knownCommand } from '../../catalogue/known-commands.ts';
import { commandRequest, scopeWords } from '../../rules/applications/application-request.ts';
import { type LoginRequest, readLoginRequest } from '../../rules/login-request.ts';
import { json, preflight, refuse, visitorOf } from './answers.ts';
import {
  type ApplicationCall,
  applicationToken,
  DEVICE_GRANT,
  deviceRequestOf,
  revokeForApplication,
} from './applications.ts';
import { registrationEndpoint } from './registration.ts';
import {
  bearJwt,
  EXCHANGE_GRANT,
  exchangeToken,
  JWT_BEARER_GRANT,
  type OAuthAnswer,
  refused,
} from './token-exchange.ts';

/** The largest form that is accepted: room for a workload's token, and for what is asked for with it. */
const MAX_FORM_BYTES = 24 * 1024;

/** GitHub's, and the one that programs without a person use. */
const TOKEN_PATHS = ['/login/oauth/access_token', '/oauth/token'];
const REVOCATION_PATH = '/oauth/revoke';
/** OpenID Connect Back-Channel Logout 1.0. */
const LOGOUT_PATH = '/login/sso/:provider/backchannel-logout';
const DEVICE_CODE_PATH = '/login/device/code';
const DEVICE_PAGE_PATH = '/login/device';

/** The plugin. */
export function oauthDoor(ctx: Context): FastifyPluginAsync {
  return async (app: FastifyInstance) => {
    app.removeAllContentTypeParsers();
    app.addContentTypeParser(
      'application/x-www-form-urlencoded',
      { parseAs: 'string', bodyLimit: MAX_FORM_BYTES },
      (_request, text, done) => done(null, new URLSearchParams(String(text))),
    );
    for (const path of TOKEN_PATHS) app.post(path, (request, reply) => token(ctx, request, reply));
    app.post(REVOCATION_PATH, async (request, reply) =>
      give(reply, await revokeForApplication(ctx, callOf(ctx, request))),
    );
    for (const path of [...TOKEN_PATHS, REVOCATION_PATH]) app.options(path, (_request, reply) => preflight(reply));
    app.post(LOGOUT_PATH, (request, reply) => endThere(ctx, request, reply));
    app.post(DEVICE_CODE_PATH, (request, reply) => deviceCode(ctx, request, reply));
    app.addHook('onRequest', async (_request, reply) => {
      void reply.header('Access-Control-Allow-Origin', '*');
    });
    app.setErrorHandler(async (error: Error & { statusCode?: number }, request, reply) => {
      if (isAbandoned(request.raw)) return reply.hijack();
      const outage = outageAnswer(error);
      if (outage !== null) {
        ctx.log.warn({ err: error, reason: outage.reason }, 'a sign-in must wait');
        void reply.header('Retry-After', String(outage.retryAfterSec));
        return refuse(reply, 503, 'temporarily_unavailable', outage.sentence);
      }
      if ((error.statusCode ?? 500) >= 500) ctx.log.error({ err: error }, 'a sign-in failed');
      if (error.statusCode === 413) {
        const words = `The form is larger than ${MAX_FORM_BYTES} bytes: a token in it has at most ${MAX_JWT_LENGTH}.`;
        if (TOKEN_PATHS.includes(pathOf(request))) await refuseUnread(ctx, words, visitorOf(ctx, request));
        return refuse(reply, 413, 'invalid_request', words);
      }
      return refuse(
        reply,
        error.statusCode ?? 500,
        (error.statusCode ?? 500) >= 500 ? 'server_error' : 'invalid_request',
        'Send a form (application/x-www-form-urlencoded).',
      );
    });
    await app.register(registrationEndpoint(ctx));
  };
}

/** A provider says that somebody signed out there (section 2.8 of its specification: 200, or 400 with an error). */
async function endThere(ctx: Context, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const { provider = '' } = request.params as Readonly<Record<string, string>>;
  const logoutTokens = formOf(request).getAll('logout_token');
  const [logoutToken = ''] = logoutTokens;
  try {
    if (logoutTokens.length !== 1 || logoutToken === '') throw new ProviderFailure('not_proved', 'no logout token');
    await endByProvider(ctx, provider, logoutToken, visitorOf(ctx, request));
  } catch (error) {
    if (!(error instanceof ProviderFailure)) throw error;
    const { reason, detail } = error;
    ctx.log.warn({ provider: provider.slice(0, 40), reason, detail }, 'a sign-out at an identity provider was refused');
    return refuse(
      reply,
      400,
      'invalid_request',
      'This is no logout token of that provider, for this server, sent once.',
    );
  }
  return reply.header('Cache-Control', 'no-store').code(200).send();
}

async function token(ctx: Context, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const form = formOf(request);
  if (form.get('grant_type') === EXCHANGE_GRANT)
    return give(reply, await exchangeToken(ctx, form, visitorOf(ctx, request)));
  if (form.get('grant_type') === JWT_BEARER_GRANT)
    return give(reply, await bearJwt(ctx, form, visitorOf(ctx, request)));
  const command = knownCommand(form.get('client_id') ?? '');
  if (form.get('client_id') !== LOGIN_CLIENT_ID && command === null)
    return give(reply, await applicationToken(ctx, callOf(ctx, request)));
  const from = visitorOf(ctx, request);
  switch (form.get('grant_type')) {
    case 'authorization_code': {
      const [code, redirectUri, verifier] = ['code', 'redirect_uri', 'code_verifier'].map((name) => form.get(name));
      if (!code || !redirectUri || !verifier)
        return refuse(reply, 400, 'invalid_request', 'code, redirect_uri and code_verifier are needed.');
      return send(
        ctx,
        reply,
        await redeemCode(ctx, { code: new Secret(code), redirectUri, verifier: new Secret(verifier) }, from),
      );
    }
    case DEVICE_GRANT: {
      const code = form.get('device_code');
      if (!code) return refuse(reply, 400, 'invalid_request', 'device_code is needed.');
      return send(ctx, reply, await redeemDevice(ctx, new Secret(code), from, command));
    }
    default:
      return refuse(
        reply,
        400,
        'unsupported_grant_type',
        `grant_type must be authorization_code, ${DEVICE_GRANT}, ${EXCHANGE_GRANT} or ${JWT_BEARER_GRANT}.`,
      );
  }
}

function send(ctx: Context, reply: FastifyReply, outcome: Redeemed | Unredeemed): FastifyReply {
  if ('error' in outcome) return refuse(reply, 400, outcome.error, outcome.words);
  return json(reply, 200, {
    access_token: outcome.secret.reveal(),
    token_type: 'bearer',
    scope: outcome.scope,
    username: outcome.username,
    token_id: outcome.tokenId,
    ...(outcome.expiresAt === null ? {} : { expires_in: Math.max(1, outcome.expiresAt - ctx.clock.now()) }),
  });
}

async function deviceCode(ctx: Context, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const read = await deviceRequest(ctx, callOf(ctx, request));
  if ('status' in read) return give(reply, read);
  const begun = await beginDeviceAuthorization(ctx, read.request, visitorOf(ctx, request).address);
  if (begun === null)
    return refuse(
      reply,
      429,
      'slow_down',
      'Too many sign-ins were begun from this address. Try again in some minutes.',
    );
  const page = ctx.settings.publicUrl + DEVICE_PAGE_PATH;
  return json(reply, 200, {
    device_code: begun.deviceCode.reveal(),
    user_code: begun.userCode,
    verification_uri: page,
    verification_uri_complete: `${page}?user_code=${begun.userCode}`,
    expires_in: DEVICE_LIFE_SEC,
    interval: DEVICE_INTERVAL_SEC,
  });
}

/** What this program's command, a known one of others, or an application asks for. */
async function deviceRequest(
  ctx: Context,
  call: ApplicationCall,
): Promise<{ readonly request: LoginRequest } | OAuthAnswer> {
  const clientId = call.form.get('client_id') ?? '';
  const command = knownCommand(clientId);
  if (clientId !== LOGIN_CLIENT_ID && command === null) return deviceRequestOf(ctx, call);
  const read =
    command === null ? readLoginRequest(call.form) : commandRequest(command, scopeWords(call.form.get('scope')));
  return 'error' in read ? refused('invalid_scope', `${read.error}.`) : read;
}

function callOf(ctx: Context, request: FastifyRequest): ApplicationCall {
  return {
    form: formOf(request),
    authorization: request.headers.authorization,
    visitor: visitorOf(ctx, request),
  };
}

function pathOf({ url }: FastifyRequest): string {
  return url.split('?', 1)[0] ?? '';
}

function formOf(request: FastifyRequest): URLSearchParams {
  return request.body instanceof URLSearchParams ? request.body : new URLSearchParams();
}

function give(reply: FastifyReply, { status, body, headers = {} }: OAuthAnswer): FastifyReply {
  return json(reply.headers(headers), status, body);
}
