/**
 * The secrets that open tokens.
 *
 * Invariant: only digests are stored. A replaced secret stays, so that its reuse is noticed and reported.
 */
import type { UnixSeconds } from '../base/time.ts';
import type { Query } from './db.ts';
import { bumpRevision, subjectOf } from './revision.ts';

/** What is stored about a secret. */
export interface SecretMark {
  /** SHA-256, base64url. */
  readonly digest: string;
  readonly lastEight: string;
}

/** Makes a secret the current one of a token. The previous one must have been replaced. */
export async function addSecret(tx: Query, tokenId: number, secret: SecretMark, at: UnixSeconds): Promise<void> {
  await tx
    .insertInto('token_secrets')
    .values({
      digest: secret.digest,
      token_id: tokenId,
      last_eight: secret.lastEight,
      state: 'current',
      created_at: at,
    })
    .execute();
}

/** Those of the digests whose secrets open a token, derived ones too, or once did. A few thousand at most. */
export async function knownDigests(q: Query, digests: readonly string[]): Promise<Set<string>> {
  const rows = await q
    .selectFrom('token_secrets')
    .select('digest')
    .where('digest', 'in', digests)
    .unionAll(q.selectFrom('derived_tokens').select('digest').where('digest', 'in', digests))
    .execute();
  return new Set(rows.map((row) => row.digest));
}

/** Ends the secret that a rotation left overlapping, when the new one is first used. False when there is none. */
export async function endOverlap(tx: Query, tokenId: number, at: UnixSeconds): Promise<boolean> {
  await bumpRevision(tx, subjectOf('token', tokenId));
  const ended = await tx
    .updateTable('token_secrets')
    .set({ state: 'replaced', ends_at: at })
    .where('token_id', '=', tokenId)
    .where('state', '=', 'overlapping')
    .returning('digest')
    .executeTakeFirst();
  return ended !== undefined;
}

/** True while a rotated token's earlier secret still works beside the new one. */
export async function hasOverlap(q: Query, tokenId: number): Promise<boolean> {
  const row = await q
    .selectFrom('token_secrets')
    .select('digest')
    .where('token_id', '=', tokenId)
    .where('state', '=', 'overlapping')
    .executeTakeFirst();
  return row !== undefined;
}
