/** Whom somebody means when they type a name. */

import { MAX_EMAIL_LENGTH } from '../../rules/names.ts';
import { type Account, accountByLogin, userByEmail } from '../../store/accounts.ts';
import type { Query } from '../../store/db.ts';

/** The person with a login or an e-mail address; null when there is none. */
export async function accountNamed(q: Query, name: string): Promise<Account | null> {
  const typed = name.trim();
  if (typed === '' || typed.length > MAX_EMAIL_LENGTH) return null;
  const account = typed.includes('@') ? await userByEmail(q, typed) : await accountByLogin(q, typed);
  return account?.kind === 'user' ? account : null;
}
