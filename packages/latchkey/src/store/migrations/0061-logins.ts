/** Sign-ins of commands on their way: between the browser's yes and the token. */
import type { Migration } from './migration.ts';

export const logins: Migration = {
  name: '0061-logins',
  async up(db) {
    await db.schema
      .createTable('logins')
      .addColumn('code_digest', 'text', (column) => column.primaryKey())
      .addColumn('user_code_digest', 'text', (column) => column.unique())
      .addColumn('state', 'text', (column) => column.notNull())
      .addColumn('user_id', 'bigint', (column) => column.references('accounts.id').onDelete('cascade'))
      .addColumn('redirect_uri', 'text')
      .addColumn('challenge', 'text')
      .addColumn('wish_json', 'text', (column) => column.notNull())
      .addColumn('draft_json', 'text')
      .addColumn('token_id', 'bigint')
      .addColumn('address', 'text', (column) => column.notNull())
      .addColumn('created_at', 'bigint', (column) => column.notNull())
      .addColumn('ends_at', 'bigint', (column) => column.notNull())
      .addColumn('polled_at', 'bigint', (column) => column.notNull().defaultTo(0))
      .execute();
    await db.schema.createIndex('logins_by_ends_at').on('logins').columns(['ends_at']).execute();
  },
};
