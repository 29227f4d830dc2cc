/**
 * Tokens with a deadline: about to expire, expired, long unused, restored. Read in batches by id, so a long list
 * delays nobody.
 */

import type { Selectable } from 'kysely';
import type { UnixSeconds } from '../base/time.ts';
import type { GrantState } from '../rules/model.ts';
import type { Query } from './db.ts';
import { bumpRevision, subjectOf } from './revision.ts';
import type { DeployKeysTable } from './schema.ts';
import { type Token, tokenById } from './tokens.ts';

/**
 * Ids of tokens that end after `from` and no later than `to`, and whose owners haven't been sent the notice for `days`;
 * above `afterId`, in order. A token whose whole life is no longer than the notice is left out: its owner has only just
 * chosen that end.
 */
export async function tokensToNotice(
  q: Query,
  notice: { days: number; from: UnixSeconds; to: UnixSeconds; lifeSec: number },
  afterId: number,
  limit: number,
): Promise<number[]> {
  const rows = await q
    .selectFrom('tokens')
    .select('id')
    .where('expires_at', '>', notice.from)
    .where('expires_at', '<=', notice.to)
    .where('revoked_at', 'is', null)
    .where((token) => token.or([token('noticed_days', 'is', null), token('noticed_days', '>', notice.days)]))
    .where((token) => token(token('expires_at', '-', token.ref('issued_at')), '>', notice.lifeSec))
    .where('id', '>', afterId)
    .orderBy('id')
    .limit(limit)
    .execute();
  return rows.map((row) => row.id);
}

/** Records a notice; false when it, or a later one, was given meanwhile. */
export async function noteNotice(tx: Query, id: number, days: number): Promise<boolean> {
  const noted = await tx
    .updateTable('tokens')
    .set({ noticed_days: days })
    .where('id', '=', id)
    .where('revoked_at', 'is', null)
    .where((token) => token.or([token('noticed_days', 'is', null), token('noticed_days', '>', days)]))
    .returning('id')
    .executeTakeFirst();
  return noted !== undefined;
}

/**
 * Ids of living tokens that were neither given a secret nor used after `cutoff`; above `afterId`, in order. `markedBy`:
 * those marked by then; null: those that aren't marked.
 */
export async function tokensUnusedSince(
  q: Query,
  { cutoff, markedBy }: { cutoff: UnixSeconds; markedBy: UnixSeconds | null },
  afterId: number,
  limit: number,
): Promise<number[]> {
  const rows = await q
    .selectFrom('tokens')
    .leftJoin('token_use', 'token_use.token_id', 'tokens.id')
    .select('tokens.id')
    .where('tokens.revoked_at', 'is', null)
    .where('tokens.issued_at', '<=', cutoff)
    .where((row) => row.or([row('token_use.last_used_at', 'is', null), row('token_use.last_used_at', '<=', cutoff)]))
    .where((row) =>
      markedBy === null ? row('tokens.disuse_marked_at', 'is', null) : row('tokens.disuse_marked_at', '<=', markedBy),
    )
    .where('tokens.id', '>', afterId)
    .orderBy('tokens.id')
    .limit(limit)
    .execute();
  return rows.map((row) => row.id);
}

/** Marks a living token that will end because it isn't used. False when it is marked already, or has ended. */
export async function markDisused(tx: Query, id: number, at: UnixSeconds): Promise<boolean> {
  const row = await tx
    .updateTable('tokens')
    .set({ disuse_marked_at: at })
    .where('id', '=', id)
    .where('revoked_at', 'is', null)
    .where('disuse_marked_at', 'is', null)
    .returning('id')
    .executeTakeFirst();
  return row !== undefined;
}

/**
 * Removes the mark from tokens that were used or renewed after `cutoff`, or that were marked with a clock that was
 * ahead.
 */
export async function unmarkUsed(tx: Query, cutoff: UnixSeconds, at: UnixSeconds): Promise<void> {
  await tx
    .updateTable('tokens')
    .set({ disuse_marked_at: null })
    .where('disuse_marked_at', 'is not', null)
    .where('revoked_at', 'is', null)
    .where((row) =>
      row.or([
        row('disuse_marked_at', '>', at),
        row('issued_at', '>', cutoff),
        row('id', 'in', row.selectFrom('token_use').select('token_id').where('last_used_at', '>', cutoff)),
      ]),
    )
    .execute();
}

