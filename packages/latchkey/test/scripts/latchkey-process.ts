/**
 * Runs the command `latchkey` for real, as it is installed; `latchkeyInside` runs it without a separate process.
 */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { whereIs } from '../engines/broker.ts';
import type { FreshDatabase } from '../engines/engines.ts';
import { once, within } from '../waits.ts';

/** The installed command: it starts in half the time of the built modules. */
export const MAIN = await whereIs('program');
/** The command's built modules. Vitest leaves them as built: see its configuration. */
const PROGRAM = join(import.meta.dirname, '../../dist/cli/program.js');

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** The machine's environment without its settings for us. */
function environment(more: Readonly<Record<string, string>>): NodeJS.ProcessEnv {
  const bare = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !name.startsWith('LATCHKEY_') && !name.startsWith('npm_')),
  );
  return { ...bare, GIT_TERMINAL_PROMPT: '0', GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_NOSYSTEM: '1', ...more };
}

/**
 * Programs that install or build take minutes on a busy machine; a test that needs an earlier end has its own limit.
 */
const PROGRAM_LIMIT_MS = 240_000;

/** Runs any program to its end. */
export async function runProgram(
  program: string,
  args: readonly string[],
  options: { input?: string; cwd?: string; env?: Record<string, string> } = {},
): Promise<Ended> {
  const child = spawn(program, args, { cwd: options.cwd, env: environment(options.env ?? {}) });
  const output = outputOf(child);
  child.stdin.on('error', () => {});
  child.stdin.end(options.input ?? '');
  const [code] = (await once(child, 'close', PROGRAM_LIMIT_MS)) as [number | null];
  return { code, ...output() };
}

/** Runs `latchkey` to its end. */
export function latchkey(args: readonly string[], options: Parameters<typeof runProgram>[2] = {}): Promise<Ended> {
  return runProgram(process.execPath, [MAIN, ...args], options);
}

/**
 * Runs a `latchkey` command to its end in this process, which takes a tenth of the time: for tests that aren't about
 * the process or standard input's limits.
 */
export async function latchkeyInside(
  args: readonly string[],
  input = '',
  env: Readonly<Record<string, string>> = {},
): Promise<Ended> {
  const { run } = (await import(PROGRAM)) as typeof import('../../src/cli/program.ts');
  const text = { stdout: '', stderr: '' };
  const code = await run(args, {
    env: environment(env),
    print: (line) => void (text.stdout += `${line}\n`),
    write: async (piece) => (text.stdout += piece) !== '',
    deliver: async (piece) => (text.stdout += piece) !== '',
    say: (line) => void (text.stderr += `${line}\n`),
    readInput: async () => input,
  });
  return { code, ...text };
}

/** The options that point to a database. */
export function dataOptions(database: FreshDatabase): string[] {
  return ['--data', database.dataDir, ...(database.databaseUrl === null ? [] : ['--database', database.databaseUrl])];
}

/** A `latchkey serve` that has reported ready; killed after the test if it still runs. */
export interface Serving {
  readonly child: ChildProcessWithoutNullStreams;
  readonly url: string;
  /** All output so far. */
  output(): { stdout: string; stderr: string };
  /** Sends a signal and waits for the end. */
  stop(signal: NodeJS.Signals): Promise<Ended>;
}

/**
 * Starts the server, on a free port by default.
 * @param under a command that ends by running it: a shell that sets limits, for few open files
 * @throws Error with its output when it ends before it is ready
 */
export async function serveUntilReady(
  args: readonly string[],
  readyWhen: RegExp = /Stop it with Ctrl-C\./,
  under: readonly string[] = [],
  cwd?: string,
): Promise<Serving> {
  const command = [MAIN, 'serve', ...(args.includes('--port') ? [] : ['--port', '0']), ...args];
  const env = environment({});
  const [program = '', ...words] = [...under, process.execPath, ...command];
  const child = spawn(program, words, { env, cwd });
  const output = outputOf(child);
  // It may serve for as long as the test goes on; only its end has a limit, from the signal on.
  const closed = new Promise<number | null>((resolve) => child.once('close', resolve));
  onTestFinished(() => void child.kill('SIGKILL'));
  await new Promise<void>((resolve, reject) => {
    child.stdout.on('data', () => readyWhen.test(output().stdout) && resolve());
    void closed.then((code) => reject(new Error(`serve ended with ${code}: ${output().stderr}`)));
  });
  return {
    child,
    output,
    url: /ready at (\S+)/.exec(output().stdout)![1]!,
    stop: async (signal) => {
      child.kill(signal);
      const code = await within(closed, `the end of the server after ${signal}`, PROGRAM_LIMIT_MS);
      return { code, ...output() };
    },
  };
}

function outputOf(child: ChildProcessWithoutNullStreams): () => { stdout: string; stderr: string } {
  const text = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const)
    child[name].setEncoding('utf8').on('data', (chunk: string) => (text[name] += chunk));
  return () => ({ ...text });
}
