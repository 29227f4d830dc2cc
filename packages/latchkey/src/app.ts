/**
 * The server, assembled: one listener, the doors behind it, and the clean-up at the end.
 *
 * Invariant: only this file knows every door. A request goes to the first door that claims its path; the rest is
 * Fastify's.
 */
import cluster from 'node:cluster';
import type { IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http';
import { Server as HttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import Fastify, { type FastifyInstance } from 'fastify';
import { AggregatorRegistry } from 'prom-client';
import { wakeStreams } from './actions/audit/streams.ts';
import { noteServerAddress } from './actions/ground/server-address.ts';
import { gaugesOf } from './actions/instance/gauges.ts';
import { warnOfClearText, warnOfExposedSecrets } from './actions/instance/installation-secrets.ts';
import { JobRunner } from './actions/instance/job-runner.ts';
import { sweepAtStart } from './actions/instance/leftovers.ts';
import { type OpenContext, openContext } from './actions/instance/open.ts';
import { type CertificateReader, certificateOf, followFiles } from './base/certificate.ts';
import { makeLog } from './base/log.ts';
import type { Connections } from './base/machine/connections.ts';
import { outageAnswer } from './base/machine/outage.ts';
import { present } from './base/present.ts';
import { beginRequest, requestIdOf } from './base/request-id.ts';
import { limitBody } from './base/requests/body-deadline.ts';
import { formErrorIn } from './base/requests/request-form.ts';
import { originForm, withoutPublicPath } from './base/requests/request-target.ts';
import { STANDING, strictTransport } from './base/requests/standing-headers.ts';
import type { Settings } from './base/settings/settings.ts';
import { duringSpan, type Tracer } from './base/trace.ts';
import { programVersion } from './base/version.ts';
import { resourceServerApi } from './doors/forward/resource-server-api.ts';
import { makeForwardDoor } from './doors/forward/routes.ts';
import { type GitDoor, makeGitDoor } from './doors/git/routes.ts';
import { makeSshDoor } from './doors/git/ssh-door.ts';
import { PREFIX as GITHUB_PREFIX, githubDoor } from './doors/github/door.ts';
import { GRAPHQL_PATH, graphqlDoor } from './doors/github/graphql/door.ts';
import { PREFIX as GITLAB_PREFIX, gitlabDoor } from './doors/gitlab/door.ts';
import { oauthDoor } from './doors/oauth/door.ts';
import { PREFIX as SCIM_PREFIX, scimDoor } from './doors/scim/door.ts';
import { webDoor } from './doors/web/plugin.ts';
import type { Acme } from './listener/acme/acme.ts';
import { type Arrival, count, refuseForm, sendCrowded, together } from './listener/arrivals.ts';
import { endOf, warnOfCertificate } from './listener/certificate-warnings.ts';
import { boundConnections } from './listener/connection-limits.ts';
import { openAcme } from './listener/own-certificate.ts';
import { type Readiness, readinessAnswer } from './listener/readiness.ts';
import { hostOf, listen, makeServer, secureContextOf } from './listener/server.ts';
import { openSsh } from './listener/ssh-socket.ts';
import { close, retire } from './listener/stop.ts';
import { sendLogs } from './telemetry/collected-logs.ts';
import { type DoorName, single } from './telemetry/metrics.ts';
import { listenForMetrics, type MetricsListener } from './telemetry/metrics-listener.ts';
import { RequestLog } from './telemetry/request-log.ts';
import { beginRequestSpan, tracerFor } from './telemetry/request-spans.ts';

export interface RunningServer {
  /** The address it listens on: `http://127.0.0.1:7070`. */
  readonly url: string;
  readonly context: OpenContext;
  /**
   * Reloads the certificate; later connections get the new one. True when it changed.
   * @throws Fault when the files don't work; the old pair stays in use
   */
  reloadCertificate(): boolean;
  /**
   * Takes no new connections, because another process takes them, and ends each existing one with its next answer.
   * Resolves when none is left, or when the rest have been silent for the whole keep-alive time.
   */
  retire(): Promise<void>;
  /**
   * Stops taking requests, lets running ones finish (at most `settings.drainSec`), and writes out what is in memory.
   */
  close(): Promise<void>;
}

/** A plain door: handles a request that is its own and returns true, or leaves it to the next door. */
type Door = (request: IncomingMessage, response: ServerResponse) => boolean;

/**
 * Opens the store, listens, and resolves when it can answer requests.
 * @throws Fault when it can't
 */
export async function startServer(settings: Settings): Promise<RunningServer> {
  const log = makeLog(settings.logLevel, settings.logFormat);
  const logs = await sendLogs(settings, log);
  const acme = await openAcme(settings, log);
  const certificate = certificateOf(settings);
  const context = await openContext(settings, log);
  try {
    const readiness: Readiness = { stopping: false, leaving: false, closed: null, ended: new AbortController() };
    const tracer = await tracerFor(context);
    const connections = boundConnections(context);
    const requests = RequestLog.of(settings, context.log);
    const git = makeGitDoor(context, readiness.ended.signal);
    const { fastify, server } = makeListener(context, {
      readiness,
      tracer,
      certificate,
      connections,
      requests,
      git,
      acme,
    });
    await fastify.ready();
    context.memory.join();
    await listen(server, settings);
    const { port } = server.address() as AddressInfo;
    context.listensAt(port);
    await noteServerAddress(context);
    const ssh = await openSsh(context, makeSshDoor(context, git), { metrics: context.metrics, requests });
    const url = `${settings.tlsCert === null ? 'http' : 'https'}://${hostOf(settings.host)}:${port}`;
    context.log.info({ url, engine: context.store.engine, version: programVersion() }, 'listening');
    warnOfClearText(context);
    warnOfCertificate(context, certificate);
    warnOfExposedSecrets(context, process.env);
    // Faults also show at the start.
    void context.fitness.look();
    sweepAtStart(context).catch((error: unknown) =>
      context.log.warn({ err: error }, 'what killed processes left in repositories is looked for later'),
    );
    const jobs = new JobRunner(context, { tracer, wake: wakeStreams });
    if (certificate !== null) context.metrics.add(endOf(certificate));
    if (logs !== null) context.metrics.add(logs.lost);
    const metrics = await showMetrics(context, jobs);
    if (metrics !== null) context.log.info({ url: metrics.url }, 'metrics');
    const reloadCertificate = (): boolean => {
      if (certificate === null || !(server instanceof HttpsServer) || !certificate.reload()) return false;
      server.setSecureContext(secureContextOf(certificate));
      warnOfCertificate(context, certificate);
      return true;
    };
    const unfollow = certificate === null ? null : followFiles(certificate, reloadCertificate, context.log);
    await acme?.begin(reloadCertificate);
    const closing = { server, ssh, connections, fastify, jobs, context, readiness, metrics, tracer };
    return {
      url,
      context,
      reloadCertificate,
      retire: async () => {
        await retire(closing);
        requests?.flush();
      },
      close: async () => {
        unfollow?.();
        acme?.close();
        await close(closing);
        requests?.flush();
        await logs?.close();
      },
    };
  } catch (error) {
    await context.close();
    await logs?.close();
    throw error;
  }
}

/** The parent process collects a worker's numbers and adds them up. */
async function showMetrics(context: OpenContext, jobs: JobRunner): Promise<MetricsListener | null> {
  const { registry } = context.metrics;
  for (const series of [
    ...gaugesOf(context),
    single('latchkey_jobs_running', 'Jobs that run in this process now.', 'gauge', () => jobs.running),
  ])
    context.metrics.add(series);
  if (!cluster.isWorker) return listenForMetrics(context.settings, () => registry.metrics());
  AggregatorRegistry.setRegistries([registry]);
  new AggregatorRegistry();
  return null;
}

interface Listening {
  readonly readiness: Readiness;
  readonly tracer: Tracer | null;
  /** Null without TLS. */
  readonly certificate: CertificateReader | null;
  readonly connections: Connections;
  readonly requests: RequestLog | null;
  readonly git: GitDoor;
  readonly acme: Acme | null;
}

function makeListener(context: OpenContext, listening: Listening): { fastify: FastifyInstance; server: Server } {
  const { readiness, tracer, certificate, connections, acme } = listening;
  let server: Server | undefined;
  const fastify = Fastify({
    logger: false,
    // No route uses a Fastify schema; loading the compilers would slow down every start.
    schemaController: { compilersFactory: { buildValidator: noSchema, buildSerializer: noSchema } },
    serverFactory: (handler) => {
      const answer = answerer(context, listening, handler);
      server = makeServer(
        certificate,
        context.settings.publicUrl,
        together(
          tracer === null
            ? answer
            : (arrival) => {
                arrival.span = beginRequestSpan(tracer, context.settings, arrival.request);
                if (arrival.span === null) answer(arrival);
                else duringSpan(arrival.span, () => answer(arrival));
              },
        ),
      );
      acme?.answerAt(server);
      connections.watch(server);
      return server;
    },
  });
  fastify.get('/healthz', async () => ({ status: 'ok' }));
  fastify.get<{ Querystring: { for?: string } }>('/readyz', async ({ query }, reply) => {
    const { status, body } = await readinessAnswer(context, readiness, query.for === 'write' ? 'write' : 'check');
    return reply.code(status).header('Cache-Control', 'no-store').send(body);
  });
  void fastify.register(resourceServerApi(context, readiness.ended.signal));
  void fastify.register(oauthDoor(context));
  void fastify.register(githubDoor(context), { prefix: GITHUB_PREFIX });
  void fastify.register(graphqlDoor(context), { prefix: GRAPHQL_PATH });
  void fastify.register(gitlabDoor(context), { prefix: GITLAB_PREFIX });
  void fastify.register(scimDoor(context), { prefix: SCIM_PREFIX });
  void fastify.register(webDoor(context, readiness.ended.signal));
  fastify.setErrorHandler((error: Error & { statusCode?: number }, _request, reply) => {
    const outage = outageAnswer(error);
    if (outage !== null) {
      context.log.warn({ err: error, reason: outage.reason }, 'a request must wait');
      return reply
        .code(503)
        .headers({ 'Retry-After': String(outage.retryAfterSec), 'X-Latchkey-Reason': outage.reason })
        .type('text/plain; charset=utf-8')
        .send(`${outage.sentence}\n`);
    }
    const status = error.statusCode ?? 500;
    if (status >= 500) context.log.error({ err: error }, 'a request failed');
    return reply
      .code(status)
      .type('text/plain; charset=utf-8')
      .send(status >= 500 ? 'Something went wrong on the server. Its log says what.\n' : `${error.message}\n`);
  });
  return { fastify, server: present(server, 'the server') };
}

function noSchema(): never {
  throw new Error('routes of this server check what they get by themselves');
}

/** Hands a request to the first door that owns its path; the rest goes to Fastify. */
function answerer(
  context: OpenContext,
  { readiness, connections, requests, git }: Listening,
  fastify: RequestListener,
): (arrival: Arrival) => void {
  // The proxy that asks here understands only 401 and 403, so this door reports errors itself.
  const forward: Door = makeForwardDoor(context);
  const books = { metrics: context.metrics, requests };
  const standing = Object.entries(STANDING);
  const transport = strictTransport(context.settings.publicUrl);
  return (arrival) => {
    const { request, response } = arrival;
    // So that connections kept by proxies end after an answer, not in the middle of a request.
    if (readiness.leaving) response.shouldKeepAlive = false;
    if (connections.mustEnd(request.socket)) response.shouldKeepAlive = false;
    beginRequest(arrival);
    if (transport !== null) response.setHeader('Strict-Transport-Security', transport);
    if (connections.refuses(request.socket, request.url ?? '')) return sendCrowded(response);
    if (forward(request, response)) return count(books, 'forward', arrival);
    // Not earlier: a proxy asks about the path as its client wrote it, and passes it on like that.
    request.url = withoutPublicPath(originForm(request.url ?? ''), context.settings.publicPath);
    const error = formErrorIn(request, context.settings);
    if (error !== null) {
      refuseForm(response, error);
      return count(books, 'other', arrival);
    }
    if (git(request, response)) return count(books, 'git', arrival);
    response.setHeader('X-Request-Id', requestIdOf(arrival));
    for (const [name, value] of standing) response.setHeader(name, value);
    limitBody(request, response, context.settings.bodyTimeoutSec);
    const door = nameOf(request.url ?? '');
    count(books, door, arrival);
    // The API doors decide first. The others only read small bodies, so their clients need not wait.
    if (door === 'web' && request.headers.expect?.toLowerCase() === '100-continue') response.writeContinue();
    // Fastify waits for the end of a body that was never announced. Without a content type it expects no body.
    if (request.readableEnded) delete request.headers['content-type'];
    fastify(request, response);
  };
}

function nameOf(url: string): DoorName {
  if (url.startsWith(GITHUB_PREFIX) || url.startsWith(GRAPHQL_PATH)) return 'github';
  if (url.startsWith(GITLAB_PREFIX)) return 'gitlab';
  return url === '/healthz' || /^\/readyz(?:\?|$)/.test(url) ? 'other' : 'web';
}
