/**
 * Branches, tags and other refs: listed, read, and changed by compare-and-set.
 *
 * Invariant: a change names the ref's previous value; if it has another one by now, nothing happens and the caller is
 * told.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { unlessGone } from '../../base/machine/gone.ts';
import { gitFault } from '../processes/git-process.ts';
import { keptByItsConfig } from '../processes/profile.ts';
import { type ObjectType, objectInfos } from './cat-file.ts';
import { refNameProblem } from './names.ts';
import type { Plumbing } from './plumbing.ts';
import { readRecords } from './record-stream.ts';

export interface Ref {
  /** `refs/heads/main` */
  readonly name: string;
  readonly id: string;
  readonly type: ObjectType;
  /** The commit of an annotated tag; otherwise the object itself. */
  readonly peeledId: string;
}

export interface RefList {
  readonly offset: number;
  readonly limit: number;
  /** Only refs after the one with this full name, which was listed before. */
  readonly after?: string | null;
  /** `name` ascends; `version` is for tags, the newest version first; `date` = the newest commit or tag first. */
  readonly sort?: 'name' | 'version' | 'date';
}

/** The new value of a ref. `from` null = it must not exist, `to` null = delete it. */
export interface RefChange {
  /** In full. */
  readonly ref: string;
  readonly from: string | null;
  readonly to: string | null;
}

export type RefOutcome =
  | { readonly ok: true }
  /**
   * `moved`: its value is not `from`. `name_conflict`: another ref's name is a folder of this one's, or the other way
   * round.
   */
  | { readonly ok: false; readonly why: 'moved' | 'exists' | 'missing' | 'name_conflict' | 'object_missing' };

/** The most branches of a push to check for existence. */
const MAX_HEAD_CANDIDATES = 20;

const SORTS = { version: '--sort=-version:refname', date: '--sort=-creatordate' } as const;
const FORMAT = '%(objectname) %(objecttype) %(*objectname) %(refname)';

/** A page of the refs whose names begin with `prefix` (`refs/heads/`). A partial name works, too. */
export async function listRefs(plumbing: Plumbing, prefix: string, list: RefList): Promise<Ref[]> {
  const folder = prefix.slice(0, prefix.lastIndexOf('/') + 1);
  const sort = list.sort === undefined || list.sort === 'name' ? [] : [SORTS[list.sort]];
  const args = ['for-each-ref', `--format=${FORMAT}`, ...sort, '--', folder];
  const after = list.after ?? null;
  let passed = after === null;
  const keep = (record: string): boolean => {
    const name = record.slice(record.lastIndexOf(' ') + 1);
    // Sorted by name, the position is known even if the ref itself is gone.
    const isPast =
      passed || (sort.length === 0 && after !== null && Buffer.compare(Buffer.from(name), Buffer.from(after)) > 0);
    passed ||= name === after;
    return isPast && name.startsWith(prefix);
  };
  const records = await readRecords(plumbing, args, { ...list, separator: '\n', keep });
  return records.map(refOf);
}

function refOf(record: string): Ref {
  const [id = '', type = '', peeled = '', name = ''] = record.split(' ');
  return { name, id, type: type as ObjectType, peeledId: peeled === '' ? id : peeled };
}

/** The ref with that full name; null when there is none. The name passed `refNameProblem`. */
export async function readRef(plumbing: Plumbing, name: string): Promise<Ref | null> {
  const [info, commit] = await objectInfos(plumbing, [name, `${name}^{}`]);
  return info == null ? null : { name, id: info.id, type: info.type, peeledId: commit?.id ?? info.id };
}

/** The full names of refs below these folders (`refs/heads/`) from which a commit can be reached. */
export function refsContaining(
  plumbing: Plumbing,
  commitId: string,
  folders: readonly string[],
  limit: number,
): Promise<string[]> {
  const args = ['for-each-ref', '--format=%(refname)', `--contains=${commitId}`, '--', ...folders];
  return readRecords(plumbing, args, { offset: 0, limit, separator: '\n' });
}

/** What refs point at, by their full names, in one process; null for one that isn't there. */
export async function refIds(plumbing: Plumbing, names: readonly string[]): Promise<readonly (string | null)[]> {
  return (await objectInfos(plumbing, names)).map((info) => info?.id ?? null);
}

/** The branch that HEAD names, whether or not it has a commit yet: `main`. Reads one small file, no process. */
export async function defaultBranch(path: string): Promise<string> {
  const head = (await readFile(join(path, 'HEAD'), 'utf8').catch(unlessGone)) ?? '';
  return /^ref: refs\/heads\/(.+?)\s*$/.exec(head)?.[1] ?? 'main';
}

