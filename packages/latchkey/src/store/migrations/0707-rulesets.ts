/** Rulesets, with the repository or organization that they belong to: whoever asks about it needs them (0720). */
import type { Migration } from './migration.ts';

export const rulesets: Migration = {
  name: '0707-rulesets',
  async up(db) {
    await db.schema.alterTable('repositories').addColumn('rulesets_json', 'text').execute();
    await db.schema.alterTable('accounts').addColumn('rulesets_json', 'text').execute();
  },
};
