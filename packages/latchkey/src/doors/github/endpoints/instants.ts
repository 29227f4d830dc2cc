/** Instants that clients write. */
import { problem } from '../../../base/errors.ts';
import type { UnixSeconds } from '../../../base/time.ts';

/** ISO 8601 with a time zone, in the years 1970 to 9999, as unix seconds. @throws Problem for anything else. */
export function instantOf(text: string, field: string): UnixSeconds {
  const at = /^\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:?\d{2}))?$/.test(text)
    ? Date.parse(text)
    : Number.NaN;
  if (Number.isNaN(at) || at < 0)
    throw problem('invalid', `${field} is an instant in ISO 8601: 2026-11-21T08:00:00Z.`, field);
  return Math.floor(at / 1000);
}
