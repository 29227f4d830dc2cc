/**
 * What owners search for must be found by index: among ten thousands of entries or grants of one organization, reading
 * them all took 40 ms.
 *
 * SQLite chooses among indexes by how many of their columns are given; so a token's grants towards an organization have
 * one of their own.
 */
import type { Migration } from './migration.ts';

export const searches: Migration = {
  name: '0084-searches',
  async up(db) {
    for (const column of ['organization_id', 'actor_id'])
      await db.schema
        .createIndex(`audit_by_${column}_action_id`)
        .on('audit')
        .columns([column, 'action', 'id'])
        .execute();
    await db.schema
      .createIndex('grants_by_token_id_owner_id_state')
      .on('grants')
      .columns(['token_id', 'owner_id', 'state'])
      .execute();
    await db.schema.dropIndex('grants_by_token_id').execute();
  },
};
