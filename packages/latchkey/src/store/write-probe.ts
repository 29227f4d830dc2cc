/** Whether the database takes writes: a row that says nothing, written for that alone. */
import type { Query } from './db.ts';

/**
 * Writes, and resolves when the write is committed. One statement: it needs no transaction.
 * @throws what the engine says
 */
export async function probeDatabase(q: Query): Promise<void> {
  await q
    .updateTable('write_probe')
    .set((row) => ({ count: row('count', '+', 1) }))
    .where('id', '=', 1)
    .execute();
}
