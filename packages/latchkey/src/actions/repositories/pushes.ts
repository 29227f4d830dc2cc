/** What happens after refs of a repository have moved, whichever door moved them. */
import { objectInfos } from '../../git/objects/cat-file.ts';
import { refNameProblem } from '../../git/objects/names.ts';
import { settleHead } from '../../git/objects/refs.ts';
import { listWebhooks } from '../../store/webhooks.ts';
import type { Permit } from '../decision/authorize.ts';
import type { Context } from '../ground/context.ts';
import { recordPush } from './repositories.ts';
import { openTarget, targetRepository } from './target.ts';
import { emit } from './webhooks/events.ts';
import { type MovedRef, pushEvents } from './webhooks/push-events.ts';

export type { MovedRef };

/** More refs of one push than this are told to nobody: GitHub stops at three, too. */
const MAX_REPORTED_REFS = 20;

/** Settles a push over REST and tells its webhooks. Call it after the refs have moved. */
export async function followPush(ctx: Context, permit: Permit, moved: readonly MovedRef[]): Promise<void> {
  if (moved.length === 0) return;
  await settlePush(ctx, permit, moved);
  await quietly(ctx, () => tellWebhooks(ctx, permit, moved));
}

/**
 * What must be so before a push is acknowledged: its record is written, an empty repository has got its default branch,
 * and maintenance is due in a while. Call it after the refs have moved.
 */
export async function settlePush(ctx: Context, permit: Permit, moved: readonly MovedRef[]): Promise<void> {
  const { owner, repository } = targetRepository(permit);
  ctx.git.touched(ctx.git.path(owner.login, repository.name));
  const made = moved.filter(({ beforeId, afterId }) => beforeId === null && afterId !== null).map(({ ref }) => ref);
  await Promise.all([recordPush(ctx, permit), made.length === 0 ? null : settleHead(openTarget(ctx, permit), made)]);
}

/** The refs have moved: that webhooks could not be told is logged, and undoes nothing. */
async function quietly(ctx: Context, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    ctx.log.error({ err: error }, 'webhooks could not be told of a push');
  }
}

/** Tells webhooks of a push that is over: of what it asked for, the refs that hold it now. Never rejects. */
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

/** Tells webhooks what moved. Nothing is read of the repository when there are none. */
async function tellWebhooks(ctx: Context, permit: Permit, moved: readonly MovedRef[]): Promise<void> {
  if (moved.length > MAX_REPORTED_REFS || !(await hasWebhooks(ctx, permit))) return;
  const events = (await Promise.all(moved.map((one) => pushEvents(ctx, permit, one)))).flat();
  await ctx.store.transaction(async (tx) => {
    for (const event of events) await emit(ctx, tx, permit, event);
  });
}
