/**
 * Tokens as requests present them: found by a secret, with everything that the decision needs, and what each use
 * records.
 */
import type { UnixSeconds } from '../base/time.ts';
import type { TokenRecord } from '../rules/model.ts';
import type { Query } from './db.ts';
import { grantsOf } from './grants.ts';
import { bumpRevision, subjectOf } from './revision.ts';
import { organizationsOfToken } from './token-organizations.ts';
import { type Token, tokenOf } from './tokens.ts';

/** A token found by one of its secrets. `grants` are the stored ones, without those that scopes stand for. */
export interface StoredToken extends Token, Omit<TokenRecord, 'derived'> {
  /** True when another of its secrets was replaced but hasn't ended yet. */
  readonly hasOverlap: boolean;
}

/** The token that a secret opens, alive or dead; null when the secret was never given out. Two queries. */
export function tokenByDigest(q: Query, digest: string): Promise<StoredToken | null> {
  return storedToken(q, presented(q).where('token_secrets.digest', '=', digest));
}

/** A token as if its current secret had been presented; null when there is no such token. */
export function tokenAsPresented(q: Query, id: number): Promise<StoredToken | null> {
  return storedToken(
    q,
    presented(q).where('token_secrets.token_id', '=', id).where('token_secrets.state', '=', 'current'),
  );
}

function presented(q: Query) {
  return q
    .selectFrom('token_secrets')
    .innerJoin('tokens', 'tokens.id', 'token_secrets.token_id')
    .selectAll('tokens')
    .select(['token_secrets.state', 'token_secrets.ends_at'])
    .select((each) =>
      each
        .selectFrom('token_secrets as older')
        .select((row) => row.fn.countAll<number>().as('count'))
        .whereRef('older.token_id', '=', 'tokens.id')
        .where('older.state', '=', 'overlapping')
        .as('overlaps'),
    );
}

async function storedToken(q: Query, query: ReturnType<typeof presented>): Promise<StoredToken | null> {
  const row = await query.executeTakeFirst();
  if (row === undefined) return null;
  // Only fine-grained tokens have grants of their own, which organizations can take back. The others are excluded.
  const isFineGrained = row.kind === 'fine-grained';
  const organizations = await organizationsOfToken(q, row.id);
  return {
    ...tokenOf(row),
    secretState: row.state,
    secretEndsAt: row.ends_at,
    hasOverlap: row.state === 'current' && Number(row.overlaps) > 0,
    grants: isFineGrained ? ((await grantsOf(q, [row.id])).get(row.id) ?? []) : [],
    ssoOrganizationIds: organizations.authorized,
    excludedOrganizationIds: organizations.excluding,
  };
}

/**
 * Records that its owner is alerted of reuse; false when they were alerted since `sinceAt`, so that many uses cause one
 * alert.
 */
export async function noteReuse(tx: Query, id: number, sinceAt: UnixSeconds, at: UnixSeconds): Promise<boolean> {
  const noted = await tx
    .updateTable('tokens')
    .set({ late_use_alerted_at: at })
    .where('id', '=', id)
    .where((token) => token.or([token('late_use_alerted_at', 'is', null), token('late_use_alerted_at', '<=', sinceAt)]))
    .returning('id')
    .executeTakeFirst();
  return noted !== undefined;
}

/**
 * Takes one use from a token with a limit and returns what is left; null when none was. The last one raises the
 * revision.
 */
export async function spendUse(tx: Query, tokenId: number): Promise<number | null> {
  const row = await tx
    .updateTable('tokens')
    .set((token) => ({ uses_left: token('uses_left', '-', 1) }))
    .where('id', '=', tokenId)
    .where('uses_left', '>', 0)
    .returning('uses_left')
    .executeTakeFirst();
  if (row?.uses_left === 0) await bumpRevision(tx, subjectOf('token', tokenId));
  return row?.uses_left ?? null;
}
