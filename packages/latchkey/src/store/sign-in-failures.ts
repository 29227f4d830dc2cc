/** Counts of failed sign-ins, each by a subject and for a while. Not part of any change, so that a refused attempt counts, too. */
import type { UnixSeconds } from '../base/time.ts';
import type { Query } from './db.ts';

/** How often each subject failed lately; those that did not are missing. */
export async function failuresOf(q: Query, subjects: readonly string[], at: UnixSeconds): Promise<Map<string, number>> {
  const rows = await q.selectFrom('sign_in_failures').select(['subject', 'failures']).where('subject', 'in', subjects).where('ends_at', '>', at).execute();
  return new Map(rows.map((row) => [row.subject, row.failures]));
}

/** Counts one more. The first of a row begins a window that ends at `endsAt`. */
export async function countFailure(q: Query, subject: string, at: UnixSeconds, endsAt: UnixSeconds): Promise<void> {
  await q.deleteFrom('sign_in_failures').where('subject', '=', subject).where('ends_at', '<=', at).execute();
  await q.insertInto('sign_in_failures').values({ subject, failures: 1, ends_at: endsAt })
    .onConflict((conflict) => conflict.column('subject').doUpdateSet((row) => ({ failures: row('sign_in_failures.failures', '+', 1) }))).execute();
}

/** Forgets the failures of a subject. */
export async function forgetFailures(q: Query, subject: string): Promise<void> {
  await q.deleteFrom('sign_in_failures').where('subject', '=', subject).execute();
}

/** Forgets windows that have ended. */
export async function deleteEndedFailures(q: Query, at: UnixSeconds): Promise<void> {
  await q.deleteFrom('sign_in_failures').where('ends_at', '<=', at).execute();
}
