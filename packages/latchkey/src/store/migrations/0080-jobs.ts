/** Jobs: work that is done after the change that asked for it, once over all nodes. */
import { type Migration, withId } from './migration.ts';

export const jobs: Migration = {
  name: '0080-jobs',
  async up(db, engine) {
    await withId(db.schema.createTable('jobs'), engine)
      .addColumn('kind', 'text', (column) => column.notNull())
      .addColumn('payload_json', 'text', (column) => column.notNull())
      .addColumn('unique_key', 'text', (column) => column.unique())
      .addColumn('state', 'text', (column) => column.notNull())
      .addColumn('run_at', 'bigint', (column) => column.notNull())
      .addColumn('every_sec', 'bigint')
      .addColumn('attempts', 'integer', (column) => column.notNull().defaultTo(0))
      .addColumn('edition', 'integer', (column) => column.notNull().defaultTo(0))
      .addColumn('leased_by', 'text')
      .addColumn('leased_until', 'bigint', (column) => column.notNull().defaultTo(0))
      .addColumn('last_error', 'text')
      .addColumn('created_at', 'bigint', (column) => column.notNull())
      .execute();
    await db.schema.createIndex('jobs_by_state_run_at').on('jobs').columns(['state', 'run_at', 'id']).execute();
  },
};
