/** Identities at other services, by which people sign in. */
import { type Migration, withId } from './migration.ts';

export const externalIdentities: Migration = {
  name: '0395-external-identities',
  async up(db, engine) {
    await withId(db.schema.createTable('external_identities'), engine)
      .addColumn('user_id', 'bigint', (column) => column.notNull().references('accounts.id').onDelete('cascade'))
      .addColumn('issuer', 'text', (column) => column.notNull())
      .addColumn('subject', 'text', (column) => column.notNull())
      .addColumn('label', 'text', (column) => column.notNull())
      .addColumn('created_at', 'bigint', (column) => column.notNull())
      .addColumn('last_used_at', 'bigint')
      .addUniqueConstraint('external_identities_by_subject', ['issuer', 'subject'])
      .addUniqueConstraint('external_identities_by_user', ['user_id', 'issuer'])
      .execute();
  },
};
