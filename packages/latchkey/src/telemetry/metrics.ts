/**
 * What is counted for operators, and how Prometheus reads it.
 *
 * Invariant: counting takes a few nanoseconds and never fails: plain numbers here, turned into series only on
 * request.
 * Never: a label with a name, an address, a token or anything else without a small bound.
 */
import { collectDefaultMetrics, type Metric, Registry } from 'prom-client';
import type { Reason } from '../catalogue/refusals/refusals.ts';

/** The dialect a request came in. */
const DOOR_NAMES = ['forward', 'git', 'github', 'gitlab', 'web', 'other'] as const;
export type DoorName = (typeof DOOR_NAMES)[number];

/** What is counted wherever it happens, by how it ended. */
const HAPPENINGS = {
  signIn: {
    name: 'latchkey_sign_ins_total',
    help: 'Tries of people to sign in.',
    outcomes: ['succeeded', 'failed'],
  },
  mail: {
    name: 'latchkey_mails_total',
    help: 'Tries to deliver a mail: sent, kept in a file, to be tried again, given up.',
    outcomes: ['sent', 'kept', 'failed', 'given_up'],
  },
  webhook: {
    name: 'latchkey_webhook_deliveries_total',
    help: 'Deliveries of webhooks; a receiver that answers anything but 2xx, or nothing, makes one fail.',
    outcomes: ['delivered', 'failed'],
  },
} as const;
type Happening = keyof typeof HAPPENINGS;
type Outcome<H extends Happening> = (typeof HAPPENINGS)[H]['outcomes'][number];

/** How long a scrape waits for the numbers of one family: a database that hangs must not keep the others back. */
const READ_LIMIT_MS = 2_000;

/** Upper bounds of the latency histogram, in seconds. The fine ones are for checks, the coarse ones for clones. */
const LATENCY_BOUNDS_SEC = [
  0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300,
] as const;

interface Sample {
  readonly labels: Readonly<Record<string, string | number>>;
  readonly value: number;
  readonly metricName?: string;
}

/** A family of series whose numbers are read on request. */
export interface Series {
  readonly name: string;
  readonly help: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  /** How to combine the numbers of several workers: `max` where all know the same. `sum` unless set. */
  readonly aggregator?: 'sum' | 'min' | 'max';
  read(): Iterable<Sample> | Promise<Iterable<Sample>>;
}

/** A series without labels. */
export function single(
  name: string,
  help: string,
  type: 'counter' | 'gauge',
  read: () => number | Promise<number>,
): Series {
  return { name, help, type, read: async () => [{ labels: {}, value: await read() }] };
}

/** The same series, of which all workers know the same numbers. */
export function shared(series: Series): Series {
  return { ...series, aggregator: 'max' };
}

interface Latency {
  readonly buckets: number[];
  sumSec: number;
  count: number;
}

