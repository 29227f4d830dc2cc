/** What the last look through each repository found. */
import type { Migration } from './migration.ts';

export const repositoryChecks: Migration = {
  name: '0233-repository-checks',
  async up(db) {
    await db.schema
      .createTable('repository_checks')
      .addColumn('repository_id', 'bigint', (column) =>
        column.primaryKey().references('repositories.id').onDelete('cascade'),
      )
      .addColumn('checked_at', 'bigint', (column) => column.notNull())
      .addColumn('state', 'text', (column) => column.notNull())
      .addColumn('damaged', 'integer', (column) => column.notNull())
      .addColumn('said', 'text', (column) => column.notNull())
      .execute();
  },
};
