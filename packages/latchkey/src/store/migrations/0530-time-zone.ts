/** In which time zone a person reads times: as their browser said, or as they chose. */
import type { Migration } from './migration.ts';

export const timeZone: Migration = {
  name: '0530-time-zone',
  async up(db) {
    await db.schema.alterTable('accounts').addColumn('time_zone', 'text').execute();
  },
};
