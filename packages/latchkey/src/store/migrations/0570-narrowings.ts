/**
 * Since when a grant reaches what it does; and what tokens lost when they were narrowed to what they used, so that it
 * can be given back.
 */
import type { Migration } from './migration.ts';

export const narrowings: Migration = {
  name: '0570-narrowings',
  async up(db) {
    await db.schema.alterTable('grants').addColumn('reached_at', 'bigint').execute();
    await db.schema
      .createTable('narrowings')
      .addColumn('token_id', 'bigint', (column) => column.primaryKey().references('tokens.id').onDelete('cascade'))
      .addColumn('narrowed_at', 'bigint', (column) => column.notNull())
      .addColumn('grants_json', 'text', (column) => column.notNull())
      .execute();
  },
};
