/**
 * Time as the product counts it: whole unix seconds in UTC.
 *
 * Invariant: rules and store never ask what time it is; they are told (`at`), so that a test can freeze it.
 */

/** An instant: whole seconds since 1970-01-01T00:00:00Z. Fields that hold one end in `At`. */
export type UnixSeconds = number;

/** The one place that knows the time. */
export interface Clock {
  now(): UnixSeconds;
  /** Seconds since some moment, by a stopwatch that nobody can set. It shows how far `now` was moved. */
  passed(): number;
}

export const systemClock: Clock = {
  now: () => Math.floor(Date.now() / 1000),
  passed: () => performance.now() / 1000,
};

export const MINUTE_SEC = 60;
export const HOUR_SEC = 60 * MINUTE_SEC;
export const DAY_SEC = 24 * HOUR_SEC;

/** `2026-11-21T08:00:00Z`: the form of GitHub's REST answers. */
export function isoInstant(at: UnixSeconds): string {
  return `${new Date(at * 1000).toISOString().slice(0, 19)}Z`;
}

/** `2026-11-21`, in UTC. */
export function isoDate(at: UnixSeconds): string {
  return new Date(at * 1000).toISOString().slice(0, 10);
}

/** `21 Nov 2026, 08:00 UTC`: the form of sentences for people. */
export function spokenInstant(at: UnixSeconds): string {
  return `${spokenDate(at)}, ${new Date(at * 1000).toISOString().slice(11, 16)} UTC`;
}

/** `21 Nov 2026`, in UTC. */
export function spokenDate(at: UnixSeconds): string {
  const date = new Date(at * 1000);
  const month = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'][
    date.getUTCMonth()
  ];
  return `${date.getUTCDate()} ${month} ${date.getUTCFullYear()}`;
}
