/**
 * The server, put together: one listener, the doors behind it, and what must be tidied up at the end.
 *
 * Invariant: this is the only file that knows every door. A request goes to the first door whose path it is; the rest
 * is Fastify's.
 */
import cluster from 'node:cluster';
import {
  createServer as createHttpServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from 'node:http';
import { createServer as createHttpsServer, Server as HttpsServer } from 'node:https';
import { type AddressInfo, Server as NetServer } from 'node:net';
import type { Duplex } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';
import Fastify, { type FastifyInstance } from 'fastify';
import { AggregatorRegistry } from 'prom-client';
import { gaugesOf } from './actions/instance/gauges.ts';
import { JobRunner } from './actions/instance/job-runner.ts';
import { sweepAtStart } from './actions/instance/leftovers.ts';
import { type OpenContext, openContext } from './actions/instance/open.ts';
import { warnOfKeys } from './actions/instance/sealing.ts';
import { type CertificateReader, certificateOf, followFiles } from './base/certificate.ts';
import { crossesInClear, readDatabaseAddress } from './base/database-address.ts';
import { Fault } from './base/errors.ts';
import { makeLog } from './base/log.ts';
import { Connections } from './base/machine/connections.ts';
import { OUTAGES, outageAnswer } from './base/machine/outage.ts';
import { present } from './base/present.ts';
import { beginRequest, type RequestMark, requestIdOf } from './base/request-id.ts';
import { limitBody } from './base/requests/body-deadline.ts';
import { FORM_ERRORS, type FormError, formErrorIn } from './base/requests/request-form.ts';
import { originForm } from './base/requests/request-target.ts';
import { standingHeaders } from './base/requests/standing-headers.ts';
import type { Settings } from './base/settings/settings.ts';
import { DAY_SEC, isoInstant } from './base/time.ts';
import { duringSpan, type Span, type Tracer } from './base/trace.ts';
import { resourceServerApi } from './doors/forward/resource-server-api.ts';
import { makeForwardDoor } from './doors/forward/routes.ts';
import { makeGitDoor } from './doors/git/routes.ts';
import { PREFIX as GITHUB_PREFIX, githubDoor } from './doors/github/door.ts';
import { PREFIX as GITLAB_PREFIX, gitlabDoor } from './doors/gitlab/door.ts';
import { oauthDoor } from './doors/oauth/door.ts';
import { webDoor } from './doors/web/plugin.ts';
import { type DoorName, type Series, single } from './telemetry/metrics.ts';
import { listenForMetrics, type MetricsListener } from './telemetry/metrics-listener.ts';
import { beginRequestSpan, endRequestSpan } from './telemetry/request-spans.ts';

export interface RunningServer {
  /** Where it listens: `http://127.0.0.1:7070`. */
  readonly url: string;
  readonly context: OpenContext;
  /**
   * Reads the certificate anew; connections from then on get it. True when it was renewed. @throws Fault when the files
   * don't work; the pair from before stays
   */
  reloadCertificate(): boolean;
  /**
   * Takes no new connections, since another process takes them, and ends those that are there with their next answer.
   * Resolves when none is left, or when those that stay have said nothing for as long as they may be kept.
   */
  retire(): Promise<void>;
  /** Stops taking requests, lets running ones end (at most `settings.drainSec`), writes what is in memory. */
  close(): Promise<void>;
}

/** Whether the server is about to stop: then `/readyz` says so, and connections end with their next answer. */
interface Readiness {
  stopping: boolean;
  /** True when it takes no more connections, or will not soon. */
  leaving: boolean;
  /** Resolves when the last connection has ended; null while connections are taken. */
  closed: Promise<void> | null;
  /** Aborts when the server begins to stop: streams of events, which never end by themselves, end then. */
  readonly ended: AbortController;
}

/** A plain door: handles a request of its own and says so, or leaves it to the next. */
type Door = (request: IncomingMessage, response: ServerResponse) => boolean;

/** All headers together; longer ones are answered with 431. */
const MAX_HEADER_BYTES = 16 * 1024;
/** How long a client may take to send its headers. A body may take as long as bytes keep coming (see the git door). */
const HEADERS_TIMEOUT_MS = 60_000;
const KEEP_ALIVE_TIMEOUT_MS = 65_000;
/** A certificate that ends sooner is warned of at every start and renewal. */
const WARN_OF_CERTIFICATE_SEC = 14 * DAY_SEC;
/** How often a server that stops looks for connections that have nothing more to do. */
const SWEEP_MS = 250;

/** Opens the store, listens, and resolves when requests are answered. @throws Fault when it can't. */
export async function startServer(settings: Settings): Promise<RunningServer> {
  const certificate = certificateOf(settings);
  const context = await openContext(settings, makeLog(settings.logLevel));
  try {
    const readiness: Readiness = { stopping: false, leaving: false, closed: null, ended: new AbortController() };
    const tracer = await tracerFor(context);
    const { fastify, server } = makeListener(context, { readiness, tracer, certificate });
    await fastify.ready();
    context.memory.join();
    await listen(server, settings);
    const { port } = server.address() as AddressInfo;
    context.listensAt(port);
    const url = `${settings.tlsCert === null ? 'http' : 'https'}://${hostOf(settings.host)}:${port}`;
    context.log.info({ url, engine: context.store.engine }, 'listening');
    warnOfClearText(context);
    warnOfCertificate(context, certificate);
    warnOfKeys(context);
    getReadyForGit(context);
    sweepAtStart(context).catch((error: unknown) =>
      context.log.warn({ err: error }, 'what killed processes left in repositories is looked for later'),
    );
    const jobs = new JobRunner(context, { tracer });
    if (certificate !== null) context.metrics.add(endOf(certificate));
    const metrics = await showMetrics(context, jobs);
    if (metrics !== null) context.log.info({ url: metrics.url }, 'metrics');
    const reloadCertificate = (): boolean => {
      if (certificate === null || !(server instanceof HttpsServer) || !certificate.reload()) return false;
      server.setSecureContext(certificate.current);
      warnOfCertificate(context, certificate);
      return true;
    };
    const unfollow = certificate === null ? null : followFiles(certificate, reloadCertificate, context.log);
    return {
      url,
      context,
      reloadCertificate,
      retire: () => retire({ server, fastify, jobs, context, readiness, metrics, tracer }),
      close: async () => {
        unfollow?.();
        await close({ server, fastify, jobs, context, readiness, metrics, tracer });
      },
    };
  } catch (error) {
    await context.close();
    throw error;
  }
}

/**
 * So that the first who clones need not wait for it. Where it fails, it is tried again for them, and fails with the
 * reason.
 */
function getReadyForGit({ git, log }: OpenContext): void {
  Promise.resolve(git.capabilities('sha1')).catch((error: unknown) =>
    log.debug({ err: error }, 'git could not be asked what it can do'),
  );
}

/** Said at every start: sooner or later it is another person who reads it. */
function warnOfClearText({ settings: { database, databaseCa }, log }: OpenContext): void {
  if (database === null) return;
  const address = readDatabaseAddress(database.reveal());
  if (crossesInClear(address, databaseCa))
    log.warn({ host: address.host }, 'what is said to the database crosses the network in clear text: sslmode=disable');
}

/**
 * A certificate that has ended, or soon will, is served all the same: a warning can be acted on, a refusal stops all.
 */
function warnOfCertificate({ log, clock }: OpenContext, certificate: CertificateReader | null): void {
  if (certificate === null) return;
  const leftSec = certificate.current.endsAt - clock.now();
  const endsAt = isoInstant(certificate.current.endsAt);
  if (leftSec < 0) log.warn({ endsAt }, 'the certificate has expired: clients refuse to connect until it is renewed');
  else if (leftSec < WARN_OF_CERTIFICATE_SEC) log.warn({ endsAt }, 'the certificate ends soon');
}

function endOf(certificate: CertificateReader): Series {
  return single(
    'latchkey_certificate_ends_seconds',
    'When the certificate ends, as unix seconds.',
    'gauge',
    () => certificate.current.endsAt,
  );
}

/** Null when no traces are asked for: then nothing of OpenTelemetry is loaded. */
async function tracerFor({ settings, log }: OpenContext): Promise<Tracer | null> {
  if (settings.otlpEndpoint === null) {
    if (process.env.OTEL_EXPORTER_OTLP_ENDPOINT !== undefined)
      log.info('OTEL_EXPORTER_OTLP_ENDPOINT is set, but traces are sent only where --otlp-endpoint says');
    return null;
  }
  const { openTracer } = await import('./telemetry/otlp-tracer.ts');
  log.info({ endpoint: settings.otlpEndpoint }, 'traces');
  return openTracer(settings.otlpEndpoint, settings, log);
}

/** A worker's numbers are asked for by the process above it, which adds them up. */
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
  /** Null where no TLS is spoken. */
  readonly certificate: CertificateReader | null;
}

