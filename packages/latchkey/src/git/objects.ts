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
  const objects = await parseBatch(git.stdout, names.length, maxBytesEach);
  const end = await git.ended;
  if (objects.length !== names.length) throw new Fault('The repository could not be read.', { detail: `cat-file ended with ${end.code}: ${end.stderr}` });
  return objects;
}

function lines(names: readonly string[]): string {
  return names.map((name) => `${name}\n`).join('');
}

function infoOf(line: string): ObjectInfo | null {
  const match = /^([0-9a-f]{40,64}) (commit|tree|blob|tag) (\d+)$/.exec(line);
  return match === null ? null : { id: match[1]!, type: match[2] as ObjectType, sizeBytes: Number(match[3]) };
}

/** Reads `count` answers: a line each, and after those of objects that are there their bytes and a line break. */
async function parseBatch(stdout: Readable, count: number, maxBytesEach: number): Promise<(GitObject | null)[]> {
  const objects: (GitObject | null)[] = [];
  let head = '';
  let current: { info: ObjectInfo; kept: Buffer[]; keptBytes: number; left: number } | null = null;
  for await (const chunk of stdout as AsyncIterable<Buffer>) {
    let at = 0;
    while (at < chunk.length && objects.length < count) {
      if (current === null) {
        const end = chunk.indexOf(10, at);
        head += chunk.toString('utf8', at, end < 0 ? chunk.length : end);
        if (end < 0) break;
        at = end + 1;
        const info = infoOf(head);
        head = '';
        if (info === null) objects.push(null);
        else current = { info, kept: [], keptBytes: 0, left: info.sizeBytes + 1 };
        continue;
      }
      const part = chunk.subarray(at, at + current.left);
      const wanted = Math.min(part.length, Math.max(0, Math.min(maxBytesEach, current.info.sizeBytes) - current.keptBytes));
      if (wanted > 0) current.kept.push(Buffer.from(part.subarray(0, wanted)));
      current.keptBytes += wanted;
      current.left -= part.length;
      at += part.length;
      if (current.left > 0) continue;
      objects.push({ ...current.info, content: Buffer.concat(current.kept) });
      current = null;
    }
  }
  return objects;
}

/** A blob as a stream, in constant memory. Whoever takes it reads it to its end or destroys it. */
export async function openBlob(plumbing: Plumbing, id: string): Promise<Readable> {
  const git = await plumbing.start(['cat-file', 'blob', id]);
  git.stdin.end();
  git.stdout.once('close', () => git.stop());
  return git.stdout;
}
