/** Mirrors of repositories: where they go or come from, and how their last run ended. */
import type { Selectable } from 'kysely';
import type { Sealed } from '../base/sealing/sealed-text.ts';
import type { UnixSeconds } from '../base/time.ts';
import type { Query } from './db.ts';
import type { MirrorsTable } from './schema.ts';

export interface NewMirror {
  readonly repositoryId: number;
  readonly direction: 'pull' | 'push';
  readonly url: string;
  /** '' = none. */
  readonly username: string;
  readonly secret: Sealed | null;
  readonly everySec: number;
  readonly at: UnixSeconds;
}

export interface Mirror extends NewMirror {
  readonly id: number;
  readonly nextRunAt: UnixSeconds;
  readonly startedAt: UnixSeconds | null;
  readonly endedAt: UnixSeconds | null;
  readonly succeededAt: UnixSeconds | null;
  /** What went wrong in the last run, as a sentence; null = nothing, or there was none. */
  readonly error: string | null;
}

function mirrorOf(row: Selectable<MirrorsTable>): Mirror {
  return {
    id: row.id,
    repositoryId: row.repository_id,
    direction: row.direction,
    url: row.url,
    username: row.username,
    secret: row.secret,
    everySec: row.every_sec,
    at: row.created_at,
    nextRunAt: row.next_run_at,
    startedAt: row.started_at,
    endedAt: row.ended_at,
    succeededAt: row.succeeded_at,
    error: row.error,
  };
}

/** Adds a mirror that is due at once, and returns its id. */
export async function insertMirror(tx: Query, mirror: NewMirror): Promise<number> {
  const { id } = await tx
    .insertInto('mirrors')
    .values({
      repository_id: mirror.repositoryId,
      direction: mirror.direction,
      url: mirror.url,
      username: mirror.username,
      secret: mirror.secret,
      every_sec: mirror.everySec,
      created_at: mirror.at,
      next_run_at: mirror.at,
      started_at: null,
      ended_at: null,
      succeeded_at: null,
      error: null,
    })
    .returning('id')
    .executeTakeFirstOrThrow();
  return id;
}

/** A repository's mirrors, the oldest first. */
export async function mirrorsOf(q: Query, repositoryId: number): Promise<Mirror[]> {
  const rows = await q
    .selectFrom('mirrors')
    .selectAll()
    .where('repository_id', '=', repositoryId)
    .orderBy('id')
    .execute();
  return rows.map(mirrorOf);
}

/** The mirror with that id; null when there is none. */
export async function mirrorById(q: Query, id: number): Promise<Mirror | null> {
  const row = await q.selectFrom('mirrors').selectAll().where('id', '=', id).executeTakeFirst();
  return row === undefined ? null : mirrorOf(row);
}

/** Deletes a mirror; false when there was none. */
export async function deleteMirror(tx: Query, id: number): Promise<boolean> {
  const { numDeletedRows } = await tx.deleteFrom('mirrors').where('id', '=', id).executeTakeFirst();
  return numDeletedRows > 0n;
}

/** Makes the next run due. */
export async function setMirrorDue(tx: Query, id: number, at: UnixSeconds): Promise<void> {
  await tx.updateTable('mirrors').set({ next_run_at: at }).where('id', '=', id).execute();
}

/** Notes that a run begins. */
export async function noteMirrorStart(tx: Query, id: number, at: UnixSeconds): Promise<void> {
  await tx.updateTable('mirrors').set({ started_at: at }).where('id', '=', id).execute();
}

/** Notes how a run ended, and when the next one is due. @param error null = it did everything */
export async function noteMirrorEnd(
  tx: Query,
  id: number,
  {
    at,
    nextRunAt,
    error,
  }: { readonly at: UnixSeconds; readonly nextRunAt: UnixSeconds; readonly error: string | null },
): Promise<void> {
  await tx
    .updateTable('mirrors')
    .set({ ended_at: at, next_run_at: nextRunAt, error, ...(error === null ? { succeeded_at: at } : {}) })
    .where('id', '=', id)
    .execute();
}
