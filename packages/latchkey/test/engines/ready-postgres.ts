/**
 * PostgreSQL databases with tables, lent to the tests of a file one after the other: making one takes ten times as long
 * as emptying it.
 *
 * Invariant: a lent database is as `openStore` leaves an empty one: the same rows, the same next ids, no connections.
 * If a test changed tables, constraints or settings, it is dropped.
 */
import pg from 'pg';
import { makeLog } from '../../src/base/log.ts';
import { openStore } from '../../src/store/open.ts';

/** An idle database: its URL, and its state when its tables had just been made. */
interface Ready {
  readonly url: string;
  readonly shape: string;
  /** By table, the rows as JSON. */
  readonly rows: ReadonlyMap<string, string>;
}

const idle: Ready[] = [];

/** Takes an idle one, or makes the tables of a new one, whose URL comes from `create`. */
export async function borrowReady(create: () => Promise<string>): Promise<Ready> {
  const known = idle.pop();
  if (known !== undefined) return known;
  const url = await create();
  await (await openStore({ dataDir: '', databaseUrl: url, log: makeLog('silent') })).close();
  return withClient(url, async (client) => {
    const rows = new Map<string, string>();
    for (const table of await tablesOf(client)) {
      const found = await client.query<{ rows: string | null }>(`select json_agg(t)::text as rows from ${table} t`);
      const [{ rows: text } = { rows: null }] = found.rows;
      if (text !== null) rows.set(table, text);
    }
    return { url, shape: await shapeOf(client), rows };
  });
}

/** Empties it and keeps it for the next test. False when it can't be used again. */
export async function giveBack(ready: Ready): Promise<boolean> {
  const isAsBefore = await withClient(ready.url, async (client) => {
    await client.query(`select pg_terminate_backend(pid) from pg_stat_activity
      where datname = current_database() and pid <> pg_backend_pid()`);
    if ((await shapeOf(client)) !== ready.shape) return false;
    // Without foreign keys, so in any order.
    await client.query('set session_replication_role = replica');
    await client.query('begin');
    await client.query((await tablesOf(client)).map((table) => `delete from ${table}`).join(';'));
    for (const [table, rows] of ready.rows)
      await client.query(`insert into ${table} select * from json_populate_recordset(null::${table}, $1)`, [rows]);
    await client.query(`select setval(oid::regclass, 1, false) from pg_class
      where relkind = 'S' and relnamespace = 'public'::regnamespace`);
    await client.query('commit');
    return true;
  });
  if (isAsBefore) idle.push(ready);
  return isAsBefore;
}

async function tablesOf(client: pg.Client): Promise<string[]> {
  const { rows } = await client.query<{ name: string }>(
    `select quote_ident(tablename) as name from pg_tables where schemaname = 'public'`,
  );
  return rows.map(({ name }) => name);
}

/** A digest of all columns, indexes, constraints, triggers, functions and settings. */
async function shapeOf(client: pg.Client): Promise<string> {
  const { rows } = await client.query<{ shape: string }>(`
    select md5(string_agg(part, E'\\n' order by part)) as shape from (
      select concat_ws(' ', c.relname, a.attname, a.atttypid, a.attnotnull, c.reloptions) as part
        from pg_attribute a join pg_class c on c.oid = a.attrelid where c.relnamespace = 'public'::regnamespace
      union all select conname || pg_get_constraintdef(oid) from pg_constraint
        where connamespace = 'public'::regnamespace
      union all select tgname || tgenabled::text from pg_trigger where not tgisinternal
      union all select prosrc from pg_proc where pronamespace = 'public'::regnamespace
      union all select setconfig::text from pg_db_role_setting
    ) as parts`);
  return rows[0]?.shape ?? '';
}

/** A separate connection for this work. */
export async function withClient<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}
