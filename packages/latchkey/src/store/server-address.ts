/** Where people reach the server, as the one that started last knew it. */
import type { Query } from './db.ts';

/** Null before a server has started. */
export async function readServerAddress(q: Query): Promise<string | null> {
  const row = await q.selectFrom('server_address').select('public_url').where('id', '=', 1).executeTakeFirst();
  return row?.public_url ?? null;
}

export async function saveServerAddress(q: Query, publicUrl: string): Promise<void> {
  const row = { public_url: publicUrl };
  await q
    .insertInto('server_address')
    .values({ id: 1, ...row })
    .onConflict((conflict) => conflict.column('id').doUpdateSet(row))
    .execute();
}
