/** In which time zone people read times; null in `accounts` = not known yet. */
import type { Query } from './db.ts';

/** Decides nothing, so what is remembered stays. @param onlyFirst true = keeps a zone that is known */
export async function setTimeZone(
  tx: Query,
  accountId: number,
  zone: string | null,
  { onlyFirst = false } = {},
): Promise<void> {
  let query = tx.updateTable('accounts').set({ time_zone: zone }).where('id', '=', accountId);
  if (onlyFirst) query = query.where('time_zone', 'is', null);
  await query.execute();
}
