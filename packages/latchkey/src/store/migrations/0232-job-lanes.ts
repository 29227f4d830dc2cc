/** Which jobs may all hang for the same reason, so that they don't take every place. */
import type { Migration } from './migration.ts';

export const jobLanes: Migration = {
  name: '0232-job-lanes',
  async up(db) {
    await db.schema.alterTable('jobs').addColumn('lane', 'text').execute();
  },
};
