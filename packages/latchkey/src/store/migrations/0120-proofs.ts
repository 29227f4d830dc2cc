/**
 * When a session last proved that it is its person; the key of an authenticator app that is being set up, with the
 * session that does so; and which recovery codes are long.
 */
import type { Migration } from './migration.ts';

export const proofs: Migration = {
  name: '0120-proofs',
  async up(db) {
    await db.schema
      .alterTable('sessions')
      .addColumn('proved_at', 'bigint', (column) => column.notNull().defaultTo(0))
      .execute();
    await db.schema.alterTable('sessions').addColumn('enrolment', 'text').execute();
    await db.schema
      .alterTable('recovery_codes')
      .addColumn('is_long', 'integer', (column) => column.notNull().defaultTo(0))
      .execute();
    // Keys that nobody confirmed: every session of the person could see them.
    await db.deleteFrom('second_factors').where('confirmed_at', 'is', null).execute();
  },
};
