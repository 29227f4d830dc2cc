/**
 * Folders that move and disappear with their rows: a job finishes a minute later what a server began before it died.
 *
 * Invariant: a folder is identified by its creation time and inode, not by its place, so one that somebody else put
 * there since is left alone.
 */
import type { RepositoryName } from '../../git/repositories/folders.ts';
import { accountById, accountByLogin } from '../../store/accounts.ts';
import type { Query } from '../../store/db.ts';
import { repositoryById, repositoryByName } from '../../store/repositories.ts';
import type { Context } from '../ground/context.ts';
import { enqueueJob, type UnsettledFolder } from '../ground/jobs.ts';

/** By then, every operation that had begun has ended. */
export const SETTLE_AFTER_SEC = 60;

/**
 * Requests a check of a repository's folder, in the transaction before, or of, the change it must follow. The first
 * place is the current one.
 */
export async function settleLater(
  ctx: Context,
  tx: Query,
  repositoryId: number,
  places: readonly [RepositoryName, ...RepositoryName[]],
): Promise<void> {
  const identity = ctx.git.identity(places[0].owner, places[0].name);
  if (identity === null) return;
  await enqueueJob(tx, {
    kind: 'settle-folder',
    payload: { repositoryId, identity, places },
    runAt: ctx.clock.now() + SETTLE_AFTER_SEC,
  });
}

/** Moves a folder to where its row says; if the row is deleted, removes the folder. Usually there is nothing to do. */
export async function settleFolder(ctx: Context, { repositoryId, identity, places }: UnsettledFolder): Promise<void> {
  ctx.git.demandWrites();
  const { db } = ctx.store;
  const lies = places.find(({ owner, name }) => ctx.git.identity(owner, name) === identity);
  if (lies === undefined) return;
  const repository = await repositoryById(db, repositoryId);
  const owner = repository === null ? null : await accountById(db, repository.ownerId);
  if (repository !== null && owner !== null) {
    if (lies.owner === owner.login && lies.name === repository.name) return;
    await ctx.git.rename(lies, { owner: owner.login, name: repository.name });
    ctx.log.warn(
      { repository: `${owner.login}/${repository.name}`, from: lies },
      'the folder of a repository was brought to its place',
    );
  } else if (!(await isTaken(db, lies))) {
    await ctx.git.remove(lies.owner, lies.name);
    ctx.log.warn({ from: lies }, 'the folder of a repository that was deleted was removed');
  }
}

/** True when a repository has that name now. */
async function isTaken(q: Query, { owner, name }: RepositoryName): Promise<boolean> {
  const account = await accountByLogin(q, owner);
  const found = account === null ? null : await repositoryByName(q, account.id, name);
  return found !== null && !found.renamed;
}