function makeListener(
  context: OpenContext,
  { readiness, tracer, certificate }: Listening,
): { fastify: FastifyInstance; server: Server } {
  let server: Server | undefined;
  const fastify = Fastify({
    logger: false,
    // No route has a schema of Fastify's; the compilers for them would make every start longer.
    schemaController: { compilersFactory: { buildValidator: noSchema, buildSerializer: noSchema } },
    serverFactory: (handler) => {
      const connections = boundConnections(context);
      const answer = answerer(context, readiness, connections, handler);
      server = makeServer(
        certificate,
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
      connections.watch(server);
      return server;
    },
  });
  fastify.get('/healthz', async () => ({ status: 'ok' }));
  fastify.get('/readyz', async (_request, reply) => {
    const problem = readiness.stopping ? 'stopping' : await problemOf(context);
    return reply.code(problem === null ? 200 : 503).send({ status: problem ?? 'ready' });
  });
  void fastify.register(resourceServerApi(context, readiness.ended.signal));
  void fastify.register(oauthDoor(context));
  void fastify.register(githubDoor(context), { prefix: GITHUB_PREFIX });
  void fastify.register(gitlabDoor(context), { prefix: GITLAB_PREFIX });
  void fastify.register(webDoor(context));
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

/**
 * Answers all requests that came in during one turn of the event loop at its end, one after the other. What they share
 * is then done once (SQLite reads the revision), and their answers leave close together: written one by one between
 * readings, each would wake the receiver anew.
 */
function together(answer: (arrival: Arrival) => void): RequestListener {
  let waiting: Arrival[] = [];
  const answerAll = (): void => {
    const batch = waiting;
    waiting = [];
    for (const arrival of batch) answer(arrival);
  };
  return (request, response) => {
    if (waiting.push({ request, response, startedAt: performance.now(), id: null, span: null }) === 1)
      setImmediate(answerAll);
  };
}

/** A request that came in, for whoever answers, marks and counts it. */
interface Arrival extends RequestMark {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** By `performance.now()`. */
  readonly startedAt: number;
  /** Null when it is not traced. */
  span: Span | null;
}

/** Hands a request to the first door whose path it is, and what is left to Fastify. */
function answerer(
  context: OpenContext,
  readiness: Readiness,
  connections: Connections,
  fastify: RequestListener,
): (arrival: Arrival) => void {
  // The proxy that asks there understands 401 and 403 alone, so that door says itself what is wrong.
  const forward: Door = makeForwardDoor(context);
  const git: Door = makeGitDoor(context, readiness.ended.signal);
  const standing = standingHeaders(context.settings.publicUrl);
  return (arrival) => {
    const { request, response } = arrival;
    // So that connections that proxies keep end after an answer rather than in the middle of a question.
    if (readiness.leaving) response.shouldKeepAlive = false;
    request.url = originForm(request.url ?? '');
    if (connections.mustEnd(request.socket)) response.shouldKeepAlive = false;
    beginRequest(arrival);
    if (connections.refuses(request.socket, request.url ?? '')) return sendCrowded(response);
    if (forward(request, response)) return count(context, 'forward', arrival);
    const error = formErrorIn(request, context.settings);
    if (error !== null) {
      refuseForm(response, error);
      return count(context, 'other', arrival);
    }
    if (git(request, response)) return count(context, 'git', arrival);
    response.setHeader('X-Request-Id', requestIdOf(arrival));
    for (const [name, value] of standing) response.setHeader(name, value);
    limitBody(request, response, context.settings.bodyTimeoutSec);
    const door = nameOf(request.url ?? '');
    count(context, door, arrival);
    // The API doors decide first; the others read small bodies only, so their clients need not ask.
    if (door === 'web' && request.headers.expect?.toLowerCase() === '100-continue') response.writeContinue();
    // A body that was not announced has no end for Fastify to wait for: where no type is named, it expects none.
    if (request.readableEnded) delete request.headers['content-type'];
    fastify(request, response);
  };
}

function sendCrowded(response: ServerResponse): void {
  const { sentence, retryAfterSec } = OUTAGES.descriptors_exhausted;
  response.writeHead(503, {
    'Content-Type': 'text/plain; charset=utf-8',
    'Retry-After': String(retryAfterSec),
    'X-Latchkey-Reason': 'descriptors_exhausted',
  });
  response.end(`${sentence}\n`);
}

function refuseForm(response: ServerResponse, error: FormError): void {
  response.writeHead(400, { 'Content-Type': 'text/plain; charset=utf-8', Connection: 'close' });
  response.end(`${FORM_ERRORS[error]}\n`);
}

/** Most answers of the plain doors are there at once, and need no listener. */
function count(context: OpenContext, door: DoorName, arrival: Arrival): void {
  if (arrival.response.writableEnded) countNow(context, door, arrival);
  else arrival.response.once('close', () => countNow(context, door, arrival));
}

function countNow({ metrics }: OpenContext, door: DoorName, arrival: Arrival): void {
  const { response, startedAt, span } = arrival;
  metrics.served(door, response.statusCode, performance.now() - startedAt);
  if (span !== null) endRequestSpan(span, door, requestIdOf(arrival), response);
}

function nameOf(url: string): DoorName {
  if (url.startsWith(GITHUB_PREFIX)) return 'github';
  if (url.startsWith(GITLAB_PREFIX)) return 'gitlab';
  return url === '/healthz' || url === '/readyz' ? 'other' : 'web';
}

/** TLS 1.3, else 1.2 with suites that keep what was said secret even from who gets the key later. */
const TLS = {
  minVersion: 'TLSv1.2',
  honorCipherOrder: true,
  ciphers: 'TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256:ECDHE+AESGCM:ECDHE+CHACHA20',
} as const;

function makeServer(certificate: CertificateReader | null, answer: RequestListener): Server {
  const options = {
    maxHeaderSize: MAX_HEADER_BYTES,
    headersTimeout: HEADERS_TIMEOUT_MS,
    requestTimeout: 0,
    keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
    // A request that announces no body gets no stream for one: nearly all of them.
    optimizeEmptyRequests: true,
  };
  const server =
    certificate === null
      ? createHttpServer(options, answer)
      : createHttpsServer({ ...options, ...TLS, ...certificate.current }, answer);
  // The door decides before it lets the client send a body: see `doors/git/backend`.
  server.on('checkContinue', answer);
  server.on('clientError', refuseUnreadable);
  return server;
}

/** A line in the log at most this often while connections are turned away. */
const CROWDED_LOG_MS = 60_000;

function boundConnections({ settings, descriptors, metrics, log }: OpenContext): Connections {
  let loggedAt = -Infinity;
  const { connections: limit, reserve } = descriptors;
  const connections: Connections = new Connections({
    limit,
    reserve,
    ofNetwork: settings.maxConnectionsOfNetwork ?? Math.max(reserve, Math.floor(limit / 4)),
    trustedProxies: settings.trustedProxies,
    isPlain: settings.tlsCert === null,
    onTurnedAway: (why) => {
      if (performance.now() - loggedAt < CROWDED_LOG_MS) return;
      loggedAt = performance.now();
      log.warn({ why, open: connections.size, limit }, 'connections are turned away: there are as many as may be');
    },
  });
  metrics.add(single('latchkey_connections', 'Connections of clients.', 'gauge', () => connections.size));
  metrics.add({
    name: 'latchkey_connections_turned_away_total',
    help: 'Connections that were told to come back, since there were as many as may be: in all, or of one network.',
    type: 'counter',
    read: () => Object.entries(connections.turnedAway).map(([why, value]) => ({ labels: { why }, value })),
  });
  return connections;
}

/** What is not HTTP, or has headers without end, gets a definite answer, too. */
function refuseUnreadable(error: NodeJS.ErrnoException, socket: Duplex): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const [status, words] =
    error.code === 'HPE_HEADER_OVERFLOW'
      ? ['431 Request Header Fields Too Large', `The headers are longer than ${MAX_HEADER_BYTES} bytes.`]
      : error.code === 'ERR_HTTP_REQUEST_TIMEOUT'
        ? ['408 Request Timeout', 'The request did not arrive in time.']
        : ['400 Bad Request', 'That is not a request this server can read.'];
  socket.end(
    `HTTP/1.1 ${status}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: ` +
      `${words.length + 1}\r\nConnection: close\r\n\r\n${words}\n`,
  );
}

function listen(server: Server, settings: Settings): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const hint = error.code === 'EADDRINUSE' ? 'choose another with --port' : 'check --host and --port';
      reject(
        new Fault(`can't listen on ${settings.host}:${settings.port}`, { hint, detail: error.message, cause: error }),
      );
    });
    server.listen({ host: settings.host, port: settings.port, backlog: 1024 }, resolve);
  });
}

