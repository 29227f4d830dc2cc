/** Names of accounts that were deleted, kept from everybody for a while. */
import type { Migration } from './migration.ts';

export const reservedNames: Migration = {
  name: '0350-reserved-names',
  async up(db) {
    await db.schema
      .createTable('reserved_names')
      .addColumn('login_key', 'text', (column) => column.primaryKey())
      .addColumn('until_at', 'bigint', (column) => column.notNull())
      .execute();
  },
};
