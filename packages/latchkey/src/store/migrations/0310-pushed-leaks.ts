/** Tokens that everybody can read once a push is taken: noted with it, so that they end even if the server dies. */
import type { Migration } from './migration.ts';

export const pushedLeaks: Migration = {
  name: '0310-pushed-leaks',
  async up(db) {
    await db.schema.alterTable('push_intents').addColumn('leaks_json', 'text').execute();
  },
};
