/**
 * What OAuth applications ask of the server: tokens for a code or a refresh token, and the end of one.
 *
 * Sources: RFC 6749 sections 2.3, 4.1.3, 5 and 6; RFC 7009; RFC 8628.
 * Invariant: nothing is looked at before the application has shown its secret, if it keeps one.
 */

import type { Application } from '../../actions/applications/applications.ts';
import { askingApplication, isSecretOf } from '../../actions/applications/asking.ts';
import { namedResource, type ResourceId, wishOf } from '../../actions/applications/resources.ts';
import {
  type Access,
  type NoAccess,
  redeemApplicationCode,
  redeemApplicationDevice,
  refreshAccess,
} from '../../actions/applications/sign-ins.ts';
import { revokeAccess } from '../../actions/applications/sign-outs.ts';
import type { Context } from '../../actions/ground/context.ts';
import type { Visitor } from '../../actions/tokens/code-redemption.ts';
import { Secret } from '../../base/secret.ts';
import type { LoginRequest } from '../../rules/login-request.ts';
import { type OAuthAnswer, refused, repeatedIn } from './token-exchange.ts';

export const DEVICE_GRANT = 'urn:ietf:params:oauth:grant-type:device_code';

/** A request as an application sends it. */
export interface ApplicationCall {
  readonly form: URLSearchParams;
  /** The header `Authorization`. */
  readonly authorization: string | undefined;
  readonly visitor: Visitor;
}

/** What an application says of itself: in the header, or in the form. */
interface ShownClient {
  readonly id: string;
  readonly secret: Secret | null;
}

const UNREADABLE: OAuthAnswer = refused('invalid_request', 'Show the client once: in the header, or in the form.');

/** RFC 6749 section 2.3.1: both parts of Basic are form-encoded. */
function shownClient({ form, authorization }: ApplicationCall): ShownClient | OAuthAnswer {
  const basic = /^Basic +([A-Za-z0-9+/=]+)$/i.exec(authorization ?? '')?.[1];
  const inForm = form.get('client_secret');
  if (basic === undefined)
    return { id: form.get('client_id') ?? '', secret: inForm === null || inForm === '' ? null : new Secret(inForm) };
  const [, id, secret] = /^([^:]*):(.*)$/s.exec(Buffer.from(basic, 'base64').toString('utf8')) ?? [];
  if (id === undefined || secret === undefined || inForm !== null) return UNREADABLE;
  const [shownId, shownSecret] = [formDecoded(id), formDecoded(secret)];
  if (shownId === null || shownSecret === null || ![null, shownId].includes(form.get('client_id'))) return UNREADABLE;
  return { id: shownId, secret: shownSecret === '' ? null : new Secret(shownSecret) };
}

function formDecoded(text: string): string | null {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    return null;
  }
}

/** The application that calls, or the answer that says why it isn't heard. */
async function callingApplication(
  ctx: Context,
  call: ApplicationCall,
): Promise<{ readonly application: Application } | OAuthAnswer> {
  const twice = repeatedIn(call.form);
  if (twice !== null) return refused('invalid_request', twice);
  const shown = shownClient(call);
  if ('status' in shown) return shown;
  const asking = await askingApplication(ctx, shown.id);
  if ('error' in asking) return unknownClient(call, asking.error);
  if (isSecretOf(asking.application, shown.secret)) return asking;
  return unknownClient(
    call,
    asking.application.secretDigest === null
      ? 'This application keeps no secret: leave client_secret out.'
      : 'The secret of the application is missing or wrong.',
  );
}

/** RFC 6749 section 5.2: the challenge is for those who tried the header. */
function unknownClient({ authorization }: ApplicationCall, words: string): OAuthAnswer {
  return {
    status: 401,
    body: { error: 'invalid_client', error_description: words },
    ...(authorization === undefined ? {} : { headers: { 'WWW-Authenticate': 'Basic realm="Latchkey"' } }),
  };
}

/** @param resource what the tokens are to be for; null = the request names nothing */
type Grant = (
  ctx: Context,
  application: Application,
  call: ApplicationCall,
  resource: ResourceId | null,
) => Promise<OAuthAnswer>;

