/**
 * Lets the server look at a push before git accepts it: our hook asks, git shows the new objects from its quarantine,
 * a scan decides.
 *
 * Source: git's documentation, git-receive-pack "Quarantine Environment".
 * Invariant: a push continues only if the scan allowed it. What can't be scanned is refused.
 * Invariant: memory doesn't depend on the push: objects are shown in pieces.
 * Never: a folder other than the repository's objects, whatever the question names.
 */
import { basename, join } from 'node:path';
import type { Duplex, Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Fault } from '../../base/errors.ts';
import { bytesPassed } from '../../base/garbage.ts';
import type { Log } from '../../base/log.ts';
import { batchPieces, type ObjectType } from '../objects/cat-file.ts';
import { isObjectId } from '../objects/names.ts';
import { type GitProcess, startGit } from '../processes/git-process.ts';

/** Larger files are not checked. */
export const MAX_SCANNED_BYTES = 8 * 1024 * 1024;
/** Of all files and messages of a push, this many bytes are checked, at a few hundred megabytes a second. */
const MAX_SCANNED_TOTAL_BYTES = 4 * 1024 * 1024 * 1024;
/** Messages name files by path. This is how long their paths are looked for. */
const MAX_NAMING_SEC = 10;
/** Longer paths are cut in messages. */
const MAX_PATH_BYTES = 4096;
/** Names of 200,000 new refs. */
const MAX_QUESTION_BYTES = 16 * 1024 * 1024;
const QUARANTINE = /^(?:tmp_objdir-)?incoming-\w+$/;

/** Some bytes, in order, of a commit, tag or file that is new to the repository. */
export interface PushedPiece {
  readonly id: string;
  readonly type: Exclude<ObjectType, 'tree'>;
  readonly bytes: Buffer;
  /** True for its last piece. An empty one has one. */
  readonly ends: boolean;
}

/** What a push brings, object by object. Ends with `unseen` when there was more than is checked. */
export interface PushedObjects extends AsyncIterable<PushedPiece | 'unseen'> {
  /** Files that are larger than allowed; complete once everything was read. */
  readonly tooLarge: ReadonlySet<string>;
  /**
   * The path of each of these files, in one of the commits that contain it. Files that were not found in time are
   * missing.
   */
  pathsOf(ids: ReadonlySet<string>): Promise<ReadonlyMap<string, string>>;
}

export interface ScanResult {
  readonly allowed: boolean;
  /** The message for the person who pushes, in lines; may be empty. */
  readonly words: string;
}

export type ContentScan = (objects: PushedObjects) => Promise<ScanResult>;

/** The repository, and the environment of the processes that read it. */
export interface ScannedRepository {
  readonly path: string;
  readonly environment: Readonly<Record<string, string>>;
  /** Larger files are reported; Infinity = none is too large. */
  readonly maxFileBytes: number;
}

/**
 * Answers the question of one push's hook. Settles after that, or when the push has ended without a question. Never
 * rejects.
 * @param maxTotalBytes how much of it is shown
 */
export async function answerHook(
  question: Duplex,
  scan: ContentScan,
  repository: ScannedRepository,
  log: Log,
  maxTotalBytes = MAX_SCANNED_TOTAL_BYTES,
): Promise<void> {
  const gone = new AbortController();
  question.once('close', () => gone.abort(new Error('the push has ended')));
  const asked = await readQuestion(question);
  if (asked === null) return;
  const { allowed, words } = await scan(new NewObjects(asked, repository, gone.signal, maxTotalBytes)).catch(
    (error: unknown) => {
      if (!gone.signal.aborted) log.error({ err: error }, 'a push could not be looked at');
      return {
        allowed: false,
        words:
          'The push could not be looked at, so it was refused. Try again; if that does not help, tell an ' +
          'administrator.',
      };
    },
  );
  question.end(`${allowed ? 'yes' : 'no'}\n${words === '' ? '' : `${words}\n`}`);
}

interface Asked {
  /** Name of the folder with the new objects. */
  readonly quarantine: string;
  readonly ids: readonly string[];
}

/** Null when the push ended earlier, or asked something that no hook of ours asks. */
function readQuestion(question: Duplex): Promise<Asked | null> {
  return new Promise((resolve) => {
    const parts: string[] = [];
    let length = 0;
    let end = '';
    question.setEncoding('latin1');
    question.once('close', () => resolve(null));
    question.on('data', (part: string) => {
      parts.push(part);
      length += part.length;
      end = (end + part).slice(-2);
      if (length > MAX_QUESTION_BYTES) question.destroy();
      if (end !== '\n\n') return;
      const [folder = '', ...ids] = parts.join('').trimEnd().split('\n');
      const quarantine = basename(folder);
      if (QUARANTINE.test(quarantine) && ids.every(isObjectId)) resolve({ quarantine, ids });
      else question.destroy();
    });
  });
}

/** Commits and tags first; then files, without the trees between them, which may be larger than both. */
const MESSAGES = ['--filter=tree:0'];
const FILES = ['--filter=object:type=blob', '--filter-provided-objects'];

class NewObjects implements PushedObjects {
  readonly #asked: Asked;
  readonly #path: string;
  readonly #environment: Record<string, string>;
  readonly #gone: AbortSignal;
  readonly #maxTotalBytes: number;
  readonly #maxFileBytes: number;
  readonly #tooLarge = new Set<string>();
  /** True when no more content is wanted; sizes are still checked to the end. */
  #isEnough = false;

