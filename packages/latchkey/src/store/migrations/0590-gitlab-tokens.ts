/** What GitLab's dialect knows of tokens of machine accounts: their scopes, and what they were made for. */
import type { Migration } from './migration.ts';

export const gitlabTokens: Migration = {
  name: '0590-gitlab-tokens',
  async up(db) {
    await db.schema
      .createTable('gitlab_tokens')
      .addColumn('token_id', 'bigint', (column) => column.primaryKey().references('tokens.id').onDelete('cascade'))
      .addColumn('made_for', 'text', (column) => column.notNull())
      // Of a project's tokens; null = a group's, or a service account's.
      .addColumn('repository_id', 'bigint', (column) => column.references('repositories.id').onDelete('cascade'))
      .addColumn('access_level', 'integer')
      .addColumn('scopes_json', 'text', (column) => column.notNull())
      .execute();
    await db.schema
      .createIndex('gitlab_tokens_by_repository_id')
      .on('gitlab_tokens')
      .columns(['repository_id'])
      .execute();
  },
};
