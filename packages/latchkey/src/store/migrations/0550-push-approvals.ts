/** Moves of refs that the rules of a token leave to its owner, each asked about once (decision 0550). */
import { type Migration, withId } from './migration.ts';

export const pushApprovals: Migration = {
  name: '0550-push-approvals',
  async up(db, engine) {
    await withId(db.schema.createTable('push_approvals'), engine)
      .addColumn('token_id', 'bigint', (column) => column.notNull().references('tokens.id').onDelete('cascade'))
      .addColumn('derived_id', 'bigint', (column) => column.references('derived_tokens.id').onDelete('cascade'))
      .addColumn('repository_id', 'bigint', (column) =>
        column.notNull().references('repositories.id').onDelete('cascade'),
      )
      .addColumn('ref', 'text', (column) => column.notNull())
      .addColumn('old_id', 'text', (column) => column.notNull())
      .addColumn('new_id', 'text', (column) => column.notNull())
      .addColumn('look_json', 'text', (column) => column.notNull())
      .addColumn('address', 'text', (column) => column.notNull())
      .addColumn('asked_at', 'bigint', (column) => column.notNull())
      .addColumn('state', 'text', (column) => column.notNull())
      .addColumn('expires_at', 'bigint', (column) => column.notNull())
      .addColumn('decided_at', 'bigint')
      .addColumn('decided_by', 'text')
      .execute();
    await db.schema
      .createIndex('push_approvals_by_token_id')
      .on('push_approvals')
      .columns(['token_id', 'expires_at'])
      .execute();
    for (const column of ['derived_id', 'repository_id', 'expires_at'])
      await db.schema.createIndex(`push_approvals_by_${column}`).on('push_approvals').columns([column]).execute();
  },
};
