/** Second factors: the key of a person's one-time codes, and their recovery codes by digest. */
import type { UnixSeconds } from '../base/time.ts';
import type { Query } from './db.ts';

export interface SecondFactor {
  /** Base32. */
  readonly secret: string;
  /** Null while it is being set up: it counts for nothing then. */
  readonly confirmedAt: UnixSeconds | null;
}

export async function secondFactorOf(q: Query, userId: number): Promise<SecondFactor | null> {
  const row = await q
    .selectFrom('second_factors')
    .select(['secret', 'confirmed_at'])
    .where('user_id', '=', userId)
    .executeTakeFirst();
  return row === undefined ? null : { secret: row.secret, confirmedAt: row.confirmed_at };
}

/** Begins a set-up, in place of one that was not finished. */
export async function beginSecondFactor(tx: Query, userId: number, secret: string): Promise<void> {
  await tx.deleteFrom('second_factors').where('user_id', '=', userId).where('confirmed_at', 'is', null).execute();
  await tx.insertInto('second_factors').values({ user_id: userId, secret, confirmed_at: null, last_step: 0 }).execute();
}

export async function confirmSecondFactor(tx: Query, userId: number, at: UnixSeconds): Promise<void> {
  await tx.updateTable('second_factors').set({ confirmed_at: at }).where('user_id', '=', userId).execute();
}

/** Uses up a time step. False when it, or a later one, was used already: the code is a replay. */
export async function useTimeStep(tx: Query, userId: number, step: number): Promise<boolean> {
  const row = await tx
    .updateTable('second_factors')
    .set({ last_step: step })
    .where('user_id', '=', userId)
    .where('last_step', '<', step)
    .returning('user_id')
    .executeTakeFirst();
  return row !== undefined;
}

/** Takes the second factor and its recovery codes away. */
export async function deleteSecondFactor(tx: Query, userId: number): Promise<void> {
  await tx.deleteFrom('second_factors').where('user_id', '=', userId).execute();
  await tx.deleteFrom('recovery_codes').where('user_id', '=', userId).execute();
}

/** Puts new recovery codes in place of the old ones. */
export async function replaceRecoveryCodes(tx: Query, userId: number, digests: readonly string[]): Promise<void> {
  await tx.deleteFrom('recovery_codes').where('user_id', '=', userId).execute();
  await tx
    .insertInto('recovery_codes')
    .values(digests.map((digest) => ({ user_id: userId, digest })))
    .execute();
}

/** Uses a recovery code up. False when it is none, or was used. */
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

/** How many recovery codes are left. */
export async function countRecoveryCodes(q: Query, userId: number): Promise<number> {
  const { left } = await q
    .selectFrom('recovery_codes')
    .select((row) => row.fn.countAll<number>().as('left'))
    .where('user_id', '=', userId)
    .where('used_at', 'is', null)
    .executeTakeFirstOrThrow();
  return Number(left);
}