/** Makes a branch, which need not exist, the default one. The name passed `refNameProblem`. */
export async function setDefaultBranch(plumbing: Plumbing, branch: string): Promise<void> {
  await plumbing.read(['symbolic-ref', 'HEAD', `refs/heads/${branch}`]);
}

/** A first push makes one of these the default branch if it brings it; otherwise its first branch. */
const USUAL_BRANCHES: readonly string[] = ['refs/heads/main', 'refs/heads/master'];

/**
 * Points HEAD at an existing branch, as forges do at the first push: otherwise, a clone of a project that moved here
 * has an empty work tree. Does nothing when HEAD's branch exists. Starts a process only when a branch was made that
 * HEAD doesn't name.
 * @param made full names of refs that may just have been made, in the order of the push
 */
export async function settleHead(plumbing: Plumbing, made: readonly string[]): Promise<void> {
  const head = `refs/heads/${await defaultBranch(plumbing.path)}`;
  const branches = made.filter((ref) => ref.startsWith('refs/heads/') && refNameProblem(ref) === null);
  if (branches.length === 0 || branches.includes(head)) return;
  const ordered = [...USUAL_BRANCHES.filter((ref) => branches.includes(ref)), ...branches];
  const [current, ...there] = await objectInfos(plumbing, [head, ...ordered.slice(0, MAX_HEAD_CANDIDATES)]);
  const chosen = ordered.find((_ref, i) => there[i] != null);
  if (current == null && chosen !== undefined) await setDefaultBranch(plumbing, chosen.slice('refs/heads/'.length));
}

/** True when every commit of `ancestorId` is also in `commitId`. Both exist. */
export async function isAncestor(plumbing: Plumbing, ancestorId: string, commitId: string): Promise<boolean> {
  const { end } = await plumbing.attempt(['merge-base', '--is-ancestor', ancestorId, commitId], '');
  if (end.code === 0 || end.code === 1) return end.code === 0;
  throw gitFault('The repository could not be read.', ['merge-base'], end);
}

/** Another process holds the lock of a ref, or of all packed ones, or was killed while holding it. */
class RefLocked extends Error {
  override readonly name = 'RefLocked';
  readonly outage = 'ref_locked';
}

/** What git refuses in a push by the repository's own config is refused here as well. @throws Problem */
async function demandOwnRules(plumbing: Plumbing, { ref, from, to }: RefChange): Promise<void> {
  if (!ref.startsWith('refs/heads/') || from === null) return;
  const { deletions, force } = await plumbing.refuses();
  if (to === null) {
    if (deletions) throw keptByItsConfig('deletions');
  } else if (force && !(await isAncestor(plumbing, from, to))) throw keptByItsConfig('force');
}

/**
 * Changes a ref in one step, if it still has the expected value. Rejects with a `Problem` (`switched_off`) when the
 * repository's own config refuses that, and with an error reported as an outage when the ref is locked.
 */
export async function changeRef(plumbing: Plumbing, change: RefChange): Promise<RefOutcome> {
  await demandOwnRules(plumbing, change);
  const none = '0'.repeat((await plumbing.objectFormat()) === 'sha256' ? 64 : 40);
  const instruction =
    change.to === null
      ? `delete ${change.ref}\0${change.from ?? none}\0`
      : `update ${change.ref}\0${change.to}\0${change.from ?? none}\0`;
  const { end } = await plumbing.attempt(['update-ref', '--stdin', '-z', '--no-deref'], instruction);
  if (end.code === 0) return { ok: true };
  if (LOCKED.test(end.stderr)) throw new RefLocked(end.stderr);
  const why = OUTCOMES.find(({ says }) => says.test(end.stderr))?.why;
  if (why === undefined) throw gitFault('The ref could not be changed.', ['update-ref'], end);
  return { ok: false, why };
}

const LOCKED = /Unable to create .*\.lock': File exists/;

/** update-ref's messages when it refuses (git 2.39 to 2.50: refs.c, refs/files-backend.c). */
const OUTCOMES = [
  { says: /exists; cannot create|cannot be processed together|there is a non-empty directory/, why: 'name_conflict' },
  { says: /reference already exists/, why: 'exists' },
  { says: /unable to resolve reference|reference is missing/, why: 'missing' },
  { says: /but expected/, why: 'moved' },
  { says: /nonexistent object|non-commit object|trying to write/, why: 'object_missing' },
] as const;
