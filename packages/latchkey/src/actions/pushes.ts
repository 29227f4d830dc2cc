/**
 * What follows when refs of a repository have moved, whichever door moved them.
 */
import { refNameProblem } from '../git/names.ts';
import { objectInfos } from '../git/objects.ts';
import { listWebhooks } from '../store/webhooks.ts';
import type { Permit } from './authorize.ts';
import type { Context } from './context.ts';
import { emit } from './events.ts';
import { pushEvents, type MovedRef } from './push-events.ts';
import { openTarget, targetRepository } from './repository-access.ts';
import { recordPush } from './repositories.ts';

export type { MovedRef };

/** More refs of one push than this are told to nobody: GitHub stops at three, too. */
export const MAX_TOLD_REFS = 20;

/** Notes the push, has the repository maintained in a while, and tells its webhooks. Call it after the refs have moved. */
export async function followPush(ctx: Context, permit: Permit, moved: readonly MovedRef[]): Promise<void> {
  if (moved.length === 0) return;
  const { owner, repository } = targetRepository(permit);
  ctx.git.touched(ctx.git.path(owner.login, repository.name));
  await recordPush(ctx, permit);
  await tellWebhooks(ctx, permit, moved);
}

/**
 * Tells webhooks of a push that is over: of what it asked for, the refs that hold it now. Never rejects: the push is done, and what fails here is
 * logged.
 */
export async function tellOfPush(ctx: Context, permit: Permit, asked: readonly MovedRef[]): Promise<void> {
  if (asked.length === 0) return;
  try {
    if ((await listWebhooks(ctx.store.db, targetRepository(permit).repository.id, { beforeId: null, limit: 1 })).length === 0) return;
    const told = asked.filter(({ ref }) => refNameProblem(ref) === null).slice(0, MAX_TOLD_REFS + 1);
    const now = await objectInfos(openTarget(ctx, permit), told.map(({ ref }) => ref));
    await tellWebhooks(ctx, permit, told.filter(({ afterId }, i) => (now[i]?.id ?? null) === afterId));
  } catch (error) {
    ctx.log.error({ err: error }, 'webhooks could not be told of a push');
  }
}

/** Tells webhooks what moved. Nothing is read of the repository when there are none. */
export async function tellWebhooks(ctx: Context, permit: Permit, moved: readonly MovedRef[]): Promise<void> {
  const hooks = moved.length > MAX_TOLD_REFS ? [] : await listWebhooks(ctx.store.db, targetRepository(permit).repository.id, { beforeId: null, limit: 1 });
  if (hooks.length === 0) return;
  const events = (await Promise.all(moved.map((one) => pushEvents(ctx, permit, one)))).flat();
  await ctx.store.transaction(async (tx) => {
    for (const event of events) await emit(ctx, tx, permit, event);
  });
}
