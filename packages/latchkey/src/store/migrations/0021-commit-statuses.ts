/** What builds and checks say of commits. */
import { type Migration, withId } from './migration.ts';

export const commitStatuses: Migration = {
  name: '0021-commit-statuses',
  async up(db, engine) {
    await withId(db.schema.createTable('commit_statuses'), engine)
      .addColumn('repository_id', 'bigint', (column) =>
        column.notNull().references('repositories.id').onDelete('cascade'),
      )
      .addColumn('commit_id', 'text', (column) => column.notNull())
      .addColumn('context', 'text', (column) => column.notNull())
      .addColumn('context_key', 'text', (column) => column.notNull())
      .addColumn('state', 'text', (column) => column.notNull())
      .addColumn('target_url', 'text')
      .addColumn('description', 'text')
      .addColumn('creator_id', 'bigint', (column) => column.references('accounts.id').onDelete('set null'))
      .addColumn('created_at', 'bigint', (column) => column.notNull())
      .execute();
    await db.schema
      .createIndex('commit_statuses_by_commit')
      .on('commit_statuses')
      .columns(['repository_id', 'commit_id', 'context_key', 'id'])
      .execute();
    await db.schema.createIndex('commit_statuses_by_creator').on('commit_statuses').columns(['creator_id']).execute();
  },
};
