/** Which sessions began by an identity provider, so that they end with those there; and identities frozen by it. */
import type { Migration } from './migration.ts';

export const providerSessions: Migration = {
  name: '0677-provider-sessions',
  async up(db) {
    await db.schema
      .createTable('provider_sessions')
      .addColumn('session_id', 'bigint', (column) => column.primaryKey().references('sessions.id').onDelete('cascade'))
      .addColumn('issuer', 'text', (column) => column.notNull())
      .addColumn('subject', 'text', (column) => column.notNull())
      .addColumn('sid', 'text')
      .addColumn('id_token', 'text', (column) => column.notNull())
      .execute();
    await db.schema
      .createIndex('provider_sessions_by_subject')
      .on('provider_sessions')
      .columns(['issuer', 'subject'])
      .execute();
    await db.schema
      .createIndex('provider_sessions_by_sid')
      .on('provider_sessions')
      .columns(['issuer', 'sid'])
      .execute();
    await db.schema.alterTable('external_identities').addColumn('frozen_at', 'bigint').execute();
  },
};
