/** When a member last reminded an organization's owners of what waits. */
import type { Migration } from './migration.ts';

export const reminders: Migration = {
  name: '0250-reminders',
  async up(db) {
    await db.schema.alterTable('memberships').addColumn('reminded_at', 'bigint').execute();
  },
};
