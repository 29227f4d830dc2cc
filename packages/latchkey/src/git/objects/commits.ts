/**
 * Commits: the history from a commit in pages, and the content of each commit object.
 *
 * Source: git's documentation, gitformat "commit object": headers, an empty line, the message.
 */
import { type GitObject, readObjects } from './cat-file.ts';
import type { Plumbing } from './plumbing.ts';
import { readRecords } from './record-stream.ts';

export interface Signature {
  readonly name: string;
  readonly email: string;
  /** Unix seconds. */
  readonly at: number;
}

export interface Commit {
  readonly id: string;
  readonly treeId: string;
  readonly parentIds: readonly string[];
  readonly author: Signature;
  readonly committer: Signature;
  readonly message: string;
  /** The armoured signature and what it signs; null for an unsigned commit. */
  readonly signature: { readonly text: string; readonly payload: string } | null;
}

export interface HistoryList {
  /** Leaves out this commit and its ancestors. */
  readonly butNot?: string;
  /** Only commits that changed this file, or something in this folder. */
  readonly path?: string;
  /** Unix seconds, by the committer's clock. */
  readonly sinceAt?: number;
  readonly untilAt?: number;
  /** Each is a part of the author's name or address, taken literally; one of them must match. */
  readonly authors?: readonly string[];
  /** The same for the committer. */
  readonly committers?: readonly string[];
  readonly offset: number;
  readonly limit: number;
}

/** A commit object is read this far. The rest of its message is cut off. */
const MAX_COMMIT_BYTES = 1024 * 1024;

/** A page of the history that leads to a commit, the newest first. */
export async function listCommits(plumbing: Plumbing, commitId: string, list: HistoryList): Promise<Commit[]> {
  const filters = [
    ...(list.sinceAt === undefined ? [] : [`--since=${list.sinceAt}`]),
    ...(list.untilAt === undefined ? [] : [`--until=${list.untilAt}`]),
    ...(list.authors ?? []).map((author) => `--author=${author}`),
    ...(list.committers ?? []).map((committer) => `--committer=${committer}`),
  ];
  const range = [commitId, ...(list.butNot === undefined ? [] : [`^${list.butNot}`])];
  const options = [
    '--fixed-strings',
    '--regexp-ignore-case',
    ...filters,
    `--skip=${list.offset}`,
    `--max-count=${list.limit}`,
  ];
  const args = [
    'rev-list',
    ...options,
    '--end-of-options',
    ...range,
    '--',
    ...(list.path === undefined ? [] : [list.path]),
  ];
  const ids = await readRecords(plumbing, args, { offset: 0, limit: list.limit, separator: '\n' });
  return readCommits(plumbing, ids);
}

/** The commits with these ids, in their order; missing ones are left out. */
export async function readCommits(plumbing: Plumbing, ids: readonly string[]): Promise<Commit[]> {
  const objects = await readObjects(plumbing, ids, MAX_COMMIT_BYTES);
  return objects.flatMap((object) => (object?.type === 'commit' ? [commitOf(object)] : []));
}

/** The commit with that id; null when there is none. */
export async function readCommit(plumbing: Plumbing, id: string): Promise<Commit | null> {
  const [commit] = await readCommits(plumbing, [id]);
  return commit ?? null;
}

function commitOf(object: GitObject): Commit {
  const raw = object.content;
  const gap = raw.indexOf('\n\n');
  const headers = headersOf((gap < 0 ? raw : raw.subarray(0, gap)).toString('utf8'));
  const text = decoded(
    gap < 0 ? Buffer.alloc(0) : raw.subarray(gap + 2),
    headers.find(([name]) => name === 'encoding')?.[1],
  );
  const one = (wanted: string): string => headers.find(([name]) => name === wanted)?.[1] ?? '';
  const signature = headers.find(([name]) => name === 'gpgsig' || name === 'gpgsig-sha256')?.[1];
  return {
    id: object.id,
    treeId: one('tree'),
    parentIds: headers.filter(([name]) => name === 'parent').map(([, value]) => value),
    author: signatureOf(one('author')),
    committer: signatureOf(one('committer')),
    message: text,
    signature: signature === undefined ? null : { text: signature, payload: payloadOf(raw.toString('utf8')) },
  };
}

/** `name value`; a line that begins with a space continues the value before it. */
function headersOf(text: string): [name: string, value: string][] {
  return text
    .replaceAll('\n ', '\0')
    .split('\n')
    .map((line) => {
      const space = line.indexOf(' ');
      return [line.slice(0, space), line.slice(space + 1).replaceAll('\0', '\n')];
    });
}

/** What was signed: the object without its signature. */
function payloadOf(raw: string): string {
  return raw.replace(/^gpgsig(?:-sha256)? .*\n(?: .*\n)*/m, '');
}

/**
 * `Ada <ada@example.org> 1790000000 +0100`. From broken ones, written by old tools, the readable parts are returned.
 */
export function signatureOf(text: string): Signature {
  const match = /^(.*?) ?<([^>]*)>(?: (-?\d+))?/.exec(text);
  const at = Number(match?.[3] ?? 0);
  return {
    name: match?.[1] ?? text,
    email: match?.[2] ?? '',
    at: Number.isSafeInteger(at) ? Math.max(0, Math.min(at, MAX_INSTANT_SEC)) : 0,
  };
}

/**
 * The same, written: `Ada <ada@example.org> 1790000000 +0000`. Characters that would end a name or an address are left
 * out. @param zone `+0100`
 */
export function signatureText({ name, email, at }: Signature, zone = '+0000'): string {
  const plain = (text: string): string => text.replace(/[\x00-\x1f<>]/g, '').trim();
  return `${plain(name)} <${plain(email)}> ${at} ${zone}`;
}

/** The year 9999: later instants have no ISO form. */
const MAX_INSTANT_SEC = 253_402_300_799;

function decoded(bytes: Buffer, encoding: string | undefined): string {
  try {
    return new TextDecoder(encoding ?? 'utf-8', { ignoreBOM: true }).decode(bytes);
  } catch {
    return bytes.toString('latin1');
  }
}
