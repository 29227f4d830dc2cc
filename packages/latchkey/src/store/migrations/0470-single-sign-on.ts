/**
 * Single sign-on with a proof: who proved themselves for an organization in which session, and an organization's
 * recovery codes.
 *
 * Authorizations of tokens that were given so far proved nothing, so they end: each is given again after a proof.
 */
import { sql } from 'kysely';
import type { Migration } from './migration.ts';

export const singleSignOn: Migration = {
  name: '0470-single-sign-on',
  async up(db) {
    await db.schema
      .createTable('sso_sessions')
      .addColumn('session_id', 'bigint', (column) => column.notNull().references('sessions.id').onDelete('cascade'))
      .addColumn('organization_id', 'bigint', (column) =>
        column.notNull().references('accounts.id').onDelete('cascade'),
      )
      .addColumn('issuer', 'text')
      .addColumn('proved_at', 'bigint', (column) => column.notNull())
      .addColumn('ends_at', 'bigint', (column) => column.notNull())
      .addPrimaryKeyConstraint('sso_sessions_key', ['session_id', 'organization_id'])
      .execute();
    await db.schema
      .createIndex('sso_sessions_by_organization_id')
      .on('sso_sessions')
      .columns(['organization_id'])
      .execute();
    await db.schema
      .createTable('sso_recovery_codes')
      .addColumn('organization_id', 'bigint', (column) =>
        column.notNull().references('accounts.id').onDelete('cascade'),
      )
      .addColumn('digest', 'text', (column) => column.notNull())
      .addColumn('used_at', 'bigint')
      .addPrimaryKeyConstraint('sso_recovery_codes_key', ['organization_id', 'digest'])
      .execute();
    // Without a word of what changed: nodes that still run forget everything that they remember.
    await sql`update revision set revision = revision + 1
      where id = 1 and exists (select 1 from token_organizations)`.execute(db);
    await db.deleteFrom('token_organizations').execute();
  },
};
