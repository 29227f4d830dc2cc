/**
 * The terminal: what commands read and write, and the voice in which they speak.
 *
 * The rules of the voice: no capital at the start, no full stop at the end; `error:` says what is wrong, `hint:` what
 * to do about it. Data goes to stdout, messages go to stderr, so that `$(latchkey admin token add …)` contains only
 * the token.
 *
 * Never: a control character from an argument or a file, which could move the cursor or hide text.
 */
import type { Writable } from 'node:stream';
import { Fault, Problem } from '../base/errors.ts';
import { SettingsProblem } from '../base/settings/problem.ts';
import { EXIT, type ExitCode } from './exit-codes.ts';
import { ServerRefusal } from './server-client.ts';

/** Everything outside that a command may touch; tests bring their own. */
export interface Terminal {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** A line of data, on stdout. */
  print(line: string): void;
  /** Data of any length, on stdout. Resolves when there is room for more; false when nobody reads it. */
  write(data: string | Uint8Array): Promise<boolean>;
  /** Data that somebody must read, on stdout. Resolves to false when nobody does, which it has said as an error. */
  deliver(text: string): Promise<boolean>;
  /** A line for people, on stderr. */
  say(line: string): void;
  /** Standard input to its end, at most `maxBytes`; a `UsageError` when there is more or it isn't UTF-8. */
  readInput(maxBytes: number): Promise<string>;
  /** Standard input line by line, each at most `maxCharacters` long; left out, what `readInput` gives. */
  readonly lines?: (maxCharacters: number) => AsyncIterable<string>;
  /** True when a person is there and reads the output. */
  readonly interactive?: boolean;
  /** True when standard output is a terminal, so that no file or journal keeps it. */
  readonly isWatched?: boolean;
  /** True where the process runs this command and nothing else. */
  readonly isOwnProcess?: boolean;
  /** How long a sign-in waits for the person to come back from the browser; `LOGIN_TIMEOUT_MS` by default. */
  readonly loginWaitMs?: number;
  /** Asks a person and returns what they type, without the line end; null when nobody answers. */
  ask?(question: string): Promise<string | null>;
}

/** The command line makes no sense. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
  /** Null when the command's help says it all. */
  readonly hint: string | null;

  constructor(message: string, hint?: string) {
    super(message);
    this.hint = hint ?? null;
  }
}

/** The command has printed everything, and ends with this code. */
export class Stopped extends Error {
  override readonly name = 'Stopped';
  readonly code: ExitCode;

  constructor(code: ExitCode) {
    super(`exit ${code}`);
    this.code = code;
  }
}

/** What of a process its terminal needs; tests bring other streams. */
export interface Surroundings {
  readonly env: Terminal['env'];
  readonly stdin: AsyncIterable<Buffer>;
  readonly stdout: Writable & { readonly isTTY?: boolean };
  readonly stderr: Writable & { readonly isTTY?: boolean };
  exitCode?: number | string | null | undefined;
  once(event: 'exit', then: () => void): unknown;
}

/** The terminal of this process. */
export function processTerminal(place: Surroundings = process): Terminal {
  const { stdout, stderr } = place;
  let isLost = false;
  /** Lost output is reported once, and is a failure whatever else the command did. */
  const lose = (code: string | undefined): void => {
    if (isLost) return;
    isLost = true;
    stderr.write(`error: ${lostOutput(code)}\n`);
    place.once('exit', () => (place.exitCode = EXIT.fault));
  };
  // Readers may stop early (`| head`); that is no failure of ours.
  stdout.on('error', ({ code }: NodeJS.ErrnoException) => void (code !== 'EPIPE' && lose(code)));
  // There is nowhere left to report it.
  stderr.on('error', () => {});
  return {
    env: place.env,
    print: (line) => void stdout.write(`${line}\n`),
    write: (data) => new Promise((resolve) => stdout.write(data, (error) => resolve(!error))),
    deliver: (text) =>
      new Promise((resolve) =>
        stdout.write(text, (error?: NodeJS.ErrnoException | null) => {
          if (error) lose(error.code);
          resolve(!error);
        }),
      ),
    say: (line) => void stderr.write(`${line}\n`),
    readInput: (maxBytes) => readAll(place.stdin, maxBytes),
    lines: (maxCharacters) => linesIn(place.stdin, maxCharacters),
    interactive: stderr.isTTY === true,
    isWatched: stdout.isTTY === true,
    isOwnProcess: true,
    ask: askPerson,
  };
}

