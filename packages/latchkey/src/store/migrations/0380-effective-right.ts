/** When an organization decided about a grant, and an index that counts an owner's repositories by what decides. */
import type { Migration } from './migration.ts';

export const effectiveRight: Migration = {
  name: '0380-effective-right',
  async up(db) {
    await db.schema.alterTable('grants').addColumn('decided_at', 'bigint').execute();
    await db.schema
      .createIndex('repositories_by_standing')
      .on('repositories')
      .columns(['owner_id', 'visibility', 'archived_at', 'name'])
      .execute();
  },
};
