/**
 * Asking for the approval of a move without a push: for a program that was told no elsewhere, or wants to be early.
 *
 * Invariant: it is judged as the move itself would be, by the rights on the repository, and moves nothing.
 */
import { problem } from '../../../base/errors.ts';
import type { Need } from '../../../catalogue/needs.ts';
import { isObjectId, refNameProblem } from '../../../git/objects/names.ts';
import { readRef } from '../../../git/objects/refs.ts';
import { splitFullName } from '../../../rules/names.ts';
import { BRANCHES } from '../../../rules/refs/ref-rules.ts';
import { holderOf, type Permit } from '../../decision/authorize.ts';
import { targetOf } from '../../decision/targets.ts';
import type { Context } from '../../ground/context.ts';
import { explainMove } from '../content-refusals.ts';
import { defaultRef, isAskable, judgeMove, MoveRefused } from '../refs/ref-guard.ts';
import { openTarget } from '../target.ts';
import { ownApproval, type PushApproval } from './approvals.ts';
import { approvedMoves, askOwner } from './asking.ts';

const CONTENTS: Need = { sets: [{ contents: 'write' }], publicRead: false, writes: true };

export interface ApprovalRequest {
  /** `OWNER/NAME` */
  readonly repository: string;
  /** A branch by its name, or a ref in full. */
  readonly ref: string;
  /** Null = deleted. */
  readonly sha: string | null;
}

/**
 * @throws Problem when there is nothing to ask, or no such thing
 * @throws MoveRefused when no owner could allow it
 */
export async function requestApproval(
  ctx: Context,
  permit: Permit,
  { repository, ref: written, sha }: ApprovalRequest,
): Promise<PushApproval> {
  const onRepository = await permitOn(ctx, permit, repository);
  const ref = written.startsWith('refs/') ? written : `${BRANCHES}${written}`;
  if (refNameProblem(ref) !== null) throw problem('invalid', 'That is no name of a branch, tag or other ref.', 'ref');
  if (sha !== null && !isObjectId(sha)) throw problem('invalid', 'An object is named by its whole id.', 'sha');
  const from = (await readRef(openTarget(ctx, onRepository), ref))?.id ?? null;
  if (from === sha) throw problem('unprocessable', 'The ref is there already: nothing is to be approved.', 'sha');
  const change = { ref, from, to: sha };
  const verdict = judgeMove(onRepository, change, { isDefault: ref === (await defaultRef(ctx, onRepository)) });
  if (typeof verdict === 'string')
    throw problem('unprocessable', 'The rules of this token need no approval for that: push it.', 'ref');
  if (!isAskable(verdict)) throw new MoveRefused(explainMove(ctx, onRepository, verdict.refusal));
  const approved = (await approvedMoves(ctx, onRepository, change)).find(({ newId }) => newId === (sha ?? ''));
  if (approved !== undefined) return ownApproval(ctx, permit, approved.id);
  const [asked] = await askOwner(ctx, onRepository, [change], () => Promise.resolve(null));
  if (asked?.why === 'waits' && asked.id !== null) return ownApproval(ctx, permit, asked.id);
  throw new MoveRefused(explainMove(ctx, onRepository, verdict.refusal, asked));
}

/** The permit to write into a repository. One that the token doesn't see is told apart from none by nothing. */
async function permitOn(ctx: Context, permit: Permit, name: string): Promise<Permit> {
  const identity = await holderOf(ctx, permit);
  const parts = splitFullName(name);
  const target =
    parts === null || identity === null ? null : await targetOf(ctx, identity, { kind: 'repository', ...parts });
  const allowed = target === null ? null : permit.on(target, CONTENTS);
  if (allowed?.target.kind !== 'repository' || allowed.target.repository === null)
    throw problem(
      'invalid',
      `This token writes into no repository ${name.slice(0, 150)}. Name it as OWNER/NAME.`,
      'repository',
    );
  return allowed;
}
