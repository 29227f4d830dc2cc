/**
 * Grants of fine-grained tokens: one resource owner, its repository selection, its permissions.
 *
 * Invariant: the grants of a new token are written with it (`insertToken`); every later change raises the revision.
 */

import type { Selectable } from 'kysely';
import { present } from '../base/present.ts';
import type { UnixSeconds } from '../base/time.ts';
import type { Grant, GrantState, RepositorySelection } from '../rules/model.ts';
import type { Query } from './db.ts';
import { type Page, startOf } from './page.ts';
import { bumpRevision, subjectOf } from './revision.ts';
import type { GrantsTable } from './schema.ts';

/** A grant as stored, with what lists show beside it. */
export interface StoredGrant extends Grant {
  readonly tokenId: number;
  readonly createdAt: UnixSeconds;
  /** When an owner (or a rule that needs none) approved it. */
  readonly accessGrantedAt: UnixSeconds | null;
  /** When its state last changed; null = never, or before that was kept. */
  readonly decidedAt: UnixSeconds | null;
  /** When what it reaches last changed; null = never, or before that was kept. */
  readonly reachedAt: UnixSeconds | null;
}

/** What a grant reaches. */
export interface GrantReach {
  readonly selection: RepositorySelection;
  /** Empty unless `selection` is `selected`. */
  readonly repositoryIds: Iterable<number>;
  readonly permissions: Grant['permissions'];
}

export interface NewGrant extends GrantReach {
  /** Account id, or 0 for the instance. */
  readonly ownerId: number;
  readonly state: GrantState;
}

/** A row of an organization's list: the grant, and the token it belongs to. */
export interface GrantTowards {
  readonly grantId: number;
  readonly tokenId: number;
  readonly userId: number;
}

/** Rows of repository ids in one statement: far below the parameter limit of either engine. */
const ROWS_PER_STATEMENT = 1_000;

/**
 * Adds a grant to a token.
 * @throws a foreign-key violation when the token or a repository is missing
 */
export async function insertGrant(tx: Query, tokenId: number, grant: NewGrant, at: UnixSeconds): Promise<number> {
  await bumpRevision(tx, subjectOf('token', tokenId));
  return addGrant(tx, tokenId, grant, at);
}

/** The same without raising the revision, for a token that nobody has seen yet. */
export async function addGrant(tx: Query, tokenId: number, grant: NewGrant, at: UnixSeconds): Promise<number> {
  const { id } = await tx
    .insertInto('grants')
    .values({
      token_id: tokenId,
      owner_id: grant.ownerId,
      selection: grant.selection,
      permissions_json: JSON.stringify(grant.permissions),
      state: grant.state,
      created_at: at,
      access_granted_at: grant.state === 'active' ? at : null,
    })
    .returning('id')
    .executeTakeFirstOrThrow();
  await addRepositories(tx, id, grant);
  return id;
}

async function addRepositories(tx: Query, grantId: number, { selection, repositoryIds }: GrantReach): Promise<void> {
  if (selection !== 'selected') return;
  const rows = [...new Set(repositoryIds)].map((id) => ({ grant_id: grantId, repository_id: id }));
  for (let start = 0; start < rows.length; start += ROWS_PER_STATEMENT) {
    await tx
      .insertInto('grant_repositories')
      .values(rows.slice(start, start + ROWS_PER_STATEMENT))
      .execute();
  }
}

/**
 * The grants of several tokens in one query, oldest first; tokens without grants are missing. A few thousand ids at
 * most.
 */
export async function grantsOf(q: Query, tokenIds: readonly number[]): Promise<Map<number, StoredGrant[]>> {
  if (tokenIds.length === 0) return new Map();
  const rows = await grantRows(q).where('grants.token_id', 'in', tokenIds).execute();
  return Map.groupBy(assemble(rows), (grant) => grant.tokenId);
}

export async function grantById(q: Query, id: number): Promise<StoredGrant | null> {
  const rows = await grantRows(q).where('grants.id', '=', id).execute();
  return assemble(rows)[0] ?? null;
}

/** Many grants at once, by id; deleted ones are missing. A few thousand ids at most. */
export async function grantsByIds(q: Query, ids: readonly number[]): Promise<Map<number, StoredGrant>> {
  if (ids.length === 0) return new Map();
  return new Map(
    assemble(await grantRows(q).where('grants.id', 'in', ids).execute()).map((grant) => [grant.id, grant]),
  );
}

function grantRows(q: Query) {
  return q
    .selectFrom('grants')
    .leftJoin('grant_repositories', 'grant_repositories.grant_id', 'grants.id')
    .selectAll('grants')
    .select('grant_repositories.repository_id')
    .orderBy('grants.id');
}

/** Makes one grant from the rows of each id: one row per selected repository, or a single one. */
function assemble(rows: readonly (Selectable<GrantsTable> & { repository_id: number | null })[]): StoredGrant[] {
  return [...Map.groupBy(rows, (row) => row.id)].map(([id, [row, ...others]]) => {
    const grant = present(row, `a row of grant ${id}`);
    return {
      id,
      tokenId: grant.token_id,
      ownerId: grant.owner_id,
      selection: grant.selection,
      repositoryIds: new Set([grant, ...others].flatMap((each) => each.repository_id ?? [])),
      permissions: JSON.parse(grant.permissions_json) as Grant['permissions'],
      state: grant.state,
      createdAt: grant.created_at,
      accessGrantedAt: grant.access_granted_at,
      decidedAt: grant.decided_at,
      reachedAt: grant.reached_at,
    };
  });
}

