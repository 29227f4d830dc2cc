/** How the clock was when somebody last looked: one row for all nodes. What it is for: `rules/steady-clock`. */
import type { ClockMark } from '../rules/steady-clock.ts';
import type { Query } from './db.ts';

/** The mark of the last look; null before the first one. */
export async function readClockMark(q: Query): Promise<ClockMark | null> {
  const row = await q.selectFrom('clock_mark').selectAll().where('id', '=', 1).executeTakeFirst();
  return row === undefined ? null : { seenAt: row.seen_at, steadySince: row.steady_since };
}

export async function writeClockMark(tx: Query, { seenAt, steadySince }: ClockMark): Promise<void> {
  const mark = { seen_at: seenAt, steady_since: steadySince };
  await tx
    .insertInto('clock_mark')
    .values({ id: 1, ...mark })
    .onConflict((conflict) => conflict.column('id').doUpdateSet(mark))
    .execute();
}
