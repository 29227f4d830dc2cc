/** Windows of rate limits: how much of a limit is used, and when it is there again. */
import type { Migration } from './migration.ts';

export const rateWindows: Migration = {
  name: '0081-rate-windows',
  async up(db) {
    await db.schema
      .createTable('rate_windows')
      .addColumn('window_key', 'text', (column) => column.primaryKey())
      .addColumn('used', 'bigint', (column) => column.notNull())
      .addColumn('ends_at', 'bigint', (column) => column.notNull())
      .execute();
    await db.schema.createIndex('rate_windows_by_ends_at').on('rate_windows').columns(['ends_at']).execute();
  },
};
