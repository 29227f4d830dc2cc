/** What a command of a person's says of a cause: at most one error and one line to follow. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished } from 'vitest';
import { EXIT } from '../../src/cli/exit-codes.ts';
import { run } from '../../src/cli/program.ts';
import { recordingTerminal } from '../cli/recording-terminal.ts';

type Env = Readonly<Record<string, string | undefined>>;

interface Told {
  readonly code: number;
  readonly printed: readonly string[];
  readonly error: string | undefined;
  readonly hint: string | undefined;
}

/** Calls a command; what it says is one error and one hint, or neither. */
export async function told(args: readonly string[], env: Env): Promise<Told> {
  const terminal = recordingTerminal({ PATH: process.env['PATH'], HOME: '/nonexistent', ...env });
  const code = await run(args, terminal);
  const of = (mark: string): string[] =>
    terminal.said.filter((line) => line.startsWith(mark)).map((line) => line.slice(mark.length));
  expect([of('error: ').length, of('hint: ').length], terminal.said.join('\n')).toEqual(
    code === EXIT.ok ? [0, 0] : [1, 1],
  );
  return { code, printed: terminal.printed, error: of('error: ')[0], hint: of('hint: ')[0] };
}

/** A person's home, removed after the test. */
export async function home(): Promise<Record<string, string>> {
  const folder = await mkdtemp(join(tmpdir(), 'latchkey-commands-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return { HOME: folder, XDG_DATA_HOME: join(folder, 'data'), GIT_CONFIG_NOSYSTEM: '1', BROWSER: 'true' };
}

/** The same home, whose credential helper holds a token for the server. */
export async function holding(url: string, secret: string, more = ''): Promise<Record<string, string>> {
  const env = await home();
  const terminal = recordingTerminal(
    { PATH: process.env['PATH'], ...env },
    `protocol=http\nhost=${new URL(url).host}\nusername=bob\npassword=${secret}\n${more}`,
  );
  expect(await run(['credential', 'install', url], terminal)).toBe(EXIT.ok);
  expect(await run(['credential', 'store'], terminal)).toBe(EXIT.ok);
  return env;
}
