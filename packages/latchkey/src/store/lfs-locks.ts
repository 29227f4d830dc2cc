/** Locks on files that are kept by Git LFS: one a path, each somebody's. */
import { digestOf } from '../base/secret.ts';
import type { UnixSeconds } from '../base/time.ts';
import type { Query } from './db.ts';

export interface LfsLock {
  readonly id: number;
  readonly path: string;
  readonly lockedAt: UnixSeconds;
  readonly userId: number;
  /** Login of whoever holds it. */
  readonly login: string;
}

/** Which locks of a repository are listed. Left out: all. */
export interface LockFilter {
  readonly path?: string | undefined;
  readonly id?: number | undefined;
}

/** Adds a lock and returns its id; null when the path is locked already. */
export async function insertLfsLock(
  tx: Query,
  lock: { readonly repositoryId: number; readonly path: string; readonly userId: number; readonly at: UnixSeconds },
): Promise<number | null> {
  const row = await tx
    .insertInto('lfs_locks')
    .values({
      repository_id: lock.repositoryId,
      path: lock.path,
      path_digest: digestOf(lock.path),
      user_id: lock.userId,
      locked_at: lock.at,
    })
    .onConflict((conflict) => conflict.columns(['repository_id', 'path_digest']).doNothing())
    .returning('id')
    .executeTakeFirst();
  return row?.id ?? null;
}

/** Locks of a repository in the order of their ids, from one id on. */
export async function listLfsLocks(
  q: Query,
  repositoryId: number,
  filter: LockFilter,
  { fromId, limit }: { readonly fromId: number; readonly limit: number },
): Promise<LfsLock[]> {
  const rows = await q
    .selectFrom('lfs_locks')
    .innerJoin('accounts', 'accounts.id', 'lfs_locks.user_id')
    .select(['lfs_locks.id', 'lfs_locks.path', 'lfs_locks.locked_at', 'lfs_locks.user_id', 'accounts.login'])
    .where('lfs_locks.repository_id', '=', repositoryId)
    .where('lfs_locks.id', '>=', fromId)
    .$if(filter.path !== undefined, (query) => query.where('lfs_locks.path_digest', '=', digestOf(filter.path ?? '')))
    .$if(filter.id !== undefined, (query) => query.where('lfs_locks.id', '=', filter.id ?? 0))
    .orderBy('lfs_locks.id')
    .limit(limit)
    .execute();
  return rows.map((row) => ({
    id: row.id,
    path: row.path,
    lockedAt: row.locked_at,
    userId: row.user_id,
    login: row.login,
  }));
}

/** How many locks a repository has. */
export async function countLfsLocks(q: Query, repositoryId: number): Promise<number> {
  const { count } = await q
    .selectFrom('lfs_locks')
    .select((row) => row.fn.countAll<number>().as('count'))
    .where('repository_id', '=', repositoryId)
    .executeTakeFirstOrThrow();
  return Number(count);
}

/** Removes a lock. False when somebody else was faster. */
export async function deleteLfsLock(tx: Query, id: number): Promise<boolean> {
  return (await tx.deleteFrom('lfs_locks').where('id', '=', id).returning('id').executeTakeFirst()) !== undefined;
}
