/** What a token's owner was told: of its end, and of reuse of a replaced secret. */
import type { Migration } from './migration.ts';

export const tokenNotices: Migration = {
  name: '0010-token-notices',
  async up(db) {
    await db.schema.alterTable('tokens').addColumn('late_use_alerted_at', 'bigint').execute();
    await db.schema.alterTable('tokens').addColumn('noticed_days', 'integer').execute();
  },
};
