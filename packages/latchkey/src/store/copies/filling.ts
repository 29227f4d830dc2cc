/**
 * Fills an empty database with the rows of another, whichever engine either has: what `admin restore` and
 * `admin migrate` do.
 *
 * Invariant: one transaction makes the tables, fills them, compares what is in them with what was to come, and brings
 * them up to date. If anything fails, or the process is killed, the database is as empty as before.
 */
import { sql } from 'kysely';
import { Fault } from '../../base/errors.ts';
import type { OpenedEngine, Query } from '../db.ts';
import { type IdCounters, setCounter } from '../epochs.ts';
import { MIGRATIONS, stepsIn } from '../migrations.ts';
import { type Row, type Source, type Summed, sumOf, writeRows } from './rows.ts';
import { type Table, tablesMadeBy } from './tables.ts';

/** Everything that a database holds. */
export interface Contents {
  /** The steps that made its tables. */
  readonly steps: readonly string[];
  readonly counters: IdCounters;
  /** May be asked again for the same table: PostgreSQL repeats a transaction after a conflict. */
  readonly rowsOf: (table: Table) => AsyncIterable<Row[]>;
  /** What came of a table, once all its rows were read. */
  readonly sumOf: (table: Table) => Promise<Summed>;
}

export interface FillHooks {
  /** Hears of each table that was filled. */
  readonly onTable?: (table: string, rows: number) => void;
  /** Adds what is to be there in the same transaction, when everything else is. */
  readonly finish?: (tx: Query) => Promise<void>;
}

/**
 * @throws Fault when the database isn't empty, or when what arrived isn't what was sent
 */
export async function fill(
  target: OpenedEngine,
  contents: Contents,
  { onTable = () => {}, finish = async () => {} }: FillHooks = {},
): Promise<void> {
  const tables = await tablesMadeBy(contents.steps);
  const { engine } = target;
  await target.alone(async (tx) => {
    if (engine === 'sqlite') await sql`pragma defer_foreign_keys = on`.execute(tx);
    else await sql`set local idle_in_transaction_session_timeout = 0`.execute(tx);
    await demandEmpty({ q: tx, engine });
    await stepsIn(
      tx,
      engine,
      MIGRATIONS.filter(({ name }) => contents.steps.includes(name)),
    );
    const into = { q: tx, engine };
    // Some steps leave a row of their own.
    for (const { name } of tables.toReversed()) await sql`delete from ${sql.table(name)}`.execute(tx);
    for (const table of tables) {
      for await (const rows of contents.rowsOf(table)) await writeRows(into, table, rows);
      const [sent, arrived] = [await contents.sumOf(table), await sumOf(into, table)];
      if (sent.rows !== arrived.rows || sent.digest !== arrived.digest)
        throw new Fault(`the table ${table.name} did not arrive as it was sent: nothing was kept`, {
          hint: 'report this, please: rows were changed on their way',
          detail: `${sent.rows} rows ${sent.digest}, ${arrived.rows} rows ${arrived.digest}`,
        });
      onTable(table.name, arrived.rows);
    }
    for (const [table, last] of Object.entries(contents.counters))
      if (last > 0) await setCounter(tx, engine, table, last);
    await stepsIn(tx, engine, MIGRATIONS);
    await finish(tx);
  });
}

async function demandEmpty({ q, engine }: Source): Promise<void> {
  const tables = await q.introspection.getTables();
  const { rows } = await sql<{ here: string }>`select current_schema() as here`
    .execute(q)
    .catch(() => ({ rows: [] as { here: string }[] }));
  const here = rows[0]?.here;
  const found = tables.filter(({ schema }) => schema === undefined || schema === here).map(({ name }) => name);
  if (found.length === 0) return;
  throw new Fault(`the database to be filled is not empty: it has the table ${found.toSorted()[0]}`, {
    hint:
      engine === 'sqlite'
        ? 'move the file latchkey.db away, or name another folder; nothing was changed'
        : 'name an empty one; nothing was changed',
  });
}
