/** Nodes that answer from memory, and what each revision was about, so that they forget no more than they must. */
import type { Migration } from './migration.ts';

export const nodes: Migration = {
  name: '0082-nodes',
  async up(db) {
    await db.schema
      .createTable('nodes')
      .addColumn('id', 'text', (column) => column.primaryKey())
      .addColumn('beat', 'bigint', (column) => column.notNull())
      .addColumn('acked', 'bigint', (column) => column.notNull())
      .execute();
    await db.schema
      .createTable('revision_changes')
      .addColumn('revision', 'bigint', (column) => column.notNull())
      .addColumn('subject', 'bigint', (column) => column.notNull())
      .addPrimaryKeyConstraint('revision_changes_key', ['revision', 'subject'])
      .execute();
  },
};
