/**
 * Limits connections, in total and per network, so that nobody takes the last descriptor: connections beyond the
 * limit get a 503 at once, except for a few places reserved for health checks and administrators.
 *
 * Invariant: at most `limit` connections are served, and at most twice `reserve` more for a moment; at most `ofNetwork`
 * from one network. Trusted proxies, including this machine, bring many clients, so they count only toward the total.
 * Invariant: whoever says nothing, or not soon, keeps no place in the reserve from somebody who comes later.
 * Never: an idle connection kept while others are turned away. When it gets crowded, connections that sent nothing or
 * have been answered are closed.
 */

import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import { includesAddress, networkOf } from '../address.ts';
import { STANDING_LINES } from '../requests/standing-headers.ts';
import { OUTAGES } from './outage.ts';

/** A connection in a reserved place must send its request within this time. */
const RESERVE_WAIT_MS = 2_000;
/** After this time, one that hasn't sent all of its request gives way to the next. */
const DAWDLE_MS = 250;
/** Under load, connections that have sent nothing for this long are ended. */
const SILENT_MS = 5_000;
/** How long a rejected client has to read the reason, if there are few of them. */
const TURNED_AWAY_MS = 500;
const RELIEVE_EVERY_MS = 1_000;

/** Requests the reserve is for: health checks, and the pages that administrators open when something is wrong. */
const RESERVED = /^\/(?:healthz|readyz|login|sudo|instance|assets)(?:[/?]|$)/;

const { sentence, retryAfterSec } = OUTAGES.descriptors_exhausted;
const TURNED_AWAY = [
  'HTTP/1.1 503 Service Unavailable',
  'Content-Type: text/plain; charset=utf-8',
  `Content-Length: ${sentence.length + 1}`,
  `Retry-After: ${retryAfterSec}`,
  'X-Latchkey-Reason: descriptors_exhausted',
  'Connection: close',
  ...STANDING_LINES,
  '',
  `${sentence}\n`,
].join('\r\n');

export type TurnedAwayFor = 'all' | 'network';

export interface ConnectionBounds {
  readonly limit: number;
  readonly ofNetwork: number;
  readonly reserve: number;
  /** Networks whose connections carry many clients. */
  readonly trustedProxies: readonly string[];
  /** False when a connection begins with TLS, so that nothing can be sent before it. */
  readonly isPlain: boolean;
  /** Called when a connection is rejected. */
  readonly onTurnedAway: (why: TurnedAwayFor) => void;
}

/** A connection in a reserved place. `asks`: its request has come. `yields`: it may be closed for the next. */
interface Reserved {
  readonly socket: Socket;
  readonly since: number;
  asks: boolean;
  yields: boolean;
}

export class Connections {
  readonly #bounds: ConnectionBounds;
  /** Open connections, each with its start time by `performance.now()`. */
  readonly #open = new Map<Socket, number>();
  /** Of those with TLS, what is inside, each with the time of its handshake. */
  readonly #inside = new Map<Socket, number>();
  readonly #ofNetwork = new Map<string, number>();
  /** Connections in reserved places, by address and port: with TLS, the request arrives on another object. */
  readonly #reserved = new Map<string, Reserved>();
  readonly #turnedAway: Record<TurnedAwayFor, number> = { all: 0, network: 0 };
  #leaving = 0;
  #relievedAt = 0;

  constructor(bounds: ConnectionBounds) {
    this.#bounds = bounds;
  }

  /** Connections open now. */
  get size(): number {
    return this.#open.size;
  }

  /** How many were rejected since the start. */
  get turnedAway(): Readonly<Record<TurnedAwayFor, number>> {
    return this.#turnedAway;
  }

