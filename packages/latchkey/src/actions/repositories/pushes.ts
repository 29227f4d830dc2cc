/** What happens after refs of a repository have moved, whichever door moved them. */
import { objectInfos } from '../../git/objects/cat-file.ts';
import { commitFiles, type FileCommit, type FileCommitOutcome } from '../../git/objects/file-commit.ts';
import { refNameProblem } from '../../git/objects/names.ts';
import type { Plumbing } from '../../git/objects/plumbing.ts';
import { defaultBranch, setDefaultBranch, settleHead } from '../../git/objects/refs.ts';
import type { Query } from '../../store/db.ts';
import { deletePushIntent, type PushedLeak } from '../../store/push-intents.ts';
import { listWebhooks } from '../../store/webhooks.ts';
import type { Permit } from '../decision/authorize.ts';
import type { Context } from '../ground/context.ts';
import { revokePushed } from '../tokens/leaks.ts';
import { returnApproval } from './approvals/asking.ts';
import { closePush, dropPush, leavePush, openPush } from './push-log.ts';
import { demandFreeRefs, demandMove, demandRefRoom } from './refs/ref-guard.ts';
import { openTarget, targetRepository } from './target.ts';
import { emit } from './webhooks/events.ts';
import { type MovedRef, pushEvents } from './webhooks/push-events.ts';

export type { MovedRef };

/** A push that moves more refs is reported to nobody: GitHub stops at three, too. */
const MAX_REPORTED_REFS = 20;

interface MovingOptions {
  /** What ends once they have moved. */
  readonly leaks?: readonly PushedLeak[];
  /** See `demandMove`. */
  readonly isMadeNow?: boolean;
}

/**
 * Moves refs: records them first, and afterwards writes the entry, schedules maintenance of the repository, and informs
 * its webhooks.
 * @param work moves them, and calls `note` just before that, which says where to; its result says whether it did
 * @throws MoveRefused when the token's ref rules or the number of refs refuse it, what `work` throws, and what the
 * database says when it can't store the record; then nothing has moved
 */
export async function movingRefs<T extends { readonly ok: boolean }>(
  ctx: Context,
  permit: Permit,
  work: (note: (moved: MovedRef) => Promise<MovedRef>) => Promise<T>,
  { leaks = [], isMadeNow = false }: MovingOptions = {},
): Promise<T> {
  const noted: { id: number; moved: MovedRef }[] = [];
  const approvals: number[] = [];
  const dropAll = async (): Promise<void> => {
    for (const { id } of noted) await dropPush(ctx, id);
  };
  let result: T;
  try {
    result = await work(async (asked) => {
      const change = { ref: asked.ref, from: asked.beforeId, to: asked.afterId };
      const { to, approvalId } = await demandMove(ctx, permit, change, isMadeNow);
      if (approvalId !== null) approvals.push(approvalId);
      const moved = { ...asked, afterId: to };
      if (moved.beforeId === null) await demandRefRoom(ctx, permit, { made: 1, deleted: 0 });
      noted.push({ id: await openPush(ctx, permit, [moved], leaks), moved });
      return moved;
    });
  } catch (error) {
    // It may have moved before it failed: the record stays, and the ref's value settles it.
    for (const { id } of noted) await leavePush(ctx, id);
    throw error;
  }
  if (!result.ok) {
    await dropAll();
    for (const id of approvals) await returnApproval(ctx, id);
    return result;
  }
  for (const { id, moved } of noted) await settlePush(ctx, permit, { id, moved: [moved], leaks });
  await quietly(ctx, () =>
    tellWebhooks(
      ctx,
      permit,
      noted.map(({ moved }) => moved),
    ),
  );
  return result;
}

/** A push whose refs have moved. */
export interface TakenPush {
  /** Its note; null when there is none. */
  readonly id: number | null;
  readonly moved: readonly MovedRef[];
  readonly leaks: readonly PushedLeak[];
}

/**
 * What must happen before a push is acknowledged: what it made public is revoked, its entry is written, an empty
 * repository gets its default branch, and maintenance is scheduled. Call it after the refs have moved.
 * @throws what the database says when nothing can be revoked; it is tried again then
 */
