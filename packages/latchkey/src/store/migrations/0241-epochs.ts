/** Which database this is, and how often it was begun anew after a restoration: see `store/epochs`. */
import { randomUUID } from 'node:crypto';
import type { Kysely } from 'kysely';
import type { Migration } from './migration.ts';

export const epochs: Migration = {
  name: '0241-epochs',
  async up(db) {
    await db.schema
      .createTable('epoch')
      .addColumn('id', 'bigint', (column) => column.primaryKey())
      .addColumn('instance', 'text', (column) => column.notNull())
      .addColumn('number', 'bigint', (column) => column.notNull())
      .execute();
    await (db as unknown as Kysely<{ epoch: { id: number; instance: string; number: number } }>)
      .insertInto('epoch')
      .values({ id: 1, instance: randomUUID(), number: 1 })
      .execute();
  },
};
