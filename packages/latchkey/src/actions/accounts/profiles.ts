/** People's profiles: what they show, and to whom. */
import { Problem, problem } from '../../base/errors.ts';
import type { Need } from '../../catalogue/needs.ts';
import { nameKey } from '../../rules/names.ts';
import { type Account, accountById, accountByLogin, setProfile } from '../../store/accounts.ts';
import { emailsOf } from '../../store/emails.ts';
import { countRepositories, type RepositoryCounts } from '../../store/repositories.ts';
import type { Permit } from '../decision/authorize.ts';
import type { Context } from '../ground/context.ts';
import { record } from '../ground/record.ts';
import { type ProfileFields, profileProblems } from './profile-fields.ts';

export type { RepositoryCounts };

export interface OwnProfile {
  readonly account: Account;
  readonly counts: RepositoryCounts;
  /** The primary address; null while there is none. */
  readonly email: string | null;
  /** True when the credential may see the private half: GitHub's scope `user`, or the permission to change it. */
  readonly seesPrivate: boolean;
}

const PRIVATE_HALF: Need = {
  sets: [{ profile: 'write' }],
  publicRead: false,
  writes: false,
  scopes: ['user', 'read:user'],
};

/** The caller's profile. @throws TypeError for an anonymous caller */
export async function readOwnProfile(ctx: Context, permit: Permit): Promise<OwnProfile> {
  const { userId } = permit.actor;
  const account = userId === null ? null : await accountById(ctx.store.db, userId);
  if (account === null) throw new TypeError('a profile of nobody was asked for');
  const [emails, counts] = await Promise.all([
    emailsOf(ctx.store.db, account.id),
    countRepositories(ctx.store.db, account.id),
  ]);
  return { account, counts, email: emails[0]?.address ?? null, seesPrivate: permit.holds(PRIVATE_HALF) };
}

/** Somebody's public profile; null when there is no such account. */
export async function readProfile(
  ctx: Context,
  login: string,
): Promise<{ account: Account; counts: RepositoryCounts } | null> {
  const account = await accountByLogin(ctx.store.db, login);
  return account === null ? null : { account, counts: await countRepositories(ctx.store.db, account.id) };
}

/** Changes the caller's profile. @throws Problem with every complaint; then nothing was changed */
export async function changeOwnProfile(ctx: Context, permit: Permit, fields: ProfileFields): Promise<void> {
  const { userId } = permit.actor;
  const { name, ...profile } = fields;
  const complaints = profileProblems(fields);
  if (complaints.length > 0) throw new Problem(complaints);
  await ctx.store.transaction(async (tx) => {
    const account = userId === null ? null : await accountById(tx, userId);
    if (account === null) throw new TypeError('a profile of nobody was to be changed');
    const { email } = fields;
    const isOwn =
      email === undefined ||
      email === '' ||
      (await emailsOf(tx, account.id)).some(
        ({ address, verifiedAt }) => verifiedAt !== null && nameKey(address) === nameKey(email),
      );
    if (!isOwn) throw problem('invalid', 'email is one of your verified addresses.', 'email');
    await setProfile(tx, account.id, { name: name ?? account.name, profile: { ...account.profile, ...profile } });
    await record(tx, permit, ctx.clock.now(), {
      action: 'user.update_profile',
      userId: account.id,
      data: { fields: Object.keys(fields) },
    });
  });
}
