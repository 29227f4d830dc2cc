/**
 * Runs jobs: looks for due ones, takes a few under a lease, and finishes them. Every node has one; the store makes
 * sure that each job has one runner.
 *
 * Invariant: a job that this runner has lost (its lease couldn't be renewed) is told to stop, and its outcome isn't
 * written.
 * Invariant: the runner never rejects and never stops on its own: without a database it logs, and looks again later.
 */
import { randomUUID } from 'node:crypto';
import { present } from '../../base/present.ts';
import { type Tracer, tracedAlone } from '../../base/trace.ts';
import { freeJobs } from '../../store/free-jobs.ts';
import {
  endJob,
  ensureSchedule,
  type JobEnd,
  renewJobs,
  returnJob,
  type TakenJob,
  takeJobs,
} from '../../store/jobs.ts';
import type { Context } from '../ground/context.ts';
import { handlersOf, type JobHandler, SCHEDULES } from './job-handlers.ts';
import { JobPlaces, SLOW_SEC } from './job-places.ts';

/** How often a node looks for due jobs. */
const POLL_MS = 1_000;
/** How long a job stays with a runner that gives no sign of life. */
export const LEASE_SEC = 60;
/** Leases are extended this often, so that two renewals may fail and clocks may differ by a few seconds. */
const RENEW_MS = (LEASE_SEC * 1000) / 4;
/** A job that failed this often is given up: after about eight hours. */
export const MAX_ATTEMPTS = 16;
/** How often the schedules are checked again. */
const SCHEDULE_AGAIN_SEC = 3_600;
const FIRST_RETRY_SEC = 10;
const MAX_RETRY_SEC = 3_600;

/** The pause before try number `attempts + 1`: 10 s, doubled each time, an hour at most. */
export function retryDelaySec(attempts: number): number {
  return Math.min(MAX_RETRY_SEC, FIRST_RETRY_SEC * 2 ** (attempts - 1));
}

export interface JobRunnerOptions {
  readonly handlers?: Readonly<Record<string, JobHandler<never>>>;
  readonly schedules?: readonly { readonly kind: string; readonly everySec: number; readonly atStart?: boolean }[];
  readonly pollMs?: number;
  readonly leaseSec?: number;
  /** Records each job as a root span; null or left out = none. */
  readonly tracer?: Tracer | null;
  /** Requests jobs that follow from the state of the database; called at every look. */
  readonly wake?: (ctx: Context) => Promise<void>;
}

interface Running {
  readonly job: TakenJob;
  /** When the lease ends, in unix seconds, unless it is renewed. */
  until: number;
  readonly stop: AbortController;
  readonly done: Promise<void>;
}

/** Starts a runner that runs until it is closed. */
export class JobRunner {
  readonly #ctx: Context;
  readonly #handlers: Readonly<Record<string, JobHandler<never>>>;
  readonly #schedules: NonNullable<JobRunnerOptions['schedules']>;
  readonly #id = randomUUID();
  readonly #running = new Map<number, Running>();
  readonly #places: JobPlaces;
  readonly #leaseSec: number;
  readonly #tracer: Tracer | null;
  readonly #wake: NonNullable<JobRunnerOptions['wake']>;
  readonly #timers: readonly NodeJS.Timeout[];
  #turn: Promise<void> | null = null;
  /** By the stopwatch. */
  #scheduledAt = -Infinity;
  #agreed = true;
  #lookedAt = -Infinity;
  #closing = false;

  constructor(ctx: Context, options: JobRunnerOptions = {}) {
    this.#ctx = ctx;
    this.#places = new JobPlaces(() => ctx.clock.passed());
    this.#handlers = options.handlers ?? handlersOf(ctx.settings);
    this.#schedules = options.schedules ?? SCHEDULES;
    this.#leaseSec = options.leaseSec ?? LEASE_SEC;
    this.#tracer = options.tracer ?? null;
    this.#wake = options.wake ?? (async () => {});
    this.#timers = [
      setInterval(() => void this.look(), options.pollMs ?? POLL_MS).unref(),
      setInterval(() => void this.#renew(), Math.min(RENEW_MS, (this.#leaseSec * 1000) / 4)).unref(),
    ];
  }

  /** Jobs running here now. */
  get running(): number {
    return this.#running.size;
  }

