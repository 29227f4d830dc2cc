/**
 * How far each stream of the audit log has come: the log is the queue, this is its cursor.
 *
 * Invariant: a cursor moves only from where its reader found it, so that a node which was thought dead can't take it
 * back.
 */
import type { Selectable } from 'kysely';
import type { UnixSeconds } from '../base/time.ts';
import type { Query } from './db.ts';
import type { AuditStreamsTable } from './schema.ts';

/** The position of a stream: the receiver has every entry up to this one, and every checkpoint up to this number. */
export interface StreamCursor {
  readonly afterId: number;
  readonly afterCheckpoint: number;
}

export interface StreamState extends StreamCursor {
  readonly name: string;
  /** Failed tries since the last success. */
  readonly failures: number;
  readonly nextTryAt: UnixSeconds;
  readonly lastError: string | null;
  /** When the receiver last accepted something. */
  readonly sentAt: UnixSeconds | null;
}

const MAX_ERROR_LENGTH = 500;

/** The position of a stream; the beginning when nothing was ever sent. */
export async function streamState(q: Query, name: string): Promise<StreamState> {
  const row = await q.selectFrom('audit_streams').selectAll().where('name', '=', name).executeTakeFirst();
  return row === undefined
    ? { name, afterId: 0, afterCheckpoint: 0, failures: 0, nextTryAt: 0, lastError: null, sentAt: null }
    : stateOf(row);
}

/** Every stream there has ever been, by name. */
export async function listStreams(q: Query): Promise<StreamState[]> {
  return (await q.selectFrom('audit_streams').selectAll().orderBy('name').execute()).map(stateOf);
}

/** Moves a cursor forward. False when it isn't where it was. */
export async function advanceStream(
  tx: Query,
  name: string,
  { from, to, at }: { readonly from: StreamCursor; readonly to: StreamCursor; readonly at: UnixSeconds },
): Promise<boolean> {
  await addStream(tx, name);
  const moved = await tx
    .updateTable('audit_streams')
    .set({
      after_id: to.afterId,
      after_checkpoint: to.afterCheckpoint,
      failures: 0,
      next_try_at: 0,
      last_error: null,
      sent_at: at,
    })
    .where('name', '=', name)
    .where('after_id', '=', from.afterId)
    .where('after_checkpoint', '=', from.afterCheckpoint)
    .returning('name')
    .executeTakeFirst();
  return moved !== undefined;
}

/** Moves a cursor back or forward. What comes after it is sent again. */
export async function setStreamCursor(
  tx: Query,
  name: string,
  { afterId, afterCheckpoint }: StreamCursor,
): Promise<void> {
  await addStream(tx, name);
  await tx
    .updateTable('audit_streams')
    .set({ after_id: afterId, after_checkpoint: afterCheckpoint, failures: 0, next_try_at: 0, last_error: null })
    .where('name', '=', name)
    .execute();
}

/** Records that a try failed, and when the next one is. */
export async function noteStreamFailure(
  tx: Query,
  name: string,
  { error, nextTryAt }: { readonly error: string; readonly nextTryAt: UnixSeconds },
): Promise<void> {
  await addStream(tx, name);
  await tx
    .updateTable('audit_streams')
    .set((row) => ({
      failures: row('failures', '+', 1),
      next_try_at: nextTryAt,
      last_error: error.slice(0, MAX_ERROR_LENGTH),
    }))
    .where('name', '=', name)
    .execute();
}

async function addStream(tx: Query, name: string): Promise<void> {
  await tx
    .insertInto('audit_streams')
    .values({ name, after_id: 0, after_checkpoint: 0, failures: 0, next_try_at: 0 })
    .onConflict((conflict) => conflict.column('name').doNothing())
    .execute();
}

function stateOf(row: Selectable<AuditStreamsTable>): StreamState {
  return {
    name: row.name,
    afterId: row.after_id,
    afterCheckpoint: row.after_checkpoint,
    failures: row.failures,
    nextTryAt: row.next_try_at,
    lastError: row.last_error,
    sentAt: row.sent_at,
  };
}
