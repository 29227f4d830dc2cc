/**
 * One repository, for the functions of this room that read and write its objects and refs: runs git in it, in the
 * caller's turn.
 *
 * Invariant: every process has the hardened environment, reads paths literally, and ends within `MAX_COMMAND_SEC`.
 * Never: text chosen by a client before `--end-of-options`; see `names.ts` for what may come after it.
 */
import { join } from 'node:path';
import { Fault } from '../../base/errors.ts';
import { type Committer, gitEnvironment } from '../processes/environment.ts';
import {
  collectOutput,
  type GitEnd,
  GitFailure,
  type GitProcess,
  type GitProcesses,
} from '../processes/git-process.ts';
import type { ObjectFormat, Profile, Profiles } from '../processes/profile.ts';
import { isReading } from '../processes/read-only.ts';

/** A plumbing command that takes longer is stopped: somebody is waiting for it. */
const MAX_COMMAND_SEC = 60;

export interface PlumbingParts {
  /** Empty folders: git's home, and its hooks. */
  readonly folders: {
    readonly home: string;
    readonly noHooks: string;
    /** An empty repository of ours. */
    bare(format: ObjectFormat): string;
  };
  readonly profiles: Profiles;
  readonly processes: GitProcesses;
  /** Throws where nothing may be changed. */
  readonly demandWrites: () => void;
}

export interface ReadOptions {
  readonly input?: string | Buffer;
  /** More output than this is a failure; 16 MiB by default. */
  readonly maxBytes?: number;
}

export class Plumbing {
  readonly path: string;
  readonly #parts: PlumbingParts;
  readonly #caller: string;

  /** @param caller whose turns these are: a user or an address */
  readonly #committer: Committer | undefined;
  /** Where objects are, when it isn't only the repository. */
  readonly #objects: Readonly<Record<string, string>>;

  /** @param committer whom reflogs name */
  constructor(
    parts: PlumbingParts,
    path: string,
    caller: string,
    committer?: Committer,
    objects: Readonly<Record<string, string>> = {},
  ) {
    this.#parts = parts;
    this.path = path;
    this.#caller = caller;
    this.#committer = committer;
    this.#objects = objects;
  }

  /** The same repository, with objects of a folder beside its own; what is written goes there alone. */
  withObjectsIn(folder: string): Plumbing {
    return new Plumbing(this.#parts, this.path, this.#caller, this.#committer, {
      GIT_OBJECT_DIRECTORY: folder,
      GIT_ALTERNATE_OBJECT_DIRECTORIES: join(this.path, 'objects'),
    });
  }

  async objectFormat(): Promise<ObjectFormat> {
    return (await this.#profile()).objectFormat;
  }

  /** What its own config refuses for its branches. */
  async refuses(): Promise<Profile['refuses']> {
    return (await this.#profile()).refuses;
  }

  /**
   * Starts git in the repository. Rejects with `Busy` when there is no place, or with a `Fault` or `Problem` when there
   * is no repository, or it may not be read or changed.
   */
  async start(args: readonly string[]): Promise<GitProcess> {
    const reads = isReading(args);
    if (!reads) this.#parts.demandWrites();
    const { config } = await this.#profile();
    if (!reads) await this.#parts.profiles.for(this.path, 'receivepack');
    return this.#startIn(this.path, args, config);
  }

  /**
   * The same for a command that would run what a repository's settings name (filters, compressors): it sees the
   * objects, and an empty repository of ours in place of everything else. Objects are named by their ids.
   * @param maxSec when it is stopped
   */
  async startApart(args: readonly string[], maxSec: number): Promise<GitProcess> {
    const { folders } = this.#parts;
    const apart = new Plumbing(this.#parts, this.path, this.#caller, undefined, {
      GIT_OBJECT_DIRECTORY: join(this.path, 'objects'),
    });
    return apart.#startIn(folders.bare(await this.objectFormat()), args, [], maxSec);
  }

  async #startIn(
    path: string,
    args: readonly string[],
    config: Profile['config'],
    maxSec = MAX_COMMAND_SEC,
  ): Promise<GitProcess> {
    const { folders, processes } = this.#parts;
    const environment = {
      ...gitEnvironment({ homeFolder: folders.home, hooksFolder: folders.noHooks, config, committer: this.#committer }),
      GIT_DIR: path,
      GIT_LITERAL_PATHSPECS: '1',
      GIT_FLUSH: '0',
      ...this.#objects,
    };
    const git = await processes.start(this.#caller, { args, environment, cwd: path });
    const timer = setTimeout(() => git.stop(), maxSec * 1000);
    void git.exited.then(() => clearTimeout(timer));
    return git;
  }

  /**
   * Runs git to its end and returns its output. Rejects with a `GitFailure` when git refuses, with a `Fault` when it
   * had to be stopped.
   */
  async read(args: readonly string[], options: ReadOptions = {}): Promise<Buffer> {
    const git = await this.start(args);
    try {
      return await collectOutput(git, args, options);
    } catch (error) {
      if (error instanceof GitFailure && error.end.stopped)
        throw new Fault('The repository could not be read in time.', { detail: error.message });
      throw error;
    }
  }

  /** Runs git to its end, however it ends. */
  async attempt(
    args: readonly string[],
    input: string | Buffer,
  ): Promise<{ readonly end: GitEnd; readonly output: string }> {
    return ended(await this.start(args), input);
  }

  /** The same in another folder: a temporary repository for checking something. */
  async attemptIn(folder: string, args: readonly string[], input: string | Buffer): Promise<{ readonly end: GitEnd }> {
    this.#parts.demandWrites();
    return ended(await this.#startIn(folder, args, []), input);
  }

  #profile(): Promise<Profile> | Profile {
    return this.#parts.profiles.for(this.path, 'uploadpack');
  }
}

/** Sends the input, and waits for the end. Of the output it keeps the first 64 KiB. */
async function ended(
  git: GitProcess,
  input: string | Buffer,
): Promise<{ readonly end: GitEnd; readonly output: string }> {
  let output = '';
  git.stdout.setEncoding('utf8').on('data', (text: string) => {
    output = (output + text).slice(0, 64 * 1024);
  });
  git.stdin.end(input);
  return { end: await git.ended, output };
}
