/** Everything on the instance, for its administrators: people, organizations, tokens. */
import { type Account, listAccounts } from '../../store/accounts.ts';
import type { Page } from '../../store/page.ts';
import { listAllLiveTokens, listTokens } from '../../store/tokens.ts';
import { userNamed } from '../accounts/accounts.ts';
import type { Permit } from '../decision/authorize.ts';
import type { Context } from '../ground/context.ts';
import { type TokenView, tokenViews } from '../tokens/views.ts';

/** A page of all accounts of one kind, newest first. */
export async function listAllAccounts(
  ctx: Context,
  _permit: Permit,
  kind: Account['kind'],
  page: Page,
): Promise<Account[]> {
  return listAccounts(ctx.store.db, kind, page);
}

/**
 * A page of all tokens that are not revoked, or of one person's, newest first.
 * @throws Problem when there is no such person
 */
export async function listAllTokens(
  ctx: Context,
  _permit: Permit,
  login: string | null,
  page: Page,
): Promise<TokenView[]> {
  const q = ctx.store.db;
  const tokens =
    login === null
      ? await listAllLiveTokens(q, page)
      : await listTokens(q, (await userNamed(q, login, 'owner')).id, {}, page);
  return tokenViews(q, tokens, ctx.clock.now());
}
