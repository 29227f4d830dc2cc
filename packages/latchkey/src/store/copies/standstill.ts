/** Who else is connected to a PostgreSQL database, and keeping them from changing it while it is copied. */
import { sql } from 'kysely';
import type { Query } from '../db.ts';
import type { Table } from './tables.ts';

/** Connections of other processes of ours to this database: a server has at least the one that listens. */
export async function countOtherProcesses(tx: Query): Promise<number> {
  const { rows } = await sql<{ count: number }>`select count(*) as count from pg_stat_activity
    where datname = current_database() and application_name = current_setting('application_name')
      and pid <> pg_backend_pid()`.execute(tx);
  return Number(rows[0]?.count ?? 0);
}

/** Until the transaction ends, others can read these tables, and change none of them. */
export async function holdStill(tx: Query, tables: readonly Table[]): Promise<void> {
  await sql`lock table ${sql.join(tables.map(({ name }) => sql.table(name)))} in share mode`.execute(tx);
}
