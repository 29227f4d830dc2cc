/**
 * A real Latchkey with a small world, as an operator would start it: its own process, its own data folder.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { cp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from './command.ts';

export const MAIN = join(import.meta.dirname, '../packages/latchkey/dist/cli/main.js');

/** A server process. */
export interface Served {
  readonly url: string;
  readonly child: ChildProcess;
  stop(): Promise<void>;
}

export interface World extends Served {
  /** A classic token of ada's with `repo` and `workflow`: the content of its pushes isn't checked. */
  readonly token: string;
  /** The same without `workflow`: its pushes are checked for workflow files. */
  readonly checked: string;
  admin(args: readonly string[], input?: string): Promise<string>;
  /**
   * Starts another process on a copy of the data: one process’s luck (memory, compiled code) must decide nothing.
   */
  another(): Promise<Served>;
  /** Resident memory of the server now, in bytes. */
  memory(): number;
}

/** Starts a server on a free port with ada, her private repository `ada/work` (a copy of `history`), and a token. */
export async function startWorld(data: string, history: string | null, flags: readonly string[] = []): Promise<World> {
  const admin = async (args: readonly string[], input = ''): Promise<string> =>
    (await run(process.execPath, [MAIN, 'admin', ...args, '--data', data], { input })).stdout.trim();
  await admin(
    ['user', 'add', 'ada', '--email', 'ada@example.org', '--verified', '--password-stdin'],
    'a long enough password',
  );
  if (history !== null) {
    await cp(history, join(data, 'repositories/ada/work.git'), { recursive: true });
    await admin(['repo', 'import', 'ada/work', join(data, 'repositories/ada/work.git')]);
  }
  const token = await admin([
    'token',
    'add',
    'ada',
    '--name',
    'bench',
    '--classic',
    '--scope',
    'repo',
    '--scope',
    'workflow',
  ]);
  const checked = await admin(['token', 'add', 'ada', '--name', 'checked', '--classic', '--scope', 'repo']);
  const served = await serve(data, flags);
  // One server holds a data folder, so another gets a copy; SQLite makes the index of its log anew.
  const copy = `${data}-copy`;
  const another = async (): Promise<Served> => {
    await rm(copy, { recursive: true, force: true });
    await cp(data, copy, { recursive: true, filter: (path) => !path.endsWith('-shm') });
    return serve(copy, flags);
  };
  return {
    ...served,
    token,
    checked,
    admin,
    another,
    memory: () => Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${served.child.pid}/status`, 'utf8'))![1]) * 1024,
  };
}

/**
 * Starts the server, on a free port by default, and waits until it listens.
 * @throws Error with its output when it ends first
 */
export async function serve(data: string, flags: readonly string[]): Promise<Served> {
  const port = flags.includes('--port') ? [] : ['--port', '0'];
  const child = spawn(process.execPath, [MAIN, 'serve', '--data', data, ...port, ...flags], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const url = await listening(child);
  return {
    url,
    child,
    stop: async () => {
      if (child.exitCode !== null) return;
      child.kill('SIGTERM');
      await once(child, 'exit');
    },
  };
}

function listening(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let said = '';
    const read = (chunk: Buffer): void => {
      said += chunk.toString('utf8');
      const url = /https?:\/\/127\.\d+\.\d+\.\d+:\d+/.exec(said)?.[0];
      if (url === undefined || !/listening/.test(said)) return;
      // From now on its output is read and dropped, so that the pipes don't fill.
      for (const stream of [child.stdout!, child.stderr!]) stream.off('data', read).resume();
      resolve(url);
    };
    child.stdout!.on('data', read);
    child.stderr!.on('data', read);
    child.on('exit', (code) => reject(new Error(`the server ended with ${code}: ${said.slice(-2000)}`)));
  });
}

/** A URL with a username and a token in it: for loopback benches only. */
export function withToken(url: string, token: string, path: string): string {
  return `${url.replace('://', `://ada:${token}@`)}${path}`;
}
