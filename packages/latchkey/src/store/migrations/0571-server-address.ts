/** Where people reach the server: commands on its machine name it in mail and links. */
import type { Migration } from './migration.ts';

export const serverAddress: Migration = {
  name: '0571-server-address',
  async up(db) {
    await db.schema
      .createTable('server_address')
      .addColumn('id', 'integer', (column) => column.primaryKey())
      .addColumn('public_url', 'text', (column) => column.notNull())
      .execute();
  },
};
