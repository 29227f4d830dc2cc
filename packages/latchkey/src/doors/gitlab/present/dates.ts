/** Instants as GitLab writes them. */
import { isoDate, type UnixSeconds } from '../../../base/time.ts';

/** `2026-11-21T08:00:00.000Z`; null stays null. */
export function instant(at: UnixSeconds | null): string | null {
  return at === null ? null : new Date(at * 1000).toISOString();
}

/** `2026-11-21`, in UTC; null stays null. */
export function date(at: UnixSeconds | null): string | null {
  return at === null ? null : isoDate(at);
}
