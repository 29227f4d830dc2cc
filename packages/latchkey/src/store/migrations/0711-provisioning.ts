/** Directories that provision people by SCIM: their tokens, and whom they provisioned. */
import { type Migration, withId } from './migration.ts';

export const provisioning: Migration = {
  name: '0711-provisioning',
  async up(db, engine) {
    await withId(db.schema.createTable('provisioning_clients'), engine)
      .addColumn('name', 'text', (column) => column.notNull().unique())
      .addColumn('issuer', 'text')
      .addColumn('trusts_addresses', 'smallint', (column) => column.notNull())
      .addColumn('digest', 'text', (column) => column.notNull().unique())
      .addColumn('last_eight', 'text', (column) => column.notNull())
      .addColumn('created_at', 'bigint', (column) => column.notNull())
      .addColumn('issued_at', 'bigint', (column) => column.notNull())
      .addColumn('last_used_at', 'bigint')
      .execute();
    await db.schema
      .createTable('provisioned_users')
      .addColumn('user_id', 'bigint', (column) => column.primaryKey().references('accounts.id').onDelete('cascade'))
      .addColumn('client_id', 'bigint', (column) =>
        column.notNull().references('provisioning_clients.id').onDelete('cascade'),
      )
      .addColumn('external_id', 'text')
      .addColumn('user_name', 'text', (column) => column.notNull())
      .addColumn('user_name_key', 'text', (column) => column.notNull())
      .addColumn('address_key', 'text')
      .addColumn('person_json', 'text', (column) => column.notNull())
      .addColumn('created_at', 'bigint', (column) => column.notNull())
      .addColumn('updated_at', 'bigint', (column) => column.notNull())
      .addUniqueConstraint('provisioned_users_by_user_name', ['client_id', 'user_name_key'])
      .execute();
    await db.schema
      .createIndex('provisioned_users_by_external_id')
      .on('provisioned_users')
      .columns(['client_id', 'external_id'])
      .execute();
  },
};
