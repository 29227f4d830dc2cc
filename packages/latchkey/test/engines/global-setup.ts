/**
 * What a whole test run shares, as Vitest's global setup: a folder for all temporary files, which is removed after the
 * run, one real PostgreSQL, one SQLite file with tables, one installed server, one browser, and Node's compile
 * cache.
 *
 * Each is made when the first test asks for it. The workers get the address of a small broker on loopback, which
 * answers with a location once the thing is ready. A run that asks for none pays nothing.
 */
import { statfsSync } from 'node:fs';
import { chmod, mkdtemp, rm, symlink } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { once } from '../waits.ts';
import { type RunningServer, startPostgres } from './postgres-server.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    /**
     * `GET postgres` answers with the URL of the server, `GET sqlite` with the path of a file to copy, `GET program`
     * with the path of the command `latchkey`, as it is installed, `GET chromium` with the path of that program.
     */
    broker: string;
  }
}

const MEMORY_FOLDER = '/dev/shm';
/** Three installations of a checkout, a browser and everything else there at once take less than half. */
const PLENTY_BYTES = 8 * 1024 ** 3;

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const folder = await mkdtemp(join(quickFolder(), 'latchkey-run-'));
  // PostgreSQL doesn't run as root, and must be able to reach its own folder in here.
  await chmod(folder, 0o711);
  process.env['TMPDIR'] = folder;
  // Each worker and each `latchkey` that a test starts loads the same code. Not in the folder: workers write to it when
  // they end, which may be after the run.
  process.env['NODE_COMPILE_CACHE'] ??= join(project.config.root, 'node_modules/.cache/compiled');
  let server: Promise<RunningServer> | null = null;
  let file: Promise<string> | null = null;
  let program: Promise<string> | null = null;
  let browser: Promise<string> | null = null;
  const answers: Readonly<Record<string, () => Promise<string>>> = {
    '/postgres': async () => (await (server ??= startPostgres())).url,
    '/sqlite': () => (file ??= makeSqliteFile(join(folder, 'sqlite'))),
    '/program': () => (program ??= installServer(join(folder, 'installed'))),
    // If two workers unpacked it at once, each would start the other's unfinished copy.
    '/chromium': () => (browser ??= unpackChromium()),
  };
  const broker = createServer((request, response) => {
    const answer = answers[request.url ?? ''] ?? (() => Promise.reject(new Error(`no engine ${request.url}`)));
    answer().then(
      (text) => response.end(text),
      (error: unknown) => response.writeHead(500).end(String(error)),
    );
  });
  broker.listen(0, '127.0.0.1');
  await once(broker, 'listening');
  project.provide('broker', `http://127.0.0.1:${(broker.address() as AddressInfo).port}/`);
  return async () => {
    broker.closeAllConnections();
    broker.close();
    await (await server)?.stop();
    // A worker that is just ending may still write; that is no reason to fail.
    await rm(folder, { recursive: true, force: true, maxRetries: 20 }).catch(() => {});
  };
}

/** In memory, if the machine has plenty: otherwise thousands of small databases wait for the disk at each change. */
function quickFolder(): string {
  try {
    const { bavail, bsize } = statfsSync(MEMORY_FOLDER);
    if (bavail * bsize >= PLENTY_BYTES) return MEMORY_FOLDER;
  } catch {
    // There is none.
  }
  return tmpdir();
}

/** The program and its libraries go into the run's folder. */
async function unpackChromium(): Promise<string> {
  process.env['AWS_EXECUTION_ENV'] ??= 'AWS_Lambda_nodejs22.x';
  const { default: packed } = await import('@sparticuz/chromium');
  return packed.executablePath();
}

/** The npm package of the server with the one package that it needs. Returns the path of its command. */
async function installServer(folder: string): Promise<string> {
  const { writeServerPackage } = await import('../../tools/server-package.ts');
  const installed = join(folder, 'node_modules/latchkey');
  await writeServerPackage(installed);
  await symlink(join(import.meta.dirname, '../../../../node_modules/@node-rs'), join(folder, 'node_modules/@node-rs'));
  return join(installed, 'lib/server/main.js');
}

/** A database as `openStore` makes it on an empty folder. Returns its path. */
async function makeSqliteFile(dataDir: string): Promise<string> {
  const { openStore } = await import('../../src/store/open.ts');
  const { makeLog } = await import('../../src/base/log.ts');
  const { SQLITE_FILE_NAME } = await import('../../src/store/db.ts');
  // When the last connection closes, everything is written into the one file.
  await (await openStore({ dataDir, databaseUrl: null, log: makeLog('silent') })).close();
  return join(dataDir, SQLITE_FILE_NAME);
}
