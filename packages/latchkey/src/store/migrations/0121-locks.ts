/** Accounts that are locked because somebody may have taken them over. */
import type { Migration } from './migration.ts';

export const locks: Migration = {
  name: '0121-locks',
  async up(db) {
    await db.schema.alterTable('accounts').addColumn('locked_at', 'bigint').execute();
    await db.schema.alterTable('accounts').addColumn('recovered_at', 'bigint').execute();
  },
};
