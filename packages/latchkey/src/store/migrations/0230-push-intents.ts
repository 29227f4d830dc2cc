/** Pushes that were begun: written before a ref moves, gone when the audit log has the entry. */
import { type Migration, withId } from './migration.ts';

export const pushIntents: Migration = {
  name: '0230-push-intents',
  async up(db, engine) {
    await withId(db.schema.createTable('push_intents'), engine)
      .addColumn('repository_id', 'bigint', (column) => column.notNull())
      .addColumn('run', 'text', (column) => column.notNull())
      .addColumn('at', 'bigint', (column) => column.notNull())
      .addColumn('actor_json', 'text', (column) => column.notNull())
      .addColumn('refs_json', 'text', (column) => column.notNull())
      .execute();
  },
};
