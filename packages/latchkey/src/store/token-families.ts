/**
 * Families of tokens: what GitLab's rotation creates, one token after another, each with its own id.
 *
 * Invariant: at most one token of a family is alive: the next is created in the transaction that ends the previous
 * one.
 */
import type { UnixSeconds } from '../base/time.ts';
import { BY_ROTATION } from '../rules/model.ts';
import type { Query } from './db.ts';
import { revokeToken, type Token, tokenOf } from './tokens.ts';

/**
 * Ends a token in favour of the one that takes its place: its secrets count as replaced. Null when it was revoked
 * before (of two at once, one), or is gone.
 */
export async function retireToken(tx: Query, id: number, at: UnixSeconds): Promise<Token | null> {
  const retired = await revokeToken(tx, id, BY_ROTATION, at);
  if (retired !== null)
    await tx
      .updateTable('token_secrets')
      .set({ state: 'replaced', ends_at: at })
      .where('token_id', '=', id)
      .where('state', '<>', 'replaced')
      .execute();
  return retired;
}

/** The token of a family that is not revoked; null when there is none. */
export async function livingOf(q: Query, familyId: number): Promise<Token | null> {
  const row = await q
    .selectFrom('tokens')
    .selectAll()
    .where((token) => token.or([token('id', '=', familyId), token('family_id', '=', familyId)]))
    .where('revoked_at', 'is', null)
    .orderBy('id', 'desc')
    .executeTakeFirst();
  return row === undefined ? null : tokenOf(row);
}
