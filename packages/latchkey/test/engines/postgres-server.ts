/**
 * One real PostgreSQL for a whole test run, as Vitest's global setup.
 *
 * It starts when the first test asks for it: what is provided to the workers is the address of a small broker on
 * loopback, which answers with the URL of the server once that is ready. A run that asks for none pays nothing.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';

declare module 'vitest' {
  export interface ProvidedContext {
    postgresBroker: string;
  }
}

/** A PostgreSQL in a process of its own. */
export interface RunningServer {
  readonly url: string;
  stop(): Promise<void>;
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  let server: Promise<RunningServer> | null = null;
  const broker = createServer((_request, response) => {
    server ??= startPostgres();
    server.then(
      ({ url }) => response.end(url),
      (error: unknown) => response.writeHead(500).end(String(error)),
    );
  });
  broker.listen(0, '127.0.0.1');
  await once(broker, 'listening');
  project.provide('postgresBroker', `http://127.0.0.1:${(broker.address() as AddressInfo).port}/`);
  return async () => {
    broker.closeAllConnections();
    broker.close();
    await (await server)?.stop();
  };
}

/** Starts one; see `postgres-process.ts` for its arguments. */
export async function startPostgres(args: readonly string[] = []): Promise<RunningServer> {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'postgres-process.ts'), ...args], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  return {
    url: await firstLine(child),
    async stop() {
      child.stdin!.end();
      if (child.exitCode === null) await once(child, 'exit');
    },
  };
}

function firstLine(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let said = '';
    child.stdout!.setEncoding('utf8').on('data', (text: string) => {
      said += text;
      if (said.includes('\n')) resolve(said.slice(0, said.indexOf('\n')));
    });
    child.once('exit', (code) => reject(new Error(`PostgreSQL ended with ${code} before it was ready`)));
  });
}
