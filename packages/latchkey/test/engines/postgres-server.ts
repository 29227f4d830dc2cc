/** A real PostgreSQL in a separate process. */
import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { once } from '../waits.ts';

export interface RunningServer {
  readonly url: string;
  /** Ends it like a crash, or starts it again after that. */
  tell(what: 'kill' | 'start'): Promise<void>;
  /** Starts another that follows it; returns its URL. It ends when this one is stopped, and not when it is killed. */
  replica(): Promise<string>;
  stop(): Promise<void>;
}

/** Starts one; see `postgres-process.ts` for its arguments. */
export async function startPostgres(args: readonly string[] = []): Promise<RunningServer> {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'postgres-process.ts'), ...args], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const url = await nextLine(child);
  return {
    url,
    async tell(what) {
      const done = nextLine(child);
      child.stdin!.write(`${what}\n`);
      await done;
    },
    async replica() {
      const url = nextLine(child);
      child.stdin!.write('replica\n');
      return url;
    },
    async stop() {
      child.stdin!.end();
      if (child.exitCode === null) await once(child, 'exit');
    },
  };
}

/** One line at a time, each an answer. */
function nextLine(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let said = '';
    const ended = (code: number | null): void => reject(new Error(`PostgreSQL ended with ${code} before it answered`));
    const hear = (text: string): void => {
      said += text;
      if (!said.includes('\n')) return;
      child.stdout!.off('data', hear);
      child.off('exit', ended);
      resolve(said.slice(0, said.indexOf('\n')));
    };
    child.stdout!.setEncoding('utf8').on('data', hear);
    child.once('exit', ended);
  });
}
