/**
 * What a token was refused: read for its page, and noted where a refusal depends on what was sent.
 */
import type { Reason } from '../../catalogue/refusals/refusals.ts';
import type { Explanation } from '../../rules/explain.ts';
import { MAX_ROWS_PER_TOKEN, type RefusalCount, refusalsOfToken } from '../../store/refusals.ts';
import type { Context } from '../ground/context.ts';
import type { Permit } from './authorize.ts';

/** How many are kept of one token: where there are as many, older ones are gone. */
export const MAX_REFUSALS = MAX_ROWS_PER_TOKEN;

/** One kind of refusal on one day. */
export interface TokenRefusal extends RefusalCount {
  readonly reason: Reason;
}

/** A token's refusals in the last 90 days, the latest first, including those not written yet. At most 50. */
export async function refusalsOf(ctx: Context, tokenId: number): Promise<readonly TokenRefusal[]> {
  await ctx.refusals.flush();
  return (await refusalsOfToken(ctx.store.db, tokenId)) as TokenRefusal[];
}

/** Records a refusal that `authorize` didn't give: one that depends on the content sent. */
export function noteRefusal(
  ctx: Context,
  { actor }: Permit,
  address: string,
  purpose: string,
  explanation: Explanation,
): void {
  if (actor.tokenId !== null) ctx.refusals.note(actor.tokenId, ctx.clock.now(), address, purpose, explanation);
}
