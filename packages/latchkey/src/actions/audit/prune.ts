/**
 * Prunes the audit log: the one way in which entries go. Whole ranges, the oldest first, as they stood at a checkpoint
 * that stays.
 *
 * Invariant: that a range went is a row that stays, signed, and an entry of the log. The checkpoints of what went stay,
 * too, so that an export can be checked against them for ever.
 */
import { problem } from '../../base/errors.ts';
import { isoDate, type UnixSeconds } from '../../base/time.ts';
import { deletePrunedEntries, insertPruning, listPrunings, newestCheckpoint } from '../../store/audit-chain.ts';
import { listStreams } from '../../store/audit-streams.ts';
import type { Permit } from '../decision/authorize.ts';
import type { Context } from '../ground/context.ts';
import { record } from '../ground/record.ts';
import { PRUNING_PURPOSE, pruningText } from './chain.ts';
import { verifyAudit } from './verify.ts';

/** Entries deleted in one transaction. Others can write in between. */
const BATCH = 1_000;

export interface PrunedLog {
  readonly checkpoint: number;
  /** Entries up to this id are deleted. */
  readonly throughId: number;
  /** Entries deleted this time. */
  readonly deleted: number;
}

export interface PruneOptions {
  readonly before: UnixSeconds;
  /** True deletes entries even if a stream hasn't sent them; it never will. */
  readonly unsent?: boolean;
}

/**
 * Deletes the entries of ranges that were complete before `before`. An interrupted run is finished by the next.
 * @throws Problem when no such range is left, or the log is damaged
 */
export async function pruneAudit(
  ctx: Context,
  permit: Permit,
  { before, unsent = false }: PruneOptions,
): Promise<PrunedLog> {
  const { store, keys } = ctx;
  const at = ctx.clock.now();
  if (before > at) throw problem('invalid', 'Only what is past can be pruned.', 'before');
  const checkpoint = await newestCheckpoint(store.db, before);
  const pruned = (await listPrunings(store.db)).at(-1) ?? null;
  const leftOver = pruned === null ? 0 : await deleteThrough(ctx, pruned.throughId);
  if (checkpoint === null || checkpoint.number <= (pruned?.checkpoint ?? 0)) {
    if (pruned !== null && leftOver > 0) return { ...pruned, deleted: leftOver };
    throw problem('unprocessable', `No range of the log that is still there ended before ${isoDate(before)}.`);
  }
  if (!unsent) await keepUnsent(ctx, checkpoint.lastId);
  const { faultCount } = await verifyAudit(ctx);
  if (faultCount > 0)
    throw problem(
      'unprocessable',
      'The log is not as it was written, and pruning would take away what shows it. See: latchkey admin audit verify.',
    );
  const facts = { checkpoint: checkpoint.number, throughId: checkpoint.lastId, at };
  await store.transaction(async (tx) => {
    await insertPruning(tx, { ...facts, signature: keys.sign(PRUNING_PURPOSE, pruningText(facts)) });
    await record(tx, permit, at, {
      action: 'audit_log.prune',
      data: { checkpoint: facts.checkpoint, through_id: facts.throughId, digest: checkpoint.digest },
    });
  });
  return { ...facts, deleted: leftOver + (await deleteThrough(ctx, facts.throughId)) };
}

async function keepUnsent({ store }: Context, throughId: number): Promise<void> {
  const late = (await listStreams(store.db)).find(({ afterId }) => afterId < throughId);
  if (late !== undefined)
    throw problem(
      'unprocessable',
      `The stream ${late.name} has sent what is up to ${late.afterId}; up to ${throughId} would go. To prune all the ` +
        'same: --unsent.',
    );
}

async function deleteThrough({ store }: Context, throughId: number): Promise<number> {
  for (let deleted = 0; ; ) {
    const now = await store.transaction((tx) => deletePrunedEntries(tx, throughId, BATCH));
    deleted += now;
    if (now < BATCH) return deleted;
  }
}
