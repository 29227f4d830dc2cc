/**
 * No ref moves without an entry in the audit log, whichever door moves it and whatever dies meanwhile.
 *
 * A push is noted before the first ref moves: where the database takes no writes, it is refused there. The note goes in
 * the transaction that writes the entry. One that is left over (the server was killed, the disk was full by then) is
 * settled by a job: what moved gets its entry, which says that it came late, and what it made public is revoked.
 *
 * Invariant: who deletes the note writes the entry, so that each push has one, in pieces of `MAX_ENTRY_REFS`.
 * Invariant: a note is kept while git may still move a ref. It outlives the server that started it.
 */
import { DAY_SEC, HOUR_SEC, MINUTE_SEC } from '../../base/time.ts';
import { objectInfos } from '../../git/objects/cat-file.ts';
import { refNameProblem } from '../../git/objects/names.ts';
import { defaultBranch } from '../../git/objects/refs.ts';
import { type Account, accountById } from '../../store/accounts.ts';
import { listAudit } from '../../store/audit.ts';
import type { Query } from '../../store/db.ts';
import {
  deletePushIntent,
  insertPushIntent,
  listPushIntents,
  type PushedLeak,
  type PushIntent,
  setPushedLeaks,
} from '../../store/push-intents.ts';
import { repositoryById, setPushed } from '../../store/repositories.ts';
import type { Permit } from '../decision/authorize.ts';
import type { Actor, Context } from '../ground/context.ts';
import { enqueueJob } from '../ground/jobs.ts';
import { record } from '../ground/record.ts';
import { isOver } from '../ground/runs.ts';
import { revokePushed } from '../tokens/leaks.ts';
import { targetRepository } from './target.ts';
import type { MovedRef } from './webhooks/push-events.ts';

/** An entry names at most this many refs. A push of more gets several entries. */
const MAX_ENTRY_REFS = 500;
/** The record of a process on another machine, which may still be running, is checked after this time. */
const MAYBE_OVER_SEC = HOUR_SEC;
/** No push takes longer. */
const SURELY_OVER_SEC = DAY_SEC;
/** How long git may go on after the process that started it was killed: it may have all of a large push. */
const ORPHAN_SEC = HOUR_SEC;
/** How long it may take from the first ref to the last. */
const UNDER_WAY_SEC = MINUTE_SEC;
/** By how much the clocks of two nodes may differ. */
const MAX_CLOCK_DIFFERENCE_SEC = MINUTE_SEC;
const BATCH = 100;
const PAGE = 500;

/**
 * Records a push before a ref moves.
 * @throws what the database says when it accepts no writes; then nothing may move
 */
export async function openPush(
  ctx: Context,
  permit: Permit,
  asked: readonly MovedRef[],
  leaks: readonly PushedLeak[] = [],
): Promise<number> {
  // Others can see the record before this process has its id: until then, none of its records counts as left over.
  ctx.pushes.opening++;
  try {
    const id = await insertPushIntent(ctx.store.db, {
      repositoryId: targetRepository(permit).repository.id,
      run: ctx.pushes.run,
      at: ctx.clock.now(),
      actor: permit.actor,
      refs: asked,
      leaks,
    });
    ctx.pushes.open.add(id);
    return id;
  } finally {
    ctx.pushes.opening--;
  }
}

/**
 * Records what a push makes public once it is accepted, before a ref moves. Returns the id of its record.
 * @param id of its record; null when the push could not be read
 * @throws what the database says when it accepts no writes; then nothing may move
 */
export async function noteLeaks(
  ctx: Context,
  permit: Permit,
  id: number | null,
  leaks: readonly PushedLeak[],
): Promise<number | null> {
  if (leaks.length === 0) return id;
  if (id === null) return openPush(ctx, permit, [], leaks);
  await setPushedLeaks(ctx.store.db, id, leaks);
  return id;
}

/** Deletes the record of a push that moved nothing. Never rejects: if it fails, the record is settled later. */
export async function dropPush(ctx: Context, id: number): Promise<void> {
  await quietly(ctx, id, () => deletePushIntent(ctx.store.db, id));
}

/** Leaves a push for the job to settle: git died during it, and nobody knows what it moved. */
export async function leavePush(ctx: Context, id: number): Promise<void> {
  ctx.pushes.open.delete(id);
  const order = { kind: 'settle-pushes', payload: null, uniqueKey: 'schedule settle-pushes' } as const;
  await quietly(ctx, id, () => ctx.store.transaction((tx) => enqueueJob(tx, order)));
}

