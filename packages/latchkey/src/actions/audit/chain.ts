/**
 * Chains the audit log: a job that puts checkpoints over what was written since the last one.
 *
 * Invariant: only what is surely complete is chained (`Store.settledAuditId`), so an entry that becomes visible late is
 * in the next range and not missing in this one.
 * Never: work in the transaction of a change. Writers don't know that there is a chain.
 */
import { fingerprintsOf, nextCheckpoint, type StoredEntry } from '../../rules/audit/chain.ts';
import {
  appendCheckpoint,
  type KeptCheckpoint,
  newestCheckpoint,
  type Pruning,
  storedEntries,
} from '../../store/audit-chain.ts';
import type { Context } from '../ground/context.ts';

/** The most entries under one checkpoint: reading and hashing them takes a few milliseconds. */
const CHECKPOINT_ENTRIES = 500;
/** For one run, so that the first run over an old log doesn't keep a node busy. */
const CHECKPOINTS_OF_A_RUN = 100;
/** The purpose of checkpoint signatures. */
export const CHECKPOINT_PURPOSE = 'audit checkpoint';
/** The purpose of pruning signatures. */
export const PRUNING_PURPOSE = 'audit pruning';

/** The parts of the context that the chain needs. */
type ChainContext = Pick<Context, 'store' | 'keys' | 'clock'>;

/** The job `chain-audit`. */
export async function chainAudit(ctx: Context, _payload: null, signal: AbortSignal): Promise<void> {
  for (let made = 0; made < CHECKPOINTS_OF_A_RUN && !signal.aborted; made++) if (!(await chainOnce(ctx))) return;
}

/** Chains everything that is complete now. */
export async function chainAll(ctx: ChainContext): Promise<void> {
  while (await chainOnce(ctx));
}

/** Makes one checkpoint. False when there was nothing to chain, or another process is chaining. */
async function chainOnce(ctx: ChainContext): Promise<boolean> {
  const { store, clock } = ctx;
  const last = await newestCheckpoint(store.db);
  const throughId = await store.settledAuditId();
  if (throughId === null || throughId <= (last?.lastId ?? 0)) return false;
  const range = { afterId: last?.lastId ?? 0, throughId, limit: CHECKPOINT_ENTRIES };
  const entries = await storedEntries(store.db, range);
  if (entries.length === 0) return false;
  const checkpoint = signed(ctx, last, entries, clock.now());
  return store.transaction((tx) => appendCheckpoint(tx, checkpoint));
}

/** The newest checkpoint; null when nothing was ever chained. */
export function newestCheckpointOf({ store }: Pick<Context, 'store'>): Promise<KeptCheckpoint | null> {
  return newestCheckpoint(store.db);
}

function signed(
  { keys }: ChainContext,
  last: KeptCheckpoint | null,
  entries: readonly StoredEntry[],
  at: number,
): KeptCheckpoint {
  const checkpoint = nextCheckpoint(last, entries, at);
  return {
    ...checkpoint,
    signature: keys.sign(CHECKPOINT_PURPOSE, checkpoint.digest),
    fingerprints: fingerprintsOf(checkpoint.firstId, entries),
  };
}

/** The signed text of a pruning. */
export function pruningText({ checkpoint, throughId, at }: Omit<Pruning, 'signature'>): string {
  return JSON.stringify([checkpoint, throughId, at]);
}

/** A checkpoint as printed, exported and streamed: one JSON object, to store elsewhere. */
export function checkpointLine(checkpoint: KeptCheckpoint): Readonly<Record<string, unknown>> {
  return {
    action: 'audit_log.checkpoint',
    '@timestamp': checkpoint.at * 1000,
    number: checkpoint.number,
    first_id: checkpoint.firstId,
    last_id: checkpoint.lastId,
    entries: checkpoint.entries,
    entries_digest: checkpoint.entriesDigest,
    previous: checkpoint.previous,
    digest: checkpoint.digest,
    signature: checkpoint.signature,
  };
}
