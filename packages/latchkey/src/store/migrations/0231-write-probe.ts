/** A row that is written to see whether the database takes writes. */
import type { Migration } from './migration.ts';

export const writeProbe: Migration = {
  name: '0231-write-probe',
  async up(db) {
    await db.schema
      .createTable('write_probe')
      .addColumn('id', 'bigint', (column) => column.primaryKey())
      .addColumn('count', 'bigint', (column) => column.notNull())
      .execute();
    await db.insertInto('write_probe').values({ id: 1, count: 0 }).execute();
  },
};