/**
 * Writes the entry of a push that is over. Never rejects: what moved has moved, and the record stays until the entry
 * can be written. `moved` is empty when the refs could not be read.
 */
export async function closePush(ctx: Context, permit: Permit, id: number, moved: readonly MovedRef[]): Promise<void> {
  const { owner, repository } = targetRepository(permit);
  await quietly(ctx, id, () =>
    ctx.store.transaction(async (tx) => {
      const at = ctx.clock.now();
      await setPushed(tx, repository.id, at);
      if (await deletePushIntent(tx, id))
        await enter(ctx, tx, permit.actor, { owner, repository, facts: moved.map(factsOf) });
    }),
  );
}

async function quietly(ctx: Context, id: number, work: () => Promise<unknown>): Promise<void> {
  try {
    await work();
  } catch (error) {
    ctx.log.error({ err: error, push: id }, 'the entry of a push could not be written yet; it is tried again');
  } finally {
    ctx.pushes.open.delete(id);
  }
}

interface RefFacts {
  readonly ref: string;
  readonly before: string | null;
  readonly after: string | null;
}

function factsOf({ ref, beforeId, afterId }: MovedRef): RefFacts {
  return { ref, before: beforeId, after: afterId };
}

interface Entry {
  readonly owner: Pick<Account, 'id' | 'login' | 'kind'>;
  readonly repository: { readonly id: number; readonly name: string };
  readonly facts: readonly (RefFacts | (RefFacts & { readonly now: string | null }))[];
  readonly more?: Readonly<Record<string, unknown>>;
}

async function enter(ctx: Context, tx: Query, actor: Actor, { owner, repository, facts, more }: Entry): Promise<void> {
  for (let start = 0; start === 0 || start < facts.length; start += MAX_ENTRY_REFS)
    await record(tx, { actor }, ctx.clock.now(), {
      action: 'git.push',
      userId: actor.userId,
      organizationId: owner.kind === 'organization' ? owner.id : null,
      repositoryId: repository.id,
      data: {
        repo: `${owner.login}/${repository.name}`,
        ...(facts.length === 0 ? { refs_unknown: true } : { refs: facts.slice(start, start + MAX_ENTRY_REFS) }),
        ...more,
      },
    });
}

type Facts = Entry['facts'];

/** Settles records that nobody else will settle. */
export async function settlePushes(ctx: Context, _payload: null, signal: AbortSignal): Promise<void> {
  const read = (afterId: number) => listPushIntents(ctx.store.db, afterId, BATCH);
  for (let batch = await read(0); batch.length > 0 && !signal.aborted; batch = await read(batch.at(-1)?.id ?? 0))
    for (const intent of batch) {
      if (signal.aborted) return;
      if (isLeftOver(ctx, intent)) await settle(ctx, intent);
      else if (intent.leaks.length > 0 && intent.run !== ctx.pushes.run) await revokeTaken(ctx, intent);
    }
}

/** Whoever serves the push may be gone: what everybody can read waits for nobody. */
async function revokeTaken(ctx: Context, { repositoryId, refs, actor, leaks }: PushIntent): Promise<void> {
  const repository = await repositoryById(ctx.store.db, repositoryId);
  const owner = repository === null ? null : await accountById(ctx.store.db, repository.ownerId);
  if (repository === null || owner === null) return;
  const moved = await movedOf(ctx, owner.login, repository.name, refs as readonly MovedRef[]);
  if (moved.some((facts) => !('now' in facts))) await revokePushed(ctx, { actor: actor as Actor }, leaks);
}

function isLeftOver({ pushes, clock }: Context, { id, run, at }: PushIntent): boolean {
  if (run === pushes.run) return pushes.opening === 0 && !pushes.open.has(id);
  return isOver(run, pushes.run) || Math.abs(clock.now() - at) > MAYBE_OVER_SEC;
}

