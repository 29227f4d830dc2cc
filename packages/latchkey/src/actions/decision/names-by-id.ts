/** From ids to names: dialects that use ids are translated to names, so that there is one way to a decision. */
import { type Account, accountById } from '../../store/accounts.ts';
import { repositoryById } from '../../store/repositories.ts';
import type { Context } from '../ground/context.ts';
import type { RepositoryName } from '../repositories/repositories.ts';

/** The id of nobody. */
const NOBODY = 0;

/**
 * The repository with that id, by name; null when there is none. It doesn't say who may see it: that is the decision's
 * job.
 */
export async function nameOfRepository(ctx: Context, id: number): Promise<RepositoryName | null> {
  const repository = await repositoryById(ctx.store.db, id);
  // Also looked up for what doesn't exist: otherwise the time of the answer would reveal it.
  const owner = await accountById(ctx.store.db, repository?.ownerId ?? NOBODY);
  return repository === null || owner === null ? null : { owner: owner.login, name: repository.name };
}

/** The organization with that id, by name; null when there is none. */
export async function nameOfOrganization(ctx: Context, id: number): Promise<string | null> {
  const account = await accountById(ctx.store.db, id);
  return account?.kind === 'organization' ? account.login : null;
}

/** The account with that id, by name and kind; null when there is none. */
export async function nameOfAccount(ctx: Context, id: number): Promise<Pick<Account, 'login' | 'kind'> | null> {
  const account = await accountById(ctx.store.db, id);
  return account === null ? null : { login: account.login, kind: account.kind };
}
