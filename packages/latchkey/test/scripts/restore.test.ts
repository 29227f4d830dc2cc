/**
 * A database is restored to an earlier state: what was revoked, replaced or narrowed since then must not come back to
 * life, and nothing new may be taken for something that was lost.
 */
import { existsSync } from 'node:fs';
import { copyFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { expect, onTestFinished, test } from 'vitest';
import { addUser } from '../../src/actions/accounts/accounts.ts';
import { exportAudit } from '../../src/actions/audit/export.ts';
import { operatorPermit } from '../../src/actions/decision/authorize.ts';
import { type OpenContext, openContext } from '../../src/actions/instance/open.ts';
import { regenerateToken } from '../../src/actions/tokens/secrets.ts';
import { createToken, revokeToken } from '../../src/actions/tokens/tokens.ts';
import { makeLog } from '../../src/base/log.ts';
import { loadSettings } from '../../src/base/settings/settings.ts';
import { ENGINES, type FreshDatabase, freshDatabase } from '../engines/engines.ts';
import { dataOptions, latchkey, serveUntilReady } from './latchkey-process.ts';

const operator = operatorPermit();

function open({ dataDir, databaseUrl }: FreshDatabase): Promise<OpenContext> {
  const flags = { data: dataDir, ...(databaseUrl === null ? {} : { database: databaseUrl }) };
  return openContext(loadSettings({ flags, env: {} }), makeLog('silent'));
}

/** Does something as a separate process would: everything it leaves is written. */
async function during<T>(database: FreshDatabase, act: (ctx: OpenContext) => Promise<T>): Promise<T> {
  const ctx = await open(database);
  try {
    return await act(ctx);
  } finally {
    await ctx.close();
  }
}

interface Made {
  readonly id: number;
  readonly secret: string;
}

async function makeToken(ctx: OpenContext, name: string): Promise<Made> {
  const draft = { userLogin: 'ada', kind: 'classic', name, description: '', scopes: ['repo'], grants: [] } as const;
  const { token, secret } = await createToken(ctx, operator, draft);
  return { id: token.id, secret: secret.reveal() };
}

/** Copies the database as it is, and returns a function that restores it. */
async function backUp(database: FreshDatabase): Promise<() => Promise<void>> {
  const { dataDir, databaseUrl } = database;
  if (databaseUrl === null) {
    const file = join(dataDir, 'latchkey.db');
    await copyFile(file, `${file}.copy`);
    return async () => {
      for (const suffix of ['-wal', '-shm']) await rm(`${file}${suffix}`, { force: true });
      await copyFile(`${file}.copy`, file);
    };
  }
  const name = new URL(databaseUrl).pathname.slice(1);
  const run = async (...statements: string[]): Promise<void> => {
    const client = new pg.Client({ connectionString: databaseUrl.replace(/[^/]+$/, 'postgres') });
    await client.connect();
    for (const statement of statements) await client.query(statement);
    await client.end();
  };
  await run(`create database ${name}_copy template ${name}`);
  onTestFinished(() => run(`drop database if exists ${name}_copy with (force)`));
  return () => run(`drop database ${name} with (force)`, `create database ${name} template ${name}_copy`);
}

async function exported(ctx: OpenContext): Promise<string> {
  let text = '';
  for await (const lines of exportAudit(ctx)) text += lines.text;
  return text;
}

test.each(ENGINES)(
  'what had been ended stays dead when an old %s database is put back',
  { timeout: 180_000 },
  async (engine) => {
    const database = await freshDatabase(engine);
    onTestFinished(database.remove);
    const options = dataOptions(database);
    const restore = (...args: string[]): ReturnType<typeof latchkey> =>
      latchkey(['admin', 'restore', ...args, ...options]);
    const tokens = await during(database, async (ctx) => {
      await addUser(ctx, operator, {
        login: 'ada',
        email: 'ada@example.org',
        password: null,
        admin: false,
        verified: true,
      });
      return {
        kept: await makeToken(ctx, 'kept'),
        revoked: await makeToken(ctx, 'revoked'),
        replaced: await makeToken(ctx, 'replaced'),
      };
    });
    const putBack = await backUp(database);

    const tail = join(database.dataDir, 'tail.jsonl');
    const short = join(database.dataDir, 'short.jsonl');
    const late = await during(database, async (ctx) => {
      await writeFile(short, await exported(ctx));
      await revokeToken(ctx, operator, tokens.revoked.id);
      const { secret } = await regenerateToken(ctx, operator, tokens.replaced.id);
      const made = await makeToken(ctx, 'made');
      await writeFile(tail, await exported(ctx));
      return { made, replacement: secret.reveal() };
    });
    await putBack();

    // Neither a server nor a command works on it until somebody has said what is known about that time.
    const refused = await latchkey(['serve', '--port', '0', ...options]);
    expect(refused.code).not.toBe(0);
    expect(refused.stderr).toMatch(/put back to an earlier state[^]*latchkey admin restore --tail/);
    await expect(open(database)).rejects.toThrow('put back to an earlier state');
    const early = await restore('--tail', short);
    expect(early).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/[Tt]he tail ends with entry \d+, but the log had got/),
    });

    const done = await restore('--tail', tail);
    expect(done.stderr).toContain('epoch 2 has begun: revoked 2 tokens');
    expect(done.code).toBe(0);
    const server = await serveUntilReady(options);
    const statusOf = async (secret: string): Promise<number> =>
      (await fetch(`${server.url}/api/v3/user`, { headers: { authorization: `Bearer ${secret}` } })).status;
    expect(await statusOf(tokens.kept.secret)).toBe(200);
    for (const secret of [tokens.revoked.secret, tokens.replaced.secret, late.replacement, late.made.secret])
      expect(await statusOf(secret)).toBe(401);
    expect((await server.stop('SIGTERM')).code).toBe(0);
    const fresh = await during(database, async (ctx) => makeToken(ctx, 'fresh'));
    expect(fresh.id).toBeGreaterThan(late.made.id);

    // Once more, and this time nobody has a tail of the log.
    await putBack();
    expect((await restore('--end-all-tokens')).stderr).toContain('epoch 3 has begun: revoked 3 tokens');
    expect((await during(database, (ctx) => makeToken(ctx, 'newer'))).id).toBeGreaterThan(fresh.id);
    expect(existsSync(join(database.dataDir, 'repositories/.latchkey/high-water'))).toBe(true);
  },
);
