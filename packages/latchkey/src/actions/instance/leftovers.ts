/**
 * Removes what killed git processes left in repositories: locks that block branches, unfinished objects.
 *
 * Invariant: anything that a push may still hold stays; `git/repositories/leftovers.ts` says how old it must be.
 */
import { staleAfterSec } from '../../git/repositories/leftovers.ts';
import { countNodes } from '../../store/nodes.ts';
import type { Context } from '../ground/context.ts';
import { enqueueJob } from '../ground/jobs.ts';

/** Requests it in addition to the schedule: a killed server leaves the most. */
export async function sweepAtStart({ store, settings }: Context): Promise<void> {
  if (settings.readOnly) return;
  await store.transaction((tx) => enqueueJob(tx, { kind: 'clear-leftovers', payload: null, uniqueKey: 'at start' }));
}

/** In every repository on the disk, known or not. A node that only reads throws, and leaves it to another. */
export async function clearLeftOvers(ctx: Context, _payload: null, signal: AbortSignal): Promise<void> {
  const isAlone = ctx.settings.database === null || (await countNodes(ctx.store.db)) <= 1;
  await ctx.git.removeLeftOvers(staleAfterSec(ctx.settings.gitIdleTimeoutSec, isAlone), signal);
}
