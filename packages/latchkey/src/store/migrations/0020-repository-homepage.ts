/** The web page that a repository names as its own. */
import type { Migration } from './migration.ts';

export const repositoryHomepage: Migration = {
  name: '0020-repository-homepage',
  async up(db) {
    await db.schema
      .alterTable('repositories')
      .addColumn('homepage', 'text', (column) => column.notNull().defaultTo(''))
      .execute();
  },
};
