/** Which key seals what the database must not give away. The key itself is in a file. */
import type { Migration } from './migration.ts';

export const sealing: Migration = {
  name: '0130-sealing',
  async up(db) {
    await db.schema
      .createTable('sealing')
      .addColumn('id', 'integer', (column) => column.primaryKey())
      .addColumn('key_id', 'text', (column) => column.notNull())
      .addColumn('changed_at', 'bigint', (column) => column.notNull())
      .execute();
  },
};
