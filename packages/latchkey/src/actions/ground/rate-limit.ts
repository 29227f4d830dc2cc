/**
 * Rate limits across all nodes: how often somebody may do something within a window of time.
 *
 * The store holds the windows. While far from a large limit, a node counts in memory and updates the store a moment
 * later; from four fifths of a limit on, and on the first use that a node sees, it asks the store first. Concurrent
 * requests share one transaction.
 *
 * Invariant: a limit below `EXACT_BELOW` is never exceeded, however many nodes there are. A larger one is exceeded at
 * most by what the other nodes haven't reported yet: 2 % of it each.
 * Invariant: the reported `remaining` is exact near the limit; elsewhere it lags behind other nodes by at most
 * `FLUSH_EVERY_MS`.
 * Invariant: without the store each node keeps counting on its own; a limit never fails a request.
 */

import type { Log } from '../../base/log.ts';
import type { MaybePromise } from '../../base/maybe-promise.ts';
import { RecentMap } from '../../base/recent-map.ts';
import type { Settings } from '../../base/settings/settings.ts';
import { type Clock, HOUR_SEC, MINUTE_SEC, type UnixSeconds } from '../../base/time.ts';
import { MAX_STEP_SEC } from '../../rules/steady-clock.ts';
import type { Store } from '../../store/db.ts';
import { addToWindows, type RateWindow, windowOf } from '../../store/rate-windows.ts';

interface BucketRow {
  readonly windowSec: number;
  /** Uses in a window; 0 = no limit. */
  readonly limit: (settings: Settings) => number;
}

/** Every limited thing, with the meaning of its key. */
export const RATE_BUCKETS = {
  /** REST calls; key: user id. GitHub's numbers (docs "Rate limits for the REST API"). */
  'api-user': { windowSec: HOUR_SEC, limit: (settings) => settings.apiRateLimit },
  /** Points of GraphQL queries; key: user id. A limit of its own beside that of REST, and as large, as on GitHub. */
  'graphql-user': { windowSec: HOUR_SEC, limit: (settings) => settings.apiRateLimit },
  /** REST calls without credentials; key: `networkOf` the address. */
  'api-address': { windowSec: HOUR_SEC, limit: (settings) => settings.anonymousRateLimit },
  /** Credentials that belong to nobody; key: `networkOf` the address. */
  'failed-credentials': { windowSec: 10 * MINUTE_SEC, limit: (settings) => settings.failedCredentialLimit },
  /** Tokens of workloads that were refused, until they are logged no more; key: `networkOf` the address. */
  'refused-exchanges': { windowSec: 10 * MINUTE_SEC, limit: () => 100 },
  /**
   * Wrong passwords and codes for one account from one network; key: both. By account alone, anybody could lock
   * somebody out.
   */
  'failed-sign-ins': { windowSec: 10 * MINUTE_SEC, limit: () => 10 },
  /** Wrong passwords and codes for any account; key: `networkOf` the address. */
  'failed-sign-ins-address': { windowSec: 10 * MINUTE_SEC, limit: () => 100 },
  /**
   * Wrong passwords and codes for one account from anywhere; only limits browsers with which the person has not signed
   * in before.
   */
  'failed-sign-ins-account': { windowSec: HOUR_SEC, limit: () => 50 },
  /** Passwords sent to Git or the API that are checked only to say why they don't work; keys as for sign-ins. */
  'password-checks': { windowSec: HOUR_SEC, limit: () => 10 },
  'password-checks-address': { windowSec: 10 * MINUTE_SEC, limit: () => 30 },
  'password-checks-account': { windowSec: HOUR_SEC, limit: () => 30 },
  /** Mails with a link that anybody may request; key: `networkOf` the address, and the address of the mail. */
  'link-mails-address': { windowSec: HOUR_SEC, limit: () => 30 },
  'link-mails': { windowSec: HOUR_SEC, limit: () => 5 },
  /** The same, requested by one person on a page or with a token; key: user id. */
  'link-mails-person': { windowSec: HOUR_SEC, limit: () => 20 },
  /** Moves of refs that a token asks its owner about; key: token id. */
  'approval-requests': { windowSec: HOUR_SEC, limit: () => 60 },
  /** Mails about moves of refs that wait for approval; key: token id. The page has the others. */
  'approval-mails': { windowSec: HOUR_SEC, limit: () => 20 },
  /** New accounts; key: `networkOf` the address. A class may sign up from one network. */
  'sign-ups-address': { windowSec: HOUR_SEC, limit: () => 60 },
  /** Calls of a directory that provisions people; key: its id. Entra stays below 25 a second. */
  provisioning: { windowSec: MINUTE_SEC, limit: () => 1500 },
  /** OAuth applications that register themselves; key: `networkOf` the address. */
  'application-registrations': { windowSec: HOUR_SEC, limit: () => 20 },
  /** Documents of OAuth applications that are read for one person; key: user id. */
  'application-documents': { windowSec: 10 * MINUTE_SEC, limit: () => 30 },
  /** Sign-ins that devices begin; key: `networkOf` the address. */
  'device-codes': { windowSec: 10 * MINUTE_SEC, limit: () => 30 },
  /** Device codes that one person types; key: user id. With 20^8 codes, ten minutes each, guessing is hopeless. */
  'device-guesses': { windowSec: 10 * MINUTE_SEC, limit: () => 30 },
} as const satisfies Record<string, BucketRow>;

