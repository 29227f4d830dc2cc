/**
 * Verifies the audit log: every entry, every checkpoint, every pruning, and what was kept elsewhere.
 *
 * Invariant: reads only. What it says first is what is broken first, in the order of the log.
 * Never: trust in fingerprints, which only help to name the entry; or in a pruning that was not signed here.
 */
import { BEGINNING, digestOfCheckpoint, digestOfEntries, entryFaults } from '../../rules/audit/chain.ts';
import {
  AUDIT_GUARDS,
  auditGuards,
  checkpointsAfter,
  countEntriesAfter,
  type KeptCheckpoint,
  listPrunings,
  storedEntries,
} from '../../store/audit-chain.ts';
import { listStreams } from '../../store/audit-streams.ts';
import type { Context } from '../ground/context.ts';
import { CHECKPOINT_PURPOSE, PRUNING_PURPOSE, pruningText } from './chain.ts';

/** Checkpoints to read together. */
const PAGE = 20;
/** Entries of a range to check. If a range has more, somebody added them. */
const RANGE_LIMIT = 10_000;
/** Faults to list. The rest are counted. */
const MAX_FAULTS = 100;

const WORDS = {
  guard_missing: 'a trigger that keeps the log as it is, is gone or switched off',
  pruning_forged: 'entries were let go by somebody who does not have the key',
  checkpoint_removed: 'a checkpoint is gone',
  checkpoint_changed: 'a checkpoint is not the one that was made after the one before',
  checkpoint_differs: 'a checkpoint is not the one that was kept elsewhere',
  signature_wrong: 'a checkpoint was not signed with the key that it names',
  signature_unknown: 'a checkpoint was signed with a key that is not in the key file',
  entry_changed: 'an entry was changed',
  entry_removed: 'an entry is gone',
  entry_inserted: 'an entry was put in later',
  entry_moved: 'an entry holds what was written under another id',
  range_broken: 'the entries of a range are not those that were chained',
} as const;

/** Something that isn't as it was written. Null fields are unknown or don't apply. */
export interface ChainFault {
  readonly kind: keyof typeof WORDS;
  readonly words: string;
  readonly checkpoint: number | null;
  readonly firstId: number | null;
  readonly lastId: number | null;
  readonly entry: number | null;
  /** More detail: an entry's earlier id, the name of a trigger. */
  readonly detail: string | null;
}

export interface ChainReport {
  readonly faults: readonly ChainFault[];
  /** All of them, including those too many to list. */
  readonly faultCount: number;
  readonly checkpoints: number;
  /** Entries that were checked. */
  readonly entries: number;
  /** Entries up to this id were pruned; 0 = none. */
  readonly prunedThroughId: number;
  /** Entries after the last checkpoint: nothing shows yet what they were. */
  readonly unchained: number;
}

/** A checkpoint stored elsewhere. */
export type KeptElsewhere = Pick<KeptCheckpoint, 'number' | 'digest'>;

export interface VerifyOptions {
  readonly keptElsewhere?: readonly KeptElsewhere[];
  /** The key is lost: signatures made with it are not checked. */
  readonly withoutUnknownKeys?: boolean;
}

/** Checks the whole log: some seconds for a hundred thousand entries (`npm run bench -- audit`). */
export async function verifyAudit(
  ctx: Pick<Context, 'store' | 'keys'>,
  options: VerifyOptions = {},
): Promise<ChainReport> {
  const walk = new Walk(ctx, options);
  await walk.guards();
  await walk.prunings();
  await walk.checkpoints();
  return walk.report();
}

class Walk {
  readonly #ctx: Pick<Context, 'store' | 'keys'>;
  readonly #options: VerifyOptions;
  readonly #faults: ChainFault[] = [];
  /** By number. */
  readonly #elsewhere: Map<number, string>;
  #faultCount = 0;
  #entries = 0;
  #prunedThroughId = 0;
  #last: KeptCheckpoint | null = null;
  #count = 0;

  constructor(ctx: Pick<Context, 'store' | 'keys'>, options: VerifyOptions) {
    this.#ctx = ctx;
    this.#options = options;
    this.#elsewhere = new Map(options.keptElsewhere?.map(({ number, digest }) => [number, digest]));
  }

  async guards(): Promise<void> {
    const { store } = this.#ctx;
    const there = new Set(await auditGuards(store.db, store.engine));
    for (const guard of AUDIT_GUARDS[store.engine].filter((name) => !there.has(name)))
      this.#fault('guard_missing', { detail: guard });
  }

