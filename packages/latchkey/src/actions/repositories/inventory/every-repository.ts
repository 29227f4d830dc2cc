/** All repositories of the instance, for what looks at each of them. */
import { accountById } from '../../../store/accounts.ts';
import { listAllRepositories, type Repository } from '../../../store/repositories.ts';
import type { Context } from '../../ground/context.ts';

const PAGE = 100;

/** Each with its owner's login, the newest first. Those that are made meanwhile are not among them. */
export async function* everyRepository(ctx: Context): AsyncGenerator<{ owner: string; repository: Repository }> {
  for (let beforeId: number | null = null; ; ) {
    const page: Repository[] = await listAllRepositories(ctx.store.db, { beforeId, limit: PAGE });
    for (const repository of page) {
      const owner = await accountById(ctx.store.db, repository.ownerId);
      if (owner !== null) yield { owner: owner.login, repository };
    }
    const last = page.at(-1);
    if (last === undefined) return;
    beforeId = last.id;
  }
}

/** A repository as an operator's program reads it. */
export interface ListedForOperator {
  readonly full_name: string;
  readonly visibility: string;
  readonly archived: boolean;
  /** False when its files are not on the disk. */
  readonly has_files: boolean;
}

/** All of them, by name. */
export async function listForOperator(ctx: Context): Promise<readonly ListedForOperator[]> {
  const all: ListedForOperator[] = [];
  for await (const { owner, repository } of everyRepository(ctx))
    all.push({
      full_name: `${owner}/${repository.name}`,
      visibility: repository.visibility,
      archived: repository.archivedAt !== null,
      has_files: ctx.git.exists(owner, repository.name),
    });
  return all.toSorted((a, b) => (a.full_name < b.full_name ? -1 : 1));
}
