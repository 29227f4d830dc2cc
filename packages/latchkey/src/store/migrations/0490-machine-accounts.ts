/** Accounts for machines: whose they are. */
import type { Migration } from './migration.ts';

export const machineAccounts: Migration = {
  name: '0490-machine-accounts',
  async up(db) {
    await db.schema
      .alterTable('accounts')
      .addColumn('owned_by', 'bigint', (column) => column.references('accounts.id').onDelete('cascade'))
      .execute();
    await db.schema.createIndex('accounts_owned_by').on('accounts').columns(['owned_by']).execute();
  },
};
