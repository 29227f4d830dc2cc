/**
 * What other services ask: is this token alive (`/oauth/introspect`), may it do that (`/api/latchkey/check`), has
 * anything changed (`/api/latchkey/events`), and what does this server offer (`/.well-known/oauth-…`).
 *
 * Invariant: asking about somebody else's token takes a resource server's secret. Never: an answer that may be
 * cached.
 */

import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify';
import { authorizationOf, credentialOf } from '../../actions/decision/credential.ts';
import type { Context } from '../../actions/ground/context.ts';
import { outageAnswer } from '../../base/machine/outage.ts';
import { isAbandoned } from '../../base/requests/body-deadline.ts';
import { callerOf } from '../../base/requests/caller.ts';
import {
  AUTHORIZATION_SERVER_PATH,
  authorizationServerMetadata,
  PROTECTED_RESOURCE_PATH,
  protectedResourceMetadata,
  resourceIn,
  serviceMetadata,
} from '../../catalogue/oauth-metadata.ts';
import { REGISTRY_TOKEN_PATH } from '../../catalogue/registry-tokens.ts';
import { canonicalResource } from '../../rules/applications/resource-identifiers.ts';
import { OAuthError, type ResourceServerCall, serverAsking } from './call.ts';
import { answerCheckCall } from './check.ts';
import { makeEvents } from './events.ts';
import { answerIntrospection } from './introspection.ts';
import { answerRegistryToken } from './registry-token.ts';

/** The most bytes in a body: a few hundred checks with long names. */
const MAX_CALL_BODY_BYTES = 256 * 1024;

/** The plugin. `closing` ends the event streams, which would hold up a stop. */
export function resourceServerApi(ctx: Context, closing: AbortSignal): FastifyPluginAsync {
  const events = makeEvents(ctx, closing);
  return async (fastify) => {
    fastify.removeAllContentTypeParsers();
    for (const [type, read] of Object.entries(BODIES)) {
      fastify.addContentTypeParser(
        type,
        { parseAs: 'string', bodyLimit: MAX_CALL_BODY_BYTES },
        (_request, text, done) => done(null, read(String(text))),
      );
    }
    fastify.addHook('onRequest', async (_request, reply) => void reply.header('Cache-Control', 'no-store'));
    fastify.setErrorHandler((error: Error & { statusCode?: number }, _request, reply) => sendError(ctx, reply, error));
    fastify.get(AUTHORIZATION_SERVER_PATH, async (_request, reply) =>
      reply
        .header(...FOR_ANY_PAGE)
        .send(authorizationServerMetadata(ctx.settings.publicUrl, ctx.settings.applicationRegistration !== 'off')),
    );
    for (const path of [PROTECTED_RESOURCE_PATH, `${PROTECTED_RESOURCE_PATH}/*`])
      fastify.get(path, async (request, reply) => sendMetadata(ctx, request, reply.header(...FOR_ANY_PAGE)));
    fastify.post('/oauth/introspect', async (request) => answerIntrospection(callOf(ctx, request)));
    fastify.post('/api/latchkey/check', async (request) => answerCheckCall(callOf(ctx, request)));
    fastify.get(REGISTRY_TOKEN_PATH, async (request, reply) => {
      const { status, body } = await answerRegistryToken(callOf(ctx, request));
      if (status === 401) void reply.header('WWW-Authenticate', 'Basic realm="Latchkey", charset="UTF-8"');
      return reply.code(status).send(body);
    });
    fastify.get('/api/latchkey/events', async (request, reply) => {
      await serverAsking(callOf(ctx, request));
      return events(request, reply);
    });
  };
}

/** Clients in browsers read it, too, and there is nothing in it that anybody may not know. */
const FOR_ANY_PAGE = ['Access-Control-Allow-Origin', '*'] as const;

/**
 * What a service is as a protected resource, or this server itself. A proxy in front of the service leads the path
 * here, with the host as its client sent it, or the forward door does, with the resource in the query.
 */
function sendMetadata(ctx: Context, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const { publicUrl } = ctx.settings;
  const url = new URL(request.url, 'http://latchkey');
  const origin = ctx.routeMaps.originOf(request.headers.host ?? '');
  const named = url.searchParams.get('resource') ?? resourceIn(origin ?? publicUrl, url.pathname) ?? publicUrl;
  const resource = canonicalResource(named);
  if (resource === publicUrl) return reply.send(protectedResourceMetadata(publicUrl));
  const service = resource === null ? null : ctx.routeMaps.resourceAt(resource);
  // RFC 9728 section 3.3: a client takes no other name than the one that it asked for.
  if (service !== null) return reply.send(serviceMetadata(publicUrl, { ...service, resource: named }));
  return reply.code(404).send({ error: 'not_found', error_description: 'No service here has this address.' });
}

const BODIES: Readonly<Record<string, (text: string) => unknown>> = {
  'application/json': jsonOf,
  'application/x-www-form-urlencoded': (text) => new URLSearchParams(text),
};

/** Undefined for anything but JSON: then no field is there, and the answer says which are needed. */
function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function callOf(ctx: Context, request: FastifyRequest): ResourceServerCall {
  return {
    ctx,
    body: request.body,
    userAgent: request.headers['user-agent'] ?? null,
    credential: credentialOf(authorizationOf(request.raw.rawHeaders)),
    address: callerOf(request.raw, ctx.settings),
  };
}

function sendError(ctx: Context, reply: FastifyReply, error: Error & { statusCode?: number }): FastifyReply {
  if (isAbandoned(reply.request.raw)) return reply.hijack();
  if (error instanceof OAuthError) {
    if (error.status === 401) void reply.header('WWW-Authenticate', 'Basic realm="Latchkey", charset="UTF-8"');
    if (error.retryAfterSec !== null) void reply.header('Retry-After', String(error.retryAfterSec));
    return reply.code(error.status).send({ error: error.code, error_description: error.message });
  }
  const outage = outageAnswer(error);
  if (outage !== null) {
    ctx.log.warn({ err: error, reason: outage.reason }, 'a question of another service must wait');
    const { reason, sentence, retryAfterSec } = outage;
    return reply
      .code(503)
      .header('Retry-After', String(retryAfterSec))
      .send({ error: 'temporarily_unavailable', error_description: sentence, reason });
  }
  const status = error.statusCode ?? 500;
  if (status >= 500) ctx.log.error({ err: error }, 'a question of another service failed');
  const [code, description] =
    status >= 500
      ? ['server_error', 'The server could not answer. Its log says why.']
      : ['invalid_request', error.message];
  return reply.code(status).send({ error: code, error_description: description });
}
