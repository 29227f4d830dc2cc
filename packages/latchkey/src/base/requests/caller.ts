/**
 * Who the caller is: the connection's peer, or the client that a trusted proxy names instead.
 *
 * Source: `X-Forwarded-For` as proxies write it (addresses, `ADDRESS:PORT`, `[ADDRESS]:PORT`), and `Forwarded` of RFC
 * 7239. Both are chains to which each proxy adds its client's address.
 * Invariant: a proxy's own address never replaces a caller that it names unreadably. Such a caller is `UNKNOWN`: in
 * no address list, whatever the list says.
 */
import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import { includesAddress, plainAddress } from '../address.ts';

/** A caller that a proxy names by something that isn't an address. The word is from RFC 7239 section 6.2. */
export const UNKNOWN = 'unknown';

/** The headers in which proxies name the caller. */
export const PROXY_HEADERS = ['x-forwarded-for', 'forwarded'] as const;
export type ProxyHeader = (typeof PROXY_HEADERS)[number];

/** From the settings: who may name a caller, and how. */
export interface ProxyTrust {
  readonly trustedProxies: readonly string[];
  /** The header that the proxies are set up to write. The other one comes from the client. */
  readonly proxyHeader: ProxyHeader;
}

/** What a request says about the caller: each header's lines joined with commas. */
export type CallerHeaders = Readonly<Partial<Record<ProxyHeader, string | undefined>>>;

/** The caller of a request that arrived on a socket. */
export function callerOf({ headers, socket }: Pick<IncomingMessage, 'headers' | 'socket'>, trust: ProxyTrust): string {
  return callerAddress(socket.remoteAddress, headers as CallerHeaders, trust);
}

/**
 * The peer's own address, or, when the peer is a trusted proxy that names somebody, the last address of the chain that
 * is not itself a trusted proxy. What can't be read is `UNKNOWN`. So is a chain in the header that the proxies don't
 * write: the client wrote it.
 */
export function callerAddress(peer: string | undefined, headers: CallerHeaders, trust: ProxyTrust): string {
  const { trustedProxies, proxyHeader } = trust;
  const own = plainAddress(peer ?? '');
  const chain = headers[proxyHeader];
  const other = headers[proxyHeader === 'forwarded' ? 'x-forwarded-for' : 'forwarded'];
  if ((chain === undefined && other === undefined) || !includesAddress(trustedProxies, own)) return own;
  if (chain === undefined || other !== undefined) return UNKNOWN;
  return lastStranger(own, proxyHeader === 'forwarded' ? forwardedHops(chain) : chain.split(','), trustedProxies);
}

function lastStranger(peer: string, hops: readonly string[], trusted: readonly string[]): string {
  let caller = peer;
  for (let i = hops.length - 1; i >= 0 && includesAddress(trusted, caller); i--) {
    caller = hopAddress(hops[i] ?? '');
    if (caller === UNKNOWN) return UNKNOWN;
  }
  return caller;
}

/** An address with or without brackets and port; `UNKNOWN` for everything else. */
function hopAddress(hop: string): string {
  const text = hop.trim();
  const [, inBrackets, beforePort] = /^(?:\[([^\]]*)\]|([^:]*))(?::\d{1,5})?$/.exec(text) ?? [];
  const address = plainAddress(inBrackets ?? beforePort ?? text);
  const version = isIP(address);
  // Brackets mean IPv6; without them a colon belongs to the address.
  const isRead = inBrackets === undefined ? version !== 0 : text.includes(':') && isIP(inBrackets) === 6;
  return isRead ? address : UNKNOWN;
}

/** One `for=` of RFC 7239 section 4, its value a token or a quoted string, with the text around it. */
const PAIR = /\s*([!#$%&'*+.^`|~\w-]+)=(?:([!#$%&'*+.^`|~\w-]+)|"((?:[^"\\]|\\.)*)")\s*([;,]|$)/y;

/**
 * The `for` of each element. An element without one, or with several, names nobody; neither does an unreadable header.
 */
function forwardedHops(header: string): readonly string[] {
  const hops: string[] = [];
  let element: string[] = [];
  PAIR.lastIndex = 0;
  do {
    const [, name, token, quoted, end] = PAIR.exec(header) ?? [];
    if (name === undefined) return [UNKNOWN];
    if (name.toLowerCase() === 'for') element.push(token ?? quoted?.replace(/\\(.)/g, '$1') ?? '');
    if (end === ';') continue;
    const [only = UNKNOWN, ...others] = element;
    hops.push(others.length === 0 ? only : UNKNOWN);
    element = [];
    if (end === '') return hops;
  } while (PAIR.lastIndex < header.length);
  return [UNKNOWN];
}