  async prunings(): Promise<void> {
    for (const pruning of await listPrunings(this.#ctx.store.db)) {
      const signed = this.#ctx.keys.isSignedHere(PRUNING_PURPOSE, pruningText(pruning), pruning.signature);
      if (signed === true || (signed === 'unknown key' && this.#options.withoutUnknownKeys === true))
        this.#prunedThroughId = Math.max(this.#prunedThroughId, pruning.throughId);
      else this.#fault('pruning_forged', { checkpoint: pruning.checkpoint, lastId: pruning.throughId });
    }
  }

  async checkpoints(): Promise<void> {
    for (;;) {
      const page = await checkpointsAfter(this.#ctx.store.db, this.#last?.number ?? 0, PAGE);
      for (const checkpoint of page) await this.#checkpoint(checkpoint);
      if (page.length < PAGE) break;
    }
    for (const { name, afterCheckpoint } of await listStreams(this.#ctx.store.db))
      if (afterCheckpoint > (this.#last?.number ?? 0))
        this.#fault('checkpoint_removed', { checkpoint: afterCheckpoint, detail: `the stream ${name} has sent it` });
    for (const number of this.#elsewhere.keys())
      this.#fault('checkpoint_removed', { checkpoint: number, detail: 'it was kept elsewhere' });
  }

  async report(): Promise<ChainReport> {
    return {
      faults: this.#faults,
      faultCount: this.#faultCount,
      checkpoints: this.#count,
      entries: this.#entries,
      prunedThroughId: this.#prunedThroughId,
      unchained: await countEntriesAfter(this.#ctx.store.db, this.#last?.lastId ?? 0),
    };
  }

  async #checkpoint(checkpoint: KeptCheckpoint): Promise<void> {
    const range = { checkpoint: checkpoint.number, firstId: checkpoint.firstId, lastId: checkpoint.lastId };
    const expected = (this.#last?.number ?? 0) + 1;
    const follows = checkpoint.number === expected;
    if (!follows)
      this.#fault('checkpoint_removed', {
        checkpoint: expected,
        ...(checkpoint.number - 1 > expected ? { detail: `up to number ${checkpoint.number - 1}` } : {}),
      });
    const isOwn = digestOfCheckpoint(checkpoint) === checkpoint.digest;
    const isNext =
      !follows ||
      (checkpoint.previous === (this.#last?.digest ?? BEGINNING) &&
        checkpoint.firstId === (this.#last?.lastId ?? 0) + 1);
    if (!isOwn || !isNext) this.#fault('checkpoint_changed', range);
    this.#signature(checkpoint, range);
    const elsewhere = this.#elsewhere.get(checkpoint.number);
    this.#elsewhere.delete(checkpoint.number);
    if (elsewhere !== undefined && elsewhere !== checkpoint.digest) this.#fault('checkpoint_differs', range);
    if (checkpoint.lastId > this.#prunedThroughId) await this.#range(checkpoint, range);
    this.#last = checkpoint;
    this.#count++;
  }

  #signature({ digest, signature }: KeptCheckpoint, range: Partial<ChainFault>): void {
    const signed = this.#ctx.keys.isSignedHere(CHECKPOINT_PURPOSE, digest, signature);
    if (signed === false) this.#fault('signature_wrong', range);
    if (signed === 'unknown key' && this.#options.withoutUnknownKeys !== true) this.#fault('signature_unknown', range);
  }

  async #range(checkpoint: KeptCheckpoint, range: Partial<ChainFault>): Promise<void> {
    const { firstId, lastId, fingerprints } = checkpoint;
    const bounds = { afterId: firstId - 1, throughId: lastId, limit: RANGE_LIMIT };
    const entries = await storedEntries(this.#ctx.store.db, bounds);
    this.#entries += entries.length;
    if (entries.length === checkpoint.entries && digestOfEntries(entries) === checkpoint.entriesDigest) return;
    const broken = entries.length < RANGE_LIMIT ? entryFaults(firstId, fingerprints, entries) : [];
    if (broken.length === 0) this.#fault('range_broken', range);
    for (const { kind, id, wasId } of broken)
      this.#fault(kind, { ...range, entry: id, ...(wasId === undefined ? {} : { detail: `it was ${wasId}` }) });
  }

  #fault(kind: ChainFault['kind'], facts: Partial<ChainFault>): void {
    this.#faultCount++;
    if (this.#faults.length >= MAX_FAULTS) return;
    const nothing = { checkpoint: null, firstId: null, lastId: null, entry: null, detail: null };
    this.#faults.push({ kind, words: WORDS[kind], ...nothing, ...facts });
  }
}
