/**
 * How organizations relate to a token: the ones it was authorized for (single sign-on), and the ones that exclude it;
 * only classic and scoped ones are excluded.
 */
import { sql } from 'kysely';
import type { UnixSeconds } from '../base/time.ts';
import type { Query } from './db.ts';
import { type Page, startOf } from './page.ts';
import { bumpRevision, subjectOf } from './revision.ts';

/** The organizations that authorized a token, and those that exclude it. One query. */
export async function organizationsOfToken(
  q: Query,
  tokenId: number,
): Promise<{ readonly authorized: Set<number>; readonly excluding: Set<number> }> {
  const rows = await q
    .selectFrom('token_organizations')
    .select(['organization_id', sql<number>`0`.as('excludes')])
    .where('token_id', '=', tokenId)
    .unionAll(
      q
        .selectFrom('token_exclusions')
        .select(['organization_id', sql<number>`1`.as('excludes')])
        .where('token_id', '=', tokenId),
    )
    .execute();
  const idsWhere = (excludes: number): Set<number> =>
    new Set(rows.filter((row) => row.excludes === excludes).map((row) => row.organization_id));
  return { authorized: idsWhere(0), excluding: idsWhere(1) };
}

/** How organizations relate to one of several tokens. */
export interface TokenStanding {
  /** Organizations that authorized it under single sign-on. */
  readonly authorized: ReadonlySet<number>;
  /** When organizations excluded it, by their ids. */
  readonly excludedAt: ReadonlyMap<number, UnixSeconds>;
}

/** How organizations relate to these tokens; tokens to which none does are missing. Two queries. */
export async function standingOf(q: Query, tokenIds: readonly number[]): Promise<Map<number, TokenStanding>> {
  if (tokenIds.length === 0) return new Map();
  const [authorizations, exclusions] = await Promise.all([
    q
      .selectFrom('token_organizations')
      .select(['token_id', 'organization_id'])
      .where('token_id', 'in', tokenIds)
      .execute(),
    q
      .selectFrom('token_exclusions')
      .select(['token_id', 'organization_id', 'excluded_at'])
      .where('token_id', 'in', tokenIds)
      .execute(),
  ]);
  const authorized = Map.groupBy(authorizations, (row) => row.token_id);
  const excluded = Map.groupBy(exclusions, (row) => row.token_id);
  return new Map(
    [...new Set([...authorized.keys(), ...excluded.keys()])].map((id) => [
      id,
      {
        authorized: new Set((authorized.get(id) ?? []).map((row) => row.organization_id)),
        excludedAt: new Map((excluded.get(id) ?? []).map((row) => [row.organization_id, row.excluded_at])),
      },
    ]),
  );
}

/** Which of these tokens an organization excludes. */
export async function excludedAmong(
  q: Query,
  organizationId: number,
  tokenIds: readonly number[],
): Promise<Set<number>> {
  if (tokenIds.length === 0) return new Set();
  const rows = await q
    .selectFrom('token_exclusions')
    .select('token_id')
    .where('organization_id', '=', organizationId)
    .where('token_id', 'in', tokenIds)
    .execute();
  return new Set(rows.map((row) => row.token_id));
}

/** Excludes a token from an organization. False when it already was. */
export async function exclude(tx: Query, tokenId: number, organizationId: number, at: UnixSeconds): Promise<boolean> {
  await bumpRevision(tx, subjectOf('token', tokenId));
  const excluded = await tx
    .insertInto('token_exclusions')
    .values({ token_id: tokenId, organization_id: organizationId, excluded_at: at })
    .onConflict((conflict) => conflict.columns(['token_id', 'organization_id']).doNothing())
    .returning('token_id')
    .executeTakeFirst();
  return excluded !== undefined;
}

