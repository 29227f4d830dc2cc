/** Tokens that a restoration ended without being sure: see `store/tokens-in-doubt`. */
import { sql } from 'kysely';
import type { Migration } from './migration.ts';

export const tokensInDoubt: Migration = {
  name: '0365-tokens-in-doubt',
  async up(db) {
    await db.schema.alterTable('tokens').addColumn('doubt_epoch', 'bigint').execute();
    await sql`create index tokens_in_doubt on tokens (id) where doubt_epoch is not null`.execute(db);
  },
};