  constructor(
    asked: Asked,
    { path, environment, maxFileBytes }: ScannedRepository,
    gone: AbortSignal,
    maxTotalBytes: number,
  ) {
    const objects = join(path, 'objects');
    this.#asked = asked;
    this.#path = path;
    this.#environment = {
      ...environment,
      GIT_DIR: path,
      GIT_OBJECT_DIRECTORY: join(objects, asked.quarantine),
      GIT_ALTERNATE_OBJECT_DIRECTORIES: objects,
    };
    this.#gone = gone;
    this.#maxTotalBytes = maxTotalBytes;
    this.#maxFileBytes = maxFileBytes;
  }

  get tooLarge(): ReadonlySet<string> {
    return this.#tooLarge;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<PushedPiece | 'unseen'> {
    using running = new DisposableStack();
    const read = running.use(this.#start('cat-file', '--batch', '--buffer'));
    const sizes = running.use(this.#start('cat-file', '--batch-check', '--buffer'));
    const lists: GitProcess[] = [];
    // Started one after the other: a process's output is lost when it ends before somebody reads it.
    const list = (filters: readonly string[]): Readable => {
      const { git } = running.use(this.#list([...filters, '--no-object-names']));
      lists.push(git);
      return git.stdout;
    };
    list(MESSAGES)
      .once('end', () => {
        if (running.disposed) return;
        list(FILES).pipe(sizes.git.stdin);
        pipeline(sizes.git.stdout, (lines: AsyncIterable<Buffer>) => this.#toRead(lines), read.git.stdin).catch(() =>
          read.git.stop(),
        );
      })
      .pipe(read.git.stdin, { end: false });
    // Without a reader, the writer would wait forever.
    void read.git.exited.then(() => {
      for (const git of [...lists, sizes.git]) git.stop();
    });
    let left = this.#maxTotalBytes;
    for await (const piece of batchPieces(read.git.stdout)) {
      if (this.#gone.aborted) throw this.#gone.reason;
      if (piece === null)
        throw new Fault('The push could not be looked at.', { detail: 'git listed an object that it does not have' });
      const {
        info: { id, type },
        bytes,
        ends,
      } = piece;
      left -= bytes.length;
      if (left < 0) {
        if (!this.#isEnough) yield 'unseen';
        this.#isEnough = true;
        continue;
      }
      bytesPassed(bytes.length);
      // A tree only comes up where a tag or ref names it directly.
      if (type !== 'tree') yield { id, type, bytes, ends };
    }
    if (this.#gone.aborted) throw this.#gone.reason;
    for (const { code, stderr } of await Promise.all([...lists, sizes.git, read.git].map((git) => git.ended))) {
      if (code !== 0)
        throw new Fault('The push could not be looked at.', { detail: `git ended with ${code}: ${stderr}` });
    }
  }

  /** The names of the files whose content is checked, from a list of all with their sizes. */
  async *#toRead(lines: AsyncIterable<Buffer>): AsyncGenerator<string> {
    for await (const line of linesOf(lines, MAX_PATH_BYTES)) {
      const [id = '', , size] = line.split(' ');
      const bytes = Number(size);
      if (bytes > this.#maxFileBytes) this.#tooLarge.add(id);
      // git has no size for a missing object: asking for it reports that.
      if (!this.#isEnough && !(bytes > MAX_SCANNED_BYTES)) yield `${id}\n`;
    }
  }

  async pathsOf(ids: ReadonlySet<string>): Promise<ReadonlyMap<string, string>> {
    const paths = new Map<string, string>();
    if (ids.size === 0) return paths;
    using list = this.#list(FILES);
    const timer = setTimeout(() => list.git.stop(), MAX_NAMING_SEC * 1000);
    for await (const line of linesOf(list.git.stdout, MAX_PATH_BYTES)) {
      const space = line.indexOf(' ');
      if (space > 0 && ids.has(line.slice(0, space))) paths.set(line.slice(0, space), line.slice(space + 1));
      if (paths.size === ids.size) break;
    }
    clearTimeout(timer);
    return paths;
  }

  #list(options: readonly string[]): Reading {
    const reading = this.#start('rev-list', '--objects', ...options, '--stdin', '--not', '--all');
    reading.git.stdin.end(this.#asked.ids.map((id) => `${id}\n`).join(''));
    return reading;
  }

  /** Starts git on the new objects. It is stopped when the caller leaves, and when the push ends. */
  #start(...args: string[]): Reading {
    const git = startGit({ args, environment: this.#environment, cwd: this.#path });
    const stop = (): void => git.stop();
    this.#gone.addEventListener('abort', stop);
    return {
      git,
      [Symbol.dispose]: () => {
        this.#gone.removeEventListener('abort', stop);
        stop();
      },
    };
  }
}

interface Reading extends Disposable {
  readonly git: GitProcess;
}

/** Lines, each cut off after this many bytes. */
async function* linesOf(stdout: AsyncIterable<Buffer>, maxBytes: number): AsyncGenerator<string> {
  let kept: Buffer[] = [];
  let keptBytes = 0;
  for await (const chunk of stdout) {
    for (let at = 0; at < chunk.length; ) {
      const end = chunk.indexOf(10, at);
      const part = chunk.subarray(at, Math.min(end < 0 ? chunk.length : end, at + maxBytes - keptBytes));
      if (part.length > 0) kept.push(part);
      keptBytes += part.length;
      if (end < 0) break;
      yield Buffer.concat(kept).toString('utf8');
      kept = [];
      keptBytes = 0;
      at = end + 1;
    }
  }
}
