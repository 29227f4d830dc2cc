/**
 * What keeps a wrong clock from ending tokens: how the clock was when somebody last looked, tokens that are marked
 * before they end, and what an end for disuse took away, so that it can be given back.
 */
import type { Migration } from './migration.ts';

export const steadyClock: Migration = {
  name: '0150-steady-clock',
  async up(db) {
    await db.schema
      .createTable('clock_mark')
      .addColumn('id', 'bigint', (column) => column.primaryKey())
      .addColumn('seen_at', 'bigint', (column) => column.notNull())
      .addColumn('steady_since', 'bigint', (column) => column.notNull())
      .execute();
    await db.schema.alterTable('tokens').addColumn('disuse_marked_at', 'bigint').execute();
    await db.schema.alterTable('tokens').addColumn('undo_json', 'text').execute();
    await db.schema.createIndex('tokens_by_disuse_mark').on('tokens').columns(['disuse_marked_at']).execute();
  },
};
