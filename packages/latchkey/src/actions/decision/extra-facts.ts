/** What the words of a refusal need beyond the facts of the decision. Looked up only where something was refused. */
import type { MaybePromise } from '../../base/maybe-promise.ts';
import type { Refusal } from '../../rules/decide.ts';
import type { ExtraFacts } from '../../rules/explain.ts';
import type { Question } from '../../rules/model.ts';
import { lastDenial } from '../../store/requests.ts';
import type { Context } from '../ground/context.ts';

const NOTHING: ExtraFacts = {};

/** What an explanation needs beyond the question: only a denial has more, the words of whoever denied. */
export function whatMore(
  ctx: Context,
  { bearer, target }: Question,
  [{ reason }]: readonly [Refusal, ...Refusal[]],
): MaybePromise<ExtraFacts> {
  const owner = target.kind === 'instance' ? null : target.owner;
  if (reason !== 'grant_denied' || bearer.via !== 'token' || owner === null) return NOTHING;
  return lastDenial(ctx.store.db, bearer.token.id, owner.id).then((denied) => ({
    denialReason: denied?.decisionReason ?? null,
  }));
}
