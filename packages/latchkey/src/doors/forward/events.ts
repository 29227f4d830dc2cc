/**
 * The stream of changes (server-sent events, WHATWG HTML section 9.2), which tells a service that caches answers that
 * one may be stale.
 *
 * One event per change to anyone's rights; its id is the store's revision. A client that reconnects and gets the id
 * it saw last has missed nothing, so nothing needs to be stored for it. An event says that something changed, never
 * what, so it reveals nothing to anybody.
 * Invariant: a change is reported within `LOOK_EVERY_MS`, on whichever node it happened, while the stream lives; a
 * stream that was silent for longer than `HEARTBEAT_MS` is dead.
 */

import type { ServerResponse } from 'node:http';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Context } from '../../actions/ground/context.ts';

/** How often the revision is read while somebody listens: a few microseconds on SQLite, one query on PostgreSQL. */
const LOOK_EVERY_MS = 200;
const HEARTBEAT_MS = 1_000;
/** Streams beyond this are refused with 503. */
const MAX_STREAMS = 1_000;

/** A handler that begins a stream. The caller has authenticated. */
export function makeEvents(
  ctx: Context,
  closing: AbortSignal,
): (request: FastifyRequest, reply: FastifyReply) => Promise<FastifyReply> {
  const streams = new Streams(ctx);
  closing.addEventListener('abort', () => streams.endAll(), { once: true });
  return async (_request, reply) => {
    if (streams.size >= MAX_STREAMS || closing.aborted) {
      const words = {
        error: 'temporarily_unavailable',
        error_description: 'There are as many listeners as this server takes.',
      };
      return reply.code(503).header('Retry-After', '5').send(words);
    }
    const revision = await ctx.store.revision();
    reply.hijack();
    reply.raw.writeHead(200, {
      'Content-Type': 'text/event-stream',
      'Cache-Control': 'no-store',
      'X-Accel-Buffering': 'no',
    });
    streams.add(reply.raw, revision);
    return reply;
  };
}

class Streams {
  readonly #ctx: Context;
  /** With the revision that each was last told. */
  readonly #open = new Map<ServerResponse, number>();
  #timer: NodeJS.Timeout | null = null;
  #heardAt = 0;
  #looking = false;

  constructor(ctx: Context) {
    this.#ctx = ctx;
  }

  get size(): number {
    return this.#open.size;
  }

  add(response: ServerResponse, revision: number): void {
    this.#open.set(response, revision);
    response.write(`retry: 1000\n\n${eventOf(revision)}`);
    response.once('close', () => this.#remove(response));
    this.#timer ??= setInterval(() => void this.#look(), LOOK_EVERY_MS).unref();
  }

  endAll(): void {
    for (const response of this.#open.keys()) response.end();
  }

  #remove(response: ServerResponse): void {
    this.#open.delete(response);
    if (this.#open.size > 0 || this.#timer === null) return;
    clearInterval(this.#timer);
    this.#timer = null;
  }

  /** One look at a time. A slow database isn't asked twice, and listeners take a silent stream for dead. */
  async #look(): Promise<void> {
    if (this.#looking) return;
    this.#looking = true;
    try {
      const revision = await this.#ctx.store.revision();
      const now = performance.now();
      const beats = now - this.#heardAt >= HEARTBEAT_MS;
      if (beats) this.#heardAt = now;
      for (const [response, told] of this.#open) {
        if (told !== revision) response.write(eventOf(revision));
        else if (beats) response.write(': alive\n\n');
        this.#open.set(response, revision);
      }
    } catch (error) {
      this.#ctx.log.warn({ err: error }, 'the revision could not be read for those who listen');
      this.endAll();
    } finally {
      this.#looking = false;
    }
  }
}

function eventOf(revision: number): string {
  return `event: change\nid: ${revision}\ndata: {"revision":${revision}}\n\n`;
}
