/** Names that accounts had before: kept for whoever had them, and leading on to them. */
import type { Migration } from './migration.ts';

export const formerNames: Migration = {
  name: '0671-former-names',
  async up(db) {
    await db.schema
      .alterTable('reserved_names')
      .addColumn('account_id', 'bigint', (column) => column.references('accounts.id').onDelete('set null'))
      .execute();
    await db.schema.createIndex('reserved_names_account').on('reserved_names').column('account_id').execute();
  },
};
