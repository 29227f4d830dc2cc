/**
 * People's e-mail addresses, regardless of case: many may claim one, and it belongs to the one who verified it. One per
 * person is primary.
 */
import type { UnixSeconds } from '../base/time.ts';
import { nameKey } from '../rules/names.ts';
import { demandPerson } from './account-kinds.ts';
import { type Account, accountsByIds } from './accounts.ts';
import type { Query } from './db.ts';

export interface Email {
  readonly id: number;
  readonly userId: number;
  readonly address: string;
  readonly verifiedAt: UnixSeconds | null;
  readonly primary: boolean;
  readonly createdAt: UnixSeconds;
}

export interface NewEmail {
  readonly userId: number;
  readonly address: string;
  readonly verifiedAt: UnixSeconds | null;
  readonly primary: boolean;
  readonly at: UnixSeconds;
}

/**
 * Adds an address.
 * @throws a unique violation when the person has it already, or somebody else has verified it
 */
export async function insertEmail(tx: Query, email: NewEmail): Promise<number> {
  await demandPerson(tx, email.userId);
  const { id } = await tx
    .insertInto('emails')
    .values({
      user_id: email.userId,
      address: email.address,
      address_key: nameKey(email.address),
      verified_at: email.verifiedAt,
      is_primary: email.primary ? 1 : 0,
      created_at: email.at,
    })
    .returning('id')
    .executeTakeFirstOrThrow();
  return id;
}

/** A person's addresses, the primary one first. */
export async function emailsOf(q: Query, userId: number): Promise<Email[]> {
  const rows = await q
    .selectFrom('emails')
    .selectAll()
    .where('user_id', '=', userId)
    .orderBy('is_primary', 'desc')
    .orderBy('id')
    .execute();
  return rows.map((row) => ({
    id: row.id,
    userId: row.user_id,
    address: row.address,
    verifiedAt: row.verified_at,
    primary: row.is_primary === 1,
    createdAt: row.created_at,
  }));
}

/** The id of the account that verified an address; null when none did. */
export async function holderOfVerified(q: Query, address: string): Promise<number | null> {
  const row = await q
    .selectFrom('emails')
    .select('user_id')
    .where('address_key', '=', nameKey(address))
    .where('verified_at', 'is not', null)
    .executeTakeFirst();
  return row?.user_id ?? null;
}

/**
 * Marks an address as verified. False when it already is, or is gone.
 * @throws a unique violation when somebody else has verified it
 */
export async function verifyEmail(tx: Query, emailId: number, at: UnixSeconds): Promise<boolean> {
  const changed = await tx
    .updateTable('emails')
    .set({ verified_at: at })
    .where('id', '=', emailId)
    .where('verified_at', 'is', null)
    .returning('id')
    .executeTakeFirst();
  return changed !== undefined;
}

/** Makes a person verify an address again. */
export async function unverifyEmail(tx: Query, emailId: number): Promise<void> {
  await tx.updateTable('emails').set({ verified_at: null }).where('id', '=', emailId).execute();
}

/** Makes one of a person's addresses the only primary one. */
export async function setPrimaryEmail(tx: Query, userId: number, emailId: number): Promise<void> {
  await tx
    .updateTable('emails')
    .set({ is_primary: 0 })
    .where('user_id', '=', userId)
    .where('id', '<>', emailId)
    .execute();
  await tx
    .updateTable('emails')
    .set({ is_primary: 1 })
    .where('user_id', '=', userId)
    .where('id', '=', emailId)
    .execute();
}

/** Removes an address that isn't the primary one. False when there is none. */
export async function deleteEmail(tx: Query, userId: number, emailId: number): Promise<boolean> {
  const deleted = await tx
    .deleteFrom('emails')
    .where('user_id', '=', userId)
    .where('id', '=', emailId)
    .where('is_primary', '=', 0)
    .returning('id')
    .executeTakeFirst();
  return deleted !== undefined;
}

/** The owners of these verified addresses, by the address in lower case. A few hundred at once at most. */
export async function usersByVerifiedEmails(q: Query, addresses: readonly string[]): Promise<Map<string, Account>> {
  if (addresses.length === 0) return new Map();
  const rows = await q
    .selectFrom('emails')
    .select(['user_id', 'address_key'])
    .where('address_key', 'in', [...new Set(addresses.map(nameKey))])
    .where('verified_at', 'is not', null)
    .execute();
  const accounts = await accountsByIds(
    q,
    rows.map((row) => row.user_id),
  );
  return new Map(
    rows.flatMap((row) => {
      const account = accounts.get(row.user_id);
      return account === undefined ? [] : [[row.address_key, account]];
    }),
  );
}
