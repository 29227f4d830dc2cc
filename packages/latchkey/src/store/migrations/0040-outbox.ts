/** The outbox: every mail, from the change that it tells of to the hand of a mail server. */
import { type Migration, withId } from './migration.ts';

export const outbox: Migration = {
  name: '0040-outbox',
  async up(db, engine) {
    await withId(db.schema.createTable('outbox'), engine)
      .addColumn('user_id', 'bigint', (column) => column.references('accounts.id').onDelete('cascade'))
      .addColumn('address', 'text', (column) => column.notNull())
      .addColumn('template', 'text', (column) => column.notNull())
      .addColumn('subject', 'text', (column) => column.notNull())
      .addColumn('text', 'text', (column) => column.notNull())
      .addColumn('html', 'text', (column) => column.notNull())
      .addColumn('state', 'text', (column) => column.notNull())
      .addColumn('attempts', 'integer', (column) => column.notNull().defaultTo(0))
      .addColumn('created_at', 'bigint', (column) => column.notNull())
      .addColumn('due_at', 'bigint', (column) => column.notNull())
      .addColumn('done_at', 'bigint')
      .addColumn('failure', 'text')
      .execute();
    await db.schema.createIndex('outbox_by_state_due_at').on('outbox').columns(['state', 'due_at']).execute();
    await db.schema.createIndex('outbox_by_user_id').on('outbox').columns(['user_id']).execute();
  },
};
