/** Which kinds of account may have what. */
import type { Query } from './db.ts';

/**
 * Demanded by whatever gives an account something that signs in, receives mail, proves who somebody is, or administers
 * the instance.
 * @throws TypeError for a machine account and an organization: no page or command leads there
 */
export async function demandPerson(q: Query, userId: number): Promise<void> {
  const row = await q.selectFrom('accounts').select('kind').where('id', '=', userId).executeTakeFirst();
  if (row !== undefined && row.kind !== 'user')
    throw new TypeError(`account ${userId} never signs in: it is no person`);
}
