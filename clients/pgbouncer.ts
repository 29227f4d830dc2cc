/**
 * Two nodes on a PostgreSQL behind PgBouncer in transaction mode: whether tokens are made, checked and revoked as
 * without it, and how long a revocation takes. Installs PgBouncer from Debian; needs apt and dpkg.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from '../bench/command.ts';
import { MAIN, serve } from '../bench/server.ts';
import { startPostgres } from '../packages/latchkey/test/engines/postgres-server.ts';
import { ended, freePort } from './service-trial.ts';

const DEBIAN = ['pgbouncer', 'libevent-2.1-7', 'libc-ares2'];
const ROUNDS = 20;

export async function pgbouncer(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'latchkey-pgbouncer-'));
  const postgres = await startPostgres();
  const children: ChildProcess[] = [];
  const nodes: Awaited<ReturnType<typeof serve>>[] = [];
  try {
    await chmod(folder, 0o755);
    const [packages, root] = [join(folder, 'packages'), join(folder, 'root')];
    await mkdir(packages);
    await run('apt-get', ['download', '--quiet', ...DEBIAN], { cwd: packages });
    for (const name of await readdir(packages)) await run('dpkg', ['-x', join(packages, name), root]);
    const direct = new URL(postgres.url);
    const port = await freePort();
    // The same words as in docs/operations.md.
    const settings = `[databases]
postgres = host=127.0.0.1 port=${direct.port} user=latchkey password=latchkey
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
ignore_startup_parameters = statement_timeout, idle_in_transaction_session_timeout
`;
    await writeFile(join(folder, 'pgbouncer.ini'), settings);
    const libraries = execFileSync('find', [root, '-name', 'lib*.so*', '-printf', '%h\n'], { encoding: 'utf8' });
    const child = spawn(join(root, 'usr/sbin/pgbouncer'), ['--user', 'nobody', join(folder, 'pgbouncer.ini')], {
      env: { ...process.env, LD_LIBRARY_PATH: [...new Set(libraries.trim().split('\n'))].join(':') },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    children.push(child);
    let said = '';
    child.stderr.on('data', (bytes) => (said += String(bytes)));
    while (!said.includes('process up')) {
      if (child.exitCode !== null) throw new Error(said);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    const address = `postgres://latchkey@127.0.0.1:${port}/postgres`;
    const repositories = ['--repositories', join(folder, 'repositories')];
    const base = ['--database', address, '--data', join(folder, 'a')];
    const admin = async (...args: readonly string[]): Promise<string> =>
      (await run(process.execPath, [MAIN, 'admin', ...args, ...base], {})).stdout.trim();
    await admin('user', 'add', 'ada', '--email', 'ada@example.org', '--verified');
    for (const name of ['a', 'b'])
      nodes.push(
        await serve(join(folder, name), [
          '--database',
          address,
          '--secret-key-file',
          join(folder, 'a/secret.key'),
          ...repositories,
        ]),
      );
    const [a, b] = nodes as [(typeof nodes)[0], (typeof nodes)[0]];
    const status = async (url: string, token: string): Promise<number> =>
      (await fetch(`${url}/api/v3/user`, { headers: { Authorization: `Bearer ${token}` } })).status;
    const manager = await admin('token', 'add', 'ada', '--name', 'manager', '--scoped', '--scope', 'api');
    const times: number[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      const token = await admin('token', 'add', 'ada', '--name', `round ${round}`, '--scoped', '--scope', 'api');
      for (const node of [a, b]) if ((await status(node.url, token)) !== 200) throw new Error('a new token is refused');
      const at = performance.now();
      const answer = await fetch(`${a.url}/api/v4/personal_access_tokens/self`, {
        method: 'DELETE',
        headers: { 'PRIVATE-TOKEN': token },
      });
      times.push(performance.now() - at);
      if (answer.status !== 204) throw new Error(`the revocation: ${answer.status}`);
      for (const node of [b, a]) if ((await status(node.url, token)) !== 401) throw new Error('a revoked token works');
    }
    if ((await status(b.url, manager)) !== 200) throw new Error('another token is refused');
    times.sort((one, other) => one - other);
    const [median, worst] = [times[ROUNDS / 2] ?? 0, times.at(-1) ?? 0];
    console.log(`${ROUNDS} revocations by one node, each refused by the other at once; they took`);
    console.log(`${median.toFixed(0)} ms (median), ${worst.toFixed(0)} ms (longest)`);
  } finally {
    for (const node of nodes) await node.stop();
    for (const child of children) await ended(child);
    await postgres.stop();
    await rm(folder, { recursive: true, force: true });
  }
}
