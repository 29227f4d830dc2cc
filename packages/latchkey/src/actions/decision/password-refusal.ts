/**
 * What somebody hears who sends a password instead of a token.
 *
 * Passwords open nothing here. But "two-factor authentication is on, so the password can't work" is the truth that
 * gets somebody unstuck, and only a person who knows the password may hear it. So a password sent to Git or the API
 * is checked if the account has a second factor.
 *
 * Invariant: the check takes the same time for every name; without such an account it runs against a decoy. So timing
 * reveals neither the account nor its second factor.
 * Invariant: checks are few, because the words could help somebody guess the password of an account with a second
 * factor. They are counted apart from the sign-in page: a forgotten Git client that tries an old password every
 * minute must not keep its owner from signing in. Beyond the limit everybody gets the general words, unchecked.
 */
import { networkOf } from '../../base/address.ts';
import { digestOf } from '../../base/secret.ts';
import type { Reason } from '../../catalogue/refusals/refusals.ts';
import { nameKey } from '../../rules/names.ts';
import { passwordDigestOf } from '../../store/accounts.ts';
import { accountNamed } from '../ground/account-names.ts';
import type { Context } from '../ground/context.ts';
import { checkPassword } from '../ground/password.ts';
import { consumeRateLimit } from '../ground/rate-limit.ts';
import type { Credential } from './credential.ts';

/** The reason to give for Basic credentials with a password that isn't a token. */
export async function passwordReason(
  ctx: Context,
  credential: Credential & { form: 'basic' },
  address: string,
): Promise<Reason> {
  const network = networkOf(address);
  const name = digestOf(nameKey(credential.username));
  const taken = await Promise.all([
    consumeRateLimit(ctx, 'password-checks', `${name} ${network}`),
    consumeRateLimit(ctx, 'password-checks-address', network),
    consumeRateLimit(ctx, 'password-checks-account', name),
  ]);
  if (taken.some((allowance) => allowance?.allowed === false)) return 'password_not_accepted';
  const account = await accountNamed(ctx.store.db, credential.username);
  const digest = account === null ? null : await passwordDigestOf(ctx.store.db, account.id);
  const fits = await checkPassword(account?.twoFactorAt == null ? null : digest, credential.secret);
  return fits ? 'password_with_two_factor' : 'password_not_accepted';
}
