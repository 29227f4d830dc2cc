/**
 * The headers of every answer of this door. Source: GitLab docs "REST API", "Rate limits" (the names of its headers).
 */
import { randomUUID } from 'node:crypto';
import type { Allowance } from '../../actions/ground/rate-limit.ts';

/** The headers of every answer, good or bad. */
export function commonHeaders(): Record<string, string> {
  return {
    'X-Request-Id': randomUUID(),
    'Cache-Control': 'max-age=0, private, must-revalidate',
    Vary: 'Authorization, Private-Token, Origin',
    'X-Content-Type-Options': 'nosniff',
  };
}

/** The caller's state with the request limit. */
export function limitHeaders({ limit, used, remaining, resetsAt }: Allowance): Record<string, string> {
  return {
    'RateLimit-Limit': String(limit),
    'RateLimit-Observed': String(used),
    'RateLimit-Remaining': String(remaining),
    'RateLimit-Reset': String(resetsAt),
    'RateLimit-ResetTime': new Date(resetsAt * 1000).toUTCString(),
  };
}