/** The grants that applications have. */
const GRANTS: Readonly<Record<string, Grant>> = {
  authorization_code: byCode,
  refresh_token: byRefreshToken,
  [DEVICE_GRANT]: byDeviceCode,
};

/** Answers a request for a token. Never rejects for what a client sends. */
export async function applicationToken(ctx: Context, call: ApplicationCall): Promise<OAuthAnswer> {
  const found = await callingApplication(ctx, call);
  if ('status' in found) return found;
  const type = call.form.get('grant_type') ?? '';
  const grant = Object.hasOwn(GRANTS, type) ? GRANTS[type] : undefined;
  if (grant === undefined)
    return refused('unsupported_grant_type', `grant_type must be ${Object.keys(GRANTS).join(' or ')}.`);
  const named = namedResource(ctx, call.form.getAll('resource'));
  if ('error' in named) return refused('invalid_target', named.error);
  return grant(ctx, found.application, call, named.resource);
}

async function byCode(
  ctx: Context,
  application: Application,
  { form, visitor }: ApplicationCall,
  resource: ResourceId | null,
): Promise<OAuthAnswer> {
  const [code, redirectUri, verifier] = ['code', 'redirect_uri', 'code_verifier'].map((name) => form.get(name));
  if (!code || !redirectUri || !verifier)
    return refused('invalid_request', 'code, redirect_uri and code_verifier are needed.');
  const given = { code: new Secret(code), redirectUri, verifier: new Secret(verifier), resource };
  return answerOf(ctx, await redeemApplicationCode(ctx, application, given, visitor));
}

async function byRefreshToken(
  ctx: Context,
  application: Application,
  { form, visitor }: ApplicationCall,
  resource: ResourceId | null,
): Promise<OAuthAnswer> {
  const refreshToken = form.get('refresh_token');
  if (!refreshToken) return refused('invalid_request', 'refresh_token is needed.');
  const scope = form.get('scope') || null;
  return answerOf(ctx, await refreshAccess(ctx, application, { refreshToken, scope, resource }, visitor));
}

async function byDeviceCode(
  ctx: Context,
  application: Application,
  { form, visitor }: ApplicationCall,
  resource: ResourceId | null,
): Promise<OAuthAnswer> {
  const code = form.get('device_code');
  if (!code) return refused('invalid_request', 'device_code is needed.');
  const given = { code: new Secret(code), resource };
  return answerOf(ctx, await redeemApplicationDevice(ctx, application, given, visitor));
}

/** What an application asks for by the device flow (RFC 8628 section 3.1), or the answer that says what is wrong. */
export async function deviceRequestOf(
  ctx: Context,
  call: ApplicationCall,
): Promise<{ readonly request: LoginRequest } | OAuthAnswer> {
  const found = await callingApplication(ctx, call);
  if ('status' in found) return found;
  const wish = wishOf(ctx, found.application, call.form);
  return 'error' in wish ? refused(wish.error, wish.words) : wish;
}

function answerOf(ctx: Context, outcome: Access | NoAccess): OAuthAnswer {
  if ('error' in outcome) return refused(outcome.error, outcome.words);
  const at = ctx.clock.now();
  return {
    status: 200,
    body: {
      access_token: outcome.accessToken.reveal(),
      token_type: 'bearer',
      expires_in: Math.max(1, outcome.expiresAt - at),
      refresh_token: outcome.refreshToken.reveal(),
      refresh_token_expires_in: Math.max(1, outcome.refreshExpiresAt - at),
      scope: outcome.scope,
      ...(outcome.resource === null ? {} : { resource: outcome.resource || ctx.settings.publicUrl }),
      username: outcome.login,
    },
  };
}

/** Answers a request to end a token (RFC 7009): 200 whether there was one or not. */
export async function revokeForApplication(ctx: Context, call: ApplicationCall): Promise<OAuthAnswer> {
  const found = await callingApplication(ctx, call);
  if ('status' in found) return found;
  const token = call.form.get('token');
  if (!token) return refused('invalid_request', 'token is needed.');
  await revokeAccess(ctx, found.application, new Secret(token));
  return { status: 200, body: {} };
}
