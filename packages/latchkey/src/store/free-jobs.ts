/**
 * Jobs that nobody has, and of those the ones that a runner has places for.
 */
import type { ExpressionBuilder } from 'kysely';
import type { UnixSeconds } from '../base/time.ts';
import type { Query } from './db.ts';
import type { Database } from './schema.ts';

/** A lease that ends later than this was taken with a clock that was ahead: no runner asks for this much. */
const LONGEST_LEASE_SEC = 3_600;

/** True for jobs that can be taken now. */
export const isFree = (at: UnixSeconds) => (row: ExpressionBuilder<Database, 'jobs'>) =>
  row.and([
    row('state', '=', 'waiting'),
    row('run_at', '<=', at),
    row.or([row('leased_until', '<=', at), row('leased_until', '>', at + LONGEST_LEASE_SEC)]),
  ]);

/** Since when the job that waits longest for a runner is due; null when none is. */
export async function oldestFreeJob(q: Query, at: UnixSeconds): Promise<UnixSeconds | null> {
  const row = await q
    .selectFrom('jobs')
    .select((job) => job.fn.min<UnixSeconds | null>('run_at').as('since'))
    .where(isFree(at))
    .executeTakeFirstOrThrow();
  return row.since;
}

/** Lanes that a runner has places for. */
export interface WantedLanes {
  /** Jobs of no lane. */
  readonly none: boolean;
  readonly named: readonly string[];
  /** All lanes but these; null = only those that are named. */
  readonly others: { readonly except: readonly string[] } | null;
}

/** What a runner has places for: asked again and again while places are taken. */
export interface WantedJobs {
  /** How many jobs at most. */
  most(): number;
  lanes(): WantedLanes;
  /** Takes a place for a job of this lane; false when there is none any more. */
  take(lane: string | null): boolean;
}

/**
 * The jobs of these kinds that can be taken now, the longest due first. Jobs in a lane without a place are skipped,
 * however many there are.
 */
export async function freeJobs(
  q: Query,
  kinds: readonly string[],
  at: UnixSeconds,
  wanted: WantedJobs,
): Promise<number[]> {
  const ids: number[] = [];
  for (;;) {
    const [most, lanes] = [wanted.most(), wanted.lanes()];
    if (!lanes.none && lanes.named.length === 0 && lanes.others === null) return ids;
    const rows = await q
      .selectFrom('jobs')
      .select(['id', 'lane'])
      .where(isFree(at))
      .where('kind', 'in', kinds)
      .where(isOfLane(lanes))
      .$if(ids.length > 0, (query) => query.where('id', 'not in', ids))
      .orderBy('run_at')
      .orderBy('id')
      .limit(most)
      .execute();
    for (const { id, lane } of rows) if (wanted.take(lane)) ids.push(id);
    if (rows.length < most) return ids;
  }
}

const isOfLane =
  ({ none, named, others }: WantedLanes) =>
  (row: ExpressionBuilder<Database, 'jobs'>) =>
    row.or([
      ...(none ? [row('lane', 'is', null)] : []),
      ...(named.length > 0 ? [row('lane', 'in', named)] : []),
      ...(others === null ? [] : [row('lane', 'is not', null)]).map((any) =>
        others === null || others.except.length === 0 ? any : row.and([any, row('lane', 'not in', others.except)]),
      ),
    ]);