/** Replaces what a grant reaches; its state stays. False when there is no such grant. */
export async function setGrantReach(tx: Query, grantId: number, reach: GrantReach, at: UnixSeconds): Promise<boolean> {
  const before = await grantById(tx, grantId);
  if (before === null) return false;
  const changed = await tx
    .updateTable('grants')
    .set({
      selection: reach.selection,
      permissions_json: JSON.stringify(reach.permissions),
      ...(isSameReach(before, reach) ? {} : { reached_at: at }),
    })
    .where('id', '=', grantId)
    .returning('token_id')
    .executeTakeFirst();
  if (changed === undefined) return false;
  await bumpRevision(tx, subjectOf('token', changed.token_id));
  await tx.deleteFrom('grant_repositories').where('grant_id', '=', grantId).execute();
  await addRepositories(tx, grantId, reach);
  return true;
}

export function isSameReach(one: GrantReach, other: GrantReach): boolean {
  return spelledReach(one) === spelledReach(other);
}

function spelledReach({ selection, repositoryIds, permissions }: GrantReach): string {
  const ids = selection === 'selected' ? [...repositoryIds].toSorted((a, b) => a - b) : [];
  return JSON.stringify([selection, ids, Object.entries(permissions).toSorted()]);
}

/**
 * Moves a grant from one of the states `from` to another; false when somebody else moved it first. The time of access
 * starts when it becomes active.
 */
export async function setGrantState(
  tx: Query,
  grantId: number,
  from: readonly GrantState[],
  to: GrantState,
  at: UnixSeconds,
): Promise<boolean> {
  const changed = await tx
    .updateTable('grants')
    .set({ state: to, decided_at: at, ...(to === 'active' ? { access_granted_at: at } : {}) })
    .where('id', '=', grantId)
    .where('state', 'in', from)
    .returning('token_id')
    .executeTakeFirst();
  if (changed !== undefined) await bumpRevision(tx, subjectOf('token', changed.token_id));
  return changed !== undefined;
}

/** Removes a grant and the requests about it. False when there is no such grant. */
export async function deleteGrant(tx: Query, grantId: number): Promise<boolean> {
  const deleted = await tx.deleteFrom('grants').where('id', '=', grantId).returning('token_id').executeTakeFirst();
  if (deleted !== undefined) await bumpRevision(tx, subjectOf('token', deleted.token_id));
  return deleted !== undefined;
}

/**
 * A page of the grants in one state for an owner, newest first, of tokens that are not revoked; `beforeId` is a grant
 * id.
 */
export async function listGrantsTowards(
  q: Query,
  ownerId: number,
  state: GrantState,
  page: Page,
): Promise<GrantTowards[]> {
  const rows = await q
    .selectFrom('grants')
    .innerJoin('tokens', 'tokens.id', 'grants.token_id')
    .select(['grants.id', 'grants.token_id', 'tokens.user_id'])
    .where('grants.owner_id', '=', ownerId)
    .where('grants.state', '=', state)
    .where('grants.id', '<', startOf(page))
    .where('tokens.revoked_at', 'is', null)
    .orderBy('grants.id', 'desc')
    .limit(page.limit)
    .offset(page.skip ?? 0)
    .execute();
  return rows.map((row) => ({ grantId: row.id, tokenId: row.token_id, userId: row.user_id }));
}

/**
 * How many grants of tokens that live select a repository.
 * @param exceptOwnerId leaves out those about this owner; null = none
 */
export async function countSelecting(q: Query, repositoryId: number, exceptOwnerId: number | null): Promise<number> {
  let query = q
    .selectFrom('grant_repositories')
    .innerJoin('grants', 'grants.id', 'grant_repositories.grant_id')
    .innerJoin('tokens', 'tokens.id', 'grants.token_id')
    .select((row) => row.fn.countAll<number>().as('count'))
    .where('grant_repositories.repository_id', '=', repositoryId)
    .where('tokens.revoked_at', 'is', null);
  if (exceptOwnerId !== null) query = query.where('grants.owner_id', '<>', exceptOwnerId);
  return Number((await query.executeTakeFirstOrThrow()).count);
}

/** A repository that has another owner now is selected no longer by grants towards somebody else. */
export async function unselectForOthers(tx: Query, repositoryId: number, ownerId: number): Promise<void> {
  const lost = await tx
    .deleteFrom('grant_repositories')
    .where('repository_id', '=', repositoryId)
    .where('grant_id', 'in', (inner) => inner.selectFrom('grants').select('id').where('owner_id', '<>', ownerId))
    .returning('grant_id')
    .execute();
  const ids = lost.map(({ grant_id }) => grant_id);
  const tokens =
    ids.length === 0
      ? []
      : await tx.selectFrom('grants').select('token_id').distinct().where('id', 'in', ids).execute();
  // A token that is remembered with it would reach it again as soon as it came back.
  const subjects = tokens.map(({ token_id }) => subjectOf('token', token_id));
  await bumpRevision(tx, subjectOf('repository', repositoryId), ...subjects);
}
