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

/** A caller whom a proxy names by something that is no address. RFC 7239 section 6.2 has the word. */
export const UNKNOWN = 'unknown';

/** The headers in which proxies name the caller. */
export const PROXY_HEADERS = ['x-forwarded-for', 'forwarded'] as const;
export type ProxyHeader = (typeof PROXY_HEADERS)[number];

/** Of the settings: who may name a caller, and how. */
export interface ProxyTrust {
  readonly trustedProxies: readonly string[];
  /** The header that the proxies are set to write; the other one is the client's own. */
  readonly proxyHeader: ProxyHeader;
}

/** What a request says of the caller: each header's lines joined with commas. */
export type CallerHeaders = Readonly<Partial<Record<ProxyHeader, string | undefined>>>;

/** The caller of a request that came in on a socket. */
export function callerOf({ headers, socket }: Pick<IncomingMessage, 'headers' | 'socket'>, trust: ProxyTrust): string {
  return callerAddress(socket.remoteAddress, headers as CallerHeaders, trust);
}

/**
 * The peer's own address, or, when the peer is a trusted proxy that names somebody, the last address of the chain that
 * is not a trusted proxy itself. What can't be read is `UNKNOWN`, as is a chain in the header that is not the proxies':
 * it is the client's own word.
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
  // Brackets are IPv6's; without them a colon belongs to the address.
  const isRead = inBrackets === undefined ? version !== 0 : text.includes(':') && isIP(inBrackets) === 6;
  return isRead ? address : UNKNOWN;
}

/** One `for=` of RFC 7239 section 4 with its value as a token or a quoted string, and what stands around it. */
const PAIR = /\s*([!#$%&'*+.^`|~\w-]+)=(?:([!#$%&'*+.^`|~\w-]+)|"((?:[^"\\]|\\.)*)")\s*([;,]|$)/y;

/**
 * The `for` of each element. An element without one, or with several, and a header that can't be read, names nobody.
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
