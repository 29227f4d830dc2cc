/**
 * Shutdown: what is running may finish, what hangs is abandoned.
 *
 * Invariant: `close` resolves within the stop delay, the drain time and `STOP_LIMIT_MS`, whatever hangs.
 */
import type { Server } from 'node:http';
import { Server as NetServer } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import type { FastifyInstance } from 'fastify';
import type { JobRunner } from '../actions/instance/job-runner.ts';
import type { OpenContext } from '../actions/instance/open.ts';
import type { Connections } from '../base/machine/connections.ts';
import type { Tracer } from '../base/trace.ts';
import type { MetricsListener } from '../telemetry/metrics-listener.ts';
import type { Readiness } from './readiness.ts';
import { KEEP_ALIVE_TIMEOUT_MS } from './server.ts';
import type { SshSocket } from './ssh-socket.ts';

/** How often a stopping server looks for connections that have nothing left to do. */
const SWEEP_MS = 250;
/** A connection that has sent nothing for this long is not waited for: browsers and proxies open some in advance. */
const SILENT_MS = 2_000;

/** What has to be closed. */
export interface Closing {
  readonly server: Server;
  /** Null where SSH is off. */
  readonly ssh: SshSocket | null;
  readonly connections: Connections;
  readonly fastify: FastifyInstance;
  readonly jobs: JobRunner;
  readonly context: OpenContext;
  readonly readiness: Readiness;
  readonly metrics: MetricsListener | null;
  readonly tracer: Tracer | null;
}

/**
 * After running transfers had their time, everything else has this long to end. What still hangs is left behind. The
 * promise is five seconds: two are left for a busy machine.
 */
const STOP_LIMIT_MS = 3_000;

/** Takes no more requests, lets running ones end, and closes everything behind them. */
export async function close(closing: Closing): Promise<void> {
  const { server, ssh, connections, jobs, context, readiness } = closing;
  readiness.stopping = true;
  readiness.leaving = true;
  readiness.ended.abort();
  const { stopDelaySec, drainSec } = context.settings;
  const jobsClosed = jobs.close(drainSec * 1000);
  await pause(stopDelaySec * 1000);
  const closed = Promise.all([stopListening(server, readiness), ssh?.close()]);
  // Repeatedly: requests that were being answered when the stop began were promised a lasting connection, and nothing
  // more will come on it.
  const sweep = (): void => connections.endIdle(server, SILENT_MS);
  const sweeping = setInterval(sweep, SWEEP_MS);
  sweep();
  await Promise.race([closed, pause(drainSec * 1000, undefined, { ref: false })]);
  clearInterval(sweeping);
  server.closeAllConnections();
  ssh?.cutOff();
  const late = pause(STOP_LIMIT_MS, 'late', { ref: false });
  if ((await Promise.race([closeRest(closing, jobsClosed), late])) === 'late')
    context.log.warn('something did not end in time; it is left behind');
}

/** How long traces wait for the spans of jobs that still run. */
const LAST_SPANS_MS = STOP_LIMIT_MS / 2;

/** Mail servers, receivers of webhooks, trace collectors and git may all hang: none waits for another for long. */
async function closeRest(closing: Closing, jobsClosed: Promise<void>): Promise<void> {
  const { fastify, context, metrics, tracer } = closing;
  const lastSpans = Promise.race([jobsClosed, pause(LAST_SPANS_MS, undefined, { ref: false })]);
  await Promise.all([
    fastify.close(),
    jobsClosed.then(() => context.close()),
    metrics?.close(),
    lastSpans.then(() => tracer?.close()),
  ]);
}

/** Ends a worker that was replaced. Unlike at a stop, connections that are kept may be used once more. */
export async function retire({ server, ssh, jobs, context, readiness }: Closing): Promise<void> {
  readiness.leaving = true;
  readiness.ended.abort();
  const { drainSec } = context.settings;
  void jobs.close(drainSec * 1000);
  const longestMs = Math.max(KEEP_ALIVE_TIMEOUT_MS + SWEEP_MS, drainSec * 1000);
  await Promise.race([
    Promise.all([stopListening(server, readiness), ssh?.close()]),
    pause(longestMs, undefined, { ref: false }),
  ]);
}

/**
 * Resolves when no connection is left. It isn't HTTP's `server.close`, which cuts connections that wait for a request.
 */
function stopListening(server: Server, readiness: Readiness): Promise<void> {
  readiness.closed ??= new Promise((resolve) => NetServer.prototype.close.call(server, () => resolve()));
  return readiness.closed;
}
