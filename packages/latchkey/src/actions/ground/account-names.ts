/** Names of accounts: whom somebody means when they type one, and which are free. */
import { problem } from '../../base/errors.ts';
import { spokenInstant, type UnixSeconds } from '../../base/time.ts';
import { isSameName, MAX_EMAIL_LENGTH } from '../../rules/names.ts';
import { type Account, accountByLogin, userByEmail } from '../../store/accounts.ts';
import type { Query } from '../../store/db.ts';
import { reservedUntil, takeName } from '../../store/reserved-names.ts';
import type { Context } from './context.ts';

/** How long nobody can take the name of an account that was deleted or renamed, as on GitHub. */
export const RESERVED_NAME_DAYS = 90;

/** The person with a login or an e-mail address; null when there is none. */
export async function accountNamed(q: Query, name: string): Promise<Account | null> {
  const typed = name.trim();
  if (typed === '' || typed.length > MAX_EMAIL_LENGTH) return null;
  const account = typed.includes('@') ? await userByEmail(q, typed) : await accountByLogin(q, typed);
  return account?.kind === 'user' ? account : null;
}

/**
 * Makes sure that an account may have the name, which then leads nowhere else.
 * @throws Problem when the name is the server's own, or was another account's (than `of`) until lately
 */
export async function demandFreeName(
  { settings }: Context,
  tx: Query,
  name: string,
  { field, at, of = null }: { readonly field: string; readonly at: UnixSeconds; readonly of?: number | null },
): Promise<void> {
  // Below a path, addresses with and without it would be of two accounts.
  if (isSameName(name, settings.publicPath.split('/')[1] ?? ''))
    throw problem('invalid', `The name ${name} is reserved: the server’s own address has it.`, field);
  const until = await reservedUntil(tx, name, at, of);
  if (until !== null)
    throw problem(
      'already_exists',
      `The name ${name} is reserved until ${spokenInstant(until)}: an account of that name was deleted or renamed.`,
      field,
    );
  await takeName(tx, name);
}
