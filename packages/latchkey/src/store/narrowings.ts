/** What a token lost when it was narrowed to what it used, as long as that can be given back. */
import type { UnixSeconds } from '../base/time.ts';
import type { Query } from './db.ts';
import type { GrantReach } from './grants.ts';

export interface StoredReach extends GrantReach {
  readonly repositoryIds: readonly number[];
}

/** The last narrowing of a token. */
export interface Narrowing {
  readonly tokenId: number;
  readonly at: UnixSeconds;
  readonly grants: readonly { readonly id: number; readonly before: StoredReach; readonly after: StoredReach }[];
}

/** Replaces the one before. */
export async function saveNarrowing(tx: Query, { tokenId, at, grants }: Narrowing): Promise<void> {
  const row = { narrowed_at: at, grants_json: JSON.stringify(grants) };
  await tx
    .insertInto('narrowings')
    .values({ token_id: tokenId, ...row })
    .onConflict((conflict) => conflict.column('token_id').doUpdateSet(row))
    .execute();
}

export async function narrowingOf(q: Query, tokenId: number): Promise<Narrowing | null> {
  const row = await q.selectFrom('narrowings').selectAll().where('token_id', '=', tokenId).executeTakeFirst();
  return row === undefined
    ? null
    : { tokenId, at: row.narrowed_at, grants: JSON.parse(row.grants_json) as Narrowing['grants'] };
}

export async function deleteNarrowing(tx: Query, tokenId: number): Promise<void> {
  await tx.deleteFrom('narrowings').where('token_id', '=', tokenId).execute();
}

/** Deletes those before an instant. */
export async function deleteNarrowingsBefore(q: Query, at: UnixSeconds): Promise<void> {
  await q.deleteFrom('narrowings').where('narrowed_at', '<', at).execute();
}
