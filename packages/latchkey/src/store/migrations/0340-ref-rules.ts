/** Which refs a token may move. */
import type { Migration } from './migration.ts';

export const refRules: Migration = {
  name: '0340-ref-rules',
  async up(db) {
    await db.schema.alterTable('tokens').addColumn('ref_rules_json', 'text').execute();
  },
};
