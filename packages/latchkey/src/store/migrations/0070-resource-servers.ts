/** Resource servers: other services that may ask about tokens. */
import { type Migration, withId } from './migration.ts';

export const resourceServers: Migration = {
  name: '0070-resource-servers',
  async up(db, engine) {
    await withId(db.schema.createTable('resource_servers'), engine)
      .addColumn('name', 'text', (column) => column.notNull())
      .addColumn('name_key', 'text', (column) => column.notNull().unique())
      .addColumn('secret_digest', 'text', (column) => column.notNull().unique())
      .addColumn('last_eight', 'text', (column) => column.notNull())
      .addColumn('created_at', 'bigint', (column) => column.notNull())
      .execute();
  },
};
