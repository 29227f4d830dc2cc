/** Keys with which people come over SSH; and when a deploy key was last used. */
import { type Migration, withId } from './migration.ts';

export const sshKeys: Migration = {
  name: '0700-ssh-keys',
  async up(db, engine) {
    await withId(db.schema.createTable('ssh_keys'), engine)
      .addColumn('user_id', 'bigint', (column) => column.notNull().references('accounts.id').onDelete('cascade'))
      .addColumn('title', 'text', (column) => column.notNull())
      .addColumn('key_text', 'text', (column) => column.notNull())
      .addColumn('fingerprint', 'text', (column) => column.notNull().unique())
      // A key is deleted with the token that made it.
      .addColumn('created_by_token_id', 'bigint', (column) => column.references('tokens.id').onDelete('cascade'))
      .addColumn('created_at', 'bigint', (column) => column.notNull())
      .addColumn('last_used_at', 'bigint')
      .execute();
    for (const column of ['user_id', 'created_by_token_id'])
      await db.schema.createIndex(`ssh_keys_by_${column}`).on('ssh_keys').columns([column, 'id']).execute();
    await db.schema.alterTable('deploy_keys').addColumn('last_used_at', 'bigint').execute();
  },
};
