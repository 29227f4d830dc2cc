/** Passkeys and security keys of people. */
import { type Migration, withId } from './migration.ts';

export const passkeys: Migration = {
  name: '0122-passkeys',
  async up(db, engine) {
    await withId(db.schema.createTable('passkeys'), engine)
      .addColumn('user_id', 'bigint', (column) => column.notNull().references('accounts.id').onDelete('cascade'))
      .addColumn('credential_id', 'text', (column) => column.notNull().unique())
      .addColumn('public_key', 'text', (column) => column.notNull())
      .addColumn('counter', 'bigint', (column) => column.notNull())
      .addColumn('transports', 'text', (column) => column.notNull())
      .addColumn('is_synced', 'integer', (column) => column.notNull())
      .addColumn('name', 'text', (column) => column.notNull())
      .addColumn('created_at', 'bigint', (column) => column.notNull())
      .addColumn('last_used_at', 'bigint')
      .execute();
    await db.schema.createIndex('passkeys_by_user_id').on('passkeys').columns(['user_id']).execute();
  },
};
