/**
 * The headers of every answer of this door.
 *
 * Source: GitHub docs "Getting started with the REST API", "Scopes for OAuth apps", "Permissions required for
 * fine-grained personal access tokens".
 */
import { createHash, randomBytes } from 'node:crypto';
import type { Allowance } from '../../actions/ground/rate-limit.ts';
import type { UnixSeconds } from '../../base/time.ts';
import type { Need } from '../../catalogue/needs.ts';
import { acceptedPermissions } from '../../catalogue/needs.ts';
import type { TokenRecord } from '../../rules/model.ts';

/** Versions of the API that a client may request; the first is the default. */
export const OLDEST_VERSION = '2022-11-28';
export const API_VERSIONS: readonly string[] = [OLDEST_VERSION, '2026-03-10'];

/**
 * The release of GitHub Enterprise Server whose API this one is like, by which gh, Renovate and others tell what they
 * may ask. It isn't one.
 */
export const ENTERPRISE_VERSION = '3.17.0';

/** The headers of an answer that a page of another site may read. */
const EXPOSED: readonly string[] = [
  'ETag',
  'Link',
  'Location',
  'Retry-After',
  'X-OAuth-Scopes',
  'X-Accepted-OAuth-Scopes',
  'X-Accepted-GitHub-Permissions',
  'X-GitHub-Request-Id',
  'X-GitHub-SSO',
  'X-Ignored-Fields',
  'X-RateLimit-Limit',
  'X-RateLimit-Remaining',
  'X-RateLimit-Used',
  'X-RateLimit-Resource',
  'X-RateLimit-Reset',
  'github-authentication-token-expiration',
];

/** The headers of every answer, good or bad. */
export function commonHeaders(apiVersion: string): Record<string, string> {
  return {
    'X-GitHub-Request-Id': randomBytes(16).toString('hex').toUpperCase(),
    'X-GitHub-Media-Type': 'github.v3; format=json',
    'x-github-api-version-selected': apiVersion,
    'X-GitHub-Enterprise-Version': ENTERPRISE_VERSION,
    Vary: 'Accept, Authorization, Cookie, X-GitHub-OTP',
    'Cache-Control': 'private, no-cache',
    'X-Content-Type-Options': 'nosniff',
    'Access-Control-Allow-Origin': '*',
    'Access-Control-Expose-Headers': EXPOSED.join(', '),
  };
}

/**
 * What a client learns about its own token, whether allowed or refused. Clients tell fine-grained from classic ones by
 * the absence of `X-OAuth-Scopes`.
 */
export function tokenHeaders(
  { kind, scopes, expiresAt }: Pick<TokenRecord, 'kind' | 'scopes' | 'expiresAt'>,
  need: Need,
): Record<string, string> {
  return {
    ...(expiresAt === null ? {} : { 'github-authentication-token-expiration': spelled(expiresAt) }),
    ...(kind === 'fine-grained'
      ? { 'X-Accepted-GitHub-Permissions': acceptedPermissions(need) }
      : {
          'X-OAuth-Scopes': scopes.join(', '),
          'X-Accepted-OAuth-Scopes': [...(need.scopes ?? []), ...(need.alsoScopes ?? [])].join(', '),
        }),
  };
}

/** What is left of the limit (GitHub docs, "Rate limits for the REST API"). */
export function rateHeaders(
  { limit, used, remaining, resetsAt }: Allowance,
  resource: 'core' | 'graphql' = 'core',
): Record<string, string> {
  const figures = { limit, remaining, used, reset: resetsAt, resource };
  return Object.fromEntries(Object.entries(figures).map(([name, value]) => [`x-ratelimit-${name}`, String(value)]));
}

/** `2026-09-27 03:07:38 UTC` */
function spelled(at: UnixSeconds): string {
  return `${new Date(at * 1000).toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}

/** A weak validator of a body, to compare with `If-None-Match`. */
export function etagOf(body: string | Buffer): string {
  return `W/"${createHash('sha256').update(body).digest('hex')}"`;
}

/** True when the client has this body already (RFC 9110 section 13.1.2; weak comparison). */
export function isKnown(etag: string, ifNoneMatch: string | string[] | undefined): boolean {
  if (ifNoneMatch === undefined) return false;
  const plain = (tag: string): string => tag.trim().replace(/^W\//, '');
  return String(ifNoneMatch)
    .split(',')
    .some((tag) => tag.trim() === '*' || plain(tag) === plain(etag));
}
