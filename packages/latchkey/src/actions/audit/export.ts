/**
 * The whole log as JSON lines, in the order in which it was written, with its checkpoints: what the API's logs show of
 * an entry, from which its bytes (`rules/audit/chain`) can be made again.
 *
 * Invariant: an export without bounds ends with a checkpoint, over all that it holds. What comes later is exported from
 * there on; nothing is left out, nothing comes twice.
 */
import type { UnixSeconds } from '../../base/time.ts';
import { auditBetween } from '../../store/audit.ts';
import { checkpointsEnding, type KeptCheckpoint, newestCheckpoint } from '../../store/audit-chain.ts';
import type { Context } from '../ground/context.ts';
import { type LogEntry, named } from '../organizations/audit-log.ts';
import { chainAll, checkpointLine } from './chain.ts';

const BATCH = 500;

export interface ExportRange {
  /** Entries after this one. */
  readonly afterId?: number;
  /** Checkpoints that end after this entry; `afterId` by default. */
  readonly checkpointsAfterId?: number;
  /** Up to this one. */
  readonly throughId?: number;
  /** Entries of this second and later. With a time limit, checkpoints are left out. */
  readonly sinceAt?: UnixSeconds;
  /** Entries before this second. */
  readonly untilAt?: UnixSeconds;
}

export interface ExportedLines {
  /** Whole lines. */
  readonly text: string;
  readonly entries: number;
  /** The next batch begins after this entry. */
  readonly lastId: number;
}

/** Entries and checkpoints of a range, in batches. */
export async function* exportAudit(ctx: Context, range: ExportRange = {}): AsyncGenerator<ExportedLines> {
  const q = ctx.store.db;
  await chainAll(ctx);
  const chained = (await newestCheckpoint(q))?.lastId ?? 0;
  const throughId = Math.min(range.throughId ?? chained, chained);
  const isWhole = range.sinceAt === undefined && range.untilAt === undefined;
  const [since, until] = [range.sinceAt ?? 0, range.untilAt ?? Number.MAX_SAFE_INTEGER];
  let afterId = range.afterId ?? 0;
  let checkpointsAfterId = range.checkpointsAfterId ?? afterId;
  for (let more = true; more; ) {
    const batch = await auditBetween(q, { afterId, throughId, limit: BATCH });
    more = batch.length === BATCH;
    const lastId = (more ? batch.at(-1)?.id : undefined) ?? throughId;
    const bounds = { afterId: checkpointsAfterId, throughId: lastId, limit: BATCH };
    const entries = await named(
      q,
      batch.filter(({ at }) => at >= since && at < until),
    );
    const lines = inOrder(entries, isWhole ? await checkpointsEnding(q, bounds) : []);
    if (lines.length > 0)
      yield { text: lines.map((line) => `${JSON.stringify(line)}\n`).join(''), entries: entries.length, lastId };
    [afterId, checkpointsAfterId] = [lastId, lastId];
  }
}

/** Puts each checkpoint after the last entry it covers. */
function inOrder(entries: readonly LogEntry[], checkpoints: readonly KeptCheckpoint[]): LogEntry['line'][] {
  return [
    ...entries.map(({ id, line }) => ({ id, rank: 0, line })),
    ...checkpoints.map((made) => ({ id: made.lastId, rank: 1, line: checkpointLine(made) })),
  ]
    .sort((a, b) => a.id - b.id || a.rank - b.rank)
    .map(({ line }) => line);
}

/** Where to resume an interrupted export, given its last whole line; null when that isn't a line of an export. */
export function resumeAfter(line: string): Pick<ExportRange, 'afterId' | 'checkpointsAfterId'> | null {
  try {
    const { _document_id: entry, last_id: checkpoint } = JSON.parse(line) as Record<string, unknown>;
    const id = Number(entry ?? checkpoint);
    if (!Number.isSafeInteger(id) || id < 1) return null;
    // The checkpoint that ends with this entry is still missing.
    return { afterId: id, checkpointsAfterId: entry === undefined ? id : id - 1 };
  } catch {
    return null;
  }
}
