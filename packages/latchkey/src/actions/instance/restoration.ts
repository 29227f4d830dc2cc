/**
 * After the database was put back from a backup: a new epoch, in which nothing works that had been ended.
 *
 * Invariant: no session, link or sign-in from before survives it, and no id is given out twice.
 * Invariant: what can't be known is asked, never assumed: a tail of the log that does not reach as far as the log had
 * got is refused.
 */
import { problem } from '../../base/errors.ts';
import { type LostEntry, type LostTime, lostTime } from '../../catalogue/lost-time.ts';
import { LEEWAY_SEC } from '../../rules/workload-claims.ts';
import { setSuspended } from '../../store/account-flags.ts';
import { accountById } from '../../store/accounts.ts';
import { auditBetween } from '../../store/audit.ts';
import type { Query } from '../../store/db.ts';
import { deleteAllDerived } from '../../store/derived-tokens.ts';
import {
  beginEpoch,
  type DatabaseState,
  endEverySignIn,
  type IdCounters,
  readDatabaseState,
} from '../../store/epochs.ts';
import { deleteOldApprovals } from '../../store/push-approvals.ts';
import { deleteAllRefreshTokens } from '../../store/refresh-tokens.ts';
import { bumpRevision } from '../../store/revision.ts';
import { readUndo } from '../../store/token-upkeep.ts';
import { liveTokenIds } from '../../store/tokens.ts';
import { doubt } from '../../store/tokens-in-doubt.ts';
import { doubtExchangesBefore } from '../../store/workload-rules.ts';
import { lock } from '../accounts/locks.ts';
import type { Permit } from '../decision/authorize.ts';
import type { Context } from '../ground/context.ts';
import { record } from '../ground/record.ts';
import { endOne } from '../tokens/tokens.ts';
import { markState, statesSeen } from './high-water.ts';

/** What is known about the lost time. */
export type Known =
  | { readonly how: 'tail'; readonly entries: readonly LostEntry[] }
  | { readonly how: 'end-all-tokens' }
  /** The operator says that nothing was ended since the backup. */
  | { readonly how: 'nothing-ended' };

export interface Restoration {
  readonly epoch: number;
  /** Lost entries of the log; null when there is no tail to show them. */
  readonly lostEntries: number | null;
  readonly endedTokens: number;
  /** Those of them that an administrator may bring back: `tokens-in-doubt`. */
  readonly inDoubt: number;
  readonly suspended: number;
  readonly locked: number;
  readonly byHand: LostTime['byHand'];
}

/** Entries this far below the newest one may have reached the log after a later one (PostgreSQL). */
const LATE_ENTRIES = 5_000;
/** In words for the owners of tokens. */
const BY = 'the restoration of a backup';

