/** The board of `store/cluster` in SQL: one row per node. */
import type { Board } from './cluster.ts';
import type { Query } from './db.ts';

/** How many nodes are on the board. A crashed one stays there until a change has waited for it. */
export async function countNodes(q: Query): Promise<number> {
  const { count } = await q
    .selectFrom('nodes')
    .select((row) => row.fn.countAll<number>().as('count'))
    .executeTakeFirstOrThrow();
  return Number(count);
}

/** The board in a database. Every call is one statement, so none needs a transaction. */
export function boardIn(q: Query): Board {
  return {
    async join(id) {
      await q.insertInto('nodes').values({ id, beat: 0, acked: -1 }).execute();
    },
    async beat(id) {
      const row = await q
        .updateTable('nodes')
        .set((node) => ({ beat: node('beat', '+', 1) }))
        .where('id', '=', id)
        .returning((node) => node.selectFrom('revision').select('revision').where('revision.id', '=', 1).as('revision'))
        .executeTakeFirst();
      return row?.revision ?? null;
    },
    async ack(id, revision) {
      await q
        .updateTable('nodes')
        .set({ acked: revision })
        .where('id', '=', id)
        .where('acked', '<', revision)
        .execute();
    },
    async leave(id) {
      await q.deleteFrom('nodes').where('id', '=', id).execute();
    },
    behind: (revision) => q.selectFrom('nodes').select(['id', 'beat']).where('acked', '<', revision).execute(),
    async remove(id, beat) {
      await q.deleteFrom('nodes').where('id', '=', id).where('beat', '=', beat).execute();
    },
  };
}
