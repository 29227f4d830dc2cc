/** A real PostgreSQL in a process of its own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

export interface RunningServer {
  readonly url: string;
  stop(): Promise<void>;
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