/** Unless a clock was ahead, no window ends later than this from now. */
const LATEST_END_SEC = MAX_STEP_SEC + Math.max(...Object.values(RATE_BUCKETS).map(({ windowSec }) => windowSec));

export type RateBucket = keyof typeof RATE_BUCKETS;

/** Somebody's state with a limit, after the call. */
export interface Allowance {
  readonly allowed: boolean;
  readonly limit: number;
  readonly used: number;
  /** 0 or more. */
  readonly remaining: number;
  readonly resetsAt: UnixSeconds;
  /** Seconds until then, 1 or more. */
  readonly retryAfterSec: number;
}

/** The part of a context that counts. */
interface Limited {
  readonly limits: RateLimits;
}

/** Counts one use. Null when the bucket has no limit. Answers at once when memory knows enough. */
export function consumeRateLimit(
  ctx: Limited,
  bucket: RateBucket,
  key: string | number,
): MaybePromise<Allowance | null> {
  return ctx.limits.consume(bucket, String(key));
}

/** The state without counting a use: whether the next one would be allowed. Null when the bucket has no limit. */
export function peekRateLimit(ctx: Limited, bucket: RateBucket, key: string | number): MaybePromise<Allowance | null> {
  return ctx.limits.peek(bucket, String(key));
}

/** Gives a use back, as if it had never happened. For a window that has ended there is nothing to do. */
export function refundRateLimit(ctx: Limited, bucket: RateBucket, key: string | number): void {
  ctx.limits.refund(bucket, String(key));
}

/** How long uses may wait in memory before they go to the store. */
export const FLUSH_EVERY_MS = 250;
/** For smaller limits, every use is first counted in the store. */
export const EXACT_BELOW = 500;
/** The part of a limit that one node may keep to itself, and the part from which it asks the store first. */
export const PENDING_PART = 0.02;
const ASK_FIRST_FROM = 0.8;
/** Windows that a node remembers. A forgotten one is read from the store again. */
const MAX_WINDOWS = 100_000;

/** Uses of one window that the store doesn't know yet. */
interface PendingUses {
  count: number;
  readonly endsAt: UnixSeconds;
  /** Callers waiting for the answer, with their place in `count`. */
  readonly waiting: { readonly place: number; readonly resolve: (window: RateWindow) => void }[];
}

export interface RateLimitsOptions {
  readonly store: Store;
  readonly settings: Settings;
  readonly clock: Clock;
  readonly log: Log;
}

export class RateLimits {
  readonly #options: RateLimitsOptions;
  /** Windows as this node knows them, including its own pending uses. */
  readonly #windows = new RecentMap<string, RateWindow>(MAX_WINDOWS);
  #pending = new Map<string, PendingUses>();
  #sending: ReadonlyMap<string, PendingUses> = new Map();
  #timer: NodeJS.Timeout | null = null;
  #sent: Promise<void> | null = null;

  constructor(options: RateLimitsOptions) {
    this.#options = options;
  }

