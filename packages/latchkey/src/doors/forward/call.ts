/**
 * One call by another service: what is known about the caller, which resource server it is, and how a bad call is
 * answered.
 *
 * Never: an answer about somebody else's token to a caller without a resource server's secret.
 */
import { namedResource, type ResourceId } from '../../actions/applications/resources.ts';
import type { Credential } from '../../actions/decision/credential.ts';
import type { Context } from '../../actions/ground/context.ts';
import { consumeRateLimit } from '../../actions/ground/rate-limit.ts';
import { holdsServerSecret, type ResourceServer, resourceServerOf } from '../../actions/questions/resource-servers.ts';
import { networkOf } from '../../base/address.ts';
import { Secret } from '../../base/secret.ts';

/** A fault in a call, in OAuth's terms (RFC 6749 section 5.2). */
export class OAuthError extends Error {
  override readonly name = 'OAuthError';
  readonly status: 400 | 401 | 429;
  readonly code: string;
  readonly retryAfterSec: number | null;

  constructor(status: 400 | 401 | 429, code: string, description: string, retryAfterSec: number | null = null) {
    super(description);
    this.status = status;
    this.code = code;
    this.retryAfterSec = retryAfterSec;
  }
}

/** One call, with what is known about the caller before anything is decided. */
export interface ResourceServerCall {
  readonly ctx: Context;
  readonly credential: Credential;
  /** The address of the caller itself. */
  readonly address: string;
  readonly userAgent: string | null;
  readonly body: unknown;
}

/**
 * The resource server that makes the call. Its credential may also be in the form, as OAuth clients send it
 * (`client_id`, `client_secret`).
 * @throws OAuthError when there is none; after too many tries, it says to wait
 */
export async function serverAsking({ ctx, credential, body, address }: ResourceServerCall): Promise<ResourceServer> {
  const form = body instanceof URLSearchParams ? body : null;
  const secret = form?.get('client_secret') ?? null;
  const inForm: Credential | null =
    secret === null ? null : { form: 'basic', username: form?.get('client_id') ?? '', secret: new Secret(secret) };
  if (inForm !== null && credential.form !== 'none')
    throw new OAuthError(400, 'invalid_request', 'The credential of the server was sent in two ways.');
  // What can't be read is no wrong secret: it isn't counted, and the reason is told.
  if (credential.form === 'malformed') throw new OAuthError(400, 'invalid_request', asSentence(credential.problem));
  const presented = inForm ?? credential;
  const server = await resourceServerOf(ctx, presented);
  if (server !== null) return server;
  if ('secret' in presented && holdsServerSecret(presented.secret))
    throw new OAuthError(
      400,
      'invalid_request',
      'The secret of a server came, but not alone: take away the quotes or words around it.',
    );
  const allowance = await consumeRateLimit(ctx, 'failed-credentials', networkOf(address));
  if (allowance !== null && !allowance.allowed) {
    throw new OAuthError(
      429,
      'temporarily_unavailable',
      'Too many wrong credentials came from this address.',
      allowance.retryAfterSec,
    );
  }
  throw new OAuthError(
    401,
    'invalid_client',
    'This needs the secret of a resource server: `latchkey admin server add NAME` makes one.',
  );
}

/** What the server is as a protected resource, as it says; '' = none. @throws OAuthError for one that isn't known */
export function resourceAsked(ctx: Context, named: readonly string[]): ResourceId {
  const found = namedResource(ctx, named);
  if ('error' in found) throw new OAuthError(400, 'invalid_target', found.error);
  return found.resource ?? '';
}

function asSentence(problem: string): string {
  return `${problem.charAt(0).toUpperCase()}${problem.slice(1)}.`;
}
