/**
 * Tokens that were derived from another: of the same person, narrower or equal, and short. They are no rows of
 * `tokens`, so nothing that counts, lists, renews or ends tokens has to leave them out.
 */
import { type Migration, withId } from './migration.ts';

export const derivedTokens: Migration = {
  name: '0385-derived-tokens',
  async up(db, engine) {
    await withId(db.schema.createTable('derived_tokens'), engine)
      .addColumn('digest', 'text', (column) => column.notNull().unique())
      .addColumn('last_eight', 'text', (column) => column.notNull())
      .addColumn('token_id', 'bigint', (column) => column.notNull().references('tokens.id').onDelete('cascade'))
      .addColumn('secret_digest', 'text', (column) =>
        column.notNull().references('token_secrets.digest').onDelete('cascade'),
      )
      .addColumn('parent_id', 'bigint', (column) => column.references('derived_tokens.id').onDelete('cascade'))
      .addColumn('name', 'text', (column) => column.notNull())
      .addColumn('agent', 'text')
      .addColumn('session', 'text')
      .addColumn('narrowing_json', 'text', (column) => column.notNull())
      .addColumn('created_at', 'bigint', (column) => column.notNull())
      .addColumn('expires_at', 'bigint', (column) => column.notNull())
      .addColumn('revoked_at', 'bigint')
      .addColumn('revoked_by', 'text')
      .execute();
    // Counted at every derivation: nothing but the index is read then.
    await db.schema
      .createIndex('derived_tokens_by_token_id')
      .on('derived_tokens')
      .columns(['token_id', 'expires_at', 'revoked_at'])
      .execute();
    for (const column of ['secret_digest', 'parent_id', 'expires_at'])
      await db.schema.createIndex(`derived_tokens_by_${column}`).on('derived_tokens').columns([column]).execute();
  },
};
