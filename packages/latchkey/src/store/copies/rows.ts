/**
 * All rows of a table, read from one engine and written to the other.
 *
 * Invariant: a row is the same list of values on both engines, and so is its line of text. So two tables can be
 * compared by their sums, whatever keeps them.
 * Invariant: at most `BATCH` rows are in memory.
 */
import { createHash } from 'node:crypto';
import { sql } from 'kysely';
import { Fault } from '../../base/errors.ts';
import type { Engine, Query } from '../db.ts';
import type { Table } from './tables.ts';

/** The values of a row, in the order of the table's columns. */
export type Row = readonly (string | number | null)[];

/** Rows of deliveries and mails may take megabytes each. */
const BATCH = 200;

/** What to read from: within a snapshot or a transaction, so that all of it is of one moment. */
export interface Source {
  readonly q: Query;
  readonly engine: Engine;
}

/** Every row of a table, in batches. */
export async function* readRows({ q, engine }: Source, table: Table): AsyncGenerator<Row[]> {
  const batches = engine === 'sqlite' ? byRowId(q, table) : byCursor(q, table);
  for await (const found of batches)
    yield found.map((row) => table.columns.map((name) => valueOf(row[name], table, name)));
}

type Found = Readonly<Record<string, unknown>>;

/** Every table of ours has SQLite's own row number; where there is an `id`, it is that. */
async function* byRowId(q: Query, { name, columns }: Table): AsyncGenerator<Found[]> {
  let after = -1;
  for (;;) {
    const { rows } = await sql<Found>`select rowid as copied_rowid, ${names(columns)} from ${sql.table(name)}
      where rowid > ${after} order by rowid limit ${BATCH}`.execute(q);
    if (rows.length === 0) return;
    after = Number(rows.at(-1)?.['copied_rowid']);
    yield rows;
  }
}

async function* byCursor(q: Query, { name, columns, hasId }: Table): AsyncGenerator<Found[]> {
  const order = hasId ? sql`order by id` : sql``;
  await sql`declare copied no scroll cursor for select ${names(columns)} from ${sql.table(name)} ${order}`.execute(q);
  for (;;) {
    const { rows } = await sql<Found>`fetch forward ${sql.lit(BATCH)} from copied`.execute(q);
    if (rows.length === 0) break;
    yield rows;
  }
  await sql`close copied`.execute(q);
}

const names = (columns: readonly string[]) => sql.join(columns.map((column) => sql.ref(column)));

function valueOf(value: unknown, { name }: Table, column: string): string | number | null {
  if (value === null || typeof value === 'string' || typeof value === 'number') return value;
  throw new Fault(`the column ${column} of ${name} holds what can't be copied`, { detail: typeof value });
}

/** The engines that keep everything in one text differ here: PostgreSQL has no character 0. */
const HAS_ZERO = /\u0000/;

/** Adds rows to a table. @throws Fault for a text that the engine can't keep */
export async function writeRows({ q, engine }: Source, { name, columns }: Table, rows: readonly Row[]): Promise<void> {
  if (rows.length === 0) return;
  if (engine === 'postgres') demandNoZero(name, columns, rows);
  const lists = rows.map((row) => sql`(${sql.join([...row])})`);
  await sql`insert into ${sql.table(name)} (${names(columns)}) values ${sql.join(lists)}`.execute(q);
}

function demandNoZero(name: string, columns: readonly string[], rows: readonly Row[]): void {
  for (const row of rows) {
    const at = row.findIndex((value) => typeof value === 'string' && HAS_ZERO.test(value));
    if (at < 0) continue;
    throw new Fault(`the column ${columns[at]} of ${name} holds the character 0, which PostgreSQL doesn't keep`, {
      hint: `change or delete that row (${columns[0]} ${String(row[0])}) first`,
    });
  }
}

/** A row as a line of text, without its line end. */
export const lineOf = (row: Row): string => JSON.stringify(row);

const MODULUS = 2n ** 256n;

/** What a table holds, in whatever order: the sum of the SHA-256 of its lines, and their number. */
export class TableSum {
  #sum = 0n;
  #rows = 0;

  add(line: string): void {
    this.#sum = (this.#sum + BigInt(`0x${createHash('sha256').update(line).digest('hex')}`)) % MODULUS;
    this.#rows++;
  }

  get rows(): number {
    return this.#rows;
  }

  get digest(): string {
    return this.#sum.toString(16).padStart(64, '0');
  }
}

export interface Summed {
  readonly rows: number;
  readonly digest: string;
}

/** Reads a whole table, and sums it up. */
export async function sumOf(source: Source, table: Table): Promise<Summed> {
  const sum = new TableSum();
  for await (const rows of readRows(source, table)) for (const row of rows) sum.add(lineOf(row));
  return { rows: sum.rows, digest: sum.digest };
}
