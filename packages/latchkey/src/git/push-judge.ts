/**
 * Lets the server look at what a push brings before git takes it: our hook asks, git shows the new objects from its quarantine, a judge answers.
 *
 * Source: git's documentation, git-receive-pack "Quarantine Environment".
 * Invariant: a push goes on only when the judge said yes. What can't be looked at is refused.
 * Invariant: memory does not depend on the push: objects are shown in pieces.
 * Never: a folder that the question names elsewhere than among the repository's objects.
 */
import { basename, join } from 'node:path';
import type { Duplex } from 'node:stream';
import { Fault } from '../base/errors.ts';
import { PassedBytes } from '../base/garbage.ts';
import type { Log } from '../base/log.ts';
import { isObjectId } from './names.ts';
import { batchPieces, type ObjectType } from './objects.ts';
import { startGit } from './processes.ts';

/** Larger files are not looked at. */
export const MAX_JUDGED_BYTES = 8 * 1024 * 1024;
/** For so long a push waits to be looked at. */
export const MAX_JUDGING_SEC = 60;
/** Names of 200,000 new refs. */
const MAX_QUESTION_BYTES = 16 * 1024 * 1024;
const QUARANTINE = /^(?:tmp_objdir-)?incoming-\w+$/;

/** Some bytes, in their order, of a commit, tag or file that the repository does not have yet. */
export interface PushedPiece {
  readonly id: string;
  readonly type: Exclude<ObjectType, 'tree'>;
  /** Where it lies in a commit that has it. */
  readonly path: string;
  readonly bytes: Buffer;
  /** True for its last piece. An empty one has one. */
  readonly ends: boolean;
}

/** What a push brings, object by object. It ends with `unseen` where there was no time for the rest. */
export type PushedObjects = AsyncIterable<PushedPiece | 'unseen'>;

export interface Judgement {
  readonly allowed: boolean;
  /** What whoever pushes is told, in lines; may be empty. */
  readonly words: string;
}

export type PushJudge = (objects: PushedObjects) => Promise<Judgement>;

/** The repository, and the environment of the processes that read it. */
export interface JudgedRepository {
  readonly path: string;
  readonly environment: Readonly<Record<string, string>>;
}

/**
 * Answers what the hook of one push asks. Settles when it has, or when the push has ended without a question. Never rejects.
 * @param maxSec for how long objects are shown
 */
export async function answerHook(question: Duplex, judge: PushJudge, repository: JudgedRepository, log: Log, maxSec = MAX_JUDGING_SEC): Promise<void> {
  const gone = new AbortController();
  question.once('close', () => gone.abort(new Error('the push has ended')));
  const asked = await readQuestion(question);
  if (asked === null) return;
  const { allowed, words } = await judge(newObjects(asked, repository, gone.signal, maxSec)).catch((error: unknown) => {
    if (!gone.signal.aborted) log.error({ err: error }, 'a push could not be looked at');
    return { allowed: false, words: 'The push could not be looked at, so it was refused. Try again; if that does not help, tell an administrator.' };
  });
  question.end(`${allowed ? 'yes' : 'no'}\n${words === '' ? '' : `${words}\n`}`);
}

interface Asked {
  /** Name of the folder that holds the new objects. */
  readonly quarantine: string;
  readonly ids: readonly string[];
}

/** Null when the push ended before, or asked for what no hook of ours does. */
function readQuestion(question: Duplex): Promise<Asked | null> {
  return new Promise((resolve) => {
    let text = '';
    question.setEncoding('latin1');
    question.once('close', () => resolve(null));
    question.on('data', (part: string) => {
      text += part;
      if (text.length > MAX_QUESTION_BYTES) question.destroy();
      if (!text.endsWith('\n\n')) return;
      const [folder, ...ids] = text.trimEnd().split('\n');
      const quarantine = basename(folder!);
      if (QUARANTINE.test(quarantine) && ids.every(isObjectId)) resolve({ quarantine, ids });
      else question.destroy();
    });
  });
}

/** Of all pushes together. */
const PASSED = new PassedBytes();

async function* newObjects({ quarantine, ids }: Asked, { path, environment }: JudgedRepository, gone: AbortSignal, maxSec: number): AsyncGenerator<PushedPiece | 'unseen'> {
  const objects = join(path, 'objects');
  const within = { ...environment, GIT_DIR: path, GIT_OBJECT_DIRECTORY: join(objects, quarantine), GIT_ALTERNATE_OBJECT_DIRECTORIES: objects };
  const start = (...args: string[]) => startGit({ args, environment: within, cwd: path });
  const list = start('rev-list', '--objects', `--filter=blob:limit=${MAX_JUDGED_BYTES}`, '--stdin', '--not', '--all');
  const read = start('cat-file', '--batch=%(objectname) %(objecttype) %(objectsize) %(rest)', '--buffer');
  const stop = (): void => { list.stop(); read.stop(); };
  gone.addEventListener('abort', stop);
  let isOutOfTime = false;
  const timer = setTimeout(() => { isOutOfTime = true; stop(); }, maxSec * 1000);
  try {
    list.stdin.end(ids.map((id) => `${id}\n`).join(''));
    list.stdout.pipe(read.stdin);
    for await (const piece of batchPieces(read.stdout)) {
      if (isOutOfTime || gone.aborted) break;
      if (piece === null) continue;
      const { info: { id, type }, rest, bytes, ends } = piece;
      PASSED.add(bytes.length);
      if (type !== 'tree') yield { id, type, path: rest, bytes, ends };
    }
    if (gone.aborted) throw gone.reason;
    if (isOutOfTime) return yield 'unseen';
    for (const { code, stderr } of await Promise.all([list.ended, read.ended])) {
      if (code !== 0) throw new Fault('The push could not be looked at.', { detail: `git ended with ${code}: ${stderr}` });
    }
  } finally {
    clearTimeout(timer);
    gone.removeEventListener('abort', stop);
    stop();
  }
}
