import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { type Kysely, sql } from 'kysely';
import { describe, expect, it, onTestFinished } from 'vitest';
import { makeLog } from '../../src/base/log.ts';
import { listAudit } from '../../src/store/audit.ts';
import { type OpenedEngine } from '../../src/store/db.ts';
import { MIGRATIONS, migrate } from '../../src/store/migrations.ts';
import { openStore } from '../../src/store/open.ts';
import { openPostgres } from '../../src/store/postgres.ts';
import { openSqlite } from '../../src/store/sqlite.ts';
import { ENGINES, type FreshDatabase, freshDatabase, openAgain } from '../engines/engines.ts';
import { once } from '../waits.ts';

/** Rounds of killing a writer: each kills it after another number of acknowledged changes. */
const KILLS = 6;

function start(
  program: string,
  database: FreshDatabase,
): ChildProcess & { stdin: NonNullable<ChildProcess['stdin']>; stdout: NonNullable<ChildProcess['stdout']> } {
  const child = spawn(
    process.execPath,
    [join(import.meta.dirname, 'processes', program), database.dataDir, database.databaseUrl ?? ''],
    { stdio: ['pipe', 'pipe', 'inherit'] },
  );
  onTestFinished(() => void child.kill('SIGKILL'));
  return child;
}

async function fresh(engine: (typeof ENGINES)[number]): Promise<FreshDatabase> {
  const database = await freshDatabase(engine);
  onTestFinished(database.remove);
  return database;
}

describe.each(ENGINES)('migrations [%s]', (engine) => {
  it('run once when several processes start at the same moment', async () => {
    const database = await fresh(engine);
    const children = [1, 2, 3].map(() => start('open-store.ts', database));
    await Promise.all(children.map((child) => once(child.stdout, 'data')));
    const outputs = children.map((child) => text(child.stdout));
    for (const child of children) child.stdin.write('go\n');
    const said = await Promise.all(outputs);
    expect(said.every((output) => output.includes('revision 1'))).toBe(true);
    expect(said.filter((output) => output.includes('brought the database up to date'))).toHaveLength(1);
  });

  it('run nothing on a database that is up to date', async () => {
    const database = await fresh(engine);
    await openAgain(database);
    const again = await opened(database);
    expect(await migrate(again)).toEqual([]);
  });

  it('refuse a database that a newer program made', async () => {
    const database = await fresh(engine);
    const store = await openAgain(database);
    await sql`insert into migrations (name, applied_at) values ('9001-tomorrow', 1)`.execute(store.db);
    await expect(openStore({ ...database, log: makeLog('silent') })).rejects.toMatchObject({
      name: 'Fault',
      message: 'the database was made by a newer Latchkey: this one does not know 9001-tomorrow',
      hint: 'start the newer version, or restore the backup from before the upgrade',
    });
  });

  it('leave the database as it was when one of them fails', async () => {
    const database = await fresh(engine);
    const broken = {
      name: '9001-broken',
      up: async (db: Kysely<unknown>) => {
        await db.schema.createTable('half').addColumn('id', 'integer').execute();
        throw new Error('the disk is full');
      },
    };
    const engineOfOurs = await opened(database);
    await expect(migrate(engineOfOurs, [...MIGRATIONS, broken])).rejects.toThrow('the disk is full');
    await expect(sql`select 1 from half`.execute(engineOfOurs.db)).rejects.toThrow(/half/);
    expect(await migrate(engineOfOurs)).toEqual(MIGRATIONS.map((migration) => migration.name));
  });

  async function opened(database: FreshDatabase): Promise<OpenedEngine> {
    const store =
      database.databaseUrl === null
        ? await openSqlite(database.dataDir)
        : await openPostgres(database.databaseUrl, makeLog('silent'));
    onTestFinished(() => store.close());
    return store;
  }
});

describe.each(ENGINES)('kill -9 [%s]', (engine) => {
  it('of a process in the middle of its changes loses nothing acknowledged, and leaves no half of one', async () => {
    const database = await fresh(engine);
    let expected = 0;
    for (let round = 1; round <= KILLS; round++) {
      const child = start('write-audit.ts', database);
      let acknowledged = 0;
      for await (const line of createInterface({ input: child.stdout })) {
        acknowledged = Number(line);
        if (acknowledged === round * 3) child.kill('SIGKILL');
      }
      expected += acknowledged;
    }
    const store = await openAgain(database);
    const entries = await listAudit(store.db, {}, { beforeId: null, limit: 100_000 });
    const [first, second] = ['first', 'second'].map(
      (action) => entries.filter((entry) => entry.action === action).length,
    );
    expect(first).toBe(second);
    expect(first).toBeGreaterThanOrEqual(expected);
    // A change may have been saved whose acknowledgement the kill cut off: at most one per round.
    expect(first).toBeLessThanOrEqual(expected + KILLS);
  });
});
