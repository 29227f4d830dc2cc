/** Signed-in people: sessions, the devices they were seen on, second factors, one-time links, forms that were sent. */
import type { ColumnDefinitionBuilder } from 'kysely';
import { type Migration, withId } from './migration.ts';

const required = (column: ColumnDefinitionBuilder): ColumnDefinitionBuilder => column.notNull();
const key = (column: ColumnDefinitionBuilder): ColumnDefinitionBuilder => column.primaryKey();
const ofUser = (column: ColumnDefinitionBuilder): ColumnDefinitionBuilder =>
  column.notNull().references('accounts.id').onDelete('cascade');

export const sessions: Migration = {
  name: '0041-sessions',
  async up(db, engine) {
    const { schema } = db;
    await withId(schema.createTable('sessions'), engine)
      .addColumn('digest', 'text', (column) => column.notNull().unique())
      .addColumn('user_id', 'bigint', ofUser)
      .addColumn('state', 'text', required)
      .addColumn('created_at', 'bigint', required)
      .addColumn('last_seen_at', 'bigint', required)
      .addColumn('ends_at', 'bigint', required)
      .addColumn('sudo_until', 'bigint', required)
      .addColumn('address', 'text', required)
      .addColumn('user_agent', 'text', required)
      .addColumn('flash', 'text')
      .execute();
    await schema.createIndex('sessions_by_user_id').on('sessions').columns(['user_id']).execute();
    await schema.createIndex('sessions_by_ends_at').on('sessions').columns(['ends_at']).execute();
    await schema
      .createTable('devices')
      .addColumn('digest', 'text', required)
      .addColumn('user_id', 'bigint', ofUser)
      .addColumn('last_seen_at', 'bigint', required)
      .addPrimaryKeyConstraint('devices_key', ['digest', 'user_id'])
      .execute();
    await schema.createIndex('devices_by_user_id').on('devices').columns(['user_id']).execute();
    await schema
      .createTable('second_factors')
      .addColumn('user_id', 'bigint', (column) => column.primaryKey().references('accounts.id').onDelete('cascade'))
      .addColumn('secret', 'text', required)
      .addColumn('confirmed_at', 'bigint')
      .addColumn('last_step', 'bigint', required)
      .execute();
    await schema
      .createTable('recovery_codes')
      .addColumn('user_id', 'bigint', ofUser)
      .addColumn('digest', 'text', required)
      .addColumn('used_at', 'bigint')
      .addPrimaryKeyConstraint('recovery_codes_key', ['user_id', 'digest'])
      .execute();
    await schema
      .createTable('one_time_links')
      .addColumn('digest', 'text', key)
      .addColumn('purpose', 'text', required)
      .addColumn('user_id', 'bigint', (column) => column.references('accounts.id').onDelete('cascade'))
      .addColumn('address', 'text')
      .addColumn('created_at', 'bigint', required)
      .addColumn('ends_at', 'bigint', required)
      .execute();
    await schema
      .createIndex('one_time_links_by_user_id')
      .on('one_time_links')
      .columns(['user_id', 'purpose'])
      .execute();
    await schema
      .createTable('form_submissions')
      .addColumn('digest', 'text', key)
      .addColumn('location', 'text')
      .addColumn('created_at', 'bigint', required)
      .execute();
  },
};