const LOSSES: Readonly<Record<string, string>> = {
  ENOSPC: 'no space is left where it goes',
  EPIPE: 'nobody reads it',
  ERR_STREAM_DESTROYED: 'nobody reads it',
};

/** @param code from the system: `ENOSPC` */
export function lostOutput(code: string | undefined): string {
  const reason = LOSSES[code ?? ''] ?? code ?? 'it is gone';
  return `standard output can't be written: ${reason}`;
}

async function askPerson(question: string): Promise<string | null> {
  if (process.stdin.isTTY !== true) return null;
  const { createInterface } = await import('node:readline/promises');
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  const answer = new Promise<null>((resolve) => lines.once('close', () => resolve(null)));
  try {
    return await Promise.race([lines.question(question), answer]);
  } finally {
    lines.close();
  }
}

async function* linesIn(stream: AsyncIterable<Buffer>, maxCharacters: number): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of stream) {
    const parts = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = parts.pop() ?? '';
    yield* parts;
    if (rest.length > maxCharacters) throw inputTooLong(maxCharacters);
  }
  if (rest !== '') yield rest;
}

async function readAll(stream: AsyncIterable<Buffer>, maxBytes: number): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of stream) {
    size += chunk.length;
    if (size > maxBytes) throw inputTooLong(maxBytes);
    chunks.push(chunk);
  }
  return decodeInput(Buffer.concat(chunks));
}

export function inputTooLong(maxBytes: number): UsageError {
  return new UsageError(`standard input holds more than ${maxBytes} bytes`);
}

/** The text from standard input. @throws UsageError when it isn't UTF-8 */
export function decodeInput(bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new UsageError('standard input is not UTF-8 text');
  }
}

/** A sentence in the terminal's style. Names at its beginning (`GitHub`, `LATCHKEY_PORT`) keep their capitals. */
export function spoken(sentence: string): string {
  const plain = sentence
    .replace(/[\u0000-\u001f\u007f-\u009f]+/g, ' ')
    .trim()
    .replace(/(?<!\.)\.$/, '');
  return /^(?!Latchkey )[A-Z][a-z]*\b(?!-)/.test(plain) ? plain.charAt(0).toLowerCase() + plain.slice(1) : plain;
}

/**
 * Reports what went wrong, and returns the matching exit code. `command` is what was called: `latchkey admin user add`.
 */
export function sayError(terminal: Terminal, error: unknown, command: string): ExitCode {
  const tell = (message: string, hint: string | null): void => {
    terminal.say(`error: ${spoken(message)}`);
    if (hint !== null) terminal.say(`hint: ${spoken(hint)}`);
  };
  if (error instanceof Stopped) return error.code;
  if (error instanceof SettingsProblem) {
    for (const complaint of error.complaints) tell(complaint.message, complaint.hint);
    return EXIT.usage;
  }
  if (error instanceof UsageError) {
    tell(error.message, error.hint ?? `see ${command} --help`);
    return EXIT.usage;
  }
  if (error instanceof Problem) {
    for (const complaint of error.complaints) tell(complaint.message, null);
    terminal.say(`hint: nothing was changed; see ${command} --help`);
    return EXIT.refused;
  }
  if (error instanceof ServerRefusal) {
    tell(error.message, error.remedy);
    return EXIT.refused;
  }
  if (error instanceof Fault) {
    tell(error.message, error.hint);
    if (isDebugging(terminal)) terminal.say(`${error.detail ?? ''}\n${error.stack}`);
    return EXIT.fault;
  }
  tell(
    `something failed that should not: ${error instanceof Error ? error.message : String(error)}`,
    'with LATCHKEY_LOG_LEVEL=debug the same command shows where',
  );
  if (isDebugging(terminal) && error instanceof Error) terminal.say(error.stack ?? '');
  return EXIT.fault;
}

function isDebugging({ env }: Terminal): boolean {
  return env['LATCHKEY_LOG_LEVEL'] === 'debug' || env['LATCHKEY_LOG_LEVEL'] === 'trace';
}
