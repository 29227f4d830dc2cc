/**
 * The revision: one number that rises, in the same transaction, with every change after which a check may end differently.
 *
 * Whoever keeps answers in memory notes the revision read *before* what it keeps, and trusts it while the number stands still.
 * Invariant: every function of this room that changes accounts (but for passwords and profile), memberships, repositories (but for
 * the time of a push and the description), collaborators, tokens, secrets, grants, policies or single sign-on authorizations calls `bumpRevision` itself. Two
 * exceptions: a new token, which nobody can have asked about before, and requests, which give nothing until they are decided.
 */
import type { Query } from './db.ts';

/** Raises the revision. @throws TypeError outside of a transaction, where the change could be seen before the rise. */
export async function bumpRevision(tx: Query): Promise<void> {
  if (!tx.isTransaction) throw new TypeError('the store was asked to change a right outside of a transaction');
  await tx.updateTable('revision').set((row) => ({ revision: row('revision', '+', 1) })).where('id', '=', 1).execute();
}

/** The revision as this query sees it; inside a transaction with its own rises. */
export async function readRevision(q: Query): Promise<number> {
  const { revision } = await q.selectFrom('revision').select('revision').where('id', '=', 1).executeTakeFirstOrThrow();
  return revision;
}
