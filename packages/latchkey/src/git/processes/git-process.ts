/**
 * Starts git, keeps count of it, and makes sure that it ends.
 *
 * Invariant: every git process leads its own process group, so that stopping it stops what it started (pack-objects,
 * index-pack).
 * Invariant: a stopped process and its group are gone within twice `STOP_GRACE_SEC`.
 * Never: a shell, or an argument chosen by a client where git reads options.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { type Duplex, Readable, Writable } from 'node:stream';
import { Fault } from '../../base/errors.ts';
import { type OutageKind, outageInWords } from '../../base/machine/outage.ts';
import { currentSpan } from '../../base/trace.ts';
import { FairQueue, type QueueLimits, type Release } from './queue.ts';

/** How much of git's stderr is kept for the log, from its end. */
const MAX_STDERR_CHARACTERS = 4096;
/** How long git has to clean up after the end of its input, and to exit after a SIGTERM. */
const STOP_GRACE_SEC = 5;

/** How a process ended. `code` is null when a signal ended it, or it could not be started. */
export interface GitEnd {
  readonly code: number | null;
  readonly signal: string | null;
  /** The end of its stderr. For the log: it may contain paths. */
  readonly stderr: string;
  /** True when `stop` was called before it ended. */
  readonly stopped: boolean;
}

export interface GitProcess {
  readonly pid: number | undefined;
  readonly stdin: Writable;
  readonly stdout: Readable;
  /** The channel on which our hook asks the server something; null unless the command has such a hook. */
  readonly question: Duplex | null;
  /** Settles once the process has ended and its output was read or abandoned. Never rejects. */
  readonly ended: Promise<GitEnd>;
  /** Settles once the process has ended. Never rejects. */
  readonly exited: Promise<void>;
  /** True once `stop` was called. */
  readonly stopped: boolean;
  /**
   * Ends its input, asks it and its children to end, and kills them if they don't. Listeners still get its remaining
   * output.
   */
  stop(): void;
}

export interface GitCommand {
  readonly args: readonly string[];
  readonly environment: Record<string, string>;
  readonly cwd: string;
  /**
   * True for a process that cleans up when its input ends, but not when a signal ends it: receive-pack leaves the
   * objects of an interrupted push. Stopping it ends its input, and sends signals only if that doesn't help.
   */
  readonly tidiesUp?: boolean;
  /** Tells the repository from an earlier one in the same place. */
  readonly about?: string;
  /** True to open a channel between the server and our hook, at descriptor 3 of everything that the process starts. */
  readonly asks?: boolean;
}

/** Starts `git` with these arguments. If that fails, `ended` says so. Never throws. */
export function startGit(command: GitCommand): GitProcess {
  const child = spawned(command);
  if (child instanceof Promise) return notStarted(child);
  const { stdin, stdout } = child;
  const question = command.asks === true ? (child.stdio[3] as Duplex) : null;
  let stderr = '';
  let stopped = false;
  let gone = false;
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr = (stderr + text).slice(-MAX_STDERR_CHARACTERS);
  });
  // Git may end before it has read its whole input: its exit code says more than the broken pipe.
  stdin.on('error', () => undefined);
  question?.on('error', () => undefined);
  const exited = new Promise<void>((resolve) => {
    child.once('exit', () => {
      gone = true;
      question?.destroy();
      if (stopped) killGroup(child.pid);
      resolve();
    });
  });
  const ended = new Promise<GitEnd>((resolve) => {
    child.once('close', (code, signal) => resolve({ code, signal, stderr, stopped }));
  });
  trace(command.args, ended);
  const stop = (): void => {
    stdin.destroy();
    stdout.resume();
    if (stopped || gone) return;
    stopped = true;
    const term = setTimeout(
      () => killGroup(child.pid, 'SIGTERM'),
      command.tidiesUp === true ? STOP_GRACE_SEC * 1000 : 0,
    );
    const kill = setTimeout(() => killGroup(child.pid), (command.tidiesUp === true ? 2 : 1) * STOP_GRACE_SEC * 1000);
    void exited.then(() => {
      clearTimeout(term);
      clearTimeout(kill);
    });
  };
  return {
    pid: child.pid,
    stdin,
    stdout,
    question,
    ended,
    exited,
    stop,
    get stopped() {
      return stopped;
    },
  };
}

type Spawned = ChildProcess & { readonly stdin: Writable; readonly stdout: Readable; readonly stderr: Readable };

/**
 * The process, or why there is none. Without descriptors for the pipes, Node returns a child without pipes and emits
 * the error in the next turn of the event loop: unhandled, that would end this process.
 */
function spawned(command: GitCommand): Spawned | Promise<Error> {
  try {
    const child = spawn('git', command.args, {
      cwd: command.cwd,
      env: command.environment,
      detached: true,
      stdio: ['pipe', 'pipe', 'pipe', ...(command.asks === true ? ['pipe' as const] : [])],
    });
    const failed = new Promise<Error>((resolve) => child.once('error', resolve));
    return child.pid === undefined || child.pid === 0 ? failed : (child as Spawned);
  } catch (error) {
    return Promise.resolve(error as Error);
  }
}

