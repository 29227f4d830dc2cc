/**
 * Streams the audit log to receivers outside: at least once, in order.
 *
 * The log itself is the queue; a stream is a cursor in it. Each node looks once a second whether a stream lies behind,
 * and asks for the job that sends. Of a job there is one, so one node sends at a time; memory holds one batch.
 *
 * Invariant: the cursor moves when the receiver has a batch, never before. A node that dies in between, or is taken for
 * dead, has its last batch sent again; a receiver knows what it has by the ids, which only rise.
 * Invariant: only what is complete is sent (`Store.settledAuditId`), so nothing turns up behind the cursor.
 */
import { problem } from '../../base/errors.ts';
import type { UnixSeconds } from '../../base/time.ts';
import { type AuditEntry, auditBetween, newestAuditId } from '../../store/audit.ts';
import { checkpointsAfter, lastCheckpointThrough, newestCheckpoint } from '../../store/audit-chain.ts';
import {
  advanceStream,
  listStreams,
  noteStreamFailure,
  type StreamState,
  setStreamCursor,
  streamState,
} from '../../store/audit-streams.ts';
import { jobState } from '../../store/jobs.ts';
import type { Permit } from '../decision/authorize.ts';
import type { Context } from '../ground/context.ts';
import { enqueueJob } from '../ground/jobs.ts';
import { record } from '../ground/record.ts';
import { named } from '../organizations/audit-log.ts';
import { checkpointLine } from './chain.ts';
import type { StreamLine, StreamName } from './stream-lines.ts';
import { type Send, senderOf, streamsOf } from './stream-sinks.ts';

/** A batch has at most this many entries, or ends with the one that makes it this long. */
const BATCH_ENTRIES = 200;
const BATCH_BYTES = 1024 * 1024;
const BATCH_CHECKPOINTS = 50;
/** A run ends after this time; another one starts a second later. */
const RUN_MS = 15_000;
/** The longest pause after a failure. It starts at a second and doubles each time. */
const MAX_PAUSE_SEC = 60;

const jobKey = (name: StreamName): string => `audit stream ${name}`;

/** Starts the jobs of streams that are behind. */
export async function wakeStreams({ settings, store, clock }: Context): Promise<void> {
  for (const stream of streamsOf(settings)) {
    const state = await streamState(store.db, stream);
    if (!isDue(state, clock.now()) || !(await isBehind(store.db, state))) continue;
    if ((await jobState(store.db, jobKey(stream))) === 'waiting') continue;
    const order = { payload: { stream }, runAt: clock.now(), uniqueKey: jobKey(stream) };
    await store.transaction((tx) => enqueueJob(tx, { kind: 'stream-audit', ...order }));
  }
}

/** A time too far ahead was written with a wrong clock. */
function isDue({ nextTryAt }: StreamState, at: UnixSeconds): boolean {
  return nextTryAt <= at || nextTryAt > at + MAX_PAUSE_SEC;
}

async function isBehind(q: Context['store']['db'], { afterId, afterCheckpoint }: StreamState): Promise<boolean> {
  if ((await newestAuditId(q)) > afterId) return true;
  return ((await newestCheckpoint(q))?.number ?? 0) > afterCheckpoint;
}

/** The job `stream-audit`: sends until the stream has caught up or the receiver fails. */
export async function streamAudit(
  ctx: Context,
  { stream }: { readonly stream: StreamName },
  signal: AbortSignal,
): Promise<void> {
  const send = senderOf(ctx.settings, stream);
  const endAt = performance.now() + RUN_MS;
  // Without the setting, this node leaves it to one that has it.
  while (send !== null && !signal.aborted && performance.now() < endAt) {
    const state = await streamState(ctx.store.db, stream);
    if (!isDue(state, ctx.clock.now()) || !(await sendNext(ctx, state, send, signal))) return;
  }
}

