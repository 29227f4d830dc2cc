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
  /** What ends once they have moved; nothing when left out. */
  readonly leaks?: readonly PushedLeak[];
}

/** A secret of ours that everybody can read once a push is taken. */
export interface PushedLeak {
  readonly digest: string;
  /** For its owner: `acme/site, src/app.ts, line 2`. */
  readonly where: string;
}

export interface PushIntent extends Required<NewPushIntent> {
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
      leaks_json: leaksJson(intent.leaks ?? []),
    })
    .returning('id')
    .executeTakeFirstOrThrow();
  return id;
}

/** Adds to a record, before the first ref moves, what ends once one has. */
export async function setPushedLeaks(q: Query, id: number, leaks: readonly PushedLeak[]): Promise<void> {
  await q
    .updateTable('push_intents')
    .set({ leaks_json: leaksJson(leaks) })
    .where('id', '=', id)
    .execute();
}

function leaksJson(leaks: readonly PushedLeak[]): string | null {
  return leaks.length === 0 ? null : JSON.stringify(leaks);
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
    leaks: JSON.parse(row.leaks_json ?? '[]') as PushedLeak[],
  }));
}
