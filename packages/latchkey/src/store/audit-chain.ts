/**
 * Checkpoints over ranges of the audit log, the entries as they lie there, and which ranges were pruned. How they are
 * made and what they prove: `rules/audit/chain`.
 *
 * Invariant: checkpoints follow each other without a gap; of two that chain at the same time one adds nothing.
 * Never: a function that changes a checkpoint or a pruning.
 */
import { type Selectable, sql } from 'kysely';
import type { UnixSeconds } from '../base/time.ts';
import type { Checkpoint, StoredEntry } from '../rules/audit/chain.ts';
import type { EntryRange } from './audit.ts';
import type { Engine, Query } from './db.ts';
import type { AuditCheckpointsTable } from './schema.ts';

/** A checkpoint with what is stored beside it. */
export interface KeptCheckpoint extends Checkpoint {
  /** Of the digest, by `KeyFile.sign`. */
  readonly signature: string;
  /** See `fingerprintsOf`. */
  readonly fingerprints: string;
}

/** Entries up to this one were released for deletion. */
export interface Pruning {
  readonly checkpoint: number;
  readonly throughId: number;
  readonly at: UnixSeconds;
  readonly signature: string;
}

/** Entries as stored in the database, in the order of their ids. */
export async function storedEntries(q: Query, { afterId, throughId, limit }: EntryRange): Promise<StoredEntry[]> {
  return q
    .selectFrom('audit')
    .selectAll()
    .where('id', '>', afterId)
    .where('id', '<=', throughId)
    .orderBy('id')
    .limit(limit)
    .execute();
}

/** How many entries there are after this one. */
export async function countEntriesAfter(q: Query, id: number): Promise<number> {
  const { count } = await q
    .selectFrom('audit')
    .select((row) => row.fn.countAll<number>().as('count'))
    .where('id', '>', id)
    .executeTakeFirstOrThrow();
  return Number(count);
}

/** The newest checkpoint; null when there is none. With `madeBefore`, the newest one made before that. */
export async function newestCheckpoint(q: Query, madeBefore?: UnixSeconds): Promise<KeptCheckpoint | null> {
  let query = q.selectFrom('audit_checkpoints').selectAll().orderBy('number', 'desc').limit(1);
  if (madeBefore !== undefined) query = query.where('at', '<', madeBefore);
  const row = await query.executeTakeFirst();
  return row === undefined ? null : checkpointOf(row);
}

/** Checkpoints after this number, in order. */
export async function checkpointsAfter(q: Query, number: number, limit: number): Promise<KeptCheckpoint[]> {
  const rows = await q
    .selectFrom('audit_checkpoints')
    .selectAll()
    .where('number', '>', number)
    .orderBy('number')
    .limit(limit)
    .execute();
  return rows.map(checkpointOf);
}

/** Checkpoints whose last entry is after one entry and not after another, in order. */
export async function checkpointsEnding(
  q: Query,
  { afterId, throughId, limit }: EntryRange,
): Promise<KeptCheckpoint[]> {
  const rows = await q
    .selectFrom('audit_checkpoints')
    .selectAll()
    .where('last_id', '>', afterId)
    .where('last_id', '<=', throughId)
    .orderBy('last_id')
    .limit(limit)
    .execute();
  return rows.map(checkpointOf);
}

/** The number of the last checkpoint that ends at or before an entry; 0 when there is none. */
export async function lastCheckpointThrough(q: Query, id: number): Promise<number> {
  const row = await q
    .selectFrom('audit_checkpoints')
    .select('number')
    .where('last_id', '<=', id)
    .orderBy('last_id', 'desc')
    .limit(1)
    .executeTakeFirst();
  return row?.number ?? 0;
}

/** Adds a checkpoint after the newest one. False when somebody else added one meanwhile. */
export async function appendCheckpoint(tx: Query, checkpoint: KeptCheckpoint): Promise<boolean> {
  const newest = await newestCheckpoint(tx);
  if ((newest?.number ?? 0) + 1 !== checkpoint.number) return false;
  await tx
    .insertInto('audit_checkpoints')
    .values({
      number: checkpoint.number,
      first_id: checkpoint.firstId,
      last_id: checkpoint.lastId,
      entries: checkpoint.entries,
      entries_digest: checkpoint.entriesDigest,
      previous: checkpoint.previous,
      at: checkpoint.at,
      digest: checkpoint.digest,
      signature: checkpoint.signature,
      fingerprints: checkpoint.fingerprints,
    })
    .execute();
  return true;
}

/** All prunings so far, in order. */
export async function listPrunings(q: Query): Promise<Pruning[]> {
  const rows = await q.selectFrom('audit_prunings').selectAll().orderBy('checkpoint').execute();
  return rows.map((row) => ({
    checkpoint: row.checkpoint,
    throughId: row.through_id,
    at: row.at,
    signature: row.signature,
  }));
}

/** Allows deleting entries up to one, permanently. */
export async function insertPruning(tx: Query, { checkpoint, throughId, at, signature }: Pruning): Promise<void> {
  await tx.insertInto('audit_prunings').values({ checkpoint, through_id: throughId, at, signature }).execute();
}

/** Deletes up to `limit` of the oldest pruned entries. Returns how many. */
export async function deletePrunedEntries(tx: Query, throughId: number, limit: number): Promise<number> {
  const oldest = tx.selectFrom('audit').select('id').where('id', '<=', throughId).orderBy('id').limit(limit);
  const rows = await tx.deleteFrom('audit').where('id', 'in', oldest).returning('id').execute();
  return rows.length;
}

/** The names of those triggers that protect the log and are active. */
export async function auditGuards(q: Query, engine: Engine): Promise<string[]> {
  const { rows } =
    engine === 'sqlite'
      ? await sql<{ name: string }>`select name from sqlite_master where type = 'trigger'`.execute(q)
      : await sql<{
          name: string;
        }>`select tgname as name from pg_trigger where tgenabled <> 'D' and not tgisinternal`.execute(q);
  return rows.map(({ name }) => name).filter((name) => name.startsWith('audit_'));
}

/** The triggers that must exist. */
export const AUDIT_GUARDS: Readonly<Record<Engine, readonly string[]>> = {
  sqlite: guardsThat('unchanged', 'kept', 'unreplaced'),
  postgres: guardsThat('unchanged', 'kept', 'untruncated'),
};

function guardsThat(...what: readonly string[]): string[] {
  return ['audit', 'audit_checkpoints', 'audit_prunings'].flatMap((table) => what.map((is) => `${table}_${is}`));
}

function checkpointOf(row: Selectable<AuditCheckpointsTable>): KeptCheckpoint {
  return {
    number: row.number,
    firstId: row.first_id,
    lastId: row.last_id,
    entries: row.entries,
    entriesDigest: row.entries_digest,
    previous: row.previous,
    at: row.at,
    digest: row.digest,
    signature: row.signature,
    fingerprints: row.fingerprints,
  };
}