/** Sends one batch. False when there was none, or it failed. */
async function sendNext(ctx: Context, state: StreamState, send: Send, signal: AbortSignal): Promise<boolean> {
  const { store, clock, log } = ctx;
  const { name, failures } = state;
  const lines = await nextLines(ctx, state);
  if (lines.length === 0) return false;
  try {
    await send(lines, signal);
  } catch (error) {
    if (signal.aborted) return false;
    const reason = error instanceof Error ? error.message : 'no reason given';
    const pauseSec = Math.min(MAX_PAUSE_SEC, 2 ** Math.min(failures, 10));
    if (failures === 0) log.warn({ stream: name, reason }, 'the audit log could not be streamed; it is tried again');
    const failure = { error: reason, nextTryAt: clock.now() + pauseSec };
    await store.transaction((tx) => noteStreamFailure(tx, name, failure));
    return false;
  }
  if (failures > 0) log.info({ stream: name, failures }, 'the audit log is streamed again');
  const last = (kind: StreamLine['kind'], before: number): number =>
    lines.findLast((line) => line.kind === kind)?.id ?? before;
  const to = {
    afterId: last('entry', state.afterId),
    afterCheckpoint: last('checkpoint', state.afterCheckpoint),
  };
  return store.transaction((tx) => advanceStream(tx, name, { from: state, to, at: clock.now() }));
}

async function nextLines({ store }: Context, { afterId, afterCheckpoint }: StreamState): Promise<StreamLine[]> {
  const throughId = await store.settledAuditId();
  if (throughId === null) return [];
  const entries = await auditBetween(store.db, { afterId, throughId, limit: BATCH_ENTRIES });
  const lines: StreamLine[] = await linesOf(store.db, entries);
  const lastId = lines.at(-1)?.id ?? afterId;
  const checkpoints = await checkpointsAfter(store.db, afterCheckpoint, BATCH_CHECKPOINTS);
  for (const made of checkpoints.filter((checkpoint) => checkpoint.lastId <= lastId)) {
    const line = checkpointLine(made);
    const text = JSON.stringify(line);
    lines.push({ id: made.number, kind: 'checkpoint', action: String(line['action']), at: made.at, text });
  }
  return lines;
}

async function linesOf(q: Context['store']['db'], entries: readonly AuditEntry[]): Promise<StreamLine[]> {
  const lines: StreamLine[] = [];
  let bytes = 0;
  for (const [i, { id, line }] of (await named(q, entries)).entries()) {
    if (bytes >= BATCH_BYTES) break;
    const text = JSON.stringify(line);
    bytes += Buffer.byteLength(text);
    lines.push({ id, kind: 'entry', action: String(line['action']), at: entries[i]?.at ?? 0, text });
  }
  return lines;
}

/** The state of a stream, for operators. */
export interface StreamHealth extends StreamState {
  /** False = this node's settings don't turn it on. */
  readonly isOn: boolean;
  /** The most entries that the receiver may be missing; some ids are never used. */
  readonly behind: number;
  /** The age of the oldest of them; 0 when there is none. */
  readonly behindSec: number;
}

/** Moves a stream back or forward: what comes after this entry is sent next, with every checkpoint that covers it. */
export async function rewindStream(ctx: Context, permit: Permit, name: StreamName, afterId: number): Promise<void> {
  const newest = await newestAuditId(ctx.store.db);
  if (afterId > newest) throw problem('invalid', `The newest entry is ${newest}.`, 'after');
  const before = await lastCheckpointThrough(ctx.store.db, afterId);
  await ctx.store.transaction(async (tx) => {
    const { afterId: oldId } = await streamState(tx, name);
    await setStreamCursor(tx, name, { afterId, afterCheckpoint: before });
    const data = { stream: name, after_id: afterId, old_after_id: oldId };
    await record(tx, permit, ctx.clock.now(), { action: 'audit_log.rewind_stream', data });
  });
}

/** Every stream that is on here or ever was, by name. */
export async function listStreamHealth(ctx: Context): Promise<StreamHealth[]> {
  const known = (await listStreams(ctx.store.db)).map(({ name }) => name);
  const names = [...new Set([...known, ...streamsOf(ctx.settings)])].sort();
  return Promise.all(names.map((name) => streamHealth(ctx, name)));
}

/** The state of a stream. */
export async function streamHealth({ store, clock, settings }: Context, name: string): Promise<StreamHealth> {
  const state = await streamState(store.db, name);
  const newest = await newestAuditId(store.db);
  const [oldest] = await auditBetween(store.db, { afterId: state.afterId, throughId: newest, limit: 1 });
  const behindSec = oldest === undefined ? 0 : Math.max(0, clock.now() - oldest.at);
  const isOn = streamsOf(settings).some((one) => one === name);
  return { ...state, isOn, behind: Math.max(0, newest - state.afterId), behindSec };
}
