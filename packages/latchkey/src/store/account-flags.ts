/**
 * What keeps somebody out of their account: suspended, disabled by their provider, locked.
 *
 * Invariant: what closes a person's account closes the machine accounts that are theirs, for as long as it stands. It
 * is read with them, never copied: a machine that was suspended on its own stays so when its person is restored.
 */
import type { UnixSeconds } from '../base/time.ts';
import type { Query } from './db.ts';
import { bumpRevision, subjectOf } from './revision.ts';

/** The flags of one account. */
export interface ClosingFlags {
  readonly suspendedAt: UnixSeconds | null;
  readonly disabledByProviderAt: UnixSeconds | null;
  readonly lockedAt: UnixSeconds | null;
}

/** The flags that count: an account's own, then those of the person whose machine it is (null = it is nobody's). */
export function flagsWith(own: ClosingFlags, person: ClosingFlags | null): ClosingFlags {
  return {
    suspendedAt: own.suspendedAt ?? person?.suspendedAt ?? null,
    disabledByProviderAt: own.disabledByProviderAt ?? person?.disabledByProviderAt ?? null,
    lockedAt: own.lockedAt ?? person?.lockedAt ?? null,
  };
}

/** Makes everybody forget what they remember of an account, and of the machines that are its own. */
async function bumpWithMachines(tx: Query, id: number): Promise<void> {
  const machines = await tx.selectFrom('accounts').select('id').where('owned_by', '=', id).execute();
  await bumpRevision(tx, ...[id, ...machines.map((machine) => machine.id)].map((each) => subjectOf('account', each)));
}

/** Suspends (`at`) or restores (null). False when nothing changed, or there is no such account. */
export async function setSuspended(tx: Query, accountId: number, at: UnixSeconds | null): Promise<boolean> {
  await bumpWithMachines(tx, accountId);
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
 * An identity provider disables a person (`at`), or enables them again (null), by its own word: no sign-in lifts it.
 * False when nothing changed, or there is no such person.
 */
export async function setDisabledByProvider(tx: Query, userId: number, at: UnixSeconds | null): Promise<boolean> {
  await bumpWithMachines(tx, userId);
  await tx.updateTable('external_identities').set({ frozen_at: null }).where('user_id', '=', userId).execute();
  const changed = await tx
    .updateTable('accounts')
    .set({ disabled_by_provider_at: at })
    .where('id', '=', userId)
    .where('disabled_by_provider_at', at === null ? 'is not' : 'is', null)
    .returning('id')
    .executeTakeFirst();
  return changed !== undefined;
}

/**
 * Disables the person of an identity until they sign in by it again. False when their provider has disabled them
 * already: then that stays as it is.
 */
export async function freezeByIdentity(
  tx: Query,
  { id, userId }: { readonly id: number; readonly userId: number },
  at: UnixSeconds,
): Promise<boolean> {
  const before = await tx
    .selectFrom('accounts')
    .select('disabled_by_provider_at')
    .where('id', '=', userId)
    .executeTakeFirst();
  if (before?.disabled_by_provider_at !== null || !(await setDisabledByProvider(tx, userId, at))) return false;
  await tx.updateTable('external_identities').set({ frozen_at: at }).where('id', '=', id).execute();
  return true;
}

/** Locks (`at`) or unlocks (null) a person's account. False when nothing changed. */
export async function setLocked(tx: Query, userId: number, at: UnixSeconds | null): Promise<boolean> {
  await bumpWithMachines(tx, userId);
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
