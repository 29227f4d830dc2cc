/**
 * A small, very strict reverse proxy on loopback: round robin over nodes that report ready, with kept connections, and
 * no retries after a request was sent. It goes to another node only when the connection is refused.
 */
import { Agent, request as ask, createServer, get, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { onTestFinished } from 'vitest';
import { once } from '../waits.ts';

/** How often it requests `/readyz`. */
const HEALTH_EVERY_MS = 100;
const HOP_HEADERS: ReadonlySet<string> = new Set(['connection', 'keep-alive', 'transfer-encoding', 'te', 'upgrade']);

interface Upstream {
  readonly url: URL;
  readonly agent: Agent;
  isReady: boolean;
}

export interface Balancer {
  readonly url: string;
  readonly port: number;
  /** Paths that go to the node in this place while it is ready. */
  readonly pins: Map<string, number>;
  isReady(place: number): boolean;
  /** Another node takes the place. */
  replace(place: number, url: string): void;
}

/** Passes requests on to these nodes. Closed after the test. */
export async function balancer(urls: readonly string[]): Promise<Balancer> {
  const upstreams = urls.map(upstreamAt);
  const pins = new Map<string, number>();
  let turn = 0;
  const choose = (request: IncomingMessage, refused: ReadonlySet<Upstream>): Upstream | undefined => {
    const ready = upstreams.filter((one) => one.isReady && !refused.has(one));
    const pinned = upstreams[pins.get(request.url!.split('?')[0]!) ?? -1];
    return pinned !== undefined && ready.includes(pinned) ? pinned : ready[turn++ % Math.max(1, ready.length)];
  };
  const server = createServer({ requestTimeout: 0 }, (request, response) => pass(request, response, choose));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const over = new AbortController();
  const looking = lookAfter(upstreams, over.signal);
  onTestFinished(async () => {
    over.abort();
    server.closeAllConnections();
    server.close();
    await looking;
    for (const { agent } of upstreams) agent.destroy();
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    pins,
    isReady: (place) => upstreams[place]!.isReady,
    replace: (place, url) => {
      upstreams[place] = upstreamAt(url);
    },
  };
}

function upstreamAt(url: string): Upstream {
  return { url: new URL(url), agent: new Agent({ keepAlive: true }), isReady: false };
}

async function lookAfter(upstreams: readonly Upstream[], over: AbortSignal): Promise<void> {
  while (!over.aborted) {
    await Promise.all(
      upstreams.map(async (one) => {
        one.isReady = await isReady(one.url);
      }),
    );
    await pause(HEALTH_EVERY_MS, undefined, { signal: over }).catch(() => {});
  }
}

function isReady(url: URL): Promise<boolean> {
  return new Promise((resolve) => {
    const health = get(new URL('/readyz', url), { agent: false, timeout: 10_000 }, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    });
    health.on('timeout', () => health.destroy());
    health.on('error', () => resolve(false));
  });
}

type Choose = (request: IncomingMessage, refused: ReadonlySet<Upstream>) => Upstream | undefined;

function pass(
  request: IncomingMessage,
  response: ServerResponse,
  choose: Choose,
  refused: ReadonlySet<Upstream> = new Set(),
): void {
  const upstream = choose(request, refused);
  if (upstream === undefined) return fail(response, 503, 'no node is ready');
  const outgoing = ask(new URL(request.url!, upstream.url), {
    method: request.method!,
    headers: passed(request),
    agent: upstream.agent,
  });
  const begin = (): void => void request.pipe(outgoing);
  outgoing.once('socket', (socket: Socket) => {
    if (socket.connecting) socket.once('connect', begin);
    else begin();
  });
  outgoing.once('response', (answer) => {
    response.writeHead(
      answer.statusCode!,
      Object.fromEntries(Object.entries(answer.headers).filter(([name]) => !HOP_HEADERS.has(name))),
    );
    answer.pipe(response);
    answer.once('error', () => response.destroy());
  });
  outgoing.once('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'ECONNREFUSED') return pass(request, response, choose, new Set([...refused, upstream]));
    fail(
      response,
      502,
      `${request.method} ${request.url}: ${error.message}${outgoing.reusedSocket ? ' on a kept connection' : ''}`,
    );
  });
  response.once('close', () => outgoing.destroy());
}

function passed({ headers }: IncomingMessage): Record<string, string | string[]> {
  return Object.fromEntries(
    Object.entries(headers).filter(([name, value]) => !HOP_HEADERS.has(name) && value !== undefined),
  ) as Record<string, string | string[]>;
}

function fail(response: ServerResponse, status: number, words: string): void {
  if (response.headersSent) response.destroy();
  else response.writeHead(status, { 'Content-Type': 'text/plain' }).end(words);
}
