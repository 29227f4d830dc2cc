/**
 * What is wrong with a request before any door reads it: an HTTP version we don't speak, no host or two, two callers.
 *
 * Source: RFC 9112 section 3.2 (a request with several `Host` lines, or none, is a 400), RFC 9110 section 2.5
 * (versions). Node takes the first host, refuses none without words or headers of ours, and accepts HTTP/0.9; a proxy
 * in front may have taken the other host.
 * Invariant: one pass over the raw headers, which rules nearly all of them out by length: every request comes through
 * here.
 */
import type { IncomingMessage } from 'node:http';
import { includesAddress } from '../address.ts';
import type { ProxyTrust } from './caller.ts';

/** Each in words for the sender. */
export const FORM_ERRORS = {
  version_unknown: 'This server speaks HTTP/1.1.',
  host_missing: 'The request has no Host header.',
  host_twice: 'The request has more than one Host header.',
  caller_twice:
    'The request names its caller both in X-Forwarded-For and in Forwarded. The proxy must take out the one that ' +
    'it does not write.',
} as const;

export type FormError = keyof typeof FORM_ERRORS;

/** Null when the request may go on. Two callers are an error only from a trusted proxy: nobody else's word counts. */
export function formErrorIn(request: IncomingMessage, trust: ProxyTrust): FormError | null {
  if (request.httpVersionMajor !== 1) return 'version_unknown';
  const { rawHeaders } = request;
  let hosts = 0;
  let chains = 0;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] ?? '';
    if (name.length === 4) hosts += isNamed(name, 'host') ? 1 : 0;
    else if (name.length === 9) chains |= isNamed(name, 'forwarded') ? 1 : 0;
    else if (name.length === 15) chains |= isNamed(name, 'x-forwarded-for') ? 2 : 0;
  }
  if (hosts !== 1) return hosts > 1 ? 'host_twice' : request.httpVersionMinor === 0 ? null : 'host_missing';
  const isTwice = chains === 3 && includesAddress(trust.trustedProxies, request.socket.remoteAddress ?? '');
  return isTwice ? 'caller_twice' : null;
}

function isNamed(candidate: string, name: string): boolean {
  return candidate === name || candidate.toLowerCase() === name;
}
