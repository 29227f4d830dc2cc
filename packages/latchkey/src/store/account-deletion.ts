/** The end of an account in the store. */
import type { UnixSeconds } from '../base/time.ts';
import type { Account } from './accounts.ts';
import type { Query } from './db.ts';
import { reserveName } from './reserved-names.ts';
import { bumpRevision } from './revision.ts';

/**
 * Deletes an account with its memberships, e-mail addresses, tokens and machine accounts, and everybody's grants for
 * it. False when there is none. Its name, and theirs, are kept from everybody until `reservedUntil`.
 * @throws a foreign-key violation while it owns repositories
 */
export async function deleteAccount(
  tx: Query,
  { id, login }: Pick<Account, 'id' | 'login'>,
  reservedUntil: UnixSeconds,
): Promise<boolean> {
  await bumpRevision(tx);
  const machines = await tx.selectFrom('accounts').select(['id', 'login']).where('owned_by', '=', id).execute();
  for (const machine of machines) await deleteAccount(tx, machine, reservedUntil);
  await tx.deleteFrom('grants').where('owner_id', '=', id).execute();
  await tx.deleteFrom('policies').where('account_id', '=', id).execute();
  const deleted = await tx.deleteFrom('accounts').where('id', '=', id).returning('id').executeTakeFirst();
  if (deleted === undefined) return false;
  await reserveName(tx, login, reservedUntil);
  return true;
}
