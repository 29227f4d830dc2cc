/** The last look through all repositories on request: see `store/inspections`. */
import type { Migration } from './migration.ts';

export const inspections: Migration = {
  name: '0366-inspections',
  async up(db) {
    await db.schema
      .createTable('inspections')
      .addColumn('id', 'bigint', (column) => column.primaryKey())
      .addColumn('requested_at', 'bigint')
      .addColumn('started_at', 'bigint')
      .addColumn('finished_at', 'bigint')
      .addColumn('findings_json', 'text')
      .execute();
  },
};
