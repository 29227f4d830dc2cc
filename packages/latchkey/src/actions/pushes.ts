/**
 * What follows when refs of a repository have moved, whichever door moved them.
 */
import type { Permit } from './authorize.ts';
import type { Context } from './context.ts';
import { targetRepository } from './repository-access.ts';
import { recordPush } from './repositories.ts';

/** One ref that moved. Null = it was not there before, or is not there any more. */
export interface MovedRef {
  /** In full: `refs/heads/main`. */
  readonly ref: string;
  readonly beforeId: string | null;
  readonly afterId: string | null;
}

/** Notes the push, and has the repository maintained in a while. Call it after the refs have moved. */
export async function followPush(ctx: Context, permit: Permit, moved: readonly MovedRef[]): Promise<void> {
  if (moved.length === 0) return;
  const { owner, repository } = targetRepository(permit);
  ctx.git.touched(ctx.git.path(owner.login, repository.name));
  await recordPush(ctx, permit);
}
