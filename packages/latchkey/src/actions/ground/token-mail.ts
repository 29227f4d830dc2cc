/**
 * Mails about a token: to the person whose it is. A machine reads none, so those who answer for it do: they read whose
 * token it is, and the link leads to the page on which they manage it.
 */

import type { MailFacts } from '../../catalogue/mails/mails.ts';
import type { MailedToken, TokenMail, TokenMailFacts } from '../../catalogue/mails/token-mails.ts';
import { machinePath } from '../../catalogue/refusals/links.ts';
import { type Account, accountById } from '../../store/accounts.ts';
import type { Query } from '../../store/db.ts';
import { keepersOf } from '../../store/machines.ts';
import type { Token } from '../../store/tokens.ts';
import type { Context } from './context.ts';
import { queueMail } from './mail.ts';
import { tokenPath } from './token-names.ts';

/** The token as a mail names it. */
type ToldToken = Pick<Token, 'id' | 'kind' | 'name' | 'lastEight' | 'userId'>;

/** Writes to whoever a mail about this token is for, in the caller's transaction. */
export async function mailAboutToken<K extends TokenMail>(
  ctx: Context,
  tx: Query,
  token: ToldToken,
  template: K,
  facts: Omit<TokenMailFacts[K], 'token'>,
): Promise<void> {
  const holder = await accountById(tx, token.userId);
  if (holder === null) return;
  const told = { ...facts, token: await mailed(tx, token, holder) } as MailFacts[K];
  for (const userId of await keepersOf(tx, holder)) await queueMail(ctx, tx, { userId }, template, told);
}

async function mailed(tx: Query, { id, kind, name, lastEight }: ToldToken, holder: Account): Promise<MailedToken> {
  if (holder.ownedBy === null) return { name, lastEight, path: tokenPath(kind, id) };
  const owner = await accountById(tx, holder.ownedBy);
  const page = machinePath(owner?.kind === 'organization' ? owner.login : null, holder.login);
  return { name, lastEight, path: `${page}/tokens/${id}`, machine: holder.login };
}
