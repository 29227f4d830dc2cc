/**
 * An instance moves from SQLite to PostgreSQL and back, by `latchkey admin migrate`, and goes on there as if nothing
 * had happened.
 */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { expect, onTestFinished, test, vi } from 'vitest';
import { addUser } from '../../src/actions/accounts/accounts.ts';
import { verifyAudit } from '../../src/actions/audit/verify.ts';
import { operatorPermit } from '../../src/actions/decision/authorize.ts';
import { type OpenContext, openContext } from '../../src/actions/instance/open.ts';
import { addRepository } from '../../src/actions/repositories/repositories.ts';
import { createToken, revokeToken } from '../../src/actions/tokens/tokens.ts';
import { makeLog } from '../../src/base/log.ts';
import { loadSettings } from '../../src/base/settings/settings.ts';
import { runGit } from '../doors/git/server.ts';
import { type FreshDatabase, freshDatabase } from '../engines/engines.ts';
import { once } from '../waits.ts';
import { dataOptions, latchkey, latchkeyInside, MAIN, serveUntilReady } from './latchkey-process.ts';

const operator = operatorPermit();
/** Enough to be in the middle of them when the process is killed. */
const MANY_NAMES = 20_000;
/** For what PostgreSQL notices by itself. */
const PATIENCE = { timeout: 30_000, interval: 100 };

async function during<T>({ dataDir, databaseUrl }: FreshDatabase, act: (ctx: OpenContext) => Promise<T>): Promise<T> {
  const flags = { data: dataDir, ...(databaseUrl === null ? {} : { database: databaseUrl }) };
  const ctx = await openContext(loadSettings({ flags, env: {} }), makeLog('silent'));
  try {
    return await act(ctx);
  } finally {
    await ctx.close();
  }
}

/** An instance on SQLite with ada, her repository `notes`, a token that works and one that was revoked. */
async function instance(): Promise<{ small: FreshDatabase; alive: string; dead: string }> {
  const small = await freshDatabase('sqlite');
  onTestFinished(small.remove);
  const made = await during(small, async (ctx) => {
    const email = 'ada@example.org';
    await addUser(ctx, operator, { login: 'ada', email, password: null, admin: false, verified: true });
    await addRepository(ctx, operator, { owner: 'ada', name: 'notes', visibility: 'private' });
    const make = async (name: string) =>
      createToken(ctx, operator, {
        userLogin: 'ada',
        kind: 'classic',
        name,
        description: 'with “quotes”, ünïcode and a backslash \\ too',
        scopes: ['repo'],
        grants: [],
      });
    const [alive, dead] = [await make('alive'), await make('dead')];
    await revokeToken(ctx, operator, dead.token.id);
    return { alive: alive.secret.reveal(), dead: dead.secret.reveal() };
  });
  return { small, ...made };
}

async function emptyPostgres(of: FreshDatabase): Promise<FreshDatabase> {
  const large = await freshDatabase('postgres');
  onTestFinished(large.remove);
  return { ...large, dataDir: of.dataDir };
}

async function asked<T extends object>({ databaseUrl }: FreshDatabase, text: string): Promise<T[]> {
  const client = new pg.Client({ connectionString: databaseUrl! });
  await client.connect();
  try {
    return (await client.query<T>(text)).rows;
  } finally {
    await client.end();
  }
}

const tablesIn = async (database: FreshDatabase): Promise<number> =>
  (await asked(database, `select 1 from pg_tables where schemaname = 'public'`)).length;

