/**
 * Processes started before they are needed: a client that asks for the list of refs in order to push will push in a
 * moment, and starting git takes a few milliseconds, which then pass while the client packs.
 *
 * Invariant: a process serves only the exact command it was started with, on that repository. Until then it has read
 * nothing but settings: git looks at refs and objects only when the first line of a push has arrived.
 * Invariant: at most `MAX_PRESTARTED` wait, for at most `PRESTART_MS` each. Without input they end and change
 * nothing.
 */
import { type GitCommand, type GitProcess, startGit } from '../processes/git-process.ts';

export const MAX_PRESTARTED = 8;
export const PRESTART_MS = 2_000;

interface Waiting {
  readonly git: GitProcess;
  readonly timer: NodeJS.Timeout;
}

export class PrestartedProcesses {
  readonly #waiting = new Map<string, Waiting>();

  /** How many are waiting now. */
  get size(): number {
    return this.#waiting.size;
  }

  /** Starts the command, unless enough are waiting already. */
  begin(command: GitCommand): void {
    const key = keyOf(command);
    if (this.#waiting.size >= MAX_PRESTARTED || this.#waiting.has(key)) return;
    const git = startGit(command);
    const timer = setTimeout(() => git.stop(), PRESTART_MS).unref();
    const waiting: Waiting = { git, timer };
    this.#waiting.set(key, waiting);
    void git.exited.then(() => this.#forget(key, waiting));
  }

  /** The process that was started for the command, if one is waiting. It is the caller's from now on. */
  take(command: GitCommand): GitProcess | null {
    const key = keyOf(command);
    const waiting = this.#waiting.get(key);
    if (waiting === undefined || waiting.git.stopped) return null;
    this.#forget(key, waiting);
    return waiting.git;
  }

  /** Ends those that wait. Settles when they have ended. */
  async close(): Promise<void> {
    await Promise.all(
      [...this.#waiting.values()].map(({ git }) => {
        git.stop();
        return git.exited;
      }),
    );
  }

  #forget(key: string, waiting: Waiting): void {
    clearTimeout(waiting.timer);
    if (this.#waiting.get(key) === waiting) this.#waiting.delete(key);
  }
}

function keyOf({ args, environment, cwd, about }: GitCommand): string {
  return JSON.stringify([args, environment, cwd, about]);
}
