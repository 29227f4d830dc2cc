/** People's profiles: what they show, to whom. */
import type { Need } from '../catalogue/needs.ts';
import { accountById, type Account } from '../store/accounts.ts';
import { emailsOf } from '../store/emails.ts';
import { countRepositories, type RepositoryCounts } from '../store/repositories.ts';
import type { Permit } from './authorize.ts';
import type { Context } from './context.ts';

export type { RepositoryCounts };

export interface OwnProfile {
  readonly account: Account;
  readonly counts: RepositoryCounts;
  /** The primary address; null while there is none. */
  readonly email: string | null;
  /** True when the credential may see the private half: GitHub's scope `user`, or the permission to change it. */
  readonly seesPrivate: boolean;
}

const PRIVATE_HALF: Need = { sets: [{ profile: 'write' }], publicRead: false, writes: false, scopes: ['user', 'read:user'] };

/** The profile of whoever asks. @throws TypeError when nobody in particular does. */
export async function readOwnProfile(ctx: Context, permit: Permit): Promise<OwnProfile> {
  const { userId } = permit.actor;
  const account = userId === null ? null : await accountById(ctx.store.db, userId);
  if (account === null) throw new TypeError('a profile of nobody was asked for');
  const [emails, counts] = await Promise.all([emailsOf(ctx.store.db, account.id), countRepositories(ctx.store.db, account.id)]);
  return { account, counts, email: emails[0]?.address ?? null, seesPrivate: permit.holds(PRIVATE_HALF) };
}
