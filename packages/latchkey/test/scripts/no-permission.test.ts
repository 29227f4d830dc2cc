/**
 * The operator has changed an owner or a mode, and the server may not write its own folders any more. It says so, and
 * goes on checking tokens.
 */
import { chmod } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { readyDatabase } from '../engines/engines.ts';
import { dataOptions, latchkeyInside, serveUntilReady } from './latchkey-process.ts';

/**
 * For a server that root runs, whom no mode keeps out: at each signal it becomes nobody, or root again. Loaded before
 * it, so that a checkout that nobody may read is no obstacle.
 */
const BECOME_NOBODY =
  "process.on('SIGUSR2', () => process.getuid() === 0 && process.seteuid(process.geteuid() === 0 ? 65534 : 0));";

test('a server that may not write its folders says permission_denied, checks tokens, and recovers', {
  timeout: 90_000,
}, async () => {
  const database = await readyDatabase('sqlite');
  onTestFinished(database.remove);
  const options = dataOptions(database);
  await latchkeyInside(['admin', 'user', 'add', 'ada', '--email', 'ada@example.org', '--verified', ...options]);
  const made = await latchkeyInside(['admin', 'token', 'add', 'ada', '--name', 't', '--classic', ...options]);
  const preload = `data:text/javascript,${encodeURIComponent(BECOME_NOBODY)}`;
  const serving = await serveUntilReady(options, undefined, ['/usr/bin/env', `NODE_OPTIONS=--import=${preload}`]);
  const asked = async (path: string) => {
    const response = await fetch(serving.url + path, { headers: { Authorization: `Bearer ${made.stdout.trim()}` } });
    return { code: response.status, ...((await response.json()) as object) };
  };
  const folders = [database.dataDir, join(database.dataDir, 'repositories')];
  const allow = async (mode: number): Promise<void> => {
    for (const folder of folders) await chmod(folder, mode);
    serving.child.kill('SIGUSR2');
  };
  expect(await asked('/readyz?for=write')).toMatchObject({ code: 200, write: true });
  onTestFinished(async () => {
    for (const folder of folders) await chmod(folder, 0o700);
  });
  await allow(0o500);
  const denied = { ok: false, reason: 'permission_denied' };
  await vi.waitFor(
    async () =>
      expect(await asked('/readyz')).toMatchObject({
        code: 200,
        status: 'ready to check',
        write: false,
        parts: { database: { ok: true }, data_disk: denied, repositories_disk: denied },
      }),
    { timeout: 30_000, interval: 100 },
  );
  expect(await asked('/readyz?for=write')).toMatchObject({ code: 503 });
  expect(await asked('/api/v3/user')).toMatchObject({ code: 200, login: 'ada' });
  await allow(0o700);
  await vi.waitFor(async () => expect(await asked('/readyz?for=write')).toMatchObject({ code: 200, write: true }), {
    timeout: 30_000,
    interval: 100,
  });
  expect((await serving.stop('SIGTERM')).code).toBe(0);
});
