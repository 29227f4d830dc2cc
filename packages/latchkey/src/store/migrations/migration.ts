/** What a migration is, and the one column type that the engines spell differently. */
import type { CreateTableBuilder, Kysely } from 'kysely';
import type { Engine } from '../db.ts';

/**
 * A step forward. It must leave tables with which the release before it still works, since nodes are upgraded one by
 * one.
 */
export interface Migration {
  /** `NNNN-noun`, as its file is called: kept in the database, so never renamed. */
  readonly name: string;
  /** Untyped on purpose: `schema.ts` says what the tables are today, a migration what they were then. */
  // oxlint-disable-next-line typescript/no-explicit-any -- see above
  up(db: Kysely<any>, engine: Engine): Promise<void>;
}

/** Adds `id`: a 64-bit key that the engine counts up and never gives twice, also not after the row is gone. */
export function withId<T extends string>(table: CreateTableBuilder<T>, engine: Engine): CreateTableBuilder<T, 'id'> {
  return engine === 'sqlite'
    ? table.addColumn('id', 'integer', (column) => column.primaryKey().autoIncrement())
    : table.addColumn('id', 'bigint', (column) => column.primaryKey().generatedByDefaultAsIdentity());
}
