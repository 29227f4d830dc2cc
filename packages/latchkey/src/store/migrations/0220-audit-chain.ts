/**
 * The audit log as evidence: triggers that let nobody change it, checkpoints over ranges of it, which ranges were
 * pruned, and how far each stream has told it.
 *
 * An entry may go only when its range was pruned, which is a row that stays (`store/audit-prunings`).
 */
import { type Kysely, sql } from 'kysely';
import type { Migration } from './migration.ts';

const UNCHANGED = 'the audit log is append-only: nothing in it is changed';
const KEPT = 'the audit log is append-only: entries go in ranges, by latchkey admin audit prune';
/** Nobody changes rows of these tables. Only entries may be deleted. */
const TABLES = ['audit', 'audit_checkpoints', 'audit_prunings'] as const;

export const auditChain: Migration = {
  name: '0220-audit-chain',
  async up(db, engine) {
    await tables(db);
    await (engine === 'sqlite' ? guardSqlite(db) : guardPostgres(db));
  },
};

async function tables(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('audit_checkpoints')
    .addColumn('number', 'bigint', (column) => column.primaryKey())
    .addColumn('first_id', 'bigint', (column) => column.notNull())
    .addColumn('last_id', 'bigint', (column) => column.notNull())
    .addColumn('entries', 'bigint', (column) => column.notNull())
    .addColumn('entries_digest', 'text', (column) => column.notNull())
    .addColumn('previous', 'text', (column) => column.notNull())
    .addColumn('at', 'bigint', (column) => column.notNull())
    .addColumn('digest', 'text', (column) => column.notNull())
    .addColumn('signature', 'text', (column) => column.notNull())
    .addColumn('fingerprints', 'text', (column) => column.notNull())
    .execute();
  await db.schema.createIndex('audit_checkpoints_by_last_id').on('audit_checkpoints').columns(['last_id']).execute();
  await db.schema
    .createTable('audit_prunings')
    .addColumn('checkpoint', 'bigint', (column) => column.primaryKey())
    .addColumn('through_id', 'bigint', (column) => column.notNull())
    .addColumn('at', 'bigint', (column) => column.notNull())
    .addColumn('signature', 'text', (column) => column.notNull())
    .execute();
  await db.schema
    .createTable('audit_streams')
    .addColumn('name', 'text', (column) => column.primaryKey())
    .addColumn('after_id', 'bigint', (column) => column.notNull())
    .addColumn('after_checkpoint', 'bigint', (column) => column.notNull())
    .addColumn('failures', 'bigint', (column) => column.notNull())
    .addColumn('next_try_at', 'bigint', (column) => column.notNull())
    .addColumn('last_error', 'text')
    .addColumn('sent_at', 'bigint')
    .execute();
}

async function guardSqlite(db: Kysely<unknown>): Promise<void> {
  const refuse = (words: string) => sql`begin select raise(abort, ${sql.lit(words)}); end`;
  for (const table of TABLES) {
    const on = sql.ref(table);
    await sql`create trigger ${sql.ref(`${table}_unchanged`)} before update on ${on} ${refuse(UNCHANGED)}`.execute(db);
    const when =
      table === 'audit' ? sql`when old.id > coalesce((select max(through_id) from audit_prunings), 0)` : sql``;
    await sql`create trigger ${sql.ref(`${table}_kept`)} before delete on ${on} ${when} ${refuse(KEPT)}`.execute(db);
    // "insert or replace" removes a row without firing the trigger above.
    const key = sql.ref(table === 'audit' ? 'id' : table === 'audit_checkpoints' ? 'number' : 'checkpoint');
    await sql`create trigger ${sql.ref(`${table}_unreplaced`)} before insert on ${on}
      when exists (select 1 from ${on} where ${key} = new.${key}) ${refuse(UNCHANGED)}`.execute(db);
  }
}

async function guardPostgres(db: Kysely<unknown>): Promise<void> {
  await sql`create function audit_refuse() returns trigger language plpgsql as $$
    begin raise exception '%', tg_argv[0] using errcode = 'restrict_violation'; end $$`.execute(db);
  await sql`create function audit_keep() returns trigger language plpgsql as $$
    begin
      if old.id > coalesce((select max(through_id) from audit_prunings), 0) then
        raise exception '%', tg_argv[0] using errcode = 'restrict_violation';
      end if;
      return old;
    end $$`.execute(db);
  for (const table of TABLES) {
    const on = sql.ref(table);
    const keeper = sql.ref(table === 'audit' ? 'audit_keep' : 'audit_refuse');
    await sql`create trigger ${sql.ref(`${table}_unchanged`)} before update on ${on}
      for each row execute function audit_refuse(${sql.lit(UNCHANGED)})`.execute(db);
    await sql`create trigger ${sql.ref(`${table}_kept`)} before delete on ${on}
      for each row execute function ${keeper}(${sql.lit(KEPT)})`.execute(db);
    await sql`create trigger ${sql.ref(`${table}_untruncated`)} before truncate on ${on}
      for each statement execute function audit_refuse(${sql.lit(KEPT)})`.execute(db);
  }
}
