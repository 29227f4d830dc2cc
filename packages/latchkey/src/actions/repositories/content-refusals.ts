/**
 * Refusals that depend on content, by a push or over REST: told once the content is known, to somebody who may write
 * there.
 */
import { present } from '../../base/present.ts';
import { sizeInWords } from '../../base/sizes-in-words.ts';
import type { Need } from '../../catalogue/needs.ts';
import type { RefusalFacts } from '../../catalogue/refusals/refusals.ts';
import type { Refusal } from '../../rules/decide.ts';
import { type Explanation, explain } from '../../rules/explain.ts';
import type { Permit } from '../decision/authorize.ts';
import type { Context } from '../ground/context.ts';

/** The need for changing files under .github/workflows. */
export const WORKFLOWS: Need = { sets: [{ workflows: 'write' }], publicRead: false, writes: true };
const CONTENTS: Need = { sets: [{ contents: 'write' }], publicRead: false, writes: true };

/** Why a change of a workflow file is refused. */
export function explainWorkflows(ctx: Context, permit: Permit): Explanation {
  return explainContent(
    ctx,
    permit,
    WORKFLOWS,
    { reason: 'workflow_permission_missing', missing: [{ permission: 'workflows', level: 'write' }] },
    { paths: [] },
  );
}

/** Why a ref may not move. */
export function explainMove(
  ctx: Context,
  permit: Permit,
  refusal: Refusal,
  approval: RefusalFacts['approval'] = null,
): Explanation {
  return explainContent(ctx, permit, CONTENTS, refusal, { paths: [], approval });
}

/** Why a text with tokens is refused: the places of the tokens, or none when there is too much to check. */
export function explainTokens(ctx: Context, permit: Permit, places: readonly string[]): Explanation {
  return explainContent(ctx, permit, CONTENTS, { reason: 'token_in_content' }, { paths: places });
}

/**
 * Why something too large is refused.
 * @param limitMib the most that is allowed
 * @param paths of the files
 */
export function explainSize(
  ctx: Context,
  permit: Permit,
  reason: 'push_too_large' | 'file_too_large' | 'repository_full',
  limitMib: number,
  paths: readonly string[] = [],
): Explanation {
  return explainContent(
    ctx,
    permit,
    CONTENTS,
    { reason },
    {
      paths,
      limit: sizeInWords(limitMib),
    },
  );
}

/** Why a repository takes no more refs. */
export function explainRefCount(ctx: Context, permit: Permit): Explanation {
  const limit = `${ctx.settings.maxRefs.toLocaleString('en')} of them`;
  return explainContent(ctx, permit, CONTENTS, { reason: 'too_many_refs' }, { paths: [], limit });
}

interface ContentFacts {
  readonly paths: readonly string[];
  readonly limit?: string;
  readonly approval?: RefusalFacts['approval'];
}

function explainContent(
  ctx: Context,
  permit: Permit,
  need: Need,
  refusal: Refusal,
  { paths, limit, approval = null }: ContentFacts,
): Explanation {
  const question = {
    bearer: present(permit.bearer, 'who pushes'),
    need,
    target: permit.target,
    at: ctx.clock.now(),
    address: permit.actor.address ?? '',
  };
  return explain(ctx.settings.publicUrl, question, [refusal], null, {
    paths,
    approval,
    ...(limit === undefined ? {} : { limit }),
  });
}
