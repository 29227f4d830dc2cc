/**
 * Who asks at this door: trusted proxies alone, and for whom.
 *
 * Invariant: nothing is believed that doesn't come directly from one.
 */
import type { Socket } from 'node:net';
import { includesAddress } from '../../base/address.ts';
import { type CallerHeaders, callerAddress, type ProxyTrust } from '../../base/requests/caller.ts';

/** Which connections come from a trusted proxy: checked once for each, since a proxy keeps its connections open. */
export class Proxies {
  readonly #trust: ProxyTrust;
  readonly #known = new WeakMap<Socket, ProxyConnection | null>();

  constructor(trust: ProxyTrust) {
    this.#trust = trust;
  }

  /** Null when it comes from somebody else. */
  at(socket: Socket): ProxyConnection | null {
    let known = this.#known.get(socket);
    if (known === undefined) {
      const peer = socket.remoteAddress ?? '';
      known = includesAddress(this.#trust.trustedProxies, peer) ? new ProxyConnection(peer, this.#trust) : null;
      this.#known.set(socket, known);
    }
    return known;
  }
}

/** A connection of a trusted proxy, with the caller it named last: one client's requests often follow each other. */
class ProxyConnection {
  readonly #peer: string;
  readonly #trust: ProxyTrust;
  #named: CallerHeaders = {};
  #caller: string;

  constructor(peer: string, trust: ProxyTrust) {
    this.#peer = peer;
    this.#trust = trust;
    this.#caller = callerAddress(peer, {}, trust);
  }

  callerOf(named: CallerHeaders): string {
    const { forwarded, 'x-forwarded-for': forwardedFor } = named;
    if (forwarded !== this.#named.forwarded || forwardedFor !== this.#named['x-forwarded-for']) {
      this.#caller = callerAddress(this.#peer, named, this.#trust);
      this.#named = named;
    }
    return this.#caller;
  }
}