  /** Watches a server from now on. */
  watch(server: Server): void {
    server.prependListener('connection', (socket: Socket) => this.#admit(server, socket));
    server.on('secureConnection', (socket: Socket) => {
      this.#inside.set(socket, performance.now());
      socket.once('close', () => this.#inside.delete(socket));
    });
  }

  /**
   * Ends connections with nothing left to do: those that were answered, and those that have sent nothing for
   * `silentMs`. Node counts the latter as busy, since it waits for their first request.
   */
  endIdle(server: Server, silentMs: number): void {
    server.closeIdleConnections();
    const now = performance.now();
    const silent = [...this.#open, ...this.#inside].filter(
      ([socket, since]) => socket.bytesRead === 0 && now - since > silentMs,
    );
    // A process that was held up has to read first what came meanwhile.
    setImmediate(() => {
      for (const [socket] of silent) if (socket.bytesRead === 0) socket.destroy();
    });
  }

  /** True when a request may not be served: it came in a reserved place but isn't what the reserve is for. */
  refuses(socket: Socket, url: string): boolean {
    const reserved = this.#reserved.size === 0 ? undefined : this.#reserved.get(endpointOf(socket));
    if (reserved === undefined) return false;
    reserved.asks = true;
    return !RESERVED.test(url);
  }

  /** True for a connection that must end after its next answer. */
  mustEnd(socket: Socket): boolean {
    return this.#reserved.size > 0 && this.#reserved.has(endpointOf(socket));
  }

  #admit(server: Server, socket: Socket): void {
    const { limit, reserve, ofNetwork } = this.#bounds;
    const address = socket.remoteAddress ?? '';
    const network = includesAddress(this.#bounds.trustedProxies, address) ? null : networkOf(address);
    if (network !== null && (this.#ofNetwork.get(network) ?? 0) >= ofNetwork) return this.#turnAway(socket, 'network');
    const isCrowded = this.#open.size >= limit;
    if (isCrowded) this.#relieve(server);
    if (this.#open.size >= limit + reserve && !this.#makeOneYield()) return this.#turnAway(socket, 'all');
    this.#open.set(socket, performance.now());
    if (network !== null) this.#ofNetwork.set(network, (this.#ofNetwork.get(network) ?? 0) + 1);
    const endpoint = isCrowded ? endpointOf(socket) : null;
    if (endpoint !== null) this.#keepShort(socket, endpoint);
    socket.once('close', () => {
      this.#open.delete(socket);
      if (endpoint !== null) this.#reserved.delete(endpoint);
      if (network !== null) this.#leave(network);
    });
  }

  #keepShort(socket: Socket, endpoint: string): void {
    this.#reserved.set(endpoint, { socket, since: performance.now(), asks: false, yields: false });
    const timer = setTimeout(() => {
      if (socket.bytesWritten === 0) socket.destroy();
    }, RESERVE_WAIT_MS).unref();
    socket.once('close', () => clearTimeout(timer));
  }

  /** Has the longest idle connection in the reserve give up its place. False when there is none. */
  #makeOneYield(): boolean {
    const { limit, reserve } = this.#bounds;
    if (this.#open.size >= limit + 2 * reserve) return false;
    const now = performance.now();
    for (const one of this.#reserved.values()) {
      const dawdles = now - one.since > DAWDLE_MS;
      if (one.asks || one.yields || !(dawdles || one.socket.bytesRead === 0)) continue;
      one.yields = true;
      // What has come meanwhile is read first.
      setImmediate(() => {
        one.yields = false;
        if (one.asks || !(dawdles || one.socket.bytesRead === 0)) return;
        this.#count('all');
        one.socket.destroy();
      });
      return true;
    }
    return false;
  }

  #leave(network: string): void {
    const left = (this.#ofNetwork.get(network) ?? 1) - 1;
    if (left === 0) this.#ofNetwork.delete(network);
    else this.#ofNetwork.set(network, left);
  }

  #turnAway(socket: Socket, why: TurnedAwayFor): void {
    this.#count(why);
    socket.on('error', () => undefined);
    if (!this.#bounds.isPlain || this.#leaving >= this.#bounds.reserve) return void socket.destroy();
    this.#leaving++;
    const timer = setTimeout(() => socket.destroy(), TURNED_AWAY_MS).unref();
    socket.once('close', () => {
      this.#leaving--;
      clearTimeout(timer);
    });
    socket.end(TURNED_AWAY);
  }

  #count(why: TurnedAwayFor): void {
    this.#turnedAway[why]++;
    this.#bounds.onTurnedAway(why);
  }

  /** Makes room: ends idle connections that were answered, and those that have sent nothing. */
  #relieve(server: Server): void {
    const now = performance.now();
    if (now - this.#relievedAt < RELIEVE_EVERY_MS) return;
    this.#relievedAt = now;
    this.endIdle(server, SILENT_MS);
  }
}

function endpointOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress ?? ''} ${remotePort ?? ''}`;
}
