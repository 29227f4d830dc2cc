/**
 * Where applications register themselves (RFC 7591): JSON in, their client id out.
 *
 * Invariant: registering gives nothing. What it is good for is the operator's policy and a person's yes.
 */
import type { FastifyInstance, FastifyPluginAsync } from 'fastify';
import { registerItself, type Unregistered } from '../../actions/applications/registration.ts';
import type { Context } from '../../actions/ground/context.ts';
import { outageAnswer } from '../../base/machine/outage.ts';
import { isAbandoned } from '../../base/requests/body-deadline.ts';
import { REGISTRATION_PATH } from '../../catalogue/oauth-metadata.ts';
import { AUTH_METHODS, readClientMetadata } from '../../rules/applications/client-metadata.ts';
import { json, preflight, refuse, visitorOf } from './answers.ts';

const MAX_METADATA_BYTES = 16 * 1024;

const UNREGISTERED: Readonly<Record<Unregistered, readonly [status: number, error: string, words: string]>> = {
  off: [
    403,
    'access_denied',
    'Applications don’t register themselves here. Anybody with an account can register one, on the page',
  ],
  too_often: [429, 'temporarily_unavailable', 'Too many applications registered from this address. Try again later.'],
  full: [503, 'temporarily_unavailable', 'More applications than this server keeps registered themselves.'],
};

/** The plugin. */
export function registrationEndpoint(ctx: Context): FastifyPluginAsync {
  return async (app: FastifyInstance) => {
    app.removeAllContentTypeParsers();
    app.addContentTypeParser(
      'application/json',
      { parseAs: 'string', bodyLimit: MAX_METADATA_BYTES },
      (_request, text, done) => done(null, jsonOf(String(text))),
    );
    app.options(REGISTRATION_PATH, (_request, reply) => preflight(reply));
    app.post(REGISTRATION_PATH, async (request, reply) => {
      const metadata = readClientMetadata(request.body, REGISTERED_METHODS);
      if ('error' in metadata) return refuse(reply, 400, metadata.error, metadata.words);
      const made = await registerItself(ctx, metadata, visitorOf(ctx, request));
      if (typeof made === 'string') {
        const [status, error, words] = UNREGISTERED[made];
        return refuse(
          reply,
          status,
          error,
          made === 'off' ? `${words} ${ctx.settings.publicUrl}/settings/applications.` : words,
        );
      }
      const { application, secret } = made;
      return json(reply, 201, {
        client_id: application.clientId,
        client_id_issued_at: application.createdAt,
        ...(secret === null ? {} : { client_secret: secret.reveal(), client_secret_expires_at: 0 }),
        client_name: application.name,
        ...(application.homepage === '' ? {} : { client_uri: application.homepage }),
        redirect_uris: application.redirectUris,
        grant_types: metadata.grantTypes,
        response_types: ['code'],
        token_endpoint_auth_method: metadata.authMethod,
      });
    });
    app.setErrorHandler(async (error: Error & { statusCode?: number }, request, reply) => {
      if (isAbandoned(request.raw)) return reply.hijack();
      const outage = outageAnswer(error);
      if (outage !== null) {
        void reply.header('Retry-After', String(outage.retryAfterSec));
        return refuse(reply, 503, 'temporarily_unavailable', outage.sentence);
      }
      const status = error.statusCode ?? 500;
      if (status < 500)
        return refuse(
          reply,
          status,
          'invalid_client_metadata',
          `Send JSON (application/json) of at most ${MAX_METADATA_BYTES} bytes.`,
        );
      ctx.log.error({ err: error }, 'a registration failed');
      return refuse(reply, status, 'server_error', 'The server could not answer. Its log says why.');
    });
  };
}

/** The one that a registration has that names none comes first (RFC 7591 section 2). */
const REGISTERED_METHODS = ['client_secret_basic', ...AUTH_METHODS] as const;

/** Undefined for anything but JSON. */
function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
