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
import { ownership } from '../repositories/repositories.ts';

export interface Collection {
  /** Null = all repositories. */
  readonly fullName: string | null;
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

/** Collects in one repository after the other, and yields each that has LFS objects. */
export async function* collectLfs(ctx: Context, permit: Permit, collection: Collection): AsyncGenerator<Collected> {
  if (!collection.isDry) ctx.git.demandWrites();
  for await (const { id, login, name } of repositoryPlaces(ctx.store.db)) {
    const fullName = `${login}/${name}`;
    if (collection.fullName !== null && collection.fullName.toLowerCase() !== fullName.toLowerCase()) continue;
    const found = await collectIn(ctx, permit, id, { ...collection, fullName });
    if (found !== null) yield found;
  }
}

async function collectIn(
  ctx: Context,
  permit: Permit,
  repositoryId: number,
  { fullName, olderThanDays, isDry }: Collection & { readonly fullName: string },
): Promise<Collected | null> {
  const [login = '', name = ''] = fullName.split('/');
  if (!ctx.git.exists(login, name)) return null;
  const path = ctx.git.path(login, name);
  const beforeMs = Date.now() - Math.max(olderThanDays, 1) * DAY_SEC * 1000;
  const stored: StoredObject[] = [];
  for await (const object of storedObjects(path)) stored.push(object);
  if (stored.length === 0) return null;
  const unnamed = await unnamedIn(ctx.git.open(login, name, 'upkeep'), stored, beforeMs);
  const removed: StoredObject[] = [];
  for (const object of unnamed) if (isDry || (await removeOldObject(path, object.oid, beforeMs))) removed.push(object);
  const bytes = removed.reduce((sum, { size }) => sum + size, 0);
  if (!isDry && removed.length > 0) {
    ctx.git.lfsGrown(path, -bytes);
    await recordPrune(ctx, permit, repositoryId, { objects: removed.length, bytes });
  }
  return { fullName, objects: removed.length, bytes, kept: stored.length - removed.length };
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
