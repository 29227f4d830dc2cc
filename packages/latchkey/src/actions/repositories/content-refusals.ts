/**
 * Refusals that depend on content, by a push or over REST: told once the content is known, to somebody who may write
 * there.
 */
import { present } from '../../base/present.ts';
import type { Need } from '../../catalogue/needs.ts';
import type { Refusal } from '../../rules/decide.ts';
import { type Explanation, explain } from '../../rules/explain.ts';
import type { Permit } from '../decision/authorize.ts';
import type { Context } from '../ground/context.ts';

/** To change files under .github/workflows. */
export const WORKFLOWS: Need = { sets: [{ workflows: 'write' }], publicRead: false, writes: true };
const CONTENTS: Need = { sets: [{ contents: 'write' }], publicRead: false, writes: true };

/** Why a change of a workflow file is refused. */
export function explainWorkflows(ctx: Context, permit: Permit): Explanation {
  return explainContent(
    ctx,
    permit,
    WORKFLOWS,
    { reason: 'workflow_permission_missing', missing: [{ permission: 'workflows', level: 'write' }] },
    [],
  );
}

/** Why a text with tokens is refused: where they stand, or nowhere when there are too many to look at. */
export function explainTokens(ctx: Context, permit: Permit, places: readonly string[]): Explanation {
  return explainContent(ctx, permit, CONTENTS, { reason: 'token_in_content' }, places);
}

function explainContent(
  ctx: Context,
  permit: Permit,
  need: Need,
  refusal: Refusal,
  paths: readonly string[],
): Explanation {
  const question = {
    bearer: present(permit.bearer, 'who pushes'),
    need,
    target: permit.target,
    at: ctx.clock.now(),
    address: permit.actor.address ?? '',
  };
  return explain(ctx.settings.publicUrl, question, [refusal], null, { paths });
}
