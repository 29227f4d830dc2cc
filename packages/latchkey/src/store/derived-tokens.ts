/**
 * Derived tokens: found by their secret, added, listed, ended.
 *
 * Invariant: they have no rights here, only what is left out of the rights of the token that they come from.
 */
import type { Selectable } from 'kysely';
import type { UnixSeconds } from '../base/time.ts';
import type { Narrowing } from '../rules/derivation.ts';
import type { Workload } from '../rules/workload-claims.ts';
import type { Query } from './db.ts';
import { type Page, startOf } from './page.ts';
import { bumpRevision, subjectOf } from './revision.ts';
import type { DerivedTokensTable } from './schema.ts';
import type { SecretMark } from './token-secrets.ts';

export interface DerivedToken {
  readonly id: number;
  readonly tokenId: number;
  /** Digest of the secret that it was derived with. */
  readonly secretDigest: string;
  readonly parentId: number | null;
  readonly name: string;
  readonly lastEight: string;
  readonly agent: string | null;
  readonly session: string | null;
  /** Who runs, when an issuer told it; null = it was derived with a token. */
  readonly workload: Workload | null;
  readonly narrowing: Narrowing;
  readonly createdAt: UnixSeconds;
  readonly expiresAt: UnixSeconds;
  readonly revokedAt: UnixSeconds | null;
  readonly revokedBy: string | null;
}

export type NewDerivedToken = Omit<DerivedToken, 'id' | 'lastEight' | 'revokedAt' | 'revokedBy'> & {
  readonly secret: SecretMark;
};

/** Adds one; returns its id. Raises no revision: nobody can have asked about it. */
export async function insertDerived(tx: Query, token: NewDerivedToken): Promise<number> {
  const { id } = await tx
    .insertInto('derived_tokens')
    .values({
      digest: token.secret.digest,
      last_eight: token.secret.lastEight,
      token_id: token.tokenId,
      secret_digest: token.secretDigest,
      parent_id: token.parentId,
      name: token.name,
      agent: token.agent,
      session: token.session,
      narrowing_json: JSON.stringify(token.narrowing),
      created_at: token.createdAt,
      expires_at: token.expiresAt,
      ...(token.workload === null ? {} : { workload_json: JSON.stringify(token.workload) }),
    })
    .returning('id')
    .executeTakeFirstOrThrow();
  return id;
}

/** The derived token that a secret opens, alive or dead. What it was derived from takes it along. */
export async function derivedByDigest(q: Query, digest: string): Promise<DerivedToken | null> {
  const row = await q
    .selectFrom('derived_tokens')
    .leftJoin('derived_tokens as parent', 'parent.id', 'derived_tokens.parent_id')
    .selectAll('derived_tokens')
    .select(['parent.revoked_at as parent_revoked_at', 'parent.revoked_by as parent_revoked_by'])
    .where('derived_tokens.digest', '=', digest)
    .executeTakeFirst();
  if (row === undefined) return null;
  const found = derivedOf(row);
  return {
    ...found,
    revokedAt: found.revokedAt ?? row.parent_revoked_at,
    revokedBy: found.revokedBy ?? row.parent_revoked_by,
  };
}

export async function derivedById(q: Query, id: number): Promise<DerivedToken | null> {
  const row = await q.selectFrom('derived_tokens').selectAll().where('id', '=', id).executeTakeFirst();
  return row === undefined ? null : derivedOf(row);
}

/** Those of a person's token that were not ended and whose time isn't over, newest first. */
export async function livingDerived(q: Query, tokenId: number, at: UnixSeconds, page: Page): Promise<DerivedToken[]> {
  const rows = await q
    .selectFrom('derived_tokens')
    .selectAll()
    .where('token_id', '=', tokenId)
    .where('revoked_at', 'is', null)
    .where('expires_at', '>', at)
    .where('id', '<', startOf(page))
    .orderBy('id', 'desc')
    .limit(page.limit)
    .execute();
  return rows.map(derivedOf);
}

/** True when a person's token has at least so many living ones. */
export async function hasDerived(q: Query, tokenId: number, at: UnixSeconds, count: number): Promise<boolean> {
  const row = await q
    .selectFrom('derived_tokens')
    .select('token_id')
    .where('token_id', '=', tokenId)
    .where('revoked_at', 'is', null)
    .where('expires_at', '>', at)
    .limit(1)
    .offset(count - 1)
    .executeTakeFirst();
  return row !== undefined;
}

/** Ends one with those that were derived from it; returns the ids that ended now. */
export async function endDerived(tx: Query, id: number, by: string, at: UnixSeconds): Promise<number[]> {
  const rows = await tx
    .updateTable('derived_tokens')
    .set({ revoked_at: at, revoked_by: by })
    .where((row) => row.or([row('id', '=', id), row('parent_id', '=', id)]))
    .where('revoked_at', 'is', null)
    .returning('id')
    .execute();
  const ids = rows.map((row) => row.id);
  if (ids.length > 0) await bumpRevision(tx, ...ids.map((each) => subjectOf('derived', each)));
  return ids;
}

/** The digest of the secret of a token that is in this state; null when there is none. */
export async function secretInState(
  q: Query,
  tokenId: number,
  state: 'current' | 'overlapping',
): Promise<string | null> {
  const row = await q
    .selectFrom('token_secrets')
    .select('digest')
    .where('token_id', '=', tokenId)
    .where('state', '=', state)
    .executeTakeFirst();
  return row?.digest ?? null;
}

/** Deletes those that ended before a time. */
export async function deleteEndedDerived(tx: Query, before: UnixSeconds): Promise<void> {
  await tx.deleteFrom('derived_tokens').where('expires_at', '<', before).execute();
}

/** Deletes all: nobody knows which of them were ended after a backup. */
export async function deleteAllDerived(tx: Query): Promise<void> {
  await tx.deleteFrom('derived_tokens').execute();
}

function derivedOf(row: Selectable<DerivedTokensTable>): DerivedToken {
  return {
    id: row.id,
    tokenId: row.token_id,
    secretDigest: row.secret_digest,
    parentId: row.parent_id,
    name: row.name,
    lastEight: row.last_eight,
    agent: row.agent,
    session: row.session,
    workload: row.workload_json === null ? null : (JSON.parse(row.workload_json) as Workload),
    narrowing: JSON.parse(row.narrowing_json) as Narrowing,
    createdAt: row.created_at,
    expiresAt: row.expires_at,
    revokedAt: row.revoked_at,
    revokedBy: row.revoked_by,
  };
}
