/**
 * Objects by name, many in one process: `git cat-file --batch`.
 *
 * Invariant: of each object, at most as many bytes are kept as the caller asked for, so memory doesn't depend on what
 * was pushed.
 */
import type { Readable } from 'node:stream';
import { gitFault } from '../processes/git-process.ts';
import type { Plumbing } from './plumbing.ts';

export type ObjectType = 'commit' | 'tree' | 'blob' | 'tag';

export interface ObjectInfo {
  readonly id: string;
  readonly type: ObjectType;
  readonly sizeBytes: number;
}

export interface GitObject extends ObjectInfo {
  /** Its first bytes, as many as requested. */
  readonly content: Buffer;
}

/** What each name stands for; null for no such object, or more than one. Names come from `names.ts`: no line breaks. */
export async function objectInfos(plumbing: Plumbing, names: readonly string[]): Promise<(ObjectInfo | null)[]> {
  if (names.length === 0) return [];
  const output = await plumbing.read(['cat-file', '--batch-check', '--buffer'], { input: lines(names) });
  return output.toString('utf8').trimEnd().split('\n').map(infoOf);
}

/** The objects with these names, at most `maxBytesEach` of each; null for missing ones. */
export async function readObjects(
  plumbing: Plumbing,
  names: readonly string[],
  maxBytesEach: number,
): Promise<(GitObject | null)[]> {
  if (names.length === 0) return [];
  const git = await plumbing.start(['cat-file', '--batch', '--buffer']);
  git.stdin.end(lines(names));
  const objects: (GitObject | null)[] = [];
  let kept: Buffer[] = [];
  let wanted = maxBytesEach;
  for await (const piece of batchPieces(git.stdout)) {
    if (piece === null) {
      objects.push(null);
      continue;
    }
    const { info, bytes, ends } = piece;
    if (wanted > 0) kept.push(Buffer.from(bytes.subarray(0, wanted)));
    wanted = Math.max(0, wanted - bytes.length);
    if (!ends) continue;
    objects.push({ ...info, content: Buffer.concat(kept) });
    kept = [];
    wanted = maxBytesEach;
  }
  const end = await git.ended;
  if (objects.length !== names.length) throw gitFault('The repository could not be read.', ['cat-file'], end);
  return objects;
}

function lines(names: readonly string[]): string {
  return names.map((name) => `${name}\n`).join('');
}

function infoOf(line: string): ObjectInfo | null {
  const [, id, type, size] = /^([0-9a-f]{40,64}) (commit|tree|blob|tag) (\d+)$/.exec(line) ?? [];
  return id === undefined ? null : { id, type: type as ObjectType, sizeBytes: Number(size) };
}

/** Some bytes of an object, in order. */
export interface ObjectPiece {
  readonly info: ObjectInfo;
  readonly bytes: Buffer;
  /** True for the last piece. An empty object has one. */
  readonly ends: boolean;
}

/**
 * Reads the answers of `cat-file --batch` to the end: a line each, and for existing objects their bytes and a line
 * break. Null for missing objects. Invariant: memory depends on neither the objects nor their number, only on the
 * longest requested name.
 */
export async function* batchPieces(stdout: Readable): AsyncGenerator<ObjectPiece | null> {
  let head = Buffer.alloc(0);
  let current: { info: ObjectInfo; left: number } | null = null;
  for await (const chunk of stdout as AsyncIterable<Buffer>) {
    for (let at = 0; at < chunk.length; ) {
      if (current === null) {
        const end = chunk.indexOf(10, at);
        head = Buffer.concat([head, chunk.subarray(at, end < 0 ? chunk.length : end)]);
        if (end < 0) break;
        at = end + 1;
        const info = infoOf(head.toString('utf8'));
        head = Buffer.alloc(0);
        if (info === null) yield null;
        else current = { info, left: info.sizeBytes + 1 };
        continue;
      }
      const part: Buffer = chunk.subarray(at, at + current.left);
      at += part.length;
      current.left -= part.length;
      const ends = current.left === 0;
      yield { info: current.info, bytes: ends ? part.subarray(0, -1) : part, ends };
      if (ends) current = null;
    }
  }
}

/** A blob as a stream, with constant memory. The caller reads it to its end or destroys it. */
export async function openBlob(plumbing: Plumbing, id: string): Promise<Readable> {
  const git = await plumbing.start(['cat-file', 'blob', id]);
  git.stdin.end();
  git.stdout.once('close', () => git.stop());
  return git.stdout;
}
