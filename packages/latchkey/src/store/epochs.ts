/**
 * Which database this is, how far it has got, and what makes it one that begins anew after it was restored.
 *
 * An *epoch* ends when the database is put back to an earlier state. In the next one every id is above all that may
 * have been given out in the one before, so that nothing new is taken for something that was lost.
 */
import { sql } from 'kysely';
import { newestAuditId } from './audit.ts';
import type { Query, Store } from './db.ts';

/** Further than an instance can get between two checks. In JSON, ids stay exact for nine billion such gaps. */
const GAP = 1_000_000;

/** Table → the highest id it has given out, whether or not the row still exists. */
export type IdCounters = Readonly<Record<string, number>>;

export interface DatabaseState {
  /** Identifies the database: random, made with it. */
  readonly instance: string;
  /** 1, and one more after each restore. */
  readonly epoch: number;
  /** The newest entry of the audit log; 0 = none. */
  readonly auditId: number;
  readonly counters: IdCounters;
}

/** How far the database has got, as committed now. */
export async function readDatabaseState({ db, engine }: Pick<Store, 'db' | 'engine'>): Promise<DatabaseState> {
  const { instance, number } = await db.selectFrom('epoch').selectAll().where('id', '=', 1).executeTakeFirstOrThrow();
  // Read this before the counters, which only rise: the newest entry is never above its counter.
  const auditId = await newestAuditId(db);
  return { instance, epoch: number, auditId, counters: await readCounters(db, engine) };
}

/** PostgreSQL: the tables whose ids are counted, with their sequences. */
const COUNTED_TABLES = sql`(
  select pg_class.relname::text as name,
    pg_get_serial_sequence(format('%I.%I', current_schema(), pg_class.relname), pg_attribute.attname) as sequence
  from pg_class
  join pg_attribute on pg_attribute.attrelid = pg_class.oid
  where pg_class.relnamespace = current_schema()::regnamespace and pg_class.relkind = 'r'
    and pg_attribute.attname = 'id' and pg_attribute.attidentity <> ''
)`;

/** The highest id that each table has given out. */
export async function readCounters(q: Query, engine: Store['engine']): Promise<IdCounters> {
  const { rows } = await (engine === 'sqlite'
    ? sql<{ name: string; last: number }>`select name, seq as last from sqlite_sequence`
    : sql<{ name: string; last: number }>`select name, pg_sequence_last_value(sequence::regclass) as last
        from ${COUNTED_TABLES} as counted
        where pg_sequence_last_value(sequence::regclass) is not null`
  ).execute(q);
  return Object.fromEntries(rows.map(({ name, last }) => [name, Number(last)]));
}

/** What is known about the previous epoch beyond what the database itself knows. */
export interface EpochBefore {
  readonly epoch: number;
  readonly counters: IdCounters;
}

/** Begins the next epoch: from now on, every table gives out ids above all that it, or `before`, ever gave. */
export async function beginEpoch(tx: Query, engine: Store['engine'], before: EpochBefore): Promise<number> {
  const own = await readCounters(tx, engine);
  for (const table of new Set([...Object.keys(own), ...Object.keys(before.counters)]))
    await setCounter(tx, engine, table, Math.max(own[table] ?? 0, before.counters[table] ?? 0) + GAP);
  const { number } = await tx.selectFrom('epoch').select('number').where('id', '=', 1).executeTakeFirstOrThrow();
  const next = Math.max(number, before.epoch) + 1;
  await tx.updateTable('epoch').set({ number: next }).where('id', '=', 1).execute();
  return next;
}

/** From now on, a table gives out ids above `last`. A table that this release doesn't know is left alone. */
export async function setCounter(tx: Query, engine: Store['engine'], table: string, last: number): Promise<void> {
  if (engine === 'postgres') {
    const counted = sql`${COUNTED_TABLES} as counted where name = ${table}`;
    await sql`select setval(sequence::regclass, ${last}) from ${counted}`.execute(tx);
    return;
  }
  const { numAffectedRows } = await sql`update sqlite_sequence set seq = ${last} where name = ${table}`.execute(tx);
  if (numAffectedRows === 0n)
    await sql`insert into sqlite_sequence (name, seq)
      select name, ${last} from sqlite_master where type = 'table' and name = ${table}`.execute(tx);
}

/** Ends everything that lets somebody in for a while: sessions, links in mails, unfinished sign-ins of commands. */
export async function endEverySignIn(tx: Query): Promise<void> {
  for (const table of ['sessions', 'one_time_links', 'logins'] as const) await tx.deleteFrom(table).execute();
}
