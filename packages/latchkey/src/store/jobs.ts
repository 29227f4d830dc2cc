/**
 * Jobs: rows that say what remains to be done, and who is doing it.
 *
 * Invariant: at most one runner has a job at a time. Compare-and-set gives it a lease that expires on its own; what
 * it writes at the end counts only while it still has the lease. If its runner dies, a job is free again when the
 * lease expires. Leases are in the nodes' own unix seconds: clocks may differ by less than the lease minus its
 * renewal (`actions/instance/job-runner`).
 */
import type { Selectable } from 'kysely';
import type { UnixSeconds } from '../base/time.ts';
import type { Query } from './db.ts';
import { isFree } from './free-jobs.ts';
import type { JobsTable } from './schema.ts';

/** Longer failure messages are cut. */
const MAX_ERROR_LENGTH = 500;

export interface NewJob {
  readonly kind: string;
  readonly payload: unknown;
  readonly runAt: UnixSeconds;
  readonly uniqueKey: string | null;
  /** Whom it waits for: jobs in one lane get few of a runner's places, since they may hang together. Null = nobody. */
  readonly lane?: string | null;
  readonly at: UnixSeconds;
}

/** A job that a runner has taken. */
export interface TakenJob {
  readonly id: number;
  readonly kind: string;
  readonly payload: unknown;
  readonly attempts: number;
  readonly edition: number;
  readonly everySec: number | null;
  readonly lane: string | null;
}

/** How a run ended. `again` is when to retry a failed one; null gives it up. */
export type JobEnd =
  | { readonly failed: false }
  | { readonly failed: true; readonly error: string; readonly again: UnixSeconds | null };

/**
 * Adds a job. If one with its key is waiting, that one takes the newer payload and the earlier time; if one is running,
 * it will run once more.
 */
export async function insertJob(tx: Query, job: NewJob): Promise<void> {
  await tx
    .insertInto('jobs')
    .values({
      kind: job.kind,
      payload_json: JSON.stringify(job.payload),
      unique_key: job.uniqueKey,
      lane: job.lane ?? null,
      state: 'waiting',
      run_at: job.runAt,
      created_at: job.at,
    })
    .onConflict((conflict) =>
      conflict.column('unique_key').doUpdateSet((row) => ({
        payload_json: row.ref('excluded.payload_json'),
        state: 'waiting',
        run_at: row
          .case()
          .when(row.and([row('jobs.state', '=', 'waiting'), row('jobs.run_at', '<', row.ref('excluded.run_at'))]))
          .then(row.ref('jobs.run_at'))
          .else(row.ref('excluded.run_at'))
          .end(),
        attempts: row.case().when('jobs.state', '=', 'dead').then(0).else(row.ref('jobs.attempts')).end(),
        edition: row('jobs.edition', '+', 1),
      })),
    )
    .execute();
}

/**
 * Makes sure that a job runs at this interval. A new job is due at once; so is one that waits longer than the interval,
 * because a clock that was ahead postponed it. `atStart`: due now in any case.
 */
export async function ensureSchedule(
  tx: Query,
  schedule: { kind: string; everySec: number; atStart?: boolean; at: UnixSeconds },
): Promise<void> {
  await tx
    .insertInto('jobs')
    .values({
      kind: schedule.kind,
      payload_json: 'null',
      unique_key: `schedule ${schedule.kind}`,
      state: 'waiting',
      run_at: schedule.at,
      every_sec: schedule.everySec,
      created_at: schedule.at,
    })
    .onConflict((conflict) =>
      conflict.column('unique_key').doUpdateSet((row) => ({
        every_sec: schedule.everySec,
        run_at: row
          .case()
          .when('jobs.run_at', '>', schedule.atStart === true ? schedule.at : schedule.at + schedule.everySec)
          .then(schedule.at)
          .else(row.ref('jobs.run_at'))
          .end(),
      })),
    )
    .execute();
}

/** Takes the jobs that are still free, until `until`. */
export async function takeJobs(
  tx: Query,
  ids: readonly number[],
  runner: string,
  at: UnixSeconds,
  until: UnixSeconds,
): Promise<TakenJob[]> {
  const rows = await tx
    .updateTable('jobs')
    .set((row) => ({ leased_by: runner, leased_until: until, attempts: row('attempts', '+', 1) }))
    .where('id', 'in', ids)
    .where(isFree(at))
    .returningAll()
    .execute();
  return rows.map(takenOf);
}

