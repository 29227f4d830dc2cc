/**
 * A backup that an older program made, with fewer steps of the schema, is put back by today's: its tables are brought
 * up to date, its tokens work, what was revoked since stays dead. One of a newer program is refused in words. The
 * backup is a real one: see `older-backup/README.md`.
 */
import { createHash } from 'node:crypto';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { expect, onTestFinished, test } from 'vitest';
import { openContext } from '../../src/actions/instance/open.ts';
import { makeLog } from '../../src/base/log.ts';
import { loadSettings } from '../../src/base/settings/settings.ts';
import { MIGRATIONS, stepsOf } from '../../src/store/migrations.ts';
import { ENGINES, type FreshDatabase, freshDatabase } from '../engines/engines.ts';
import { dataOptions, latchkeyInside, runProgram, serveUntilReady } from './latchkey-process.ts';

const OLDER = join(import.meta.dirname, 'older-backup');
const TOKENS = JSON.parse(await readFile(join(OLDER, 'tokens.json'), 'utf8')) as Record<
  'kept' | 'ended' | 'classic',
  string
>;

/** An empty place for it, with the key, and the backup unpacked into a folder. */
async function place(engine: (typeof ENGINES)[number]): Promise<{ database: FreshDatabase; backup: string }> {
  const database = await freshDatabase(engine);
  onTestFinished(database.remove);
  const folder = await mkdtemp(join(tmpdir(), 'latchkey-older-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  await mkdir(database.dataDir, { recursive: true });
  await cp(join(OLDER, 'secret.key'), join(database.dataDir, 'secret.key'));
  const tar = join(folder, 'backup.tar');
  await writeFile(tar, gunzipSync(await readFile(join(OLDER, 'backup.tar.gz'))));
  const backup = join(folder, 'backup');
  await mkdir(backup);
  expect(await runProgram('tar', ['-xf', tar, '-C', backup])).toMatchObject({ code: 0 });
  return { database, backup };
}

const contextOf = ({ dataDir, databaseUrl }: FreshDatabase): ReturnType<typeof openContext> => {
  const flags = { data: dataDir, ...(databaseUrl === null ? {} : { database: databaseUrl }) };
  return openContext(loadSettings({ flags, env: {} }), makeLog('silent'));
};

test.each(ENGINES)('a backup of an older schema is put back and brought up to date [%s]', async (engine) => {
  const { database, backup } = await place(engine);
  const options = dataOptions(database);
  const manifest = await manifestOf(backup);
  expect(manifest.steps.length).toBeGreaterThan(40);
  expect(manifest.steps.length).toBeLessThan(MIGRATIONS.length);

  const done = await latchkeyInside(['admin', 'restore', backup, '--tail', join(OLDER, 'tail.jsonl'), ...options]);
  expect(done.stderr).toContain('revoked 1 tokens');
  expect(done.code).toBe(0);
  const ctx = await contextOf(database);
  expect(await stepsOf(ctx.store.db)).toEqual({ applied: MIGRATIONS.length, pending: [], unknown: [] });
  await ctx.close();

  const server = await serveUntilReady(options);
  const statusOf = async (secret: string): Promise<number> =>
    (await fetch(`${server.url}/api/v3/user`, { headers: { authorization: `Bearer ${secret}` } })).status;
  expect(await statusOf(TOKENS.classic)).toBe(200);
  expect(await statusOf(TOKENS.ended)).toBe(401);
  const clone = join(backup, 'clone');
  const address = server.url.replace('://', `://ada:${TOKENS.kept}@`);
  const git = (...args: string[]): ReturnType<typeof runProgram> =>
    runProgram('git', ['-c', 'user.name=Ada', '-c', 'user.email=ada@example.org', ...args]);
  expect(await git('clone', '-q', `${address}/acme/site.git`, clone)).toMatchObject({ code: 0 });
  expect(await readFile(join(clone, 'readme.md'), 'utf8')).toBe('hello\n');
  // Every step since then holds for what is written now, too.
  expect(await git('-C', clone, 'commit', '-q', '--allow-empty', '-m', 'second')).toMatchObject({ code: 0 });
  expect(await git('-C', clone, 'push', '-q', 'origin', 'main')).toMatchObject({ code: 0 });
  expect((await server.stop('SIGTERM')).code).toBe(0);
  expect(await latchkeyInside(['admin', 'check', ...options])).toMatchObject({ code: 0 });
  expect((await latchkeyInside(['admin', 'machine', 'list', 'acme', ...options])).stdout).toContain('deploy-bot');
});

test('a backup of a newer schema is refused in words, and nothing is written', async () => {
  const { database, backup } = await place('sqlite');
  const other = await place('sqlite');
  // Signed with the key of the instance, as the newer program would.
  const { keys, close } = await contextOf(other.database);
  await rewrite(
    backup,
    (manifest) => ({ ...manifest, steps: [...manifest.steps, '9999-later'] }),
    keys.sign.bind(keys),
  );
  await close();
  const refused = await latchkeyInside(['admin', 'restore', backup, '--nothing-ended', ...dataOptions(database)]);
  expect(refused.code).not.toBe(0);
  expect(refused.stderr).toBe(
    'error: the database was made by a newer Latchkey: this one does not know 9999-later\n' +
      'hint: take the version that made it, or a newer one\n',
  );
  expect(await readdir(database.dataDir)).toEqual(['secret.key']);
});

interface Manifest {
  readonly steps: readonly string[];
}

async function snapshotOf(backup: string): Promise<string> {
  const [name = ''] = (await readdir(join(backup, 'snapshots'))).filter((file) => file.endsWith('.json'));
  return join(backup, 'snapshots', name);
}

async function manifestOf(backup: string): Promise<Manifest> {
  const { manifest } = JSON.parse(await readFile(await snapshotOf(backup), 'utf8')) as { manifest: string };
  return JSON.parse(manifest) as Manifest;
}

async function rewrite(
  backup: string,
  change: (manifest: Manifest) => Manifest,
  sign: (what: 'backup', digest: string) => string,
): Promise<void> {
  const manifest = JSON.stringify(change(await manifestOf(backup)));
  const digest = createHash('sha256').update(manifest).digest('hex');
  await writeFile(await snapshotOf(backup), JSON.stringify({ manifest, signature: sign('backup', digest) }));
}
