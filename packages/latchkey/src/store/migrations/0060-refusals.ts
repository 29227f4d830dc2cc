/** What a token was refused: counted by day, so that its owner sees it on the token's page. */
import type { Migration } from './migration.ts';

export const refusals: Migration = {
  name: '0060-refusals',
  async up(db) {
    await db.schema
      .createTable('token_refusals')
      .addColumn('token_id', 'bigint', (column) => column.notNull().references('tokens.id').onDelete('cascade'))
      .addColumn('day_at', 'bigint', (column) => column.notNull())
      .addColumn('reason', 'text', (column) => column.notNull())
      .addColumn('purpose', 'text', (column) => column.notNull())
      .addColumn('times', 'bigint', (column) => column.notNull())
      .addColumn('last_at', 'bigint', (column) => column.notNull())
      .addColumn('last_address', 'text', (column) => column.notNull())
      .addColumn('words_json', 'text', (column) => column.notNull())
      .addPrimaryKeyConstraint('token_refusals_key', ['token_id', 'day_at', 'reason', 'purpose'])
      .execute();
    await db.schema.createIndex('token_refusals_by_last_at').on('token_refusals').columns(['last_at']).execute();
  },
};
