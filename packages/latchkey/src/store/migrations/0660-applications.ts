/** OAuth applications, which application a token was given to, and the refresh tokens that applications hold. */
import { type Migration, withId } from './migration.ts';

export const applications: Migration = {
  name: '0660-applications',
  async up(db, engine) {
    await withId(db.schema.createTable('applications'), engine)
      .addColumn('client_id', 'text', (column) => column.notNull().unique())
      .addColumn('name', 'text', (column) => column.notNull())
      .addColumn('homepage', 'text', (column) => column.notNull())
      .addColumn('source', 'text', (column) => column.notNull())
      .addColumn('owner_id', 'bigint', (column) => column.references('accounts.id').onDelete('set null'))
      .addColumn('redirect_uris_json', 'text', (column) => column.notNull())
      .addColumn('secret_digest', 'text')
      .addColumn('secret_last_four', 'text')
      .addColumn('approved_at', 'bigint')
      .addColumn('created_at', 'bigint', (column) => column.notNull())
      .addColumn('used_at', 'bigint')
      .execute();
    await db.schema.createIndex('applications_by_owner').on('applications').columns(['owner_id', 'id']).execute();
    await db.schema.alterTable('tokens').addColumn('application_id', 'bigint').execute();
    await db.schema
      .createIndex('tokens_by_application')
      .on('tokens')
      .columns(['application_id', 'user_id'])
      .where('application_id', 'is not', null)
      .execute();
    await db.schema
      .createTable('refresh_tokens')
      .addColumn('digest', 'text', (column) => column.primaryKey())
      .addColumn('token_id', 'bigint', (column) => column.notNull().references('tokens.id').onDelete('cascade'))
      .addColumn('resource', 'text')
      .addColumn('state', 'text', (column) => column.notNull())
      .addColumn('created_at', 'bigint', (column) => column.notNull())
      .addColumn('ends_at', 'bigint', (column) => column.notNull())
      .execute();
    await db.schema.createIndex('refresh_tokens_by_token').on('refresh_tokens').columns(['token_id']).execute();
    await db.schema.createIndex('refresh_tokens_by_ends_at').on('refresh_tokens').columns(['ends_at']).execute();
  },
};
