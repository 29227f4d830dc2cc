/** How far somebody who is new here has come on the way to a first push, as far as uses of their tokens tell. */
import { DAY_SEC } from '../../../base/time.ts';
import { contentsUse } from '../../../store/token-days.ts';
import type { Permit } from '../../decision/authorize.ts';
import type { Context } from '../../ground/context.ts';
import type { ListedToken } from './lists.ts';

/** The steps, done or not. */
export interface FirstSteps {
  readonly made: boolean;
  readonly cloned: boolean;
  readonly pushed: boolean;
}

/** How long after their first token somebody still counts as new. */
const NEW_SEC = 7 * DAY_SEC;

/**
 * The steps of somebody without a token, or with a first one that is younger than a week; null once they have pushed,
 * and for everybody else.
 * @param tokens theirs, all of them unless `hasMore`
 */
export async function firstSteps(
  ctx: Context,
  _permit: Permit,
  tokens: readonly ListedToken[],
  hasMore: boolean,
): Promise<FirstSteps | null> {
  if (tokens.length === 0) return hasMore ? null : { made: false, cloned: false, pushed: false };
  const since = ctx.clock.now() - NEW_SEC;
  if (hasMore || tokens.some(({ createdAt }) => createdAt < since)) return null;
  const levels = await contentsUse(
    ctx.store.db,
    tokens.map(({ id }) => id),
  );
  const pushed = levels.some((level) => level !== 'read');
  return pushed ? null : { made: true, cloned: levels.length > 0, pushed };
}
