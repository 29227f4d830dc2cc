/** Submitted forms: the first of two identical submissions is carried out, the other learns where it led. */
import type { UnixSeconds } from '../base/time.ts';
import type { Query } from './db.ts';

/** Records that a form is being carried out. False when that was recorded before. */
export async function beginSubmission(q: Query, digest: string, at: UnixSeconds): Promise<boolean> {
  const row = await q
    .insertInto('form_submissions')
    .values({ digest, location: null, created_at: at })
    .onConflict((conflict) => conflict.column('digest').doNothing())
    .returning('digest')
    .executeTakeFirst();
  return row !== undefined;
}

/** Where it led; undefined when unknown, null while it runs. */
export async function submissionLocation(q: Query, digest: string): Promise<string | null | undefined> {
  const row = await q.selectFrom('form_submissions').select('location').where('digest', '=', digest).executeTakeFirst();
  return row === undefined ? undefined : row.location;
}

export async function endSubmission(q: Query, digest: string, location: string): Promise<void> {
  await q.updateTable('form_submissions').set({ location }).where('digest', '=', digest).execute();
}

/** Removes the record: the request could not be carried out, so the form may be sent again. */
export async function cancelSubmission(q: Query, digest: string): Promise<void> {
  await q.deleteFrom('form_submissions').where('digest', '=', digest).execute();
}

export async function deleteSubmissionsBefore(q: Query, at: UnixSeconds): Promise<void> {
  await q.deleteFrom('form_submissions').where('created_at', '<', at).execute();
}
