/**
 * Objects by name, many in one process: `git cat-file --batch`.
 *
 * Invariant: of each object at most as many bytes are kept as the caller asked for, so memory does not depend on what was pushed.
 */
import type { Readable } from 'node:stream';
import { Fault } from '../base/errors.ts';
import type { Plumbing } from './plumbing.ts';

export type ObjectType = 'commit' | 'tree' | 'blob' | 'tag';

export interface ObjectInfo {
  readonly id: string;
  readonly type: ObjectType;
  readonly sizeBytes: number;
}

export interface GitObject extends ObjectInfo {
  /** The first bytes of it, as many as were asked for. */
  readonly content: Buffer;
}

/** What each name stands for; null where there is no such object, or more than one. Names come from `names.ts`: no line breaks. */
export async function objectInfos(plumbing: Plumbing, names: readonly string[]): Promise<(ObjectInfo | null)[]> {
  if (names.length === 0) return [];
  const output = await plumbing.read(['cat-file', '--batch-check', '--buffer'], { input: lines(names) });
  return output.toString('utf8').trimEnd().split('\n').map(infoOf);
}

/** The objects of these names with at most `maxBytesEach` of each; null where there is none. */
export async function readObjects(plumbing: Plumbing, names: readonly string[], maxBytesEach: number): Promise<(GitObject | null)[]> {
  if (names.length === 0) return [];
  const git = await plumbing.start(['cat-file', '--batch', '--buffer']);
  git.stdin.end(lines(names));
  const objects: (GitObject | null)[] = [];
  for await (const answer of batchAnswers(git.stdout, () => maxBytesEach)) {
    objects.push(answer === null ? null : { id: answer.id, type: answer.type, sizeBytes: answer.sizeBytes, content: answer.content });
  }
  const end = await git.ended;
  if (objects.length !== names.length) throw new Fault('The repository could not be read.', { detail: `cat-file ended with ${end.code}: ${end.stderr}` });
  return objects;
}

function lines(names: readonly string[]): string {
  return names.map((name) => `${name}\n`).join('');
}

function infoOf(line: string): ObjectInfo | null {
  const match = /^([0-9a-f]{40,64}) (commit|tree|blob|tag) (\d+)(?: .*)?$/s.exec(line);
  return match === null ? null : { id: match[1]!, type: match[2] as ObjectType, sizeBytes: Number(match[3]) };
}

/**
 * Reads the answers of `cat-file --batch` to the end: a line each, and after those of objects that are there their bytes and a line break. Null where there
 * is no such object.
 * @param maxBytes how many bytes of such an object are wanted
 */
export async function* batchAnswers(stdout: Readable, maxBytes: (info: ObjectInfo) => number): AsyncGenerator<(GitObject & { readonly rest: string }) | null> {
  let head = Buffer.alloc(0);
  let current: { info: ObjectInfo; rest: string; kept: Buffer[]; wanted: number; left: number } | null = null;
  for await (const chunk of stdout as AsyncIterable<Buffer>) {
    let at = 0;
    while (at < chunk.length) {
      if (current === null) {
        const end = chunk.indexOf(10, at);
        head = Buffer.concat([head, chunk.subarray(at, end < 0 ? chunk.length : end)]);
        if (end < 0) break;
        at = end + 1;
        const line = head.toString('utf8');
        const info = infoOf(line);
        head = Buffer.alloc(0);
        if (info === null) yield null;
        else current = { info, rest: line.split(' ').slice(3).join(' '), kept: [], wanted: Math.min(maxBytes(info), info.sizeBytes), left: info.sizeBytes + 1 };
        continue;
      }
      const part = chunk.subarray(at, at + current.left);
      if (current.wanted > 0) current.kept.push(Buffer.from(part.subarray(0, current.wanted)));
      current.wanted = Math.max(0, current.wanted - part.length);
      current.left -= part.length;
      at += part.length;
      if (current.left > 0) continue;
      yield { ...current.info, content: Buffer.concat(current.kept), rest: current.rest };
      current = null;
    }
  }
}

/** A blob as a stream, in constant memory. Whoever takes it reads it to its end or destroys it. */
export async function openBlob(plumbing: Plumbing, id: string): Promise<Readable> {
  const git = await plumbing.start(['cat-file', 'blob', id]);
  git.stdin.end();
  git.stdout.once('close', () => git.stop());
  return git.stdout;
}
