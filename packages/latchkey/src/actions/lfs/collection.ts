/**
 * Removes LFS objects that no file of their repository names: of pushes that failed, of histories that were rewritten.
 *
 * Invariant: an object that any file in the repository's database names stays, whether or not a ref reaches it; and so
 * does a young one, whose push may be under way. An upload that finds its object there makes that young again.
 */
import { DAY_SEC } from '../../base/time.ts';
import { removeOldObject, type StoredObject, storedObjects } from '../../git/lfs/object-files.ts';
import { pointedTo } from '../../git/lfs/pointers.ts';
import type { Plumbing } from '../../git/objects/plumbing.ts';
import { accountById } from '../../store/accounts.ts';
import { repositoryById, repositoryPlaces } from '../../store/repositories.ts';
import type { Permit } from '../decision/authorize.ts';
import type { Context } from '../ground/context.ts';
import { record } from '../ground/record.ts';
import { ownership, type RepositoryName, repositoryNamed } from '../repositories/repositories.ts';

export interface Collection {
  /** Null = all repositories. */
  readonly name: RepositoryName | null;
  /** At least 1: a push waits hours at most. */
  readonly olderThanDays: number;
  /** True to count only. */
  readonly isDry: boolean;
}

export interface Collected {
  readonly fullName: string;
  /** Objects that were removed, or would be. */
  readonly objects: number;
  readonly bytes: number;
  /** Objects that stay. */
  readonly kept: number;
}

/**
 * Collects in one repository after the other, and yields each that has LFS objects.
 * @throws Problem when there is no repository of the given name
 */
export async function* collectLfs(ctx: Context, permit: Permit, collection: Collection): AsyncGenerator<Collected> {
  if (!collection.isDry) ctx.git.demandWrites();
  const { db } = ctx.store;
  if (collection.name === null) {
    for await (const { id, login, name } of repositoryPlaces(db))
      yield* collectIn(ctx, permit, { id, owner: login, name }, collection);
    return;
  }
  const { owner, repository } = await repositoryNamed(db, collection.name);
  yield* collectIn(ctx, permit, { id: repository.id, owner: owner.login, name: repository.name }, collection);
}

/** Yields nothing for a repository without LFS objects, or without files. */
async function* collectIn(
  ctx: Context,
  permit: Permit,
  { id, owner, name }: RepositoryName & { readonly id: number },
  { olderThanDays, isDry }: Collection,
): AsyncGenerator<Collected> {
  if (!ctx.git.exists(owner, name)) return;
  const path = ctx.git.path(owner, name);
  const beforeMs = Date.now() - Math.max(olderThanDays, 1) * DAY_SEC * 1000;
  const stored: StoredObject[] = [];
  for await (const object of storedObjects(path)) stored.push(object);
  if (stored.length === 0) return;
  const unnamed = await unnamedIn(ctx.git.open(owner, name, 'upkeep'), stored, beforeMs);
  const removed: StoredObject[] = [];
  for (const object of unnamed) if (isDry || (await removeOldObject(path, object.oid, beforeMs))) removed.push(object);
  const bytes = removed.reduce((sum, { size }) => sum + size, 0);
  if (!isDry && removed.length > 0) {
    ctx.git.lfsGrown(path, -bytes);
    await recordPrune(ctx, permit, id, { objects: removed.length, bytes });
  }
  yield { fullName: `${owner}/${name}`, objects: removed.length, bytes, kept: stored.length - removed.length };
}

async function unnamedIn(
  plumbing: Plumbing,
  stored: readonly StoredObject[],
  beforeMs: number,
): Promise<StoredObject[]> {
  const old = stored.filter(({ writtenAtMs }) => writtenAtMs < beforeMs);
  if (old.length === 0) return [];
  const named = await pointedTo(plumbing);
  return old.filter(({ oid }) => !named.has(oid));
}

async function recordPrune(
  ctx: Context,
  permit: Permit,
  repositoryId: number,
  counts: { readonly objects: number; readonly bytes: number },
): Promise<void> {
  await ctx.store.transaction(async (tx) => {
    const repository = await repositoryById(tx, repositoryId);
    const owner = repository === null ? null : await accountById(tx, repository.ownerId);
    if (repository === null || owner === null) return;
    await record(tx, permit, ctx.clock.now(), {
      action: 'git_lfs.prune',
      ...ownership(owner),
      repositoryId,
      data: { repo: `${owner.login}/${repository.name}`, ...counts },
    });
  });
}
