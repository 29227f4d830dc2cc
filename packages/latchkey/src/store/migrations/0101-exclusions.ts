/** Classic and scoped tokens that owners of an organization keep out, one by one. */
import type { Migration } from './migration.ts';

export const exclusions: Migration = {
  name: '0101-exclusions',
  async up(db) {
    await db.schema
      .createTable('token_exclusions')
      .addColumn('token_id', 'bigint', (column) => column.notNull().references('tokens.id').onDelete('cascade'))
      .addColumn('organization_id', 'bigint', (column) =>
        column.notNull().references('accounts.id').onDelete('cascade'),
      )
      .addColumn('excluded_at', 'bigint', (column) => column.notNull())
      .addPrimaryKeyConstraint('token_exclusions_key', ['token_id', 'organization_id'])
      .execute();
    await db.schema
      .createIndex('token_exclusions_by_organization_id')
      .on('token_exclusions')
      .columns(['organization_id'])
      .execute();
  },
};
