/**
 * SCIM 2.0 (RFC 7643, RFC 7644): directories such as Entra and Okta make, change, disable and let go people.
 *
 * Invariant: nothing is answered without a directory's token, and that opens nothing else. Every error has SCIM's form.
 * To take another resource: its type in `about.ts`, and its routes here.
 */
import type { FastifyInstance, FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify';
import { authorizationOf, credentialOf } from '../../actions/decision/credential.ts';
import type { Context } from '../../actions/ground/context.ts';
import { admitDirectory, type Directory } from '../../actions/provisioning/clients.ts';
import {
  changePerson,
  listPeople,
  type PersonView,
  provisionPerson,
  readPerson,
  releasePerson,
} from '../../actions/provisioning/people.ts';
import { outageAnswer } from '../../base/machine/outage.ts';
import { present } from '../../base/present.ts';
import { isAbandoned } from '../../base/requests/body-deadline.ts';
import { callerOf } from '../../base/requests/caller.ts';
import { providerConfig, resourceTypes, schemas } from './about.ts';
import { listOf, ScimError, scimErrorOf, send, sendError } from './answers.ts';
import { searchIn } from './filter.ts';
import { groupRoutes } from './groups.ts';
import { operationsIn, patched } from './patch.ts';
import { type Handler, idOf, type On, one, onlyAsked, pageIn, type Query, type Request } from './query.ts';
import { PREFIX, presentUser, readUser } from './user.ts';

export { PREFIX };

/** The largest body that is accepted. */
const MAX_BODY_BYTES = 1024 * 1024;
/** The plugin, for `PREFIX`. */
export function scimDoor(ctx: Context): FastifyPluginAsync {
  return async (app: FastifyInstance) => {
    const directories = new WeakMap<FastifyRequest, Directory>();
    app.addHook('onRequest', async (request, reply) => {
      const visitor = {
        address: callerOf(request.raw, ctx.settings),
        userAgent: request.headers['user-agent'] ?? null,
      };
      const admitted = await admitDirectory(ctx, credentialOf(authorizationOf(request.raw.rawHeaders)), visitor);
      if ('client' in admitted) directories.set(request, admitted);
      else return refuse(reply, admitted);
      return undefined;
    });
    app.removeAllContentTypeParsers();
    app.addContentTypeParser(
      /^application\/(?:scim\+)?json(?:;|$)/i,
      { parseAs: 'string', bodyLimit: MAX_BODY_BYTES },
      (_request, text, done) => {
        try {
          done(null, JSON.parse(String(text)) as unknown);
        } catch {
          done(new ScimError(400, 'invalidSyntax', 'The body is no JSON.'));
        }
      },
    );
    app.setErrorHandler((error: Error & { statusCode?: number }, request, reply) => failed(ctx, error, request, reply));
    app.setNotFoundHandler((_request, reply) =>
      sendError(reply, new ScimError(404, null, 'There is nothing at this address: it has Users and Groups.')),
    );
    const on = (method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE', url: string, handler: Handler) =>
      app.route<{ Params: { id: string }; Querystring: Query }>({
        method,
        url,
        handler: (request, reply) => handler(present(directories.get(request), 'a directory'), request, reply),
      });
    describing(ctx, on);
    people(ctx, on);
    groupRoutes(ctx, on);
  };
}

function describing({ settings: { publicUrl } }: Context, on: On): void {
  on('GET', '/ServiceProviderConfig', (_directory, _request, reply) => send(reply, 200, providerConfig(publicUrl)));
  for (const [path, all] of [
    ['/ResourceTypes', resourceTypes(publicUrl)],
    ['/Schemas', schemas(publicUrl)],
  ] as const) {
    on('GET', path, (_directory, _request, reply) => send(reply, 200, listOf(all, all.length, 1)));
    on('GET', `${path}/:id`, (_directory, { params }, reply) => {
      const one = all.find(({ id }) => id === params.id);
      if (one === undefined) throw new ScimError(404, null, 'There is no such description.');
      return send(reply, 200, one);
    });
  }
}

function people(ctx: Context, on: On): void {
  const { publicUrl } = ctx.settings;
  const answer = (reply: FastifyReply, request: Request, status: number, person: PersonView): FastifyReply =>
    send(reply, status, onlyAsked(presentUser(person, publicUrl), request.query));

  on('GET', '/Users', async (directory, request, reply) => {
    const { startIndex, count } = pageIn(request.query);
    const search = searchIn(one(request.query, 'filter'));
    const page = { offset: startIndex - 1, limit: count };
    const { people: found, total } =
      search === null ? { people: [], total: 0 } : await listPeople(ctx, directory, search, page);
    const shown = found.map((person) => onlyAsked(presentUser(person, publicUrl), request.query));
    return send(reply, 200, listOf(shown, total, startIndex));
  });
  on('POST', '/Users', async (directory, request, reply) => {
    const person = await provisionPerson(ctx, directory, readUser(request.body));
    void reply.header('Location', `${publicUrl}${PREFIX}/Users/${person.userId}`);
    return answer(reply, request, 201, person);
  });
  on('GET', '/Users/:id', async (directory, request, reply) =>
    answer(reply, request, 200, await readPerson(ctx, directory, idOf(request, 'person'))),
  );
  on('PUT', '/Users/:id', async (directory, request, reply) => {
    const wish = readUser(request.body);
    return answer(reply, request, 200, await changePerson(ctx, directory, idOf(request, 'person'), () => wish));
  });
  on('PATCH', '/Users/:id', async (directory, request, reply) => {
    const operations = operationsIn(request.body);
    const change = (now: PersonView) => patched(now, operations);
    return answer(reply, request, 200, await changePerson(ctx, directory, idOf(request, 'person'), change));
  });
  on('DELETE', '/Users/:id', async (directory, request, reply) => {
    await releasePerson(ctx, directory, idOf(request, 'person'));
    return reply.code(204).send();
  });
}

function refuse(
  reply: FastifyReply,
  why: Exclude<Awaited<ReturnType<typeof admitDirectory>>, Directory>,
): FastifyReply {
  if (why.reason === 'too-many') {
    void reply.header('Retry-After', String(why.retryAfterSec));
    return sendError(reply, new ScimError(429, null, 'Too many requests. Try again later.'));
  }
  void reply.header('WWW-Authenticate', 'Bearer realm="Latchkey"');
  const words =
    why.reason === 'missing'
      ? 'Send the token of a directory: Authorization: Bearer TOKEN.'
      : 'That is no token of a directory, or it was replaced or removed. An administrator makes another.';
  return sendError(reply, new ScimError(401, null, words));
}

function failed(
  ctx: Context,
  error: Error & { statusCode?: number },
  request: FastifyRequest,
  reply: FastifyReply,
): FastifyReply {
  if (isAbandoned(request.raw)) return reply.hijack();
  const known = scimErrorOf(error);
  if (known !== null) return sendError(reply, known);
  const outage = outageAnswer(error);
  if (outage !== null) {
    ctx.log.warn({ err: error, reason: outage.reason }, 'a directory must wait');
    void reply.header('Retry-After', String(outage.retryAfterSec));
    return sendError(reply, new ScimError(503, null, outage.sentence));
  }
  const status = error.statusCode ?? 500;
  if (status >= 500) ctx.log.error({ err: error }, 'a request of a directory failed');
  if (status === 413)
    return sendError(reply, new ScimError(413, null, `The body is larger than ${MAX_BODY_BYTES} bytes.`));
  const words =
    status >= 500 ? 'Something went wrong on the server. Its log says what.' : 'Send application/scim+json.';
  return sendError(reply, new ScimError(status, null, words));
}