  /** See `consumeRateLimit`. */
  consume(bucket: RateBucket, key: string): MaybePromise<Allowance | null> {
    const { windowSec, limit: limitOf } = RATE_BUCKETS[bucket];
    const limit = limitOf(this.#options.settings);
    if (limit === 0) return null;
    const name = `${bucket} ${key}`;
    const window = this.#running(name);
    if (window !== null && window.used >= limit) return this.#allowance(limit, window.used + 1, window.endsAt);
    const pending = (this.#pending.get(name)?.count ?? 0) + (this.#sending.get(name)?.count ?? 0);
    const mayWait =
      limit >= EXACT_BELOW &&
      window !== null &&
      window.used + 1 <= limit * ASK_FIRST_FROM &&
      pending + 1 <= limit * PENDING_PART;
    const endsAt = window?.endsAt ?? this.#options.clock.now() + windowSec;
    const mine = this.#note(name, window?.used ?? 0, endsAt);
    if (mayWait) {
      this.#flushLater();
      return this.#allowance(limit, window.used + 1, endsAt);
    }
    const answer = new Promise<RateWindow>((resolve) => mine.waiting.push({ place: mine.count, resolve }));
    void this.#flush();
    return answer.then((at) => this.#allowance(limit, at.used, at.endsAt));
  }

  /** See `peekRateLimit`. */
  peek(bucket: RateBucket, key: string): MaybePromise<Allowance | null> {
    const { windowSec, limit: limitOf } = RATE_BUCKETS[bucket];
    const limit = limitOf(this.#options.settings);
    if (limit === 0) return null;
    const name = `${bucket} ${key}`;
    const { clock, store } = this.#options;
    const allowanceOf = (window: RateWindow | null): Allowance => {
      const used = Math.min(limit, window?.used ?? 0);
      return { ...this.#allowance(limit, used, window?.endsAt ?? clock.now() + windowSec), allowed: used < limit };
    };
    const known = this.#running(name);
    return known === null
      ? windowOf(store.db, name, clock.now(), clock.now() + LATEST_END_SEC).then(allowanceOf)
      : allowanceOf(known);
  }

  /** See `refundRateLimit`. */
  refund(bucket: RateBucket, key: string): void {
    const name = `${bucket} ${key}`;
    const window = this.#running(name);
    if (window === null) return;
    let pending = this.#pending.get(name);
    if (pending === undefined) this.#pending.set(name, (pending = { count: 0, endsAt: window.endsAt, waiting: [] }));
    pending.count--;
    this.#windows.set(name, { used: window.used - 1, endsAt: window.endsAt });
    this.#flushLater();
  }

  /** Sends the store what it doesn't know yet. */
  async close(): Promise<void> {
    await this.#sent;
    await this.#flush();
  }

  /** One transaction at a time: later callers go with the next. */
  #flush(): Promise<void> {
    this.#sent ??= this.#send().finally(() => {
      this.#sent = null;
      if ([...this.#pending.values()].some((pending) => pending.waiting.length > 0)) void this.#flush();
      else if (this.#pending.size > 0) this.#flushLater();
    });
    return this.#sent;
  }

  #flushLater(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = null;
      void this.#flush();
    }, FLUSH_EVERY_MS).unref();
  }

  #running(name: string): RateWindow | null {
    const window = this.#windows.get(name);
    const at = this.#options.clock.now();
    return window === undefined || window.endsAt <= at || window.endsAt > at + LATEST_END_SEC ? null : window;
  }

  #note(name: string, usedBefore: number, endsAt: UnixSeconds): PendingUses {
    let pending = this.#pending.get(name);
    if (pending === undefined) this.#pending.set(name, (pending = { count: 0, endsAt, waiting: [] }));
    pending.count++;
    if (usedBefore > 0) this.#windows.set(name, { used: usedBefore + 1, endsAt });
    return pending;
  }

  async #send(): Promise<void> {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    if (this.#pending.size === 0) return;
    const batch = this.#pending;
    this.#pending = new Map();
    this.#sending = batch;
    const { store, clock, log } = this.#options;
    const uses = [...batch].map(([key, { count, endsAt }]) => ({ key, count, endsAt }));
    let written: ReadonlyMap<string, RateWindow> = new Map();
    try {
      written = await store.transaction((tx) => addToWindows(tx, uses, clock.now(), clock.now() + LATEST_END_SEC));
    } catch (error) {
      log.warn({ err: error, windows: uses.length }, 'rate limits could not be written; this node counts by itself');
    }
    this.#sending = new Map();
    for (const [key, pending] of batch) this.#settle(key, pending, written.get(key));
  }

  #settle(key: string, pending: PendingUses, written: RateWindow | undefined): void {
    const since = this.#pending.get(key)?.count ?? 0;
    const own = this.#running(key);
    const known = written ?? { used: own === null ? pending.count : own.used - since, endsAt: pending.endsAt };
    this.#windows.set(key, { used: known.used + since, endsAt: known.endsAt });
    for (const { place, resolve } of pending.waiting)
      resolve({ used: known.used - pending.count + place, endsAt: known.endsAt });
  }

  #allowance(limit: number, used: number, resetsAt: UnixSeconds): Allowance {
    const retryAfterSec = Math.max(1, resetsAt - this.#options.clock.now());
    return {
      allowed: used <= limit,
      limit,
      used: Math.min(used, limit),
      remaining: Math.max(0, limit - used),
      resetsAt,
      retryAfterSec,
    };
  }
}
