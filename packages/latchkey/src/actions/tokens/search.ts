/** Tokens found by what GitLab's list can be asked for. */
import { searchTokens as search, TOKEN_ORDERS, type TokenOrder, type TokenSearch } from '../../store/token-search.ts';
import { lastUses } from '../../store/usage.ts';
import type { Permit } from '../decision/authorize.ts';
import { tokenWithin } from '../decision/token-access.ts';
import type { Context } from '../ground/context.ts';
import type { TokenSummary } from './tokens.ts';

export { TOKEN_ORDERS, type TokenOrder };

/** A page of one's own tokens, or of anybody's for whoever acts on the whole instance, and how many there are. */
export async function searchTokens(
  ctx: Context,
  permit: Permit,
  wanted: Omit<TokenSearch, 'at'>,
  order: TokenOrder,
  page: { offset: number; limit: number },
): Promise<{ tokens: TokenSummary[]; total: number }> {
  await ctx.usage.flush();
  const userId = permit.target.kind === 'instance' ? wanted.userId : permit.actor.userId!;
  const { tokens, total } = await search(ctx.store.db, { ...wanted, userId, at: ctx.clock.now() }, order, page);
  const uses = await lastUses(
    ctx.store.db,
    tokens.map((token) => token.id),
  );
  return { tokens: tokens.map((token) => ({ ...token, lastUse: uses.get(token.id) ?? null })), total };
}

/** One token with its last use, this one included. @throws Problem `not_found` when the permit does not reach it. */
export async function readToken(ctx: Context, permit: Permit, id: number): Promise<TokenSummary> {
  await ctx.usage.flush();
  const token = await tokenWithin(ctx.store.db, permit, id, { alive: false });
  return { ...token, lastUse: (await lastUses(ctx.store.db, [id])).get(id) ?? null };
}
