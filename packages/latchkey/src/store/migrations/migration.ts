/** What a migration is, and the one column type that the engines spell differently. */
import type { CreateTableBuilder, Kysely } from 'kysely';
import type { Engine } from '../db.ts';

/**
 * A step forward. The previous release must still work with the resulting tables, since nodes are upgraded one by one.
 */
export interface Migration {
  /** `NNNN-noun`, like its file. It is stored in the database, so never rename it. */
  readonly name: string;
  /** Untyped on purpose: `schema.ts` describes today's tables, a migration the tables of its time. */
  // oxlint-disable-next-line typescript/no-explicit-any -- see above
  up(db: Kysely<any>, engine: Engine): Promise<void>;
}

/** Adds `id`: a 64-bit key that the engine counts up and never reuses, even after the row is deleted. */
export function withId<T extends string>(table: CreateTableBuilder<T>, engine: Engine): CreateTableBuilder<T, 'id'> {
  return engine === 'sqlite'
    ? table.addColumn('id', 'integer', (column) => column.primaryKey().autoIncrement())
    : table.addColumn('id', 'bigint', (column) => column.primaryKey().generatedByDefaultAsIdentity());
}
