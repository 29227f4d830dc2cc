/** Sessions of signed-in people at services behind a proxy. */
import type { Migration } from './migration.ts';

export const serviceSessions: Migration = {
  name: '0560-service-sessions',
  async up(db) {
    await db.schema
      .createTable('service_sessions')
      .addColumn('digest', 'text', (column) => column.primaryKey())
      .addColumn('session_id', 'bigint', (column) => column.notNull().references('sessions.id').onDelete('cascade'))
      .addColumn('user_id', 'bigint', (column) => column.notNull().references('accounts.id').onDelete('cascade'))
      .addColumn('host', 'text', (column) => column.notNull())
      // The browser that may open it; null once it was opened.
      .addColumn('browser_digest', 'text')
      .addColumn('created_at', 'bigint', (column) => column.notNull())
      .addColumn('last_seen_at', 'bigint', (column) => column.notNull())
      .addColumn('ends_at', 'bigint', (column) => column.notNull())
      .execute();
    for (const column of ['session_id', 'user_id', 'ends_at'])
      await db.schema.createIndex(`service_sessions_by_${column}`).on('service_sessions').columns([column]).execute();
  },
};
