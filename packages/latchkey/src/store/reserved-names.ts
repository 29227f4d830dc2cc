/** Names of deleted accounts: nobody can take one for a while, so that nobody is mistaken for who had it. */
import type { UnixSeconds } from '../base/time.ts';
import { nameKey } from '../rules/names.ts';
import type { Query } from './db.ts';

/** Keeps a name from everybody until then. */
export async function reserveName(tx: Query, login: string, until: UnixSeconds): Promise<void> {
  await tx
    .insertInto('reserved_names')
    .values({ login_key: nameKey(login), until_at: until })
    .onConflict((conflict) => conflict.column('login_key').doUpdateSet({ until_at: until }))
    .execute();
}

/** Until when a name is kept from everybody; null when it is free. */
export async function reservedUntil(q: Query, login: string, at: UnixSeconds): Promise<UnixSeconds | null> {
  const row = await q
    .selectFrom('reserved_names')
    .select('until_at')
    .where('login_key', '=', nameKey(login))
    .where('until_at', '>', at)
    .executeTakeFirst();
  return row?.until_at ?? null;
}

/** Forgets those whose time is over. */
export async function deleteReservedNames(tx: Query, at: UnixSeconds): Promise<void> {
  await tx.deleteFrom('reserved_names').where('until_at', '<=', at).execute();
}
