/** Onboarding: how far an instance has come, so that its operator can be told what to do next. */
import { listAccounts } from '../../store/accounts.ts';
import { listAllRepositories } from '../../store/repositories.ts';
import type { Context } from '../ground/context.ts';

export interface Onboarding {
  readonly hasUser: boolean;
  readonly hasRepository: boolean;
}

/** Whether there are any people and repositories yet. Two look-ups of one row each. */
export async function readOnboarding({ store }: Context): Promise<Onboarding> {
  const one = { beforeId: null, limit: 1 };
  const [users, repositories] = await Promise.all([
    listAccounts(store.db, 'user', one),
    listAllRepositories(store.db, one),
  ]);
  return { hasUser: users.length > 0, hasRepository: repositories.length > 0 };
}
