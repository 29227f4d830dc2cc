/**
 * How often tokens were used: counted by day, repository and permission, for the plot on a token's page and for
 * narrowing it.
 */
import type { Migration } from './migration.ts';

export const tokenDays: Migration = {
  name: '0050-token-days',
  async up(db) {
    await db.schema
      .createTable('token_days')
      .addColumn('token_id', 'bigint', (column) => column.notNull().references('tokens.id').onDelete('cascade'))
      .addColumn('day_at', 'bigint', (column) => column.notNull())
      .addColumn('repository_id', 'bigint', (column) => column.notNull())
      .addColumn('permission', 'text', (column) => column.notNull())
      .addColumn('level', 'text', (column) => column.notNull())
      .addColumn('times', 'bigint', (column) => column.notNull())
      .addPrimaryKeyConstraint('token_days_key', ['token_id', 'day_at', 'repository_id', 'permission', 'level'])
      .execute();
    await db.schema.createIndex('token_days_by_day').on('token_days').columns(['day_at']).execute();
  },
};
