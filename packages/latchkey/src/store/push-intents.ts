/**
 * Pushes that were begun: a row before the first ref moves, gone in the transaction that writes the entry.
 *
 * Invariant: who deletes the row writes the entry, so that each push has one.
 */
import type { UnixSeconds } from '../base/time.ts';
import type { Query } from './db.ts';

export interface NewPushIntent {
  readonly repositoryId: number;
  readonly run: string;
  readonly at: UnixSeconds;
  /** Who is pushing: plain JSON. */
  readonly actor: object;
  /** The refs to move: plain JSON. */
  readonly refs: readonly object[];
}

export interface PushIntent extends NewPushIntent {
  readonly id: number;
}

/** Records a push, and returns the id of the record. One statement: it needs no transaction. */
export async function insertPushIntent(q: Query, intent: NewPushIntent): Promise<number> {
  const { id } = await q
    .insertInto('push_intents')
    .values({
      repository_id: intent.repositoryId,
      run: intent.run,
      at: intent.at,
      actor_json: JSON.stringify(intent.actor),
      refs_json: JSON.stringify(intent.refs),
    })
    .returning('id')
    .executeTakeFirstOrThrow();
  return id;
}

/** Deletes a record. False when somebody else was faster. */
export async function deletePushIntent(q: Query, id: number): Promise<boolean> {
  const row = await q.deleteFrom('push_intents').where('id', '=', id).returning('id').executeTakeFirst();
  return row !== undefined;
}

/** The oldest records above `afterId`, in order. */
export async function listPushIntents(q: Query, afterId: number, limit: number): Promise<PushIntent[]> {
  const rows = await q
    .selectFrom('push_intents')
    .selectAll()
    .where('id', '>', afterId)
    .orderBy('id')
    .limit(limit)
    .execute();
  return rows.map((row) => ({
    id: row.id,
    repositoryId: row.repository_id,
    run: row.run,
    at: row.at,
    actor: JSON.parse(row.actor_json) as object,
    refs: JSON.parse(row.refs_json) as object[],
  }));
}