/** How many tokens are not revoked. */
export async function countLiving(q: Query): Promise<number> {
  const { count } = await q
    .selectFrom('tokens')
    .select((row) => row.fn.countAll<number>().as('count'))
    .where('revoked_at', 'is', null)
    .executeTakeFirstOrThrow();
  return Number(count);
}

/** What the end of a token removes along with it. */
interface Undo {
  /** The states that its grants had. */
  readonly grants: readonly { readonly id: number; readonly state: GrantState }[];
  /** The deploy keys made with it. */
  readonly deployKeys: readonly Selectable<DeployKeysTable>[];
}

/** What the end of a token will remove. Read this before it ends. */
export async function readUndo(tx: Query, id: number): Promise<string> {
  const grants = await tx.selectFrom('grants').select(['id', 'state']).where('token_id', '=', id).execute();
  const deployKeys = await tx.selectFrom('deploy_keys').selectAll().where('created_by_token_id', '=', id).execute();
  return JSON.stringify({ grants, deployKeys } satisfies Undo);
}

/** Stores what the end of a token removed. */
export async function keepUndo(tx: Query, id: number, undo: string): Promise<void> {
  await tx.updateTable('tokens').set({ undo_json: undo }).where('id', '=', id).execute();
}

/** Ids of tokens that were ended for disuse, in order. */
export async function undoableTokens(q: Query): Promise<number[]> {
  const rows = await q
    .selectFrom('tokens')
    .select('id')
    .where('undo_json', 'is not', null)
    .where('doubt_epoch', 'is', null)
    .orderBy('id')
    .execute();
  return rows.map((row) => row.id);
}

export interface Undone {
  readonly token: Token;
  /** True when the restoration of a backup had ended it; otherwise nobody had used it. */
  readonly wasInDoubt: boolean;
}

/**
 * Brings back a token whose end can be undone, with the access it had; null for any other. Requests that waited for
 * approval were cancelled, and stay so. Keys whose place was taken meanwhile stay away.
 * @throws a unique violation when its owner has another token with its name by now
 */
export async function undoEnd(tx: Query, id: number, at: UnixSeconds): Promise<Undone | null> {
  await bumpRevision(tx, subjectOf('token', id));
  const before = await tx
    .selectFrom('tokens')
    .select(['undo_json', 'doubt_epoch'])
    .where('id', '=', id)
    .where('revoked_at', 'is not', null)
    .executeTakeFirst();
  if (before === undefined || before.undo_json === null) return null;
  const { grants, deployKeys } = JSON.parse(before.undo_json) as Undo;
  await tx
    .updateTable('tokens')
    .set({
      revoked_at: null,
      revoked_by: null,
      disuse_marked_at: null,
      undo_json: null,
      doubt_epoch: null,
      updated_at: at,
    })
    .where('id', '=', id)
    .execute();
  for (const grant of grants)
    if (grant.state === 'active')
      await tx
        .updateTable('grants')
        .set({ state: 'active' })
        .where('id', '=', grant.id)
        .where('token_id', '=', id)
        .execute();
  for (const key of deployKeys)
    await tx
      .insertInto('deploy_keys')
      .values(key)
      .onConflict((conflict) => conflict.doNothing())
      .execute();
  const token = await tokenById(tx, id);
  return token === null ? null : { token, wasInDoubt: before.doubt_epoch !== null };
}

/** Organizations with pending requests, and how many. */
export async function organizationsWithRequests(q: Query): Promise<{ organizationId: number; waiting: number }[]> {
  const rows = await q
    .selectFrom('requests')
    .select((row) => ['organization_id', row.fn.countAll<number>().as('waiting')])
    .where('state', '=', 'pending')
    .groupBy('organization_id')
    .execute();
  return rows.map((row) => ({ organizationId: row.organization_id, waiting: Number(row.waiting) }));
}
