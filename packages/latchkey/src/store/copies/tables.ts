/**
 * Which tables some steps of the schema make, and in which order they can be filled: learned by making them, in memory.
 *
 * So the answer is the same for both engines, and nothing else that lies in a database is taken for ours.
 */
import { DatabaseSync } from 'node:sqlite';
import { Fault } from '../../base/errors.ts';
import { MIGRATIONS, stepsIn } from '../migrations.ts';
import { openInMemory } from '../sqlite.ts';

export interface Table {
  readonly name: string;
  /** In the order in which rows hold them. */
  readonly columns: readonly string[];
  /** True when its rows have an `id`, by which they are ordered: a row names only older ones of its table. */
  readonly hasId: boolean;
}

/** Rows that mean something to running processes alone: leases end when their process does. */
const NOT_COPIED: ReadonlySet<string> = new Set(['migrations', 'nodes']);

/** @throws Fault for steps that this program doesn't know: a newer one made them */
export function refuseUnknown(steps: readonly string[]): void {
  const known = new Set(MIGRATIONS.map(({ name }) => name));
  const unknown = steps.filter((name) => !known.has(name));
  if (unknown.length === 0) return;
  throw new Fault(`the database was made by a newer Latchkey: this one does not know ${unknown.join(', ')}`, {
    hint: 'take the version that made it, or a newer one',
  });
}

/**
 * The tables that these steps make, each after those that it refers to.
 * @throws Fault for a step that this program doesn't know
 */
export async function tablesMadeBy(steps: readonly string[]): Promise<Table[]> {
  refuseUnknown(steps);
  const database = new DatabaseSync(':memory:');
  const db = openInMemory(database);
  try {
    await stepsIn(
      db,
      'sqlite',
      MIGRATIONS.filter(({ name }) => steps.includes(name)),
    );
    return tablesIn(database);
  } finally {
    await db.destroy();
  }
}

function tablesIn(database: DatabaseSync): Table[] {
  const rows = (text: string, ...values: string[]): Record<string, unknown>[] => database.prepare(text).all(...values);
  const names = rows(`select name from sqlite_master where type = 'table' and name not like 'sqlite_%' order by name`)
    .map(({ name }) => String(name))
    .filter((name) => !NOT_COPIED.has(name));
  const [begun, done] = [new Set<string>(), new Map<string, Table>()];
  const add = (name: string): void => {
    if (begun.has(name)) return;
    begun.add(name);
    const refersTo = rows('select "table" as name from pragma_foreign_key_list(?)', name).map((row) =>
      String(row['name']),
    );
    for (const other of refersTo) add(other);
    const columns = rows('select name from pragma_table_info(?) order by cid', name).map((row) => String(row['name']));
    done.set(name, { name, columns, hasId: columns.includes('id') });
  };
  names.forEach(add);
  return [...done.values()];
}