/** Extends the runner's leases; returns the ids of the jobs it still has. */
export async function renewJobs(
  tx: Query,
  ids: readonly number[],
  runner: string,
  until: UnixSeconds,
): Promise<Set<number>> {
  const rows = await tx
    .updateTable('jobs')
    .set({ leased_until: until })
    .where('id', 'in', ids)
    .where('leased_by', '=', runner)
    .returning('id')
    .execute();
  return new Set(rows.map((row) => row.id));
}

/** Gives a job back unfinished; anybody may take it at once. The attempt doesn't count. */
export async function returnJob(tx: Query, id: number, runner: string): Promise<void> {
  await tx
    .updateTable('jobs')
    .set((row) => ({ leased_by: null, leased_until: 0, attempts: row('attempts', '-', 1) }))
    .where('id', '=', id)
    .where('leased_by', '=', runner)
    .execute();
}

/**
 * Ends a run: a job that succeeded is removed, or waits for its next time; one that failed waits for its next try, or
 * is dead. One that was requested again meanwhile is due again. False when the runner had lost the job.
 */
export async function endJob(tx: Query, job: TakenJob, runner: string, end: JobEnd, at: UnixSeconds): Promise<boolean> {
  const row = await tx
    .selectFrom('jobs')
    .selectAll()
    .where('id', '=', job.id)
    .where('leased_by', '=', runner)
    .executeTakeFirst();
  if (row === undefined) return false;
  const next = nextOf(row, job, end, at);
  if (next === null) await tx.deleteFrom('jobs').where('id', '=', job.id).execute();
  else
    await tx
      .updateTable('jobs')
      .set({ leased_by: null, leased_until: 0, ...next })
      .where('id', '=', job.id)
      .execute();
  return true;
}

function nextOf(
  row: Selectable<JobsTable>,
  job: TakenJob,
  end: JobEnd,
  at: UnixSeconds,
): Partial<Pick<Selectable<JobsTable>, 'state' | 'run_at' | 'attempts' | 'last_error'>> | null {
  if (row.edition !== job.edition) return { attempts: 0, last_error: null };
  if (end.failed && end.again !== null) return { run_at: end.again, last_error: end.error.slice(0, MAX_ERROR_LENGTH) };
  const last_error = end.failed ? end.error.slice(0, MAX_ERROR_LENGTH) : null;
  // A recurring job is never given up: its next time is a new start. After a time without nodes it runs once, not once
  // for each missed time.
  if (row.every_sec !== null)
    return { run_at: (Math.floor(at / row.every_sec) + 1) * row.every_sec, attempts: 0, last_error };
  return end.failed ? { state: 'dead', last_error } : null;
}

/** Deletes jobs that were given up before `before`. Returns how many. */
export async function deleteDeadJobs(tx: Query, before: UnixSeconds): Promise<number> {
  const rows = await tx
    .deleteFrom('jobs')
    .where('state', '=', 'dead')
    .where('run_at', '<', before)
    .returning('id')
    .execute();
  return rows.length;
}

/** Whether the job with a key is waiting, running or given up; null when there is none. */
export async function jobState(q: Query, uniqueKey: string): Promise<'waiting' | 'dead' | null> {
  const row = await q.selectFrom('jobs').select('state').where('unique_key', '=', uniqueKey).executeTakeFirst();
  return row === undefined ? null : row.state === 'dead' ? 'dead' : 'waiting';
}

export interface JobCounts {
  readonly waiting: number;
  readonly due: number;
  readonly dead: number;
}

/** How many jobs are waiting, due and given up. */
export async function countJobs(q: Query, at: UnixSeconds): Promise<JobCounts> {
  const rows = await q
    .selectFrom('jobs')
    .select((row) => [
      'state',
      row.fn.countAll<number>().as('count'),
      row.fn.sum<number | null>(row.case().when('run_at', '<=', at).then(1).else(0).end()).as('due'),
    ])
    .groupBy('state')
    .execute();
  const of = (state: string): { count: number; due: number | null } | undefined =>
    rows.find((row) => row.state === state);
  return { waiting: of('waiting')?.count ?? 0, due: Number(of('waiting')?.due ?? 0), dead: of('dead')?.count ?? 0 };
}

function takenOf(row: Selectable<JobsTable>): TakenJob {
  return {
    id: row.id,
    kind: row.kind,
    payload: JSON.parse(row.payload_json),
    attempts: row.attempts,
    edition: row.edition,
    everySec: row.every_sec,
    lane: row.lane,
  };
}
