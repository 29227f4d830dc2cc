/** Second factors: the sealed key of a person's one-time codes, and their recovery codes by digest. */
import type { Sealed } from '../base/sealing/sealed-text.ts';
import type { UnixSeconds } from '../base/time.ts';
import type { Query } from './db.ts';

/** The sealed key of a person's authenticator app; null when there is none. */
export async function authenticatorKeyOf(q: Query, userId: number): Promise<Sealed | null> {
  const row = await q
    .selectFrom('second_factors')
    .select('secret')
    .where('user_id', '=', userId)
    .where('confirmed_at', 'is not', null)
    .executeTakeFirst();
  return row?.secret ?? null;
}

export interface NewAuthenticator {
  /** Base32, sealed. */
  readonly key: Sealed;
  readonly at: UnixSeconds;
  /** The time step of the code that confirmed it, which is used up. */
  readonly step: number;
}

/**
 * Adds a person's authenticator app.
 * @throws a unique violation when they have one
 */
export async function insertAuthenticator(tx: Query, userId: number, app: NewAuthenticator): Promise<void> {
  await tx
    .insertInto('second_factors')
    .values({ user_id: userId, secret: app.key, confirmed_at: app.at, last_step: app.step })
    .execute();
}

/**
 * Uses up a time step. False when it, or a later one, was used already: the code is a replay. `latest`: a step after
 * this was used with a clock that was ahead, and must not keep its owner out until then.
 */
export async function useTimeStep(tx: Query, userId: number, step: number, latest: number): Promise<boolean> {
  const row = await tx
    .updateTable('second_factors')
    .set({ last_step: step })
    .where('user_id', '=', userId)
    .where((row) => row.or([row('last_step', '<', step), row('last_step', '>', latest)]))
    .returning('user_id')
    .executeTakeFirst();
  return row !== undefined;
}

/** Removes every second factor: the app, the recovery codes, the passkeys. */
export async function deleteSecondFactor(tx: Query, userId: number): Promise<void> {
  await tx.deleteFrom('second_factors').where('user_id', '=', userId).execute();
  await tx.deleteFrom('recovery_codes').where('user_id', '=', userId).execute();
  await tx.deleteFrom('passkeys').where('user_id', '=', userId).execute();
}

/** Replaces the recovery codes with new ones. */
export async function replaceRecoveryCodes(tx: Query, userId: number, digests: readonly string[]): Promise<void> {
  await tx.deleteFrom('recovery_codes').where('user_id', '=', userId).execute();
  await tx
    .insertInto('recovery_codes')
    .values(digests.map((digest) => ({ user_id: userId, digest, is_long: 1 as const })))
    .execute();
}

/** Uses up a recovery code. False when it isn't one, or was used. */
export async function useRecoveryCode(tx: Query, userId: number, digest: string, at: UnixSeconds): Promise<boolean> {
  const row = await tx
    .updateTable('recovery_codes')
    .set({ used_at: at })
    .where('user_id', '=', userId)
    .where('digest', '=', digest)
    .where('used_at', 'is', null)
    .returning('digest')
    .executeTakeFirst();
  return row !== undefined;
}

/** How many recovery codes are left, and how many of them are of the earlier, short kind. */
export async function countRecoveryCodes(q: Query, userId: number): Promise<{ left: number; short: number }> {
  const rows = await q
    .selectFrom('recovery_codes')
    .select('is_long')
    .where('user_id', '=', userId)
    .where('used_at', 'is', null)
    .execute();
  return { left: rows.length, short: rows.filter(({ is_long: isLong }) => isLong === 0).length };
}
