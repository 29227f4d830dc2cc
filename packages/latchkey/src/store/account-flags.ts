/** What keeps somebody out of their account: suspended, disabled by their provider, locked. */
import type { UnixSeconds } from '../base/time.ts';
import type { Query } from './db.ts';
import { bumpRevision, subjectOf } from './revision.ts';

/** Suspends (`at`) or restores (null). False when nothing changed, or there is no such account. */
export async function setSuspended(tx: Query, accountId: number, at: UnixSeconds | null): Promise<boolean> {
  await bumpRevision(tx, subjectOf('account', accountId));
  const changed = await tx
    .updateTable('accounts')
    .set({ suspended_at: at })
    .where('id', '=', accountId)
    .where('suspended_at', at === null ? 'is not' : 'is', null)
    .returning('id')
    .executeTakeFirst();
  return changed !== undefined;
}

/**
 * An identity provider disables a person (`at`), or enables them again (null), with the machine accounts that are
 * theirs. False when nothing changed.
 */
export async function setDisabledByProvider(tx: Query, userId: number, at: UnixSeconds | null): Promise<boolean> {
  await bumpRevision(tx, subjectOf('account', userId));
  const changed = await tx
    .updateTable('accounts')
    .set({ disabled_by_provider_at: at })
    .where((row) => row.or([row('id', '=', userId), row('owned_by', '=', userId)]))
    .where('kind', 'in', ['user', 'machine'])
    .where('disabled_by_provider_at', at === null ? 'is not' : 'is', null)
    .returning('id')
    .execute();
  for (const { id } of changed) if (id !== userId) await bumpRevision(tx, subjectOf('account', id));
  return changed.some(({ id }) => id === userId);
}

/** Locks (`at`) or unlocks (null) a person's account. False when nothing changed. */
export async function setLocked(tx: Query, userId: number, at: UnixSeconds | null): Promise<boolean> {
  await bumpRevision(tx, subjectOf('account', userId));
  const changed = await tx
    .updateTable('accounts')
    .set({ locked_at: at, recovered_at: null })
    .where('id', '=', userId)
    .where('kind', '=', 'user')
    .where('locked_at', at === null ? 'is not' : 'is', null)
    .returning('id')
    .executeTakeFirst();
  return changed !== undefined;
}

/** The owner of a locked account chose a new password (`at`), or has to choose one again (null). */
export async function setRecovered(tx: Query, userId: number, at: UnixSeconds | null): Promise<void> {
  await tx
    .updateTable('accounts')
    .set({ recovered_at: at })
    .where('id', '=', userId)
    .where('locked_at', 'is not', null)
    .execute();
}
