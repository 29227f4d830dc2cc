/** Mirrors: repositories that are fetched from another server, or sent to one, on a schedule. */
import { type Migration, withId } from './migration.ts';

export const mirrors: Migration = {
  name: '0702-mirrors',
  async up(db, engine) {
    await withId(db.schema.createTable('mirrors'), engine)
      .addColumn('repository_id', 'bigint', (column) =>
        column.notNull().references('repositories.id').onDelete('cascade'),
      )
      .addColumn('direction', 'text', (column) => column.notNull())
      .addColumn('url', 'text', (column) => column.notNull())
      .addColumn('username', 'text', (column) => column.notNull())
      .addColumn('secret', 'text')
      .addColumn('every_sec', 'bigint', (column) => column.notNull())
      .addColumn('created_at', 'bigint', (column) => column.notNull())
      .addColumn('next_run_at', 'bigint', (column) => column.notNull())
      .addColumn('started_at', 'bigint')
      .addColumn('ended_at', 'bigint')
      .addColumn('succeeded_at', 'bigint')
      // In words; null = the last run did everything, or there was none.
      .addColumn('error', 'text')
      .execute();
    await db.schema.createIndex('mirrors_by_repository_id').on('mirrors').columns(['repository_id', 'id']).execute();
  },
};
