/** Keys that open one repository to a machine. */
import { type Migration, withId } from './migration.ts';

export const deployKeys: Migration = {
  name: '0022-deploy-keys',
  async up(db, engine) {
    await withId(db.schema.createTable('deploy_keys'), engine)
      .addColumn('repository_id', 'bigint', (column) =>
        column.notNull().references('repositories.id').onDelete('cascade'),
      )
      .addColumn('title', 'text', (column) => column.notNull())
      .addColumn('key_text', 'text', (column) => column.notNull())
      .addColumn('fingerprint', 'text', (column) => column.notNull().unique())
      .addColumn('read_only', 'integer', (column) => column.notNull())
      .addColumn('created_by_id', 'bigint', (column) => column.references('accounts.id').onDelete('set null'))
      // A key is deleted with the token that made it.
      .addColumn('created_by_token_id', 'bigint', (column) => column.references('tokens.id').onDelete('cascade'))
      .addColumn('created_at', 'bigint', (column) => column.notNull())
      .execute();
    for (const column of ['repository_id', 'created_by_id', 'created_by_token_id'])
      await db.schema.createIndex(`deploy_keys_by_${column}`).on('deploy_keys').columns([column, 'id']).execute();
  },
};