function notStarted(failed: Promise<Error>): GitProcess {
  const ended = failed.then((error) => ({
    code: null,
    signal: null,
    stderr: `git could not be started: ${error.message}`,
    stopped: false,
  }));
  return {
    pid: undefined,
    stdin: new Writable({ write: (_chunk, _encoding, done) => done() }),
    stdout: Readable.from([]),
    question: null,
    ended,
    exited: ended.then(() => undefined),
    stopped: false,
    stop: () => undefined,
  };
}

/** The span of a process only names the command: the rest may be paths, or chosen by clients. */
function trace(args: readonly string[], ended: Promise<GitEnd>): void {
  const parent = currentSpan();
  if (parent === null || parent.hasEnded) return;
  const command = args.find((arg, i) => !arg.startsWith('-') && args[i - 1] !== '-c') ?? '';
  const span = parent.child(`git ${command}`, 'client', {
    'process.executable.name': 'git',
    'latchkey.git.service': command,
  });
  void ended.then(({ code, signal, stopped }) => {
    span.set({
      ...(code === null ? {} : { 'process.exit.code': code }),
      ...(signal === null ? {} : { 'latchkey.git.signal': signal }),
      'latchkey.git.stopped': stopped,
    });
    if (code === 0 || stopped) span.end();
    else span.end(signal ?? (code === null ? 'not_started' : `exit ${code}`));
  });
}

function killGroup(pid: number | undefined, signal: NodeJS.Signals = 'SIGKILL'): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch {
    // The whole group has ended.
  }
}

/**
 * Runs git to its end and returns its output. Throws, with the end of its stderr, when it fails or prints more than
 * `maxBytes`.
 */
export function readGit(command: GitCommand, options: OutputOptions = {}): Promise<Buffer> {
  return collectOutput(startGit(command), command.args, options);
}

export interface OutputOptions {
  /** 16 MiB by default. */
  readonly maxBytes?: number;
  readonly input?: string | Buffer;
}

/** The output of a process that was just started with these arguments, as `readGit` returns it. */
export async function collectOutput(git: GitProcess, args: readonly string[], options: OutputOptions): Promise<Buffer> {
  git.stdin.end(options.input ?? '');
  const chunks: Buffer[] = [];
  let bytes = 0;
  git.stdout.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > (options.maxBytes ?? 16 * 1024 * 1024)) git.stop();
    else chunks.push(chunk);
  });
  const end = await git.ended;
  if (end.code !== 0) throw new GitFailure(args, end);
  return Buffer.concat(chunks);
}

/** Git refused or failed. The message is for the log. */
export class GitFailure extends Error {
  override readonly name = 'GitFailure';
  readonly end: GitEnd;

  constructor(args: readonly string[], end: GitEnd) {
    super(
      `git ${args.find((arg) => !arg.startsWith('-')) ?? ''} ended with ` +
        `${end.code ?? end.signal ?? 'no exit code'}: ${end.stderr.trim()}`,
    );
    this.end = end;
  }

  /** What the machine lacked, if that was the cause. */
  get outage(): OutageKind | null {
    return outageInWords(this.end.stderr);
  }
}

/** The processes that serve clients: limited in number, started in turn, and stopped together. */
export class GitProcesses {
  readonly #queue: FairQueue;
  readonly #running = new Set<GitProcess>();

  constructor(limits: QueueLimits) {
    this.#queue = new FairQueue(limits);
  }

  /** How many are running now. */
  get running(): number {
    return this.#running.size;
  }

  /** How many are waiting for their turn. */
  get queued(): number {
    return this.#queue.queued;
  }

  /**
   * Starts a process in the caller's turn, or returns the one that `started` has. Rejects with `Busy`, or with the
   * signal's reason when it aborts while waiting.
   */
  async start(
    caller: string,
    command: GitCommand,
    signal?: AbortSignal,
    started: () => GitProcess | null = () => null,
  ): Promise<GitProcess> {
    const release: Release = await this.#queue.enter(caller, signal);
    const git = started() ?? startGit(command);
    this.#running.add(git);
    void git.exited.then(() => {
      this.#running.delete(git);
      release();
    });
    return git;
  }

  /**
   * Starts no more, waits for running ones, stops them when they take longer, and kills the rest `killSec` later.
   * Settles when none is running.
   */
  async drain(graceSec: number, killSec: number): Promise<void> {
    this.#queue.close();
    const timer = setTimeout(() => {
      for (const git of this.#running) git.stop();
    }, graceSec * 1000);
    const kill = (): void => this.#running.forEach(({ pid }) => killGroup(pid));
    const last = setTimeout(kill, (graceSec + killSec) * 1000);
    await Promise.all([...this.#running].map((git) => git.exited));
    clearTimeout(timer);
    clearTimeout(last);
  }
}

/** For the caller of something git could not do. @param message is safe to show */
export function gitFault(message: string, args: readonly string[], end: GitEnd): Fault {
  const cause = new GitFailure(args, end);
  return new Fault(message, { detail: cause.message, cause });
}