export class Metrics {
  readonly registry = new Registry();
  readonly #latencies = new Map<DoorName, Latency>(
    DOOR_NAMES.map((door) => [door, { buckets: LATENCY_BOUNDS_SEC.map(() => 0), sumSec: 0, count: 0 }]),
  );
  readonly #statuses = new Map<DoorName, number[]>(DOOR_NAMES.map((door) => [door, []]));
  readonly #allowed = new Map<DoorName, number>(DOOR_NAMES.map((door) => [door, 0]));
  readonly #refused = new Map<string, { readonly door: DoorName; readonly reason: Reason; count: number }>();
  readonly #happened = new Map<string, number>();

  constructor() {
    collectDefaultMetrics({ register: this.registry });
    this.add({
      name: 'latchkey_requests_total',
      help: 'Requests by door and class of status.',
      type: 'counter',
      read: () => this.#readStatuses(),
    });
    this.add({
      name: 'latchkey_request_seconds',
      help: 'From the arrival of the headers to the end of the answer.',
      type: 'histogram',
      read: () => this.#readLatencies(),
    });
    this.add({
      name: 'latchkey_checks_total',
      help: 'Decisions by door and reason; allowed ones have the reason "allowed".',
      type: 'counter',
      read: () => this.#readChecks(),
    });
    for (const [happening, { name, help, outcomes }] of Object.entries(HAPPENINGS))
      this.add({
        name,
        help,
        type: 'counter',
        read: () =>
          outcomes.map((outcome) => ({
            labels: { outcome },
            value: this.#happened.get(`${happening} ${outcome}`) ?? 0,
          })),
      });
  }

  /** Adds a family of series. One that can't be read, or not in time, is left out of that scrape. */
  add(series: Series): void {
    const { name, help, type, aggregator = 'sum' } = series;
    const read = async (): Promise<object> => ({
      name,
      help,
      type,
      aggregator,
      values: await inTime(series),
    });
    this.registry.registerMetric({
      name,
      help,
      type,
      aggregator,
      get: read,
      reset: () => {},
    } as unknown as Metric);
  }

  /** Counts an answer. */
  served(door: DoorName, status: number, ms: number): void {
    const classes = this.#statuses.get(door);
    const latency = this.#latencies.get(door);
    if (classes === undefined || latency === undefined) return;
    const statusClass = Math.floor(status / 100);
    classes[statusClass] = (classes[statusClass] ?? 0) + 1;
    const sec = ms / 1000;
    latency.sumSec += sec;
    latency.count++;
    for (let i = 0; i < LATENCY_BOUNDS_SEC.length; i++) {
      if (sec > (LATENCY_BOUNDS_SEC[i] ?? Number.POSITIVE_INFINITY)) continue;
      latency.buckets[i] = (latency.buckets[i] ?? 0) + 1;
      return;
    }
  }

  /** Counts something that happened. */
  happened<H extends Happening>(happening: H, outcome: Outcome<H>): void {
    const key = `${happening} ${outcome}`;
    this.#happened.set(key, (this.#happened.get(key) ?? 0) + 1);
  }

  /** Counts a decision; null = allowed. */
  decided(door: DoorName, reason: Reason | null): void {
    if (reason === null) return void this.#allowed.set(door, (this.#allowed.get(door) ?? 0) + 1);
    const key = `${door} ${reason}`;
    const refused = this.#refused.get(key);
    if (refused === undefined) this.#refused.set(key, { door, reason, count: 1 });
    else refused.count++;
  }

  *#readStatuses(): Iterable<Sample> {
    for (const [door, classes] of this.#statuses) {
      for (const [statusClass, value] of classes.entries())
        if (value !== undefined) yield { labels: { door, status: `${statusClass}xx` }, value };
    }
  }

  *#readLatencies(): Iterable<Sample> {
    for (const [door, { buckets, sumSec, count }] of this.#latencies) {
      let below = 0;
      for (const [i, bound] of LATENCY_BOUNDS_SEC.entries())
        yield {
          metricName: 'latchkey_request_seconds_bucket',
          labels: { door, le: bound },
          value: (below += buckets[i] ?? 0),
        };
      yield { metricName: 'latchkey_request_seconds_bucket', labels: { door, le: '+Inf' }, value: count };
      yield { metricName: 'latchkey_request_seconds_sum', labels: { door }, value: sumSec };
      yield { metricName: 'latchkey_request_seconds_count', labels: { door }, value: count };
    }
  }

  *#readChecks(): Iterable<Sample> {
    for (const [door, value] of this.#allowed) yield { labels: { door, reason: 'allowed' }, value };
    for (const { door, reason, count } of this.#refused.values()) yield { labels: { door, reason }, value: count };
  }
}

async function inTime(series: Series): Promise<Sample[]> {
  const { promise: late, resolve } = Promise.withResolvers<Sample[]>();
  const timer = setTimeout(() => resolve([]), READ_LIMIT_MS);
  try {
    return await Promise.race([late, Promise.resolve(series.read()).then((samples) => [...samples])]);
  } catch {
    return [];
  } finally {
    clearTimeout(timer);
  }
}