/** Excludes a new token wherever the token is excluded that made it or that it replaces. */
export async function inheritExclusions(tx: Query, fromId: number, tokenId: number): Promise<void> {
  const rows = await tx
    .selectFrom('token_exclusions')
    .select(['organization_id', 'excluded_at'])
    .where('token_id', '=', fromId)
    .execute();
  if (rows.length > 0)
    await tx
      .insertInto('token_exclusions')
      .values(rows.map((row) => ({ ...row, token_id: tokenId })))
      .execute();
}

/** Ends the exclusion. False when there was none. */
export async function readmit(tx: Query, tokenId: number, organizationId: number): Promise<boolean> {
  await bumpRevision(tx, subjectOf('token', tokenId));
  const readmitted = await tx
    .deleteFrom('token_exclusions')
    .where('token_id', '=', tokenId)
    .where('organization_id', '=', organizationId)
    .returning('token_id')
    .executeTakeFirst();
  return readmitted !== undefined;
}

/** Authorizes a token for an organization; does nothing when it already is. */
export async function authorizeForOrganization(
  tx: Query,
  tokenId: number,
  organizationId: number,
  at: UnixSeconds,
): Promise<void> {
  await bumpRevision(tx, subjectOf('token', tokenId));
  await tx
    .insertInto('token_organizations')
    .values({ token_id: tokenId, organization_id: organizationId, authorized_at: at })
    .onConflict((conflict) => conflict.columns(['token_id', 'organization_id']).doNothing())
    .execute();
}

/** Withdraws every authorization of a token, as editing or regenerating it does. */
export async function withdrawFromAll(tx: Query, tokenId: number): Promise<void> {
  await bumpRevision(tx, subjectOf('token', tokenId));
  await tx.deleteFrom('token_organizations').where('token_id', '=', tokenId).execute();
}

/** Withdraws the authorization. False when there was none. */
export async function withdrawFromOrganization(tx: Query, tokenId: number, organizationId: number): Promise<boolean> {
  await bumpRevision(tx, subjectOf('token', tokenId));
  const withdrawn = await tx
    .deleteFrom('token_organizations')
    .where('token_id', '=', tokenId)
    .where('organization_id', '=', organizationId)
    .returning('token_id')
    .executeTakeFirst();
  return withdrawn !== undefined;
}

/** Which authorizations end. */
interface Authorizations {
  readonly organizationId: number;
  /** Left out = of everybody's tokens. */
  readonly userId?: number;
}

/** Withdraws authorizations for an organization, and returns how many. */
export async function withdrawAll(tx: Query, { organizationId, userId }: Authorizations): Promise<number> {
  let query = tx.deleteFrom('token_organizations').where('organization_id', '=', organizationId);
  if (userId !== undefined)
    query = query.where('token_id', 'in', tx.selectFrom('tokens').select('id').where('user_id', '=', userId));
  const withdrawn = await query.returning('token_id').execute();
  // Without subjects, everything would be forgotten.
  if (withdrawn.length > 0) await bumpRevision(tx, ...withdrawn.map((row) => subjectOf('token', row.token_id)));
  return withdrawn.length;
}

/** A token that was authorized for an organization. */
export interface Authorization {
  readonly tokenId: number;
  readonly authorizedAt: UnixSeconds;
}

/** A page of the living tokens that are authorized for an organization, the newest first. @param userId null = all */
export async function authorizationsFor(
  q: Query,
  organizationId: number,
  userId: number | null,
  page: Page,
): Promise<Authorization[]> {
  let query = q
    .selectFrom('token_organizations')
    .innerJoin('tokens', 'tokens.id', 'token_organizations.token_id')
    .select(['token_organizations.token_id', 'token_organizations.authorized_at'])
    .where('token_organizations.organization_id', '=', organizationId)
    .where('tokens.revoked_at', 'is', null)
    .where('token_organizations.token_id', '<', startOf(page))
    .orderBy('token_organizations.token_id', 'desc')
    .limit(page.limit)
    .offset(page.skip ?? 0);
  if (userId !== null) query = query.where('tokens.user_id', '=', userId);
  const rows = await query.execute();
  return rows.map((row) => ({ tokenId: row.token_id, authorizedAt: row.authorized_at }));
}