test('an instance moves to PostgreSQL, serves checks and pushes there, and moves back with what came since', {
  timeout: 180_000,
}, async () => {
  const { small, alive, dead } = await instance();
  const large = await emptyPostgres(small);
  const toFile = join(small.dataDir, 'address');
  await writeFile(toFile, `${large.databaseUrl}\n`, { mode: 0o600 });
  const move = () => latchkeyInside(['admin', 'migrate', '--to-file', toFile, '--data', small.dataDir]);

  // Not while a server runs on it: what that changes meanwhile would be lost.
  const serving = await serveUntilReady(dataOptions(small));
  const refused = await move();
  expect(refused.stderr).toMatch(/^error: another latchkey serve uses the data folder/);
  expect([refused.code, await tablesIn(large)]).toEqual([3, 0]);
  await serving.stop('SIGTERM');

  const moved = await move();
  expect(moved).toMatchObject({
    code: 0,
    stderr: expect.stringMatching(/moved \d+ rows of \d+ tables, each compared/),
  });
  expect(moved.stderr).not.toContain(new URL(large.databaseUrl!).pathname);
  expect(existsSync(join(small.dataDir, 'latchkey.db'))).toBe(false);
  // Whoever forgets to name the new database gets no empty instance.
  expect((await latchkey(['serve', '--port', '0', ...dataOptions(small)])).stderr).toContain(
    'is empty, but the repositories',
  );
  expect((await move()).stderr).toContain('from an earlier move');

  const server = await serveUntilReady(dataOptions(large));
  const statusOf = async (secret: string): Promise<number> =>
    (await fetch(`${server.url}/api/v3/user`, { headers: { authorization: `Bearer ${secret}` } })).status;
  const folder = await mkdtemp(join(tmpdir(), 'latchkey-moved-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const git = async (...args: string[]): Promise<void> => {
    const ran = await runGit(args, folder, {});
    expect(ran.code, ran.stderr).toBe(0);
  };
  const remote = `${server.url.replace('://', `://ada:${alive}@`)}/ada/notes.git`;
  await git('init', '--quiet', '--initial-branch=main', '.');
  const checks = Array.from({ length: 200 }, (_, i) => statusOf(i % 4 === 0 ? dead : alive));
  for (const name of ['one', 'two', 'three']) {
    await git(
      '-c',
      'user.name=ada',
      '-c',
      'user.email=ada@example.org',
      'commit',
      '--quiet',
      '--allow-empty',
      '-m',
      name,
    );
    await git('push', '--quiet', remote, 'HEAD:main');
  }
  const answers = await Promise.all(checks);
  expect(answers.map((status, i) => status === (i % 4 === 0 ? 401 : 200)).every(Boolean)).toBe(true);

  const back = () => latchkeyInside(['admin', 'migrate', '--to', 'sqlite', ...dataOptions(large)]);
  expect((await back()).stderr).toMatch(/^error: a server or a command still uses the database/);
  await server.stop('SIGTERM');
  // The server that didn't know where the database is made a file there.
  await vi.waitFor(async () => expect((await back()).stderr).toContain('move the file latchkey.db away'), PATIENCE);
  await rm(join(small.dataDir, 'latchkey.db'));
  await vi.waitFor(async () => expect(await back()).toMatchObject({ code: 0 }), PATIENCE);
  const after = await during(small, async (ctx) => ({
    report: await verifyAudit(ctx, { keptElsewhere: [], withoutUnknownKeys: false }),
    actions: (await ctx.store.db.selectFrom('audit').select('action').orderBy('id').execute()).map((row) => row.action),
    next: (
      await createToken(ctx, operator, {
        userLogin: 'ada',
        kind: 'classic',
        name: 'next',
        description: '',
        scopes: [],
        grants: [],
      })
    ).token.id,
  }));
  expect(after.report.faults).toEqual([]);
  expect(after.actions.filter((action) => action === 'git.push')).toHaveLength(3);
  expect(after.actions.filter((action) => action === 'instance.move')).toHaveLength(2);
  expect(after.next).toBe(3);
});

test('a move that is cut, or can’t be made, leaves the old database as it was and the new one empty', {
  timeout: 120_000,
}, async () => {
  const { small } = await instance();
  const large = await emptyPostgres(small);
  const args = ['admin', 'migrate', '--to', large.databaseUrl!, '--data', small.dataDir];
  const names = Array.from({ length: MANY_NAMES }, (_, i) => ({ login_key: `gone-${i}`, until_at: 1 }));
  await during(small, (ctx) =>
    ctx.store.transaction(async (tx) => {
      for (let at = 0; at < names.length; at += 5_000)
        await tx
          .insertInto('reserved_names')
          .values(names.slice(at, at + 5_000))
          .execute();
    }),
  );
  const child = spawn(process.execPath, [MAIN, ...args], { stdio: ['ignore', 'ignore', 'pipe'] });
  await once(child.stderr, 'data');
  child.kill('SIGKILL');
  await once(child, 'close');
  // PostgreSQL takes a moment to see that nobody is there.
  await vi.waitFor(async () => expect(await tablesIn(large)).toBe(0), PATIENCE);
  expect(existsSync(join(small.dataDir, 'latchkey.db'))).toBe(true);

  await asked(large, 'create table others (id int)');
  expect((await latchkeyInside(args)).stderr).toContain('is not empty: it has the table others');
  await asked(large, 'drop table others');

  // What one engine keeps and the other doesn't is told by its place.
  await during(small, (ctx) =>
    ctx.store.db.insertInto('reserved_names').values({ login_key: 'a\u0000b', until_at: 1 }).execute(),
  );
  expect((await latchkeyInside(args)).stderr).toContain('the column login_key of reserved_names holds the character 0');
  await during(small, (ctx) => ctx.store.db.deleteFrom('reserved_names').where('until_at', '=', 1).execute());

  const name = new URL(large.databaseUrl!).pathname.slice(1);
  await asked(large, `alter database ${name} set default_transaction_read_only = on`);
  expect((await latchkeyInside(args)).stderr).toContain('error: the new database takes no changes');
  // A connection that was told so itself may change what the database says to others.
  const willing = { ...large, databaseUrl: `${large.databaseUrl}?options=-cdefault_transaction_read_only%3Doff` };
  await asked(willing, `alter database ${name} reset default_transaction_read_only`);

  expect((await latchkeyInside([...args, '--database', large.databaseUrl!])).stderr).toContain(
    'there is nothing to move',
  );
  expect((await latchkeyInside(['admin', 'migrate', '--data', small.dataDir])).stderr).toContain('say where to');
  expect(await latchkeyInside(args)).toMatchObject({ code: 0 });
});
