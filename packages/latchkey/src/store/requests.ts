/**
 * Requests: a grant, or an increase of one, that waits for an organization's owner.
 *
 * Invariant: a request is decided once; of two people who decide at the same moment, one is told that it was too
 * late.
 */
import type { Selectable } from 'kysely';
import type { UnixSeconds } from '../base/time.ts';
import type { Query } from './db.ts';
import type { GrantReach } from './grants.ts';
import { type Page, startOf } from './page.ts';
import type { RequestsTable } from './schema.ts';

type RequestState = RequestsTable['state'];

export interface NewRequest extends GrantReach {
  readonly tokenId: number;
  readonly grantId: number;
  readonly organizationId: number;
  readonly userId: number;
  /** The requester's words; null = none. */
  readonly reason: string | null;
  readonly at: UnixSeconds;
}

export interface Request extends GrantReach {
  readonly id: number;
  readonly tokenId: number;
  readonly grantId: number;
  readonly organizationId: number;
  readonly userId: number;
  readonly reason: string | null;
  readonly repositoryIds: readonly number[];
  readonly state: RequestState;
  readonly createdAt: UnixSeconds;
  readonly decidedAt: UnixSeconds | null;
  readonly decidedBy: number | null;
  readonly decisionReason: string | null;
}

/** Each given field narrows the list. */
export interface RequestFilter {
  readonly organizationId?: number;
  readonly userId?: number;
  readonly tokenId?: number;
  readonly grantId?: number;
  readonly state?: RequestState;
}

/** Files a request and returns its id. */
export async function insertRequest(tx: Query, request: NewRequest): Promise<number> {
  const { id } = await tx
    .insertInto('requests')
    .values({
      token_id: request.tokenId,
      grant_id: request.grantId,
      organization_id: request.organizationId,
      user_id: request.userId,
      reason: request.reason,
      selection: request.selection,
      repository_ids_json: JSON.stringify([...request.repositoryIds]),
      permissions_json: JSON.stringify(request.permissions),
      state: 'pending',
      created_at: request.at,
    })
    .returning('id')
    .executeTakeFirstOrThrow();
  return id;
}

export async function requestById(q: Query, id: number): Promise<Request | null> {
  const row = await q.selectFrom('requests').selectAll().where('id', '=', id).executeTakeFirst();
  return row === undefined ? null : requestOf(row);
}

/** Many requests at once, by id; deleted ones are missing. A few thousand ids at most. */
export async function requestsByIds(q: Query, ids: readonly number[]): Promise<Map<number, Request>> {
  if (ids.length === 0) return new Map();
  const rows = await q.selectFrom('requests').selectAll().where('id', 'in', ids).execute();
  return new Map(rows.map((row) => [row.id, requestOf(row)]));
}

/**
 * Decides a pending request and returns it as decided; null when it is no longer pending. Changing the grant is the
 * caller's job.
 */
export async function decideRequest(
  tx: Query,
  id: number,
  decision: { state: 'approved' | 'denied'; by: number | null; reason: string | null; at: UnixSeconds },
): Promise<Request | null> {
  const row = await tx
    .updateTable('requests')
    .set({ state: decision.state, decided_by: decision.by, decision_reason: decision.reason, decided_at: decision.at })
    .where('id', '=', id)
    .where('state', '=', 'pending')
    .returningAll()
    .executeTakeFirst();
  return row === undefined ? null : requestOf(row);
}

/** Cancels the pending requests about a token or one of its grants; returns the ids. */
export async function cancelRequests(
  tx: Query,
  about: { tokenId: number } | { grantId: number },
  at: UnixSeconds,
): Promise<number[]> {
  const update = tx.updateTable('requests').set({ state: 'cancelled', decided_at: at }).where('state', '=', 'pending');
  const narrowed =
    'tokenId' in about ? update.where('token_id', '=', about.tokenId) : update.where('grant_id', '=', about.grantId);
  const rows = await narrowed.returning('id').execute();
  return rows.map((row) => row.id);
}

/** A page of requests, newest first. */
export async function listRequests(q: Query, filter: RequestFilter, page: Page): Promise<Request[]> {
  let query = q.selectFrom('requests').selectAll().where('id', '<', startOf(page));
  if (filter.organizationId !== undefined) query = query.where('organization_id', '=', filter.organizationId);
  if (filter.userId !== undefined) query = query.where('user_id', '=', filter.userId);
  if (filter.tokenId !== undefined) query = query.where('token_id', '=', filter.tokenId);
  if (filter.grantId !== undefined) query = query.where('grant_id', '=', filter.grantId);
  if (filter.state !== undefined) query = query.where('state', '=', filter.state);
  const rows = await query
    .orderBy('id', 'desc')
    .limit(page.limit)
    .offset(page.skip ?? 0)
    .execute();
  return rows.map(requestOf);
}

/** The newest request of a token to an organization, when it was denied; otherwise null. */
export async function lastDenial(q: Query, tokenId: number, organizationId: number): Promise<Request | null> {
  const [last] = await listRequests(q, { tokenId, organizationId }, { beforeId: null, limit: 1 });
  return last?.state === 'denied' ? last : null;
}

/** The pending requests about several tokens. A few thousand ids at most. */
export async function pendingRequestsOf(q: Query, tokenIds: readonly number[]): Promise<Request[]> {
  if (tokenIds.length === 0) return [];
  const rows = await q
    .selectFrom('requests')
    .selectAll()
    .where('token_id', 'in', tokenIds)
    .where('state', '=', 'pending')
    .execute();
  return rows.map(requestOf);
}

/** How many requests wait for the owners of an organization. */
export async function countPendingRequests(q: Query, organizationId: number): Promise<number> {
  const { count } = await q
    .selectFrom('requests')
    .select((row) => row.fn.countAll<number>().as('count'))
    .where('organization_id', '=', organizationId)
    .where('state', '=', 'pending')
    .executeTakeFirstOrThrow();
  return count;
}

/** How many requests wait for the owners of each of these organizations, and since when; those without are missing. */
export async function pendingTotals(
  q: Query,
  organizationIds: readonly number[],
): Promise<Map<number, { readonly count: number; readonly since: UnixSeconds }>> {
  if (organizationIds.length === 0) return new Map();
  const rows = await q
    .selectFrom('requests')
    .select((row) => [
      'organization_id',
      row.fn.countAll<number>().as('count'),
      row.fn.min<number>('created_at').as('since'),
    ])
    .where('organization_id', 'in', organizationIds)
    .where('state', '=', 'pending')
    .groupBy('organization_id')
    .execute();
  return new Map(rows.map((row) => [row.organization_id, { count: Number(row.count), since: Number(row.since) }]));
}

function requestOf(row: Selectable<RequestsTable>): Request {
  return {
    id: row.id,
    tokenId: row.token_id,
    grantId: row.grant_id,
    organizationId: row.organization_id,
    userId: row.user_id,
    reason: row.reason,
    selection: row.selection,
    repositoryIds: JSON.parse(row.repository_ids_json) as number[],
    permissions: JSON.parse(row.permissions_json) as GrantReach['permissions'],
    state: row.state,
    createdAt: row.created_at,
    decidedAt: row.decided_at,
    decidedBy: row.decided_by,
    decisionReason: row.decision_reason,
  };
}