function hostOf(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}

/** What keeps the server from serving; null when nothing does. */
async function problemOf({ store, log }: OpenContext): Promise<string | null> {
  try {
    await store.revision();
    return null;
  } catch (error) {
    log.warn({ err: error }, 'the database cannot be reached');
    return 'no database';
  }
}

interface Closing {
  readonly server: Server;
  readonly fastify: FastifyInstance;
  readonly jobs: JobRunner;
  readonly context: OpenContext;
  readonly readiness: Readiness;
  readonly metrics: MetricsListener | null;
  readonly tracer: Tracer | null;
}

/** After the time for running transfers, everything else has so long to end: what hangs then is left behind. */
const STOP_LIMIT_MS = 4_500;

async function close(closing: Closing): Promise<void> {
  const { server, jobs, context, readiness } = closing;
  readiness.stopping = true;
  readiness.leaving = true;
  readiness.ended.abort();
  const { stopDelaySec, drainSec } = context.settings;
  const jobsClosed = jobs.close(drainSec * 1000);
  await pause(stopDelaySec * 1000);
  const closed = stopListening(server, readiness);
  // Again and again: what was being answered when the stop was asked for was promised a connection that stays, and
  // nothing will come on it any more.
  const sweeping = setInterval(() => server.closeIdleConnections(), SWEEP_MS);
  server.closeIdleConnections();
  await Promise.race([closed, pause(drainSec * 1000, undefined, { ref: false })]);
  clearInterval(sweeping);
  server.closeAllConnections();
  const late = pause(STOP_LIMIT_MS, 'late', { ref: false });
  if ((await Promise.race([closeRest(closing, jobsClosed), late])) === 'late')
    context.log.warn('something did not end in time; it is left behind');
}

/** Mail servers, receivers of webhooks, collectors of traces and git may all hang: none waits for another. */
async function closeRest(closing: Closing, jobsClosed: Promise<void>): Promise<void> {
  const { fastify, context, metrics, tracer } = closing;
  await Promise.all([fastify.close(), jobsClosed.then(() => context.close()), metrics?.close(), tracer?.close()]);
}

/** Ends a worker that was replaced: other than at a stop, connections that are kept may be used once more. */
async function retire({ server, jobs, context, readiness }: Closing): Promise<void> {
  readiness.leaving = true;
  readiness.ended.abort();
  const { drainSec } = context.settings;
  void jobs.close(drainSec * 1000);
  const longestMs = Math.max(KEEP_ALIVE_TIMEOUT_MS + SWEEP_MS, drainSec * 1000);
  await Promise.race([stopListening(server, readiness), pause(longestMs, undefined, { ref: false })]);
}

/** Resolves when no connection is left. Not `server.close` of HTTP, which cuts those that wait for a request. */
function stopListening(server: Server, readiness: Readiness): Promise<void> {
  readiness.closed ??= new Promise((resolve) => NetServer.prototype.close.call(server, () => resolve()));
  return readiness.closed;
}