  /** Looks for due jobs now and begins them. Resolves when they have begun, not when they are done. */
  look(): Promise<void> {
    this.#turn ??= this.#lookOnce()
      .catch((error: unknown) => this.#ctx.log.warn({ err: error }, 'jobs could not be looked for'))
      .finally(() => {
        this.#turn = null;
      });
    return this.#turn;
  }

  /** Begins no more jobs, waits up to `drainMs` for running ones, stops the rest and gives them back. */
  async close(drainMs: number): Promise<void> {
    this.#closing = true;
    for (const timer of this.#timers) clearInterval(timer);
    await this.#turn;
    const all = Promise.all([...this.#running.values()].map((running) => running.done));
    const { promise: late, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, drainMs);
    await Promise.race([all, late]);
    clearTimeout(timer);
    const left = [...this.#running.values()];
    for (const { stop } of left) stop.abort();
    for (const { job } of left)
      await this.#safely(() => this.#ctx.store.transaction((tx) => returnJob(tx, job.id, this.#id)));
  }

  async #lookOnce(): Promise<void> {
    const { store, clock } = this.#ctx;
    const at = clock.now();
    // A clock that was ahead, here or elsewhere, postponed every job that ran meanwhile.
    if (at < this.#lookedAt || clock.passed() > this.#scheduledAt + SCHEDULE_AGAIN_SEC) this.#scheduledAt = -Infinity;
    this.#lookedAt = at;
    if (this.#scheduledAt === -Infinity) {
      await store.transaction(async (tx) => {
        for (const schedule of this.#schedules) await ensureSchedule(tx, { ...schedule, at });
      });
      this.#scheduledAt = clock.passed();
    }
    if (this.#closing) return;
    await this.#wake(this.#ctx);
    // A plain read first, so that looking in vain takes no write lock.
    const ids = await freeJobs(store.db, Object.keys(this.#handlers), at, this.#places.wanted());
    if (ids.length === 0) return;
    if (!(await this.#clockAgrees())) return;
    const taken = await store.transaction((tx) => takeJobs(tx, ids, this.#id, at, at + this.#leaseSec));
    for (const job of taken) this.#begin(job, at + this.#leaseSec);
  }

  /** A node with a wrong clock would act at the wrong time: it leaves jobs to others. */
  async #clockAgrees(): Promise<boolean> {
    const agrees = await this.#ctx.steadyTime.agrees();
    if (!agrees && this.#agreed)
      this.#ctx.log.warn("this machine's clock differs from the database's: its jobs wait, or run on other nodes");
    this.#agreed = agrees;
    return agrees;
  }

  #begin(job: TakenJob, until: number): void {
    const stop = new AbortController();
    this.#places.take(job.id, job.lane);
    // Whoever waits by then makes room for others.
    const slow = job.lane === null ? undefined : setTimeout(() => void this.look(), SLOW_SEC * 1000).unref();
    const done = this.#run(job, stop.signal).finally(() => {
      clearTimeout(slow);
      this.#running.delete(job.id);
      this.#places.leave(job.id);
      if (!this.#closing) void this.look();
    });
    this.#running.set(job.id, { job, until, stop, done });
  }

  async #run(job: TakenJob, signal: AbortSignal): Promise<void> {
    const end = await this.#endOf(job, signal);
    if (signal.aborted) return;
    const { store, clock, log } = this.#ctx;
    if (end.failed)
      log.warn(
        { job: job.kind, id: job.id, attempts: job.attempts, reason: end.error, again: end.again },
        end.again === null ? 'a job was given up' : 'a job failed',
      );
    await this.#safely(() => store.transaction((tx) => endJob(tx, job, this.#id, end, clock.now())));
  }

  async #endOf(job: TakenJob, signal: AbortSignal): Promise<JobEnd> {
    // Attempts are counted at the start: a job that crashes the process is given up here, too.
    if (job.attempts > MAX_ATTEMPTS)
      return { failed: true, error: 'it was begun too often and never ended', again: null };
    try {
      const attributes = {
        'latchkey.job.kind': job.kind,
        'latchkey.job.id': job.id,
        'latchkey.job.attempts': job.attempts,
      };
      await tracedAlone(this.#tracer, `job ${job.kind}`, attributes, () =>
        present(this.#handlers[job.kind], `a handler of ${job.kind}`)(this.#ctx, job.payload as never, signal),
      );
      return { failed: false };
    } catch (error) {
      const again = job.attempts >= MAX_ATTEMPTS ? null : this.#ctx.clock.now() + retryDelaySec(job.attempts);
      return { failed: true, error: error instanceof Error ? error.message : String(error), again };
    }
  }

  async #renew(): Promise<void> {
    const { store, clock } = this.#ctx;
    const held = [...this.#running.values()];
    if (held.length === 0) return;
    const until = clock.now() + this.#leaseSec;
    await this.#safely(async () => {
      const kept = await store.transaction((tx) =>
        renewJobs(
          tx,
          held.map(({ job }) => job.id),
          this.#id,
          until,
        ),
      );
      for (const running of held) running.until = kept.has(running.job.id) ? until : 0;
    });
    for (const { until: ends, stop } of held) if (ends <= clock.now()) stop.abort();
  }

  async #safely(work: () => Promise<unknown>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.#ctx.log.warn({ err: error }, 'the state of a job could not be written');
    }
  }
}
