/** Retention: deletes expired data that nobody looks at: sessions, links, submitted forms. */
import { DAY_SEC } from '../../base/time.ts';
import { deleteSubmissionsBefore } from '../../store/form-submissions.ts';
import { deleteNarrowingsBefore } from '../../store/narrowings.ts';
import { deleteEndedLinks } from '../../store/one-time-links.ts';
import { deleteReservedNames } from '../../store/reserved-names.ts';
import { deleteEndedServiceSessions } from '../../store/service-sessions.ts';
import { deleteEndedSessions } from '../../store/sessions.ts';
import { deleteTokenDaysBefore } from '../../store/token-days.ts';
import type { Context } from '../ground/context.ts';
import { UNDO_SEC } from '../tokens/use/narrowing.ts';

/** How long a sent form is remembered. */
const KEEP_SUBMISSIONS_SEC = DAY_SEC;

/** How long the daily use of tokens is kept; a little more than the 90 days that their pages show. */
const KEEP_DAYS_SEC = 100 * DAY_SEC;

export async function deleteExpired({ store, clock }: Context): Promise<void> {
  const at = clock.now();
  await deleteEndedServiceSessions(store.db, at);
  await deleteEndedSessions(store.db, at);
  await deleteEndedLinks(store.db, at);
  await deleteReservedNames(store.db, at);
  await deleteSubmissionsBefore(store.db, at - KEEP_SUBMISSIONS_SEC);
  await deleteTokenDaysBefore(store.db, at - KEEP_DAYS_SEC);
  await deleteNarrowingsBefore(store.db, at - UNDO_SEC);
}
