/**
 * What became of a secret that was just made: the first use that it was put to, or what it was refused.
 *
 * Invariant: while an earlier secret still overlaps, a use may have been of that one, and isn't reported.
 */
import { hasOverlap } from '../../store/token-secrets.ts';
import { lastUses, type TokenUse } from '../../store/usage.ts';
import type { Permit } from '../decision/authorize.ts';
import { tokenWithin } from '../decision/token-access.ts';
import { refusalsOf, type TokenRefusal } from '../decision/token-refusals.ts';
import type { Context } from '../ground/context.ts';

/** The newest of both since the secret was made; neither = still waiting. */
export interface FirstUse {
  readonly use: TokenUse | null;
  readonly refusal: TokenRefusal | null;
}

/** Of one of the caller's own tokens, up to this moment on this node. @throws Problem when there is none */
export async function firstUseOf(ctx: Context, permit: Permit, tokenId: number): Promise<FirstUse> {
  const token = await tokenWithin(ctx.store.db, permit, tokenId, { alive: false });
  await ctx.usage.flush();
  const [uses, refusals, overlaps] = await Promise.all([
    lastUses(ctx.store.db, [token.id]),
    refusalsOf(ctx, token.id),
    hasOverlap(ctx.store.db, token.id),
  ]);
  const last = uses.get(token.id);
  const use = last === undefined || overlaps || last.usedAt < token.issuedAt ? null : last;
  const refusal = refusals.find(({ lastAt }) => lastAt >= token.issuedAt) ?? null;
  if (use === null || refusal === null) return { use, refusal };
  return refusal.lastAt > use.usedAt ? { use: null, refusal } : { use, refusal: null };
}
