/**
 * Moves of refs that wait for the owner of a token, or that they decided about.
 *
 * Invariant: a row stands for one move by one token: repository, ref, value before, value after. None of them is ever
 * changed, so whoever decides about a row decides about that move.
 * Invariant: an approval is spent once, whichever node is asked: the row leaves `approved` in one statement.
 */
import type { Selectable } from 'kysely';
import type { UnixSeconds } from '../base/time.ts';
import type { Query } from './db.ts';
import type { PushApprovalsTable } from './schema.ts';

/** Which token moves which ref, and how; '' stands for no value. */
export interface MoveKey {
  readonly tokenId: number;
  /** The derived token; null = the person's own. */
  readonly derivedId: number | null;
  readonly repositoryId: number;
  readonly ref: string;
  readonly oldId: string;
  readonly newId: string;
}

export type ApprovalState = PushApprovalsTable['state'];

export interface StoredApproval extends MoveKey {
  readonly id: number;
  /** JSON of what there was to see. */
  readonly look: string;
  readonly address: string;
  readonly askedAt: UnixSeconds;
  readonly state: ApprovalState;
  /** When the question, or the answer, counts no more. */
  readonly expiresAt: UnixSeconds;
  readonly decidedAt: UnixSeconds | null;
  readonly decidedBy: string | null;
}

export async function insertApproval(
  tx: Query,
  asked: Pick<StoredApproval, keyof MoveKey | 'look' | 'address' | 'askedAt' | 'expiresAt'>,
): Promise<number> {
  const { id } = await tx
    .insertInto('push_approvals')
    .values({
      token_id: asked.tokenId,
      derived_id: asked.derivedId,
      repository_id: asked.repositoryId,
      ref: asked.ref,
      old_id: asked.oldId,
      new_id: asked.newId,
      look_json: asked.look,
      address: asked.address,
      asked_at: asked.askedAt,
      state: 'waiting',
      expires_at: asked.expiresAt,
    })
    .returning('id')
    .executeTakeFirstOrThrow();
  return id;
}

export async function approvalById(q: Query, id: number): Promise<StoredApproval | null> {
  const row = await q.selectFrom('push_approvals').selectAll().where('id', '=', id).executeTakeFirst();
  return row === undefined ? null : approvalOf(row);
}

/** Those of a token that count still, by whichever of its derived tokens, newest first. */
export async function openApprovals(q: Query, tokenId: number, at: UnixSeconds): Promise<StoredApproval[]> {
  const rows = await q
    .selectFrom('push_approvals')
    .selectAll()
    .where('token_id', '=', tokenId)
    .where('expires_at', '>', at)
    .where('state', 'in', ['waiting', 'approved', 'denied'])
    .orderBy('id', 'desc')
    .execute();
  return rows.map(approvalOf);
}

/**
 * Those that a person may decide about, newest first: of their own tokens, and of machine accounts that they, or
 * organizations that they own, have.
 */
export async function approvalsFor(q: Query, userId: number, limit: number): Promise<StoredApproval[]> {
  const rows = await decidedBy(q, userId)
    .selectAll('push_approvals')
    .orderBy('push_approvals.id', 'desc')
    .limit(limit)
    .execute();
  return rows.map(approvalOf);
}

/** True when the person may decide about it. */
export async function mayDecide(q: Query, userId: number, id: number): Promise<boolean> {
  const row = await decidedBy(q, userId)
    .select('push_approvals.id')
    .where('push_approvals.id', '=', id)
    .executeTakeFirst();
  return row !== undefined;
}

function decidedBy(q: Query, userId: number) {
  return q
    .selectFrom('push_approvals')
    .innerJoin('tokens', 'tokens.id', 'push_approvals.token_id')
    .innerJoin('accounts', 'accounts.id', 'tokens.user_id')
    .where((row) =>
      row.or([
        row('accounts.id', '=', userId),
        row('accounts.owned_by', '=', userId),
        row.exists(
          row
            .selectFrom('memberships')
            .select('memberships.user_id')
            .whereRef('memberships.organization_id', '=', 'accounts.owned_by')
            .where('memberships.user_id', '=', userId)
            .where('memberships.role', '=', 'owner'),
        ),
      ]),
    );
}

/** A change of state. */
export interface Turn {
  readonly from: ApprovalState;
  readonly to: ApprovalState;
  readonly at: UnixSeconds;
  readonly expiresAt?: UnixSeconds;
  readonly decidedBy?: string;
  /** What there is to see from now on. */
  readonly look?: string;
}

/** Turns a row over if it is in that state and counts still. False when it isn't: somebody else was first. */
export async function turnApproval(tx: Query, id: number, turn: Turn): Promise<boolean> {
  const { from, to, at, expiresAt, decidedBy: by, look } = turn;
  const result = await tx
    .updateTable('push_approvals')
    .set({
      state: to,
      ...(expiresAt === undefined ? {} : { expires_at: expiresAt }),
      ...(look === undefined ? {} : { look_json: look }),
      ...(by === undefined ? {} : { decided_at: at, decided_by: by }),
    })
    .where('id', '=', id)
    .where('state', '=', from)
    .where('expires_at', '>', at)
    .executeTakeFirst();
  return result.numUpdatedRows > 0n;
}

/** Deletes those that count no more since before a time. */
export async function deleteOldApprovals(tx: Query, before: UnixSeconds): Promise<void> {
  await tx.deleteFrom('push_approvals').where('expires_at', '<', before).execute();
}

function approvalOf(row: Selectable<PushApprovalsTable>): StoredApproval {
  return {
    id: row.id,
    tokenId: row.token_id,
    derivedId: row.derived_id,
    repositoryId: row.repository_id,
    ref: row.ref,
    oldId: row.old_id,
    newId: row.new_id,
    look: row.look_json,
    address: row.address,
    askedAt: row.asked_at,
    state: row.state,
    expiresAt: row.expires_at,
    decidedAt: row.decided_at,
    decidedBy: row.decided_by,
  };
}
