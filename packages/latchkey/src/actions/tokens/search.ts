/** Tokens found by the parameters of GitLab's list. */
import { present } from '../../base/present.ts';
import { searchTokens as search, TOKEN_ORDERS, type TokenOrder, type TokenSearch } from '../../store/token-search.ts';
import type { Permit } from '../decision/authorize.ts';
import type { Context } from '../ground/context.ts';
import { type TokenView, tokenViews } from './views.ts';

export { TOKEN_ORDERS, type TokenOrder };

/**
 * A page of the caller's tokens, or of anybody's for a caller who acts on the whole instance, with their total number.
 */
export async function searchTokens(
  ctx: Context,
  permit: Permit,
  wanted: Omit<TokenSearch, 'at'>,
  order: TokenOrder,
  page: { offset: number; limit: number },
): Promise<{ tokens: TokenView[]; total: number }> {
  await ctx.usage.flush();
  const userId = permit.target.kind === 'instance' ? wanted.userId : present(permit.actor.userId, 'the one who asks');
  const at = ctx.clock.now();
  const { tokens, total } = await search(ctx.store.db, { ...wanted, userId, at }, order, page);
  return { tokens: await tokenViews(ctx.store.db, tokens, at), total };
}
