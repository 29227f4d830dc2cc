/**
 * Tokens that were ended when a backup was put back, though nobody knows that somebody had ended them. Administrators
 * say of each whether it lives again (`undoEnd` in `store/token-upkeep`) or stays dead; until then it is dead.
 */
import type { Query } from './db.ts';
import { type Page, startOf } from './page.ts';
import { type Token, tokensByIds } from './tokens.ts';

/** Marks a token that was just ended, with what its end took away. */
export async function doubt(tx: Query, id: number, undo: string, epoch: number): Promise<void> {
  await tx.updateTable('tokens').set({ undo_json: undo, doubt_epoch: epoch }).where('id', '=', id).execute();
}

/** A page of them, newest first. */
export async function listInDoubt(q: Query, page: Page): Promise<Token[]> {
  const rows = await q
    .selectFrom('tokens')
    .select('id')
    .where('doubt_epoch', 'is not', null)
    .where('id', '<', startOf(page))
    .orderBy('id', 'desc')
    .limit(page.limit)
    .offset(page.skip ?? 0)
    .execute();
  const ids = rows.map(({ id }) => id);
  const tokens = await tokensByIds(q, ids);
  return ids.flatMap((id) => tokens.get(id) ?? []);
}

/** Those of these tokens that are in doubt. */
export async function inDoubtAmong(q: Query, ids: readonly number[]): Promise<Token[]> {
  if (ids.length === 0) return [];
  const rows = await q
    .selectFrom('tokens')
    .select('id')
    .where('doubt_epoch', 'is not', null)
    .where('id', 'in', ids)
    .execute();
  return [
    ...(
      await tokensByIds(
        q,
        rows.map(({ id }) => id),
      )
    ).values(),
  ];
}

export async function countInDoubt(q: Query): Promise<number> {
  const { count } = await q
    .selectFrom('tokens')
    .select((row) => row.fn.countAll<number>().as('count'))
    .where('doubt_epoch', 'is not', null)
    .executeTakeFirstOrThrow();
  return Number(count);
}

/** A token in doubt stays dead: its end can't be undone from now on. False when it wasn't in doubt. */
export async function settleDead(tx: Query, id: number): Promise<boolean> {
  const row = await tx
    .updateTable('tokens')
    .set({ undo_json: null, doubt_epoch: null })
    .where('id', '=', id)
    .where('doubt_epoch', 'is not', null)
    .returning('id')
    .executeTakeFirst();
  return row !== undefined;
}