export async function settlePush(ctx: Context, permit: Permit, { id, moved, leaks }: TakenPush): Promise<void> {
  const { owner, repository } = targetRepository(permit);
  ctx.git.touched(ctx.git.path(owner.login, repository.name));
  const made = moved.filter(({ beforeId, afterId }) => beforeId === null && afterId !== null).map(({ ref }) => ref);
  try {
    await revokePushed(ctx, permit, leaks);
  } catch (error) {
    if (id !== null) await leavePush(ctx, id);
    throw error;
  }
  await Promise.all([
    closePush(ctx, permit, id ?? (await openPush(ctx, permit, moved)), moved),
    made.length === 0 ? null : settleHead(openTarget(ctx, permit), made),
  ]);
}

/**
 * Points HEAD at another branch: recorded like every ref that moves.
 * @param work writes the entry, in the transaction that deletes the record; if it fails, HEAD is put back
 * @throws what `work` throws, and what the database says when it can't store the record; then nothing has moved
 */
export async function movingHead(
  ctx: Context,
  permit: Permit,
  branch: string,
  work: (tx: Query) => Promise<void>,
): Promise<void> {
  await demandFreeRefs(ctx, permit, 'HEAD');
  const plumbing = openTarget(ctx, permit);
  const before = await defaultBranch(plumbing.path);
  const names = { beforeId: `refs/heads/${before}`, afterId: `refs/heads/${branch}` };
  const id = await openPush(ctx, permit, [{ ref: 'HEAD', ...names }]);
  try {
    await setDefaultBranch(plumbing, branch);
    await ctx.store.transaction(async (tx) => {
      await work(tx);
      await deletePushIntent(tx, id);
    });
    ctx.pushes.open.delete(id);
  } catch (error) {
    // If neither works, the record stays, and HEAD's value settles it.
    await setDefaultBranch(plumbing, before).catch(() => undefined);
    await leavePush(ctx, id);
    throw error;
  }
}

/** Makes a commit of changed files, and moves its branch. */
export function commitTo(
  ctx: Context,
  permit: Permit,
  plumbing: Plumbing,
  change: FileCommit & { readonly leaks: readonly PushedLeak[] },
): Promise<FileCommitOutcome> {
  return movingRefs(
    ctx,
    permit,
    (note) =>
      commitFiles(plumbing, change, async ({ ref, from, to }) => {
        return (await note({ ref, beforeId: from, afterId: to })).afterId ?? to;
      }),
    { leaks: change.leaks, isMadeNow: true },
  );
}

/** The refs have moved. Failing to inform webhooks is logged, and undoes nothing. */
async function quietly(ctx: Context, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    ctx.log.error({ err: error }, 'webhooks could not be told of a push');
  }
}

/** Informs webhooks of a push that is over: of the requested refs that now have their new value. Never rejects. */
export async function tellOfPush(ctx: Context, permit: Permit, asked: readonly MovedRef[]): Promise<void> {
  if (asked.length === 0) return;
  await quietly(ctx, async () => {
    if (!(await hasWebhooks(ctx, permit))) return;
    const told = asked.filter(({ ref }) => refNameProblem(ref) === null).slice(0, MAX_REPORTED_REFS + 1);
    const now = await objectInfos(
      openTarget(ctx, permit),
      told.map(({ ref }) => ref),
    );
    await tellWebhooks(
      ctx,
      permit,
      told.filter(({ afterId }, i) => (now[i]?.id ?? null) === afterId),
    );
  });
}

async function hasWebhooks(ctx: Context, permit: Permit): Promise<boolean> {
  return (
    (await listWebhooks(ctx.store.db, targetRepository(permit).repository.id, { beforeId: null, limit: 1 })).length > 0
  );
}

/** Informs webhooks about what moved. Without webhooks, nothing is read from the repository. */
async function tellWebhooks(ctx: Context, permit: Permit, moved: readonly MovedRef[]): Promise<void> {
  if (moved.length > MAX_REPORTED_REFS || !(await hasWebhooks(ctx, permit))) return;
  const events = (await Promise.all(moved.map((one) => pushEvents(ctx, permit, one)))).flat();
  await ctx.store.transaction(async (tx) => {
    for (const event of events) await emit(ctx, tx, permit, event);
  });
}
