/** An organization's owners find the tokens that were used in its internal repositories, whoever's they are. */
import type { Migration } from './migration.ts';

export const tokenDaysByRepository: Migration = {
  name: '0520-token-days-by-repository',
  async up(db) {
    await db.schema
      .createIndex('token_days_by_repository')
      .on('token_days')
      .columns(['repository_id', 'token_id'])
      .execute();
  },
};