/** Begins the next epoch. @throws Problem when the tail is not from this log, or ends too early */
export async function beginAnew(ctx: Context, permit: Permit, known: Known): Promise<Restoration> {
  const [state, marks] = [await readDatabaseState(ctx.store), await statesSeen(ctx.settings)];
  const lost = known.how === 'tail' ? await lostEntries(ctx, state, marks, known.entries) : null;
  const asked = lostTime(lost ?? []);
  const before = {
    epoch: Math.max(0, ...marks.map((mark) => mark.epoch)),
    counters: highest([...marks.map((mark) => mark.counters), countersOf(lost ?? [])]),
  };
  const at = ctx.clock.now();
  const done = await ctx.store.transaction(async (tx) => {
    const epoch = await beginEpoch(tx, ctx.store.engine, before);
    await endEverySignIn(tx);
    // Which tokens of workloads were exchanged after the backup is lost with it.
    await doubtExchangesBefore(tx, at + LEEWAY_SEC);
    // Short as they are, nobody could tell which of them were ended after the backup.
    await deleteAllDerived(tx);
    await deleteAllRefreshTokens(tx);
    // The same of approvals: one that was spent after the backup would be there again.
    await deleteOldApprovals(tx, Number.MAX_SAFE_INTEGER);
    const tokenIds = known.how === 'end-all-tokens' ? await liveTokenIds(tx) : [...asked.tokenIds];
    const isSure = (id: number): boolean => known.how === 'tail' && !asked.doubtedIds.has(id);
    let [endedTokens, inDoubt] = [0, 0];
    for (const id of tokenIds) {
      const undo = isSure(id) ? null : await readUndo(tx, id);
      if ((await endOne(ctx, tx, permit, { id, by: BY })) === null) continue;
      endedTokens++;
      if (undo === null) continue;
      await doubt(tx, id, undo, epoch);
      inDoubt++;
    }
    const suspended = await suspendAll(tx, permit, asked.suspendedIds, at);
    const locked = await lockAll(ctx, tx, permit, asked.lockedIds);
    // For whatever a running server remembers.
    await bumpRevision(tx);
    await record(tx, permit, at, {
      action: 'instance.restore',
      data: {
        epoch,
        known: known.how,
        lost_entries: lost?.length ?? null,
        tokens: endedTokens,
        in_doubt: inDoubt,
        suspended,
        locked,
        by_hand: Object.fromEntries(asked.byHand),
      },
    });
    return { epoch, endedTokens, inDoubt, suspended, locked };
  });
  await markState(ctx.settings, await readDatabaseState(ctx.store));
  return { ...done, lostEntries: lost?.length ?? null, byHand: asked.byHand };
}

/** The entries of the tail that are no longer in the log, oldest first. */
async function lostEntries(
  { store: { db } }: Context,
  { instance, auditId }: DatabaseState,
  marks: readonly DatabaseState[],
  tail: readonly LostEntry[],
): Promise<LostEntry[]> {
  const [first, last] = [tail[0]?.id ?? 0, tail.at(-1)?.id ?? 0];
  if (first > auditId + 1)
    throw problem('unprocessable', `The tail begins with entry ${first}; it must begin at ${auditId + 1} or before.`);
  const reached = Math.max(0, ...marks.filter((mark) => mark.instance === instance).map((mark) => mark.auditId));
  if (last < reached)
    throw problem(
      'unprocessable',
      `The tail ends with entry ${last}, but the log had got to ${reached} at least. Take a later export, or end all ` +
        'tokens: --end-all-tokens.',
    );
  const afterId = Math.max(0, auditId - LATE_ENTRIES);
  const there = new Set(
    (await auditBetween(db, { afterId, throughId: auditId, limit: LATE_ENTRIES })).map(({ id }) => id),
  );
  return tail.filter(({ id }) => id > afterId && !there.has(id));
}

/** Ids named in entries were given out. */
function countersOf(entries: readonly LostEntry[]): IdCounters {
  const most = (ids: readonly (number | null)[]): number => ids.reduce<number>((max, id) => Math.max(max, id ?? 0), 0);
  return { audit: most(entries.map(({ id }) => id)), tokens: most(entries.map(({ tokenId }) => tokenId)) };
}

function highest(counters: readonly IdCounters[]): IdCounters {
  const all: Record<string, number> = {};
  for (const one of counters)
    for (const [table, last] of Object.entries(one)) all[table] = Math.max(all[table] ?? 0, last);
  return all;
}

async function suspendAll(tx: Query, permit: Permit, ids: ReadonlySet<number>, at: number): Promise<number> {
  let suspended = 0;
  for (const id of ids) {
    if (!(await setSuspended(tx, id, at))) continue;
    suspended++;
    const login = (await accountById(tx, id))?.login ?? null;
    await record(tx, permit, at, { action: 'user.suspend', userId: id, data: { login } });
  }
  return suspended;
}

async function lockAll(ctx: Context, tx: Query, permit: Permit, ids: ReadonlySet<number>): Promise<number> {
  let locked = 0;
  for (const id of ids) {
    const account = await accountById(tx, id);
    if (account === null || account.lockedAt !== null) continue;
    await lock(ctx, tx, account, permit);
    locked++;
  }
  return locked;
}