async function settle(ctx: Context, intent: PushIntent): Promise<void> {
  const repository = await repositoryById(ctx.store.db, intent.repositoryId);
  const owner = repository === null ? null : await accountById(ctx.store.db, repository.ownerId);
  const asked = intent.refs as readonly MovedRef[];
  const by = { actor: intent.actor as Actor };
  if (repository === null || owner === null) {
    // Whether it was taken can't be told any more, nor who read it until then.
    await revokePushed(ctx, by, intent.leaks);
    return void (await deletePushIntent(ctx.store.db, intent.id));
  }
  const moved = await movedOf(ctx, owner.login, repository.name, asked);
  const facts = await untold(ctx, intent, moved);
  const isUnknown = asked.length === 0;
  const ageSec = Math.abs(ctx.clock.now() - intent.at);
  if (moved.length > 0 || isUnknown) await revokePushed(ctx, by, intent.leaks);
  if (facts.length === 0 && !isUnknown) {
    // Once others have moved all of them, nothing is left to wait for.
    const isDone = moved.length === asked.length;
    if (!isDone && ageSec < patienceSec(ctx, intent)) return;
    return void (await deletePushIntent(ctx.store.db, intent.id));
  }
  // Git may be about to move the others.
  if (facts.length < asked.length && intent.run !== ctx.pushes.run && ageSec < UNDER_WAY_SEC) return;
  await ctx.store.transaction(async (tx) => {
    if (!(await deletePushIntent(tx, intent.id))) return;
    const more = { begun_at: intent.at, recorded_late: true };
    await enter(ctx, tx, by.actor, { owner, repository, facts, more });
  });
  ctx.log.warn({ repository: repository.id, push: intent.id }, 'a push that was cut off has its entry now');
}

/** How long a push that has moved nothing yet may still do so. */
function patienceSec({ pushes }: Context, { run }: PushIntent): number {
  if (run === pushes.run) return 0;
  return isOver(run, pushes.run) ? ORPHAN_SEC : SURELY_OVER_SEC;
}

/** Without what other pushes did: they have entries of their own. */
async function untold(ctx: Context, { repositoryId, at }: PushIntent, moved: Facts): Promise<Facts> {
  if (moved.length === 0) return moved;
  const told = new Map<string, RefFacts[]>();
  for (let beforeId: number | null = null, more = true; more; ) {
    const filter = { action: 'git.push', sinceAt: at - MAX_CLOCK_DIFFERENCE_SEC };
    const page = await listAudit(ctx.store.db, filter, { beforeId, limit: PAGE });
    // What a late entry could only guess proves nothing.
    for (const entry of page.filter((one) => one.repositoryId === repositoryId))
      for (const one of (entry.data['refs'] ?? []) as readonly Facts[number][])
        if (!('now' in one)) told.set(one.ref, [one, ...(told.get(one.ref) ?? [])]);
    beforeId = page.at(-1)?.id ?? null;
    more = page.length === PAGE;
  }
  return moved.filter((one) => !isToldBy(told.get(one.ref) ?? [], one));
}

/**
 * Whether the entries account for a ref's having left the old value. Where they leave a gap there, they don't.
 * @param entries about this ref, the oldest first; some may be older than the push
 */
function isToldBy(entries: readonly RefFacts[], { before, after }: RefFacts): boolean {
  let held: string | null | undefined;
  let met = false;
  for (const one of entries) {
    const isGap = held === undefined ? one.before === after : held === before && one.before !== before;
    if (isGap) return false;
    met ||= one.before === before || one.after === before;
    held = one.after;
  }
  return met && held !== before;
}

/**
 * Of the requested refs, those that have moved, or may have: they hold neither their old value nor the requested one.
 */
async function movedOf(ctx: Context, owner: string, name: string, asked: readonly MovedRef[]): Promise<Facts> {
  const plumbing = ctx.git.open(owner, name, 'latchkey');
  const readable = asked.filter(({ ref }) => ref === 'HEAD' || refNameProblem(ref) === null);
  // A push can't name HEAD. HEAD is recorded when the default branch changes.
  const head = readable.some(({ ref }) => ref === 'HEAD') ? `refs/heads/${await defaultBranch(plumbing.path)}` : null;
  const now = await objectInfos(
    plumbing,
    readable.map(({ ref }) => ref),
  );
  return readable.flatMap((one, i) => {
    const id = one.ref === 'HEAD' ? head : (now[i]?.id ?? null);
    if (id === one.beforeId) return [];
    return id === one.afterId ? [factsOf(one)] : [{ ...factsOf(one), now: id }];
  });
}
