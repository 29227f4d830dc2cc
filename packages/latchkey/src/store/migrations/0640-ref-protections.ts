/** Protected branches and tags, with the repository that they belong to: whoever asks about it needs them (0640). */
import type { Migration } from './migration.ts';

export const refProtections: Migration = {
  name: '0640-ref-protections',
  async up(db) {
    await db.schema.alterTable('repositories').addColumn('protections_json', 'text').execute();
  },
};
