/**
 * Locks on files: a word to others that somebody is working on one that can't be merged.
 *
 * They bind nobody's git: git-lfs asks before a push, and keeps back what others hold.
 * Invariant: one lock a path. Who holds it takes it away; so does, by force, whoever may administer the repository.
 */
import { problem } from '../../base/errors.ts';
import type { Need } from '../../catalogue/needs.ts';
import {
  countLfsLocks,
  deleteLfsLock,
  insertLfsLock,
  type LfsLock,
  type LockFilter,
  listLfsLocks,
} from '../../store/lfs-locks.ts';
import type { Permit } from '../decision/authorize.ts';
import type { Context } from '../ground/context.ts';
import { record } from '../ground/record.ts';
import { ownership } from '../repositories/repositories.ts';
import { readTarget, targetRepository } from '../repositories/target.ts';

export type { LfsLock };

/** The most locks of a repository. */
export const MAX_LFS_LOCKS = 10_000;
/** The longest path, in bytes of UTF-8: Linux's PATH_MAX. */
const MAX_PATH_BYTES = 4096;
const MAX_PAGE = 100;
const FORCE: Need = { sets: [{ administration: 'write' }], publicRead: false, writes: true };

export interface LockPage {
  readonly locks: readonly LfsLock[];
  /** Where the next page begins; null at the end. */
  readonly next: string | null;
}

/** Locks a path, or says which lock is in the way. @throws Problem for a path that no file can have, or too many */
export async function lockPath(
  ctx: Context,
  permit: Permit,
  path: string,
): Promise<{ readonly lock: LfsLock; readonly isNew: boolean }> {
  if (!isPath(path)) throw problem('invalid', 'The path is not one of a file, from the top of the repository.', 'path');
  const { userId, login } = permit.actor;
  if (userId === null) throw new TypeError('a lock is somebody’s');
  return ctx.store.transaction(async (tx) => {
    const { owner, repository } = await readTarget(tx, permit);
    const at = ctx.clock.now();
    const id = await insertLfsLock(tx, { repositoryId: repository.id, path, userId, at });
    if (id === null) {
      const [held] = await listLfsLocks(tx, repository.id, { path }, { fromId: 0, limit: 1 });
      if (held === undefined) throw problem('conflict', 'The lock has just been taken away. Try again.', 'path');
      return { lock: held, isNew: false };
    }
    if ((await countLfsLocks(tx, repository.id)) > MAX_LFS_LOCKS)
      throw problem('limit_reached', `A repository has at most ${MAX_LFS_LOCKS} locks. Take some away first.`, 'path');
    await record(tx, permit, at, {
      action: 'git_lfs.lock',
      ...ownership(owner),
      repositoryId: repository.id,
      data: { repo: `${owner.login}/${repository.name}`, path },
    });
    return { lock: { id, path, lockedAt: at, userId, login }, isNew: true };
  });
}

/** A page of locks, the oldest first. @param cursor where it begins, as the page before said */
export async function listLocks(
  ctx: Context,
  permit: Permit,
  filter: LockFilter,
  { cursor, limit }: { readonly cursor: string | null; readonly limit: number },
): Promise<LockPage> {
  const size = Math.min(Math.max(1, limit), MAX_PAGE);
  const fromId = cursor === null ? 0 : Number(cursor);
  if (!Number.isSafeInteger(fromId)) throw problem('invalid', 'The cursor is not one of this list.', 'cursor');
  const { id: repositoryId } = targetRepository(permit).repository;
  const found = await listLfsLocks(ctx.store.db, repositoryId, filter, { fromId, limit: size + 1 });
  const next = found[size];
  return { locks: found.slice(0, size), next: next === undefined ? null : String(next.id) };
}

/** What keeps a lock in its place. */
export type UnlockRefusal = { readonly heldBy: string; readonly mayForce: boolean };

/**
 * Takes a lock away; returns the lock, or whose it is when it is another's.
 * @throws Problem when there is none
 */
export async function unlock(
  ctx: Context,
  permit: Permit,
  id: number,
  force: boolean,
): Promise<LfsLock | UnlockRefusal> {
  return ctx.store.transaction(async (tx) => {
    const { owner, repository } = await readTarget(tx, permit);
    const [lock] = await listLfsLocks(tx, repository.id, { id }, { fromId: 0, limit: 1 });
    if (lock === undefined) throw problem('not_found', 'There is no such lock; it may have been taken away.', 'id');
    const isOwn = lock.userId === permit.actor.userId;
    const mayForce = permit.holds(FORCE);
    if (!isOwn && !(force && mayForce)) return { heldBy: lock.login, mayForce };
    if (!(await deleteLfsLock(tx, id))) throw problem('not_found', 'The lock has just been taken away.', 'id');
    await record(tx, permit, ctx.clock.now(), {
      action: 'git_lfs.unlock',
      ...ownership(owner),
      repositoryId: repository.id,
      data: { repo: `${owner.login}/${repository.name}`, path: lock.path, user: lock.login },
    });
    return lock;
  });
}

function isPath(path: string): boolean {
  if (path === '' || path.includes('\0') || Buffer.byteLength(path) > MAX_PATH_BYTES) return false;
  return path.split('/').every((part) => part !== '' && part !== '.' && part !== '..');
}
